/* Shows what would come as soon as something is chosen: presses the page's own button, and puts the answer's part in its
   place. Without it the button does the same. */
(() => {
  "use strict";
  const form = document.getElementById("wish");
  const preview = document.getElementById("preview");
  if (!form || !preview || !window.fetch) return;
  let waiting = 0;
  let running = null;
  const look = async () => {
    if (running) running.abort();
    running = new AbortController();
    const fields = new URLSearchParams(new FormData(form));
    fields.delete("address"); // nobody's address is needed for that
    fields.set("action", "preview");
    const address = new URL(form.getAttribute("action"), location.href); // form.action is the button of that name
    address.searchParams.set("part", "preview");
    try {
      const answer = await fetch(address, { method: "POST", body: fields, signal: running.signal });
      if (answer.ok || answer.status === 400) preview.innerHTML = await answer.text();
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  };
  const soon = (event) => {
    if (event.target.name === "address") return;
    clearTimeout(waiting);
    waiting = setTimeout(look, 400);
  };
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
})();
