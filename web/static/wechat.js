/* Copies the article as rich text, and its title, digest line and link as plain text. Where the browser has no clipboard
   for pages (without https) or refuses, it copies as a person would: what is meant is selected. If that is refused too, it
   stays selected, and the page says which keys to press. */
(() => {
  "use strict";
  const told = document.getElementById("told");
  if (!told) return;

  /* What is written: the article's own markup, since a selection would carry the page's styles along; but for what lets
     the keyboard reach a wide table here. */
  const markupOf = (part) => {
    const copy = part.cloneNode(true);
    for (const table of copy.querySelectorAll("[tabindex]")) table.removeAttribute("tabindex");
    return copy.innerHTML.trim();
  };
  const formsOf = (part) =>
    part.id === "article"
      ? { "text/html": markupOf(part), "text/plain": part.innerText.trim() }
      : { "text/plain": part.textContent.trim() };

  const write = async (forms) => {
    const blobs = Object.entries(forms).map(([type, text]) => [type, new Blob([text], { type })]);
    await navigator.clipboard.write([new ClipboardItem(Object.fromEntries(blobs))]);
  };

  const select = (part) => {
    const range = document.createRange();
    range.selectNodeContents(part);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    return selection;
  };

  const writeSelected = (part, forms) => {
    const selection = select(part);
    let taken = false;
    const take = (event) => {
      for (const [type, text] of Object.entries(forms)) event.clipboardData.setData(type, text);
      event.preventDefault();
      taken = true;
    };
    document.addEventListener("copy", take, { once: true });
    const done = document.execCommand("copy") && taken;
    document.removeEventListener("copy", take);
    if (done) selection.removeAllRanges();
    return done;
  };

  const copy = async (part) => {
    const forms = formsOf(part);
    try {
      await write(forms);
      return true;
    } catch {
      return writeSelected(part, forms);
    }
  };

  const say = (how, words) => {
    told.className = `told ${how}`;
    told.textContent = words;
  };

  for (const button of document.querySelectorAll("[data-copies]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      say("", "");
      const done = await copy(document.getElementById(button.dataset.copies));
      if (done) say("ok", told.dataset.copied);
      else say("refused", told.dataset.refused);
    });
  }
})();
