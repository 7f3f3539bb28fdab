/* Keeps an open page of the console up to date: told by /console/live that something has changed, it asks for the page again
   and takes over each part (data-part). What somebody types in, has opened or scrolled stays as it is. Without it a reload
   does the same. */
(() => {
  "use strict";
  const sign = document.getElementById("live");
  if (!sign || !window.EventSource || !document.querySelector("[data-part]")) return;
  const EVERY_MS = 2000;
  const ALONE_MS = 15000;
  let asked = 0;
  let due = 0;

  const say = (state) => {
    if (sign.dataset.state === state) return;
    sign.dataset.state = state;
    sign.textContent = sign.dataset[state];
    sign.hidden = false;
  };

  const isInUse = (part) => {
    const focused = document.activeElement;
    if (part.contains(focused) && focused.matches("input, select, textarea, button, summary")) return true;
    return [...part.querySelectorAll("input, textarea")].some((one) => one.value !== one.defaultValue);
  };

  const take = (part, fresh) => {
    if (part.innerHTML === fresh.innerHTML || isInUse(part)) return;
    const open = [...part.querySelectorAll("details")].map((one) => one.open);
    const scrolled = [...part.querySelectorAll(".scroll")].map((one) => one.scrollLeft);
    const link = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    part.replaceChildren(...fresh.childNodes);
    part.querySelectorAll("details").forEach((one, i) => { one.open = open[i] ?? one.open; });
    part.querySelectorAll(".scroll").forEach((one, i) => { one.scrollLeft = scrolled[i] ?? 0; });
    if (link) [...part.querySelectorAll("a")].find((one) => one.getAttribute("href") === link)?.focus();
  };

  const look = async () => {
    due = 0;
    asked = Date.now();
    let answer;
    try {
      answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    } catch {
      say("lost");
      return;
    }
    if (answer.redirected && new URL(answer.url).pathname !== location.pathname) {
      location.reload(); // nobody is logged in any more
      return;
    }
    if (!answer.ok) {
      if (answer.status >= 500) say("lost");
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-part]")) {
      const fresh = page.querySelector(`[data-part="${part.dataset.part}"]`);
      if (fresh) take(part, fresh);
    }
    say("on");
  };

  const soon = () => {
    if (due || document.hidden) return;
    due = setTimeout(look, Math.max(0, asked + EVERY_MS - Date.now()));
  };

  const source = new EventSource(sign.dataset.source);
  source.addEventListener("open", () => say("on"));
  source.addEventListener("changed", soon);
  source.addEventListener("left", () => location.reload());
  source.addEventListener("error", () => {
    say("lost");
    if (source.readyState === EventSource.CLOSED) setInterval(soon, ALONE_MS); // refused: by our own clock, then
  });
  document.addEventListener("visibilitychange", soon);
})();
