// A table or a figure wider than the page scrolls by itself: the keyboard has to reach it, and only
// then. Where it goes on beyond an edge, the edge is marked, and custom.css lets it fade there.
document.addEventListener("DOMContentLoaded", () => {
  const tables = ".pst-scrollable-table-container, .cell_output .text_html";
  const markEdges = (box) => {
    const beyond = box.scrollWidth - box.clientWidth - box.scrollLeft;
    const more = [box.scrollLeft > 1 && "left", beyond > 1 && "right"].filter(Boolean);
    if (more.length) box.dataset.more = more.join(" ");
    else delete box.dataset.more;
    const caption = box.querySelector("figcaption"); // lies still, so it does not fade
    if (!caption) return;
    const below = box.getBoundingClientRect().bottom - caption.getBoundingClientRect().top;
    box.style.setProperty("--caption", `${below}px`);
  };
  const mark = (box) => {
    markEdges(box);
    if (box.scrollWidth <= box.clientWidth + 1) {
      for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
      return;
    }
    box.setAttribute("tabindex", "0");
    if (!box.matches(tables)) return; // a figure is named by its caption
    const caption = box.querySelector("caption")?.textContent.trim();
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", caption || "a wide table, scrolls sideways");
  };
  const watch = new ResizeObserver((entries) => entries.forEach(({ target }) => mark(target)));
  document.querySelectorAll(`${tables}, article figure`).forEach((box) => {
    watch.observe(box);
    box.addEventListener("scroll", () => markEdges(box), { passive: true });
  });
});
