// What a term or a symbol means, shown at its first use on a page where the pointer or the keyboard
// is. The links and their meanings are in the page (book/site/terms.py); Escape hides what is shown.
document.addEventListener("DOMContentLoaded", () => {
  const article = document.querySelector("article");
  if (!article) return;
  const tip = document.createElement("div");
  tip.id = "meaning";
  tip.className = "meaning-tip";
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;
  document.body.append(tip);
  let shown = null;

  const hide = () => {
    shown?.removeAttribute("aria-describedby");
    shown = null;
    tip.hidden = true;
  };
  const show = (link) => {
    if (link === shown) return;
    hide();
    shown = link;
    tip.textContent = link.dataset.meaning;
    tip.hidden = false;
    link.setAttribute("aria-describedby", tip.id);
    const place = link.getBoundingClientRect();
    const room = document.documentElement.clientWidth - tip.offsetWidth - 8;
    const below = place.bottom + 6;
    const above = place.top - tip.offsetHeight - 6;
    const fits = below + tip.offsetHeight < window.innerHeight || above < 0;
    tip.style.left = `${Math.max(8, Math.min(place.left, room))}px`;
    tip.style.top = `${fits ? below : above}px`;
  };
  const marked = ({ target }) => target instanceof Element && target.closest("[data-meaning]");

  article.addEventListener("pointerover", (event) => {
    const link = marked(event);
    if (link) show(link);
  });
  // the pointer may move onto what is shown, which then stays
  document.addEventListener("pointermove", (event) => {
    if (!shown || shown === document.activeElement) return;
    if (marked(event) !== shown && !tip.contains(event.target)) hide();
  });
  article.addEventListener("focusin", (event) => {
    const link = marked(event);
    if (link) show(link);
    else hide();
  });
  article.addEventListener("focusout", hide);
  document.addEventListener("keydown", ({ key }) => key === "Escape" && hide());
  window.addEventListener("scroll", hide, { passive: true });
});
