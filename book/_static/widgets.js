// Two things the widget manager leaves undone on a static page.
document.addEventListener("DOMContentLoaded", () => {
  // It typesets labels through MathJax 2's queue; the book loads MathJax 3.
  if (window.MathJax && !window.MathJax.Hub) {
    window.MathJax.Hub = { Queue: (job) => window.MathJax.typesetPromise?.([job[2]]) };
  }
  // Its controls have no accessible name: they get the text of the label beside them.
  const name = () => {
    document.querySelectorAll(".jupyter-widgets").forEach((widget) => {
      const label = widget.querySelector(":scope > .widget-label")?.textContent.trim();
      const text = label || widget.title || "value";
      widget.querySelectorAll(".noUi-handle, input, select, textarea").forEach((control) => {
        if (control.closest(".jupyter-widgets") === widget && !control.hasAttribute("aria-label")) {
          control.setAttribute("aria-label", text);
        }
      });
    });
  };
  const article = document.querySelector("article");
  if (article && document.querySelector('script[type="application/vnd.jupyter.widget-view+json"]')) {
    new MutationObserver(name).observe(article, { childList: true, subtree: true });
  }
});
