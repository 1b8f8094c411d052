// Elements of the page, and shapes of a drawing.

function made(name, attributes, children, create) {
  const node = create(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

/** An HTML element; attributes that are false or undefined are left out. */
export const element = (name, attributes = {}, ...children) =>
  made(name, attributes, children, (each) => document.createElement(each));

/** An SVG element. */
export const shape = (name, attributes = {}, ...children) =>
  made(name, attributes, children, (each) => document.createElementNS("http://www.w3.org/2000/svg", each));

/** A text in a drawing. */
export const label = (content, x, y, anchor = "start", kind = "tick") =>
  shape("text", { x, y, "text-anchor": anchor, class: kind }, content);

/** A place in a drawing, to a tenth. */
export const round = (x) => Math.round(x * 10) / 10;
