// A table wider than the page scrolls by itself: the keyboard has to reach it, and only then.
document.addEventListener("DOMContentLoaded", () => {
  const selector = ".pst-scrollable-table-container, .cell_output .text_html";
  const mark = (box) => {
    const wide = box.scrollWidth > box.clientWidth + 1;
    if (!wide) {
      for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
      return;
    }
    const caption = box.querySelector("caption")?.textContent.trim();
    box.setAttribute("tabindex", "0");
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", caption || "a wide table, scrolls sideways");
  };
  const watch = new ResizeObserver((entries) => entries.forEach(({ target }) => mark(target)));
  document.querySelectorAll(selector).forEach((box) => watch.observe(box));
});
