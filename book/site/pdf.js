// The page of the whole book made ready to be printed; gives what is wrong with it, a line each.
async ([front, opened]) => {
  const article = document.querySelector("article.bd-article");
  document.documentElement.dataset.theme = "light";
  document.body.className = "whole-book";
  document.body.replaceChildren(article);

  // each document is the section after its mark; the first one holds all others
  const sections = new Map([[front, article.querySelector("section")]]);
  for (const mark of article.querySelectorAll("span[id^='document-']")) {
    sections.set(mark.id.slice("document-".length), mark.nextElementSibling);
  }
  for (const [name, section] of sections) section.dataset.document = name;
  const documentOf = (element) => element.closest("[data-document]").dataset.document;

  for (const part of article.querySelectorAll("noscript")) part.outerHTML = part.textContent;
  for (const part of article.querySelectorAll(opened)) part.open = true;

  // a link leads into its document, whatever places of the same name others have
  const problems = [];
  const placeIn = (name, place) =>
    place
      ? [...article.querySelectorAll(`[id="${CSS.escape(place)}"]`)].find((e) => documentOf(e) === name)
      : sections.get(name);
  const aims = [];
  for (const link of article.querySelectorAll("a[href]")) {
    const href = link.getAttribute("href");
    if (/^[a-z][a-z0-9+.-]*:/i.test(href)) continue;
    const own = documentOf(link);
    let [path, ...places] = href.split("#");
    let name = path ? new URL(path, `http://book/${own}`).pathname.slice(1).replace(/\.html$/, "") : own;
    if (!path && places[0].startsWith("document-")) name = places.shift().slice("document-".length);
    const aim = sections.has(name) && placeIn(name, decodeURIComponent(places[0] ?? ""));
    if (aim) aims.push([link, aim, `${name}#${places[0] ?? ""}`]);
    else {
      link.removeAttribute("href"); // a download, or a page that is not printed
      if (sections.has(name)) problems.push(`${own} points at ${href}, which is not there`);
    }
  }
  const given = new Map(); // a document's section is aimed at by its name and by its title
  for (const [link, aim, unique] of aims) {
    if (!given.has(aim)) given.set(aim, unique);
    aim.id = given.get(aim);
    link.setAttribute("href", `#${encodeURIComponent(aim.id)}`);
  }

  await window.MathJax?.startup?.promise;
  await document.fonts.ready;
  for (const image of document.images) {
    image.loading = "eager";
    await image.decode().catch(() => problems.push(`an image was not drawn: ${image.src}`));
  }
  for (const math of article.querySelectorAll(".math")) {
    if (!math.querySelector("mjx-container svg")) {
      problems.push(`an equation was not drawn: ${math.textContent}`);
    }
  }
  return problems;
}
