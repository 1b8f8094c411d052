// A click on a figure shows it large; the link "how it was made" opens the code that drew it.
// Without this script the first leads to the picture itself, and the second to the folded cell.
document.addEventListener("DOMContentLoaded", () => {
  const article = document.querySelector("article");
  if (!article) return;

  const show = (link) => {
    const dialog = document.createElement("dialog");
    dialog.className = "large";
    dialog.setAttribute("aria-label", "The figure, large");
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = "Close";
    const image = new Image();
    image.src = link.href;
    image.alt = link.querySelector("img").alt;
    // of both themes' pictures the link is the one that is seen, so the picture is not hidden again
    image.className = link.querySelector("img").className;
    dialog.append(close, image);
    dialog.addEventListener("click", ({ target }) => target !== image && dialog.close());
    dialog.addEventListener("close", () => {
      dialog.remove();
      link.focus();
    });
    document.body.append(dialog);
    dialog.showModal();
  };

  article.addEventListener("click", (event) => {
    const link = event.target.closest("a.zoom, a.made");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (link.matches(".zoom")) {
      event.preventDefault();
      show(link);
    } else {
      const cell = document.getElementById(link.hash.slice(1));
      cell?.querySelectorAll("details.hide").forEach((fold) => (fold.open = true));
    }
  });
});
