// A table or a figure wider than the page scrolls by itself: the keyboard has to reach it, and only
// then.
document.addEventListener("DOMContentLoaded", () => {
  const tables = ".pst-scrollable-table-container, .cell_output .text_html";
  const mark = (box) => {
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
  document.querySelectorAll(`${tables}, article figure`).forEach((box) => watch.observe(box));
});
