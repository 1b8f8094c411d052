// The page of the explorer: native controls, the address, and the drawing. The numbers come from
// solver.js and from ../generated/model.js; none stands here.
(function () {
  "use strict";
  const model = globalThis.qspModel;
  const solver = globalThis.qspSolver;
  const place = document.getElementById("live-explorer");
  if (!place || !model || !solver) return;

  const NUMBERS = ["dose", "k_exh", "K_M", "K_S"];
  const SPANS_H = [24, 72, 168];
  const FIRST_DRUG = "tgn1412";
  const tcz = model.tocilizumab.control;
  const controlOf = (key, drug = state.drug) =>
    key === "tocilizumab" ? tcz : model.drugs[drug].controls[key];

  // ---------------------------------------------------------------- text and numbers

  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
    }
    made.append(...children);
    return made;
  }

  const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  function show(value, digits = 3) {
    if (value === 0) return "0";
    const exponent = Math.floor(Math.log10(Math.abs(Number(value.toPrecision(digits)))));
    if (exponent < -4 || exponent > 6) {
      const raised = String(Math.abs(exponent)).replace(/\d/g, (d) => SUPERSCRIPTS[d]);
      const mantissa = Number((value / 10 ** exponent).toPrecision(digits));
      return `${mantissa} × 10${exponent < 0 ? "⁻" : ""}${raised}`;
    }
    return String(Number(value.toPrecision(digits))).replace(/\B(?=(\d{3})+(?!\d)(?<!\.\d*))/g, ",");
  }
  const hours = (value) => `${value.toFixed(1)} h`;
  const plain = (value) => String(Number(value.toPrecision(4)));

  // A number as people write it, and nothing else: no hexadecimals, no empty text, no Infinity.
  function parseNumber(text) {
    return /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(text) ? Number(text) : NaN;
  }

  function problemWith(key, text, drug) {
    const { low, high, unit } = controlOf(key, drug);
    const value = parseNumber(text);
    const range = `expected ${plain(low)} to ${plain(high)} ${unit}`;
    if (Number.isNaN(value)) return `“${text}” is not a number; ${range}.`;
    // an end is in range, whatever its sign and its last digit
    const slack = (end) => Math.abs(end) * 1e-9 + 1e-12;
    if (value < low - slack(low) || value > high + slack(high)) {
      return `${text.trim()} is out of range; ${range}.`;
    }
    return "";
  }

  // ---------------------------------------------------------------- state and address

  const lockedState = (drug) => ({
    drug, dose: null, k_exh: null, K_M: null, K_S: null, feedback: true, tocilizumab: null,
  }); // null: as locked
  let state = lockedState(FIRST_DRUG);
  let span = SPANS_H[1];
  const remarks = {}; // by control: why what was asked was not done

  // Values that are not the locked ones; tocilizumab is none of them, but a treatment.
  function unlocked() {
    const names = NUMBERS.filter((key) => state[key] !== null);
    if (!state.feedback) names.push("feedback");
    return names;
  }
  const treated = () => state.tocilizumab !== null;
  const differs = () => unlocked().length > 0 || treated();
  // The one or two words that stand beside everything that is not the locked, untreated drug.
  const mark = () =>
    [unlocked().length ? "unlocked" : "", treated() ? "treated" : ""].filter(Boolean).join(", ");

  function query() {
    const asked = new URLSearchParams({ drug: state.drug });
    for (const key of NUMBERS) if (state[key] !== null) asked.set(key, String(state[key]));
    if (!state.feedback) asked.set("feedback", "off");
    if (state.tocilizumab !== null) asked.set("tocilizumab", String(state.tocilizumab));
    if (span !== SPANS_H[1]) asked.set("hours", String(span));
    return asked;
  }

  function readAddress() {
    const asked = new URLSearchParams(location.search);
    const seen = {};
    for (const key of Object.keys(remarks)) delete remarks[key];
    const general = [];
    for (const [key, text] of asked) {
      if (key in seen) general.push(`the address gives ${key} twice; the first one counts.`);
      else seen[key] = text;
    }
    const drug = seen.drug ?? FIRST_DRUG;
    state = lockedState(Object.hasOwn(model.drugs, drug) ? drug : FIRST_DRUG);
    if (state.drug !== drug) {
      remarks.drug =
        `“${drug}” is not a drug of this page; expected ${Object.keys(model.drugs).join(", ")}. ` +
        `Shown: ${model.drugs[FIRST_DRUG].label}.`;
    }
    for (const key of NUMBERS) if (key in seen) accept(key, seen[key]);
    if ("feedback" in seen) {
      state.feedback = seen.feedback !== "off";
      if (!["on", "off"].includes(seen.feedback)) {
        remarks.feedback = `“${seen.feedback}” is neither on nor off. Shown: on, as locked.`;
      }
    }
    if ("tocilizumab" in seen && seen.tocilizumab !== "none") accept("tocilizumab", seen.tocilizumab);
    span = SPANS_H[1];
    if ("hours" in seen) {
      if (SPANS_H.map(String).includes(seen.hours)) span = Number(seen.hours);
      else remarks.hours = `“${seen.hours}” is not one of ${SPANS_H.join(", ")} h. Shown: ${span} h.`;
    }
    const known = ["drug", ...NUMBERS, "feedback", "tocilizumab", "hours"];
    for (const key of Object.keys(seen)) {
      if (!known.includes(key) && key !== "highlight") {
        general.push(`“${key}” in the address is no control of this page.`);
      }
    }
    if (general.length) remarks.address = general.join(" ");
  }

  // Take a text for a control, or say beside it why not and put it on its locked value.
  function accept(key, text) {
    const problem = problemWith(key, text, state.drug);
    delete remarks[key];
    if (problem) {
      const fallback = key === "tocilizumab" ? "none" : plain(controlOf(key).locked);
      remarks[key] = `${problem} Shown: ${fallback}, as locked.`;
      state[key] = null;
      return;
    }
    const value = parseNumber(text);
    const { locked } = controlOf(key);
    const same = key !== "tocilizumab" && plain(value) === plain(locked);
    state[key] = same ? null : value;
  }

  function writeAddress() {
    try {
      history.replaceState(null, "", `?${query()}${location.hash}`);
    } catch {
      // a page opened from a file may not change its address; the copy button still gives the link
    }
  }

  // ---------------------------------------------------------------- sliders

  const STEPS = model.slider_steps;
  const onScale = ({ low, high, scale }, value) =>
    scale === "log" ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  const positionOf = (control, value) => Math.round(onScale(control, value) * STEPS);
  function valueAt(control, position) {
    const { low, high, scale, locked } = control;
    if (scale === "log") {
      if (position === positionOf(control, locked)) return null; // the locked value has its place
      const value = Number((low * (high / low) ** (position / STEPS)).toPrecision(3));
      return Math.min(Math.max(value, low), high);
    }
    return Number((low + ((high - low) * position) / STEPS).toFixed(2));
  }

  // ---------------------------------------------------------------- the form

  const parts = {};

  function note(key) {
    return element("p", { class: "remark", id: `remark-${key}`, role: "alert" });
  }

  function numberControl(key, name) {
    const id = `control-${key}`;
    const label = element("label", { for: id }, name);
    const box = element("input", {
      id, type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false",
      "aria-describedby": `unit-${key} locked-${key} remark-${key}`,
    });
    const unit = element("span", { class: "unit", id: `unit-${key}` });
    const slider = element("input", {
      id: `slider-${key}`, type: "range", min: 0, max: STEPS, step: 1,
      "aria-describedby": `locked-${key} remark-${key}`,
    });
    const locked = element("p", { class: "locked", id: `locked-${key}` });
    slider.addEventListener("input", () => {
      delete remarks[key];
      state[key] = valueAt(controlOf(key), Number(slider.value));
      update(slider);
    });
    box.addEventListener("change", () => {
      accept(key, box.value);
      update();
    });
    parts[key] = { label, box, unit, slider, locked };
    return element(
      "div", { class: "control", id: `group-${key}` },
      label, element("div", { class: "value" }, box, unit), slider, locked, note(key),
    );
  }

  function buildForm() {
    const drug = element("select", { id: "control-drug", "aria-describedby": "remark-drug" });
    for (const [name, { label }] of Object.entries(model.drugs)) {
      drug.append(element("option", { value: name }, label));
    }
    drug.addEventListener("change", () => {
      state = { ...state, drug: drug.value, dose: null, k_exh: null };
      for (const key of ["drug", "dose", "k_exh"]) delete remarks[key];
      update();
    });
    const feedback = element("input", {
      id: "control-feedback", type: "checkbox", "aria-describedby": "remark-feedback",
    });
    feedback.addEventListener("change", () => {
      delete remarks.feedback;
      state.feedback = feedback.checked;
      update();
    });
    const give = element("input", {
      id: "control-give", type: "checkbox", "aria-describedby": "remark-tocilizumab",
    });
    give.addEventListener("change", () => {
      delete remarks.tocilizumab;
      state.tocilizumab = give.checked ? tcz.locked : null;
      update();
    });
    const shown = element("select", { id: "control-hours", "aria-describedby": "remark-hours" });
    for (const h of SPANS_H) shown.append(element("option", { value: h }, `first ${h} h`));
    shown.addEventListener("change", () => {
      delete remarks.hours;
      span = Number(shown.value);
      update();
    });
    const copied = element("span", { role: "status", class: "copied" });
    Object.assign(parts, { drug, feedback, give, shown, copied });

    const reset = element("button", { type: "button", id: "explorer-reset" }, "Reset to the lock");
    reset.addEventListener("click", () => {
      for (const key of Object.keys(remarks)) delete remarks[key];
      state = lockedState(state.drug);
      update();
    });
    const copy = element("button", { type: "button", id: "explorer-copy" }, "Copy a link to this view");
    copy.addEventListener("click", async () => {
      const link = `${location.href.split(/[?#]/)[0]}?${query()}`;
      try {
        await navigator.clipboard.writeText(link);
        copied.textContent = "Copied.";
      } catch {
        copied.textContent = link;
      }
    });
    const tczDose = `${model.tocilizumab.mg} mg, ${model.tocilizumab.regimen}`;
    return element(
      "form", { class: "explorer-form", "aria-label": "What to solve" },
      element(
        "fieldset", {}, element("legend", {}, "Drug"),
        element(
          "div", { class: "control" },
          element("label", { for: "control-drug" }, "Drug"), drug, note("drug"),
        ),
        numberControl("dose", "Dose"),
        numberControl("k_exh", "Exhaustion rate of T cells, k_exh"),
      ),
      element(
        "fieldset", {}, element("legend", {}, "Shared network"),
        numberControl("K_M", "Priming threshold of macrophages, K_M"),
        numberControl("K_S", "Feedback threshold of the IL-6 signal, K_S"),
        element(
          "div", { class: "control check" }, feedback,
          element("label", { for: "control-feedback" }, "IL-6 feedback on"), note("feedback"),
        ),
      ),
      element(
        "fieldset", {}, element("legend", {}, "Rescue and view"),
        element(
          "div", { class: "control check" }, give,
          element("label", { for: "control-give" }, `Give tocilizumab (${tczDose})`),
        ),
        numberControl("tocilizumab", "Time of tocilizumab, from the first dose"),
        element(
          "div", { class: "control" },
          element("label", { for: "control-hours" }, "Time shown"), shown, note("hours"),
        ),
      ),
      element("div", { class: "buttons" }, reset, copy, copied),
    );
  }

  function placeControls(kept) {
    parts.drug.value = state.drug;
    parts.feedback.checked = state.feedback;
    parts.give.checked = state.tocilizumab !== null;
    parts.shown.value = String(span);
    for (const key of [...NUMBERS, "tocilizumab"]) {
      const control = controlOf(key);
      const { box, unit, slider, locked, label } = parts[key];
      const value = state[key] ?? control.locked;
      const off = key === "tocilizumab" && state.tocilizumab === null;
      box.value = plain(value);
      unit.textContent = control.unit;
      if (slider !== kept) slider.value = positionOf(control, value);
      slider.setAttribute("aria-label", `${label.textContent}, slider`);
      slider.setAttribute(
        "aria-valuetext",
        `${plain(value)} ${control.unit}${state[key] === null && !off ? ", as locked" : ""}`,
      );
      box.disabled = slider.disabled = off;
      locked.textContent =
        key === "tocilizumab"
          ? `lock: none; ${plain(control.low)} to ${plain(control.high)} h`
          : `lock: ${plain(control.locked)}; ${plain(control.low)} to ${plain(control.high)}`;
      document.getElementById(`group-${key}`).classList.toggle("moved", state[key] !== null);
    }
    for (const key of ["address", "drug", ...NUMBERS, "feedback", "tocilizumab", "hours"]) {
      const text = remarks[key] ?? "";
      const at = document.getElementById(`remark-${key}`);
      if (at.textContent !== text) at.textContent = text;
      const box = parts[key]?.box ?? parts[key];
      if (box instanceof HTMLElement) box.setAttribute("aria-invalid", String(Boolean(text)));
    }
  }

  // ---------------------------------------------------------------- drawing

  const SVG = "http://www.w3.org/2000/svg";
  function shape(name, attributes, ...children) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  const SIZE = { width: 236, height: 172, left: 42, right: 10, top: 14, bottom: 34 };
  const round = (x) => Math.round(x * 10) / 10;

  const PANELS = [
    { key: "C", title: "Drug concentration", unit: "ng/mL", names: ["C"], log: true },
    { key: "T", title: "T cells", unit: "fraction", names: ["R", "A", "B"], log: false },
    { key: "TNF", title: "TNF", unit: "pg/mL", names: ["TNF"], log: true },
    { key: "IFN", title: "IFN-γ", unit: "pg/mL", names: ["IFN"], log: true },
    { key: "IL6", title: "IL-6", unit: "pg/mL", names: ["IL6"], log: true },
    { key: "S", title: "Effective signal", unit: "pg/mL", names: ["S"], log: true },
  ];
  const NAMED = { R: "responsive", A: "activated", B: "targets" };
  const baselineOf = (name) => model.baselines[name === "S" ? "IL6" : name] ?? 0;
  const levels = (solution, name) => solution.values(name).map((x) => Math.max(x, 0) + baselineOf(name));
  const top = (solution, name) => {
    const { value, time_h } = solution.peak(name);
    return { value: Math.max(value, 0) + baselineOf(name), time_h };
  };

  const LABELLED = ["IL6", "S"]; // panels that say what the line at tocilizumab is
  const LABEL_BAND = 14; // room for that label at the top, which no curve enters
  const givenInView = () => treated() && state.tocilizumab >= 0 && state.tocilizumab <= span;

  function scaleFor(panel, solutions) {
    const names = namesOf(panel);
    const highest = Math.max(...solutions.flatMap((s) => names.map((n) => top(s, n).value)));
    const { bottom, height } = SIZE;
    const up = SIZE.top + (givenInView() && LABELLED.includes(panel.key) ? LABEL_BAND : 0);
    if (!panel.log) {
      return { ticks: [0, 0.25, 0.5, 0.75, 1], y: (v) => height - bottom - v * (height - up - bottom) };
    }
    const base = baselineOf(names[0]);
    const low = Math.log10(base > 0 ? Math.min(base * 0.7, highest / 10) : highest / 1e3);
    const high = Math.log10(highest * 1.5);
    const ticks = [];
    const every = high - low > 6 ? 2 : 1;
    for (let e = Math.ceil(low); e <= high; e++) if (e % every === 0) ticks.push(10 ** e);
    return {
      ticks,
      y: (v) => {
        const share = (Math.log10(Math.max(v, 1e-300)) - low) / (high - low);
        return height - bottom - Math.max(share, 0) * (height - up - bottom);
      },
    };
  }

  const x = (t) => SIZE.left + (t / span) * (SIZE.width - SIZE.left - SIZE.right);
  const namesOf = (panel) =>
    panel.names.filter((n) => n !== "B" || model.drugs[state.drug].mechanism === "bispecific");

  function path(solution, name, scale) {
    const values = levels(solution, name);
    const points = [];
    for (let k = 0; k < values.length && solution.times[k] <= span + 1e-9; k++) {
      points.push(`${round(x(solution.times[k]))} ${round(scale.y(values[k]))}`);
    }
    return `M${points.join("L")}`;
  }

  function text(content, px, py, anchor = "start", kind = "tick") {
    return shape("text", { x: px, y: py, "text-anchor": anchor, class: kind }, content);
  }

  function drawPanel(panel, solution, locked) {
    const { svg, caption } = parts.panels[panel.key];
    svg.replaceChildren();
    const targets = panel.key === "T" && namesOf(panel).includes("B") ? ", targets" : "";
    caption.textContent = `${panel.title}${targets} (${panel.unit})`;
    if (!solution) {
      svg.setAttribute("aria-label", `${panel.title}: no result, the solve failed.`);
      svg.append(text("no result", SIZE.width / 2, SIZE.height / 2, "middle", "label"));
      return;
    }
    const names = namesOf(panel);
    const scale = scaleFor(panel, differs() ? [solution, locked] : [solution]);
    const { width, height, left, right, bottom, top: up } = SIZE;
    for (const tick of scale.ticks) {
      const at = round(scale.y(tick));
      svg.append(shape("line", { x1: left, x2: width - right, y1: at, y2: at, class: "grid" }));
      svg.append(text(tick >= 1e4 || tick < 1e-2 && tick > 0 ? show(tick, 1).replace("1 × ", "") : show(tick), left - 6, at + 4, "end"));
    }
    for (let t = 0; t <= span; t += span / (span === 168 ? 7 : 6)) {
      const at = round(x(t));
      svg.append(shape("line", { x1: at, x2: at, y1: height - bottom, y2: height - bottom + 4, class: "axis" }));
      svg.append(text(String(t), at, height - bottom + 15, "middle"));
    }
    svg.append(text("hours from first dose", (left + width - right) / 2, height - 4, "middle"));
    svg.append(shape("path", {
      d: `M${left} ${up}V${height - bottom}H${width - right}`, class: "axis",
    }));
    if (givenInView()) {
      const at = round(x(state.tocilizumab));
      svg.append(shape("line", { x1: at, x2: at, y1: up, y2: height - bottom, class: "rescue" }));
      if (LABELLED.includes(panel.key)) {
        const near = at > width * 0.6;
        svg.append(text("tocilizumab", near ? at - 4 : at + 4, up + 9, near ? "end" : "start", "label"));
      }
    }
    const labels = [];
    for (const name of names) {
      if (differs()) svg.append(shape("path", { d: path(locked, name, scale), class: "curve locked" }));
      svg.append(shape("path", { d: path(solution, name, scale), class: `curve now ${name}` }));
      if (names.length > 1) {
        const values = levels(solution, name);
        const last = solution.times.findLastIndex((t) => t <= span * 0.98);
        // the curve's highest point where its label stands
        const under = values.slice(solution.times.findIndex((t) => t >= span * 0.65), last + 1);
        labels.push({ name, y: scale.y(values[last]) - 5, top: scale.y(Math.max(...under)) - 5 });
      }
    }
    labels.sort((a, b) => b.y - a.y);
    labels.forEach((label, i) => {
      const below = i ? labels[i - 1].y - 12 : height - bottom - 6;
      // a label that the next curve would run through goes above that curve, in the same order
      const crowded = labels.slice(i + 1).filter((next) => label.y - next.top < 18);
      label.y = Math.min(label.y, below, ...crowded.map((next) => next.top));
    });
    const lift = Math.max(0, ...labels.map((label) => up + 10 - label.y));
    for (const { name, y } of labels) {
      svg.append(text(NAMED[name], width - right - 2, round(y + lift), "end", `label halo`));
    }
    if (differs()) svg.append(text(mark(), width - right, up - 4, "end", "mark"));
    svg.setAttribute("aria-label", inWords(panel, solution, locked, names));
  }

  function inWords(panel, solution, locked, names) {
    const one = (name, s) => {
      if (panel.key !== "T") {
        const { value, time_h } = top(s, name);
        return `peak ${show(value)} ${panel.unit} at ${hours(time_h)}`;
      }
      const values = levels(s, name);
      const ends = s.times.findLastIndex((t) => t <= span);
      if (name === "A") return `peak ${show(s.peak("A").value)} at ${hours(s.peak("A").time_h)}`;
      return `${show(values[ends])} after ${span} h`;
    };
    const parts_ = names.map((name) => {
      const lead = names.length > 1 ? `${NAMED[name]}: ` : "";
      return lead + one(name, solution) + (differs() ? ` (locked: ${one(name, locked)})` : "");
    });
    return `${panel.title}, ${model.drugs[state.drug].label}${differs() ? `, ${mark()}` : ""}: ${parts_.join("; ")}.`;
  }

  // One axis of severity: grades as bands, the three drugs at the lock, and the present setting.
  function drawSeverity(solution) {
    const { svg, caption } = parts.panels.severity;
    svg.replaceChildren();
    caption.textContent = "Severity";
    const all = Object.keys(model.drugs).map((name) => ({ name, index: lockedSolution(name).index }));
    if (!solution) {
      svg.setAttribute("aria-label", "Severity: no result, the solve failed.");
      svg.append(text("no result", SIZE.width / 2, SIZE.height / 2, "middle", "label"));
      return;
    }
    const { width, height, left, right, bottom, top: up } = SIZE;
    const high = Math.max(3.5, ...all.map(({ index }) => index + 0.3), solution.index + 0.3);
    const from = 100; // the longest name fits in a wide font too
    const at = (z) => round(from + (z / high) * (width - right - from));
    const edges = [0, ...model.boundaries, high];
    for (let grade = 0; grade < 5; grade++) {
      const [a, b] = [at(edges[grade]), at(edges[grade + 1])];
      svg.append(shape("rect", {
        x: a, y: up, width: Math.max(b - a, 0), height: height - up - bottom, class: `grade grade-${grade}`,
      }));
      svg.append(text(String(grade), (a + b) / 2, up + 12, "middle", "label"));
    }
    svg.append(text("grade", from - 6, up + 12, "end", "label"));
    for (let z = 0; z <= high; z++) svg.append(text(String(z), at(z), height - bottom + 15, "middle"));
    svg.append(text("severity index", (from + width - right) / 2, height - 4, "middle"));
    const rows = [...all.sort((a, b) => a.index - b.index), null];
    rows.forEach((row, i) => {
      const y = up + 32 + i * 25;
      if (row) {
        svg.append(text(model.drugs[row.name].label, from - 6, y + 4, "end", "label"));
        svg.append(shape("circle", { cx: at(row.index), cy: y, r: 5, fill: model.drugs[row.name].colour, class: "dot" }));
      } else {
        svg.append(text("shown now", from - 6, y + 4, "end", "label strong"));
        const px = at(solution.index);
        svg.append(shape("path", {
          d: `M${px - 7} ${y}L${px} ${y - 7}L${px + 7} ${y}L${px} ${y + 7}Z`,
          fill: model.drugs[state.drug].colour, class: "dot",
        }));
      }
    });
    const others = all.map(({ name, index }) => `${model.drugs[name].label} ${index.toFixed(2)}`);
    svg.setAttribute(
      "aria-label",
      `Severity index now ${solution.index.toFixed(2)}, illustrative grade ${solution.grade}. ` +
        `At the lock: ${others.join(", ")}.`,
    );
    if (differs()) svg.append(text(mark(), width - right, up - 4, "end", "mark"));
  }

  const ROWS = [
    ["C", "drug", "ng/mL"], ["TNF", "TNF", "pg/mL"], ["IFN", "IFN-γ", "pg/mL"],
    ["IL6", "IL-6", "pg/mL"], ["S", "effective signal", "pg/mL"],
  ];

  function fillTable(solution, locked) {
    const { body, caption } = parts.table;
    const cell = (content) => element("td", {}, content);
    caption.textContent =
      `Peaks over 168 h and severity of ${model.drugs[state.drug].label}${differs() ? ` (${mark()})` : ""}; cytokines with the ` +
      "healthy baseline";
    const peakOf = (s, name) => {
      if (!s) return "no result";
      const { value, time_h } = top(s, name);
      // a plateau has no time of its own
      return name === "C" ? show(value) : `${show(value)} at ${hours(time_h)}`;
    };
    const rows = ROWS.map(([name, label, unit]) => [
      `${label}, ${unit}`, peakOf(solution, name), peakOf(locked, name),
    ]);
    const severity = (s) => (s ? `${s.index.toFixed(3)}, grade ${s.grade}` : "no result");
    rows.push(["severity, illustrative grade", severity(solution), severity(locked)]);
    body.replaceChildren(
      ...rows.map(([label, now, atLock]) =>
        element("tr", {}, element("th", { scope: "row" }, label), cell(now), cell(atLock)),
      ),
    );
  }

  // ---------------------------------------------------------------- putting it together

  const lockedSolutions = {};
  function lockedSolution(drug) {
    lockedSolutions[drug] ??= solver.solve(model, { drug });
    return lockedSolutions[drug];
  }

  function build() {
    parts.summary = element("p", { class: "summary", role: "status", id: "explorer-summary" });
    parts.mark = element("p", { class: "unlocked-mark", id: "explorer-mark", hidden: true });
    parts.failure = element("p", { class: "failure", role: "alert", id: "explorer-failure" });
    parts.dashed = element(
      "span", { id: "explorer-dashed", hidden: true },
      element("span", { class: "line locked" }), ` at the values of lock ${model.lock.version}, untreated`,
    );
    parts.panels = {};
    const figures = [...PANELS.map(({ key }) => key), "severity"].map((key) => {
      const caption = element("figcaption", {});
      const svg = shape("svg", { viewBox: `0 0 ${SIZE.width} ${SIZE.height}`, role: "img", id: `panel-${key}` });
      parts.panels[key] = { svg, caption };
      return element("figure", { class: "panel" }, caption, svg);
    });
    const caption = element("caption", {});
    const body = element("tbody", {});
    parts.table = { caption, body };
    const head = element(
      "thead", {},
      element(
        "tr", {}, element("th", { scope: "col" }, "quantity"), element("th", { scope: "col" }, "now"),
        element("th", { scope: "col" }, "at the lock"),
      ),
    );
    const results = element(
      "section", { class: "explorer-results", "aria-label": "Results" },
      parts.summary, parts.mark, parts.failure,
      element("p", { class: "key" }, element("span", { class: "line now" }), " shown now ", parts.dashed),
      element(
        "div", { class: "panels" }, ...figures,
        element(
          "div", { class: "table-scroll", role: "region", tabindex: "0", "aria-label": "Numbers" },
          element("table", { class: "explorer-table" }, caption, head, body),
        ),
      ),
    );
    const form = buildForm();
    form.addEventListener("submit", (event) => event.preventDefault());
    place.replaceChildren(note("address"), form, results);
  }

  const UNKNOWN = "The model could not be solved here";
  let waiting = 0;
  function update(kept) {
    parts.copied.textContent = ""; // it was the link to another view
    placeControls(kept);
    writeAddress();
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(render);
  }

  function render() {
    const drug = model.drugs[state.drug];
    place.style.setProperty("--drug", drug.colour);
    const setting = { ...state, tocilizumab_h: state.tocilizumab };
    let solution = null;
    let locked = null;
    const began = performance.now();
    try {
      locked = lockedSolution(state.drug);
      solution = differs() ? solver.solve(model, setting) : locked;
      parts.failure.textContent = "";
    } catch (error) {
      parts.failure.textContent =
        `${UNKNOWN}: ${error.message}. Nothing is drawn; move a control back, or reset.`;
    }
    place.dataset.solveMs = (performance.now() - began).toFixed(1);
    const names = unlocked();
    const said = [];
    if (names.length) {
      said.push(
        `Unlocked: ${names.join(", ")} ${names.length > 1 ? "differ" : "differs"} from lock ` +
          `${model.lock.version}.`,
      );
    }
    if (treated()) said.push(`Treated: tocilizumab at ${plain(state.tocilizumab)} h.`);
    if (said.length) said.push("What is shown is no prediction of this book.");
    parts.mark.hidden = said.length === 0;
    parts.mark.textContent = said.join(" ");
    parts.dashed.hidden = !differs() || !solution;
    for (const panel of PANELS) drawPanel(panel, solution, locked);
    drawSeverity(solution);
    fillTable(solution, locked);
    parts.summary.textContent = solution
      ? `${drug.label}, ${mark() || `locked values, ${drug.regimen}`}: severity index ` +
        `${solution.index.toFixed(2)}, illustrative grade ${solution.grade}` +
        (differs() ? ` (at the lock ${locked.index.toFixed(2)}, grade ${locked.grade}).` : ".")
      : "No result.";
    place.dataset.index = solution ? String(solution.index) : "";
    place.dataset.ready = "yes";
  }

  build();
  readAddress();
  placeControls();
  render();
  addEventListener("popstate", () => {
    readAddress();
    parts.copied.textContent = "";
    placeControls();
    render();
  });
})();
