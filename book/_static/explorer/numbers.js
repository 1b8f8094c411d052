// Severity on one axis, and the numbers as a table.
import { element, label, round, shape } from "./dom.js";
import { emptyPanel, levelOf, topOf } from "./panels.js";
import { differs, mark } from "./view.js";
import { hours, plain, show } from "./words.js";

const WIDTH = 236;
const RIGHT = 10;
const TOP = 14;
const BOTTOM = 34;
const ROW = 20;

const ROWS = [
  ["C", "drug", "ng/mL"], ["TNF", "TNF", "pg/mL"], ["IFN", "IFN-γ", "pg/mL"],
  ["IL6", "IL-6", "pg/mL"], ["S", "effective signal", "pg/mL"],
];

// room for the longest name, at six tenths of the height of its letters
const leftOf = (model) => 16 + 6.2 * Math.max(9, ...Object.values(model.drugs).map((drug) => drug.label.length));
const heightOf = (model) => TOP + BOTTOM + 34 + ROW * (Object.keys(model.drugs).length + 1);

export const emptySeverity = (model) => emptyPanel("panel-severity", heightOf(model));

/** One axis of severity: grades as bands, the drugs at the lock, and what is shown now. */
export function drawSeverity({ svg, caption }, { model, view, solution, reference, referenceName, band }) {
  svg.replaceChildren();
  caption.textContent = "Severity";
  if (!solution) {
    svg.setAttribute("aria-label", "Severity: no result.");
    svg.append(label("no result", WIDTH / 2, heightOf(model) / 2, "middle", "label"));
    return;
  }
  const floor = heightOf(model) - BOTTOM;
  const left = leftOf(model);
  const all = Object.values(model.drugs).map(({ label: name, index, colour }) => ({ name, index, colour }));
  const range = band?.whole && band.done ? band.index : null;
  const high = Math.max(3.5, ...all.map(({ index }) => index + 0.3), solution.index + 0.3, ...(range ?? []));
  const at = (z) => round(left + (z / high) * (WIDTH - RIGHT - left));
  const edges = [0, ...model.boundaries, high];
  for (let grade = 0; grade < 5; grade++) {
    const [a, b] = [at(edges[grade]), at(edges[grade + 1])];
    svg.append(shape("rect", { x: a, y: TOP, width: Math.max(b - a, 0), height: floor - TOP, class: `grade grade-${grade}` }),
      label(String(grade), (a + b) / 2, TOP + 12, "middle", "label"));
  }
  svg.append(label("grade", left - 6, TOP + 12, "end", "label"));
  for (let z = 0; z <= high; z++) svg.append(label(String(z), at(z), floor + 15, "middle"));
  svg.append(label("severity index", WIDTH - RIGHT, floor + 30, "end")); // longer than the axis, at times
  all.sort((a, b) => a.index - b.index);
  all.forEach(({ name, index, colour }, i) => {
    const y = TOP + 30 + i * ROW;
    svg.append(label(name, left - 6, y + 4, "end", "label"),
      shape("circle", { cx: at(index), cy: y, r: 5, fill: colour, class: "dot" }));
  });
  const y = TOP + 30 + all.length * ROW;
  const px = at(solution.index);
  if (range) svg.append(shape("line", { x1: at(range[0]), x2: at(range[1]), y1: y, y2: y, class: "range" }));
  svg.append(label("shown now", left - 6, y + 4, "end", "label strong"), shape("path", {
    d: `M${px - 7} ${y}L${px} ${y - 7}L${px + 7} ${y}L${px} ${y + 7}Z`, fill: view.drug.colour, class: "dot",
  }));
  if (reference) svg.append(shape("circle", { cx: at(reference.index), cy: y, r: 4, class: "beside" }));
  if (differs(view)) svg.append(label(mark(view), WIDTH - RIGHT, TOP - 4, "end", "mark"));
  const others = all.map(({ name, index }) => `${name} ${index.toFixed(2)}`);
  svg.setAttribute(
    "aria-label",
    `Severity index now ${solution.index.toFixed(2)}, illustrative grade ${solution.grade}` +
      (range ? `; 90 % of the draws from ${range[0].toFixed(2)} to ${range[1].toFixed(2)}` : "") +
      (reference ? `; ${referenceName} ${reference.index.toFixed(2)}` : "") + `. At the lock: ${others.join(", ")}.`,
  );
}

/** The table of numbers: what is shown, its draws, what it is compared with, and levels at a time. */
export function numbersTable() {
  const caption = element("caption", {});
  const head = element("tr", {});
  const body = element("tbody", {});
  const table = element("table", { class: "explorer-table" }, caption, element("thead", {}, head), body);

  /** Fill it in; arguments as of the panels, and `atLock`, the solution as locked. */
  function fill({ model, view, solution, reference, referenceName, band, at, atLock }) {
    caption.textContent =
      `Peaks over ${solution ? `${show(solution.horizon_h)} h` : "the course"} and severity of ${view.drug.label}` +
      `${differs(view) ? ` (${mark(view)})` : ""}; cytokines with the healthy baseline`;
    const whole = band?.whole && band.done ? band : null;
    const lock = view.drug.own ? "as in the file" : "at the lock";
    const kept = referenceName === "kept" ? [["kept", reference]] : [];
    const columns = [["now", solution], ...kept, [lock, atLock]];
    const share = band ? ["90 % of draws"] : [];
    head.replaceChildren(...["quantity", "now", ...share, ...columns.slice(1).map(([name]) => name), `at ${plain(at)} h`]
      .map((words) => element("th", { scope: "col" }, words)));
    const peakOf = (one, name) => {
      if (!one) return "no result";
      const { value, time_h } = topOf(model, one, name);
      // a plateau has no time of its own
      return name === "C" ? show(value) : `${show(value)} at ${hours(time_h)}`;
    };
    const waiting = band && band.done + band.failed < band.of ? "…" : "no result";
    const row = (words, now, drawn, others, there) => {
      const cells = [now, ...(band ? [drawn] : []), ...others, there].map((text) => element("td", {}, text));
      return element("tr", {}, element("th", { scope: "row" }, words), ...cells);
    };
    const rows = ROWS.map(([name, words, unit]) => row(
      `${words}, ${unit}`, peakOf(solution, name),
      solution && whole ? whole.peak(name).map((value) => show(levelOf(model, name, value))).join(" to ") : solution ? waiting : "no result",
      columns.slice(1).map(([, one]) => peakOf(one, name)),
      solution ? show(levelOf(model, name, solution.at(name, at))) : "no result"));
    const severity = (one) => (one ? `${one.index.toFixed(3)}, grade ${one.grade}` : "no result");
    rows.push(row("severity, illustrative grade", severity(solution),
      solution && whole ? whole.index.map((z) => z.toFixed(2)).join(" to ") : solution ? waiting : "no result",
      columns.slice(1).map(([, one]) => severity(one)), ""));
    if (solution && solution.horizon_h > 168) {
      const week = (one) => (one ? one.week.toFixed(3) : "no result");
      rows.push(row("severity over 168 h", week(solution), "", columns.slice(1).map(([, one]) => week(one)), ""));
    }
    body.replaceChildren(...rows);
  }
  return { table, fill };
}
