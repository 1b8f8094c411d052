// The curves: one drawing a quantity, what it is compared with, the band, and a line to read values at.
import { label, round, shape } from "./dom.js";
import { differs, mark, treatedWith } from "./view.js";
import { hours, show } from "./words.js";

const SIZE = { width: 236, height: 172, left: 42, right: 10, top: 14, bottom: 34 };

export const PANELS = [
  { key: "C", title: "Drug concentration", unit: "ng/mL", names: ["C"], log: true },
  { key: "T", title: "T cells", unit: "fraction", names: ["R", "A", "B"], log: false },
  { key: "TNF", title: "TNF", unit: "pg/mL", names: ["TNF"], log: true },
  { key: "IFN", title: "IFN-γ", unit: "pg/mL", names: ["IFN"], log: true },
  { key: "IL6", title: "IL-6", unit: "pg/mL", names: ["IL6"], log: true },
  { key: "S", title: "Effective signal", unit: "pg/mL", names: ["S"], log: true },
];
/** States that a band is drawn of. */
export const BANDED = ["C", "A", "TNF", "IFN", "IL6", "S"];
const NAMED = { R: "responsive", A: "activated", B: "targets" };
const LABELLED = ["IL6", "S"]; // panels that say what the line at a co-medication is
const LABEL_BAND = 14; // room for that label at the top, which no curve enters

const baselineOf = (model, name) => model.baselines[name === "S" ? "IL6" : name] ?? 0;
const namesOf = (panel, drug) => panel.names.filter((n) => n !== "B" || drug.mechanism === "bispecific");

/** The level of a state as an assay would see it: with the healthy baseline, and not below it. */
export const levelOf = (model, name, value) => Math.max(value, 0) + baselineOf(model, name);

/** The highest level and when it is reached. */
export function topOf(model, solution, name) {
  const { value, time_h } = solution.peak(name);
  return { value: levelOf(model, name, value), time_h };
}

/**
 * Draw a panel anew.
 * @param {{svg: SVGElement, caption: Element}} place
 * @param {object} shown `model`, `view`, `span_h`, `solution` (null for none), `reference`, what it
 *   is compared with, called `referenceName`, and `band`
 */
export function drawPanel(place, panel, shown) {
  const { svg, caption } = place;
  const { view, solution } = shown;
  svg.replaceChildren();
  const names = namesOf(panel, view.drug);
  caption.textContent = `${panel.title}${names.includes("B") ? ", targets" : ""} (${panel.unit})`;
  place.scales = null;
  if (!solution) {
    svg.setAttribute("aria-label", `${panel.title}: no result.`);
    svg.append(label("no result", SIZE.width / 2, SIZE.height / 2, "middle", "label"));
    return;
  }
  const drawing = new Drawing(panel, names, shown);
  svg.append(...drawing.frame(), ...drawing.bands(), ...drawing.curves(), ...drawing.given());
  if (differs(view)) svg.append(label(mark(view), SIZE.width - SIZE.right, SIZE.top - 4, "end", "mark"));
  svg.setAttribute("aria-label", drawing.inWords());
  place.scales = { x: drawing.x, y: drawing.y, names };
}

/** The line at a time, and the values that the curves have there. */
export function drawReading(place, panel, { model, solution, at }) {
  place.svg.querySelector(".reading")?.remove();
  if (!solution || !place.scales) return;
  const { x, y, names } = place.scales;
  const px = round(x(at));
  const dots = names.map((name) => {
    const value = levelOf(model, name, solution.at(name, at));
    return { value, y: round(Math.min(y(value), SIZE.height - SIZE.bottom)) };
  });
  place.svg.append(shape("g", { class: "reading" },
    shape("line", { x1: px, x2: px, y1: SIZE.top, y2: SIZE.height - SIZE.bottom }),
    ...dots.map((dot) => shape("circle", { cx: px, cy: dot.y, r: 2.6 })),
    label(dots.map(({ value }) => show(value)).join(", "), SIZE.left, SIZE.top - 4, "start", "label")));
}

/** The time (h) under a pointer over a panel; null beside its axis. */
export function timeUnder(svg, clientX, span_h) {
  const box = svg.getBoundingClientRect();
  const share = (((clientX - box.left) / box.width) * SIZE.width - SIZE.left) / (SIZE.width - SIZE.left - SIZE.right);
  return share >= 0 && share <= 1 ? share * span_h : null;
}

/** An empty drawing. */
export const emptyPanel = (id, height = SIZE.height) =>
  shape("svg", { viewBox: `0 0 ${SIZE.width} ${height}`, role: "img", id });

class Drawing {
  constructor(panel, names, shown) {
    Object.assign(this, shown, { panel, names });
    this.inView = treatedWith(this.view).filter(([, time]) => time >= 0 && time <= this.span_h);
    this.top = SIZE.top + (this.inView.length && LABELLED.includes(panel.key) ? LABEL_BAND : 0);
    this.x = (t) => SIZE.left + (t / this.span_h) * (SIZE.width - SIZE.left - SIZE.right);
    Object.assign(this, panel.log ? this.logarithmic() : this.fraction());
  }

  get others() {
    return this.reference ? [this.solution, this.reference] : [this.solution];
  }

  fraction() {
    const floor = SIZE.height - SIZE.bottom;
    return { ticks: [0, 0.25, 0.5, 0.75, 1], y: (v) => floor - v * (floor - this.top) };
  }

  logarithmic() {
    const drawn = this.wholeBand && BANDED.includes(this.names[0]) ? [this.wholeBand.peak(this.names[0])[1]] : [];
    const tops = this.others.map((s) => topOf(this.model, s, this.names[0]).value);
    const highest = Math.max(...tops, ...drawn.map((value) => levelOf(this.model, this.names[0], value)), 1e-30);
    const base = baselineOf(this.model, this.names[0]);
    const low = Math.log10(base > 0 ? Math.min(base * 0.7, highest / 10) : highest / 1e3);
    const high = Math.log10(highest * 1.5);
    const every = high - low > 6 ? 2 : 1;
    const ticks = [];
    for (let e = Math.ceil(low); e <= high; e++) if (e % every === 0) ticks.push(10 ** e);
    const floor = SIZE.height - SIZE.bottom;
    const y = (v) => floor - Math.max((Math.log10(Math.max(v, 1e-300)) - low) / (high - low), 0) * (floor - this.top);
    return { ticks, y };
  }

  get wholeBand() {
    return this.band?.whole && this.band.done ? this.band : null;
  }

  frame() {
    const { width, height, left, right, bottom, top } = SIZE;
    const found = [];
    for (const tick of this.ticks) {
      const at = round(this.y(tick));
      const words = tick >= 1e4 || (tick < 1e-2 && tick > 0) ? show(tick, 1).replace("1 × ", "") : show(tick);
      found.push(shape("line", { x1: left, x2: width - right, y1: at, y2: at, class: "grid" }), label(words, left - 6, at + 4, "end"));
    }
    const days = this.span_h > 168;
    for (const t of this.timeTicks()) {
      const at = round(this.x(t));
      found.push(shape("line", { x1: at, x2: at, y1: height - bottom, y2: height - bottom + 4, class: "axis" }),
        label(String(days ? t / 24 : t), at, height - bottom + 15, "middle"));
    }
    found.push(label(`${days ? "days" : "hours"} from first dose`, (left + width - right) / 2, height - 4, "middle"),
      shape("path", { d: `M${left} ${top}V${height - bottom}H${width - right}`, class: "axis" }));
    return found;
  }

  timeTicks() {
    const days = this.span_h > 168;
    const steps = days ? [1, 2, 7, 14, 28, 56, 112, 224].map((d) => d * 24) : [4, 12, 24];
    const step = steps.find((s) => this.span_h / s <= 7) ?? steps.at(-1);
    const found = [];
    for (let t = 0; t <= this.span_h + 1e-9; t += step) found.push(t);
    return found;
  }

  line(times, values) {
    const points = [];
    for (let k = 0; k < times.length && times[k] <= this.span_h + 1e-9; k++) {
      points.push(`${round(this.x(times[k]))} ${round(this.y(values[k]))}`);
    }
    return points;
  }

  path(solution, name) {
    const values = solution.values(name).map((value) => levelOf(this.model, name, value));
    return `M${this.line(solution.times, values).join("L")}`;
  }

  bands() {
    if (!this.wholeBand) return [];
    return this.names.filter((name) => BANDED.includes(name)).map((name) => {
      const course = this.wholeBand.course(name).map((ends) => ends.map((value) => levelOf(this.model, name, value)));
      const low = this.line(this.wholeBand.times, course.map(([value]) => value));
      const high = this.line(this.wholeBand.times, course.map(([, value]) => value));
      return shape("path", { d: `M${[...high, ...low.reverse()].join("L")}Z`, class: "band" });
    });
  }

  curves() {
    const found = [];
    for (const name of this.names) {
      if (this.reference && (name !== "B" || this.referenceHasTargets)) {
        found.push(shape("path", { d: this.path(this.reference, name), class: "curve locked" }));
      }
      found.push(shape("path", { d: this.path(this.solution, name), class: `curve now ${name}` }));
    }
    return this.names.length > 1 ? [...found, ...this.nameLabels()] : found;
  }

  nameLabels() {
    const { times } = this.solution;
    const last = times.findLastIndex((t) => t <= this.span_h * 0.98);
    const from = times.findIndex((t) => t >= this.span_h * 0.65);
    const labels = this.names.map((name) => {
      const values = this.solution.values(name).map((value) => levelOf(this.model, name, value));
      // the curve's highest point where its label stands
      const under = values.slice(from, last + 1);
      return { name, y: this.y(values[last]) - 5, top: this.y(Math.max(...under)) - 5 };
    });
    labels.sort((a, b) => b.y - a.y);
    labels.forEach((each, i) => {
      const below = i ? labels[i - 1].y - 12 : SIZE.height - SIZE.bottom - 6;
      // a label that the next curve would run through goes above that curve, in the same order
      const crowded = labels.slice(i + 1).filter((next) => each.y - next.top < 18);
      each.y = Math.min(each.y, below, ...crowded.map((next) => next.top));
    });
    const lift = Math.max(0, ...labels.map((each) => this.top + 10 - each.y));
    return labels.map(({ name, y }) =>
      label(NAMED[name], SIZE.width - SIZE.right - 2, round(y + lift), "end", "label halo"));
  }

  given() {
    return this.inView.flatMap(([name, time], i) => {
      const at = round(this.x(time));
      const line = shape("line", { x1: at, x2: at, y1: SIZE.top, y2: SIZE.height - SIZE.bottom, class: `rescue ${name}` });
      if (!LABELLED.includes(this.panel.key) || i > 0) return [line];
      const near = at > SIZE.width * 0.6;
      return [line, label(this.inView.map(([each]) => each).join(", "), near ? at - 4 : at + 4, SIZE.top + 9, near ? "end" : "start", "label given")];
    });
  }

  inWords() {
    const one = (name, solution) => {
      if (this.panel.key !== "T" || name === "A") {
        const { value, time_h } = topOf(this.model, solution, name);
        return `peak ${show(value)}${this.panel.key === "T" ? "" : ` ${this.panel.unit}`} at ${hours(time_h)}`;
      }
      return `${show(levelOf(this.model, name, solution.at(name, this.span_h)))} after ${show(this.span_h)} h`;
    };
    const said = this.names.map((name) => {
      const lead = this.names.length > 1 ? `${NAMED[name]}: ` : "";
      const beside = this.reference && (name !== "B" || this.referenceHasTargets);
      return lead + one(name, this.solution) + (beside ? ` (${this.referenceName}: ${one(name, this.reference)})` : "");
    });
    const words = differs(this.view) ? `, ${mark(this.view)}` : "";
    return `${this.panel.title}, ${this.view.drug.label}${words}: ${said.join("; ")}.`;
  }
}
