// The form: native controls, each with its unit, its range and a place for what was wrong with it.
import { controlOf } from "./address.js";
import { element } from "./dom.js";
import { doseTable } from "./dose_table.js";
import { GIVEN, SPANS_H, WHOLE, horizonOf, moved, shownHours } from "./view.js";
import { plain, withUnit } from "./words.js";

const NAMES = {
  dose: "Dose",
  EC50: "Concentration of half activation, EC50",
  h: "Steepness of activation, h",
  k_act: "Activation rate of T cells, k_act",
  k_exh: "Exhaustion rate of T cells, k_exh",
  K_M: "Priming threshold of macrophages, K_M",
  K_S: "Feedback threshold of the IL-6 signal, K_S",
  tocilizumab: "Time of tocilizumab, from the first dose",
  dexamethasone: "Time of dexamethasone, from the first dose",
  at: "Read the curves at",
};
const OF_DRUG = ["EC50", "h", "k_act", "k_exh"];
const OF_NETWORK = ["K_M", "K_S"];
const SLIDERS = ["dose", ...OF_DRUG, ...OF_NETWORK, ...GIVEN, "at"];

/** A place for what is wrong with a control, read out as it comes. */
export const note = (key) => element("p", { class: "remark", id: `remark-${key}`, role: "alert" });

// ---------------------------------------------------------------- sliders

const onScale = ({ low, high, scale }, value) =>
  scale === "log" ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
const positionOf = (control, value, steps) => Math.round(onScale(control, value) * steps);

// The value at a position of a slider; null where the locked one has its place.
function valueAt(control, position, steps) {
  const { low, high, scale, locked } = control;
  if (scale !== "log") return Number((low + ((high - low) * position) / steps).toFixed(2));
  if (position === positionOf(control, locked, steps)) return null;
  const value = Number((low * (high / low) ** (position / steps)).toPrecision(3));
  return Math.min(Math.max(value, low), high);
}

// ---------------------------------------------------------------- the form

/**
 * The controls of the page.
 * @param model what ../generated/model.js defines
 * @param act what a control does: `typed(key, text)`, `moved(key, value, slider)`, `drug(name)`,
 *   `file(file)`, `regimen(key)`, `doses(doses)`, `wrongDose(text)`, `feedback(on)`,
 *   `give(name, on)`, `span(text)`, `band(on)`, `reset()`, `keep()`, `forget()`, `link()`
 * @returns {{form: HTMLFormElement, place: Function}} `place(shown, kept)` puts every control where
 *   it stands, the slider that is being moved aside
 */
export function makeForm(model, act) {
  const steps = model.slider_steps;
  const parts = { numbers: {}, drug: null };

  function numberControl(key) {
    const box = element("input", {
      id: `control-${key}`, type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false",
      "aria-describedby": `unit-${key} locked-${key} remark-${key}`,
    });
    const unit = element("span", { class: "unit", id: `unit-${key}` });
    const slider = element("input", {
      id: `slider-${key}`, type: "range", min: 0, max: steps, step: 1, "aria-label": `${NAMES[key]}, slider`,
      "aria-describedby": `locked-${key} remark-${key}`,
    });
    const locked = element("p", { class: "locked", id: `locked-${key}` });
    const part = { box, unit, slider, locked, control: null };
    slider.addEventListener("input", () => act.moved(key, valueAt(part.control, Number(slider.value), steps), slider));
    box.addEventListener("change", () => act.typed(key, box.value));
    part.group = element(
      "div", { class: "control", id: `group-${key}` },
      element("label", { for: box.id }, NAMES[key]), element("div", { class: "value" }, box, unit),
      slider, locked, note(key),
    );
    parts.numbers[key] = part;
    return part.group;
  }

  function choice(id, name, onChange) {
    const select = element("select", { id: `control-${id}`, "aria-describedby": `remark-${id}` });
    select.addEventListener("change", () => onChange(select.value));
    parts[id] = select;
    return element("div", { class: "control", id: `group-${id}` },
      element("label", { for: select.id }, name), select, note(id));
  }

  function tick(id, name, onChange, remark = id) {
    const box = element("input", { id: `control-${id}`, type: "checkbox", "aria-describedby": `remark-${remark}` });
    box.addEventListener("change", () => onChange(box.checked));
    parts[id] = box;
    const children = [box, element("label", { for: box.id }, name)];
    if (remark === id) children.push(note(id));
    return element("div", { class: "control check", id: `group-${id}` }, ...children);
  }

  function fileControl() {
    const input = element("input", {
      id: "control-file", type: "file", accept: ".toml", "aria-describedby": "hint-file remark-file",
    });
    input.addEventListener("change", () => {
      const [file] = input.files;
      if (file) act.file(file);
      input.value = ""; // the same file may be chosen again, after it was changed
    });
    return element("div", { class: "control" },
      element("label", { for: input.id }, "Your own drug file"), input,
      element("p", { class: "locked", id: "hint-file" }, "A .toml file, or drop one anywhere here. It stays in this page."),
      note("file"));
  }

  const button = (id, words, onClick) => {
    const made = element("button", { type: "button", id: `explorer-${id}` }, words);
    made.addEventListener("click", onClick);
    return made;
  };

  const fieldset = (name, ...children) => element("fieldset", {}, element("legend", {}, name), ...children);
  const co = GIVEN.filter((name) => model[name]);
  const doses = doseTable({ changed: act.doses, wrong: act.wrongDose, note });
  parts.copied = element("span", { role: "status", class: "copied" });
  parts.forget = button("forget", "Forget the kept one", act.forget);
  const form = element(
    "form", { class: "explorer-form", "aria-label": "What to solve" },
    fieldset("Drug", choice("drug", "Drug", act.drug), fileControl(), choice("regimen", "Regimen", act.regimen),
      numberControl("dose")),
    fieldset("Its potency and T cells", ...OF_DRUG.map(numberControl)),
    fieldset("Shared network", ...OF_NETWORK.map(numberControl), tick("feedback", "IL-6 feedback on", act.feedback)),
    fieldset("Beside the drug", ...co.flatMap((name) => [
      tick(`give-${name}`, `Give ${name} (${amountOf(name)})`, (on) => act.give(name, on), name), numberControl(name),
    ])),
    fieldset("View", choice("hours", "Time shown", act.span), numberControl("at"),
      tick("band", `90 % of ${model.draws.n} draws of the posterior`, act.band)),
    doses.element,
    element("div", { class: "buttons" },
      button("reset", "Reset to the lock", act.reset), button("keep", "Keep for comparison", act.keep), parts.forget,
      button("copy", "Copy a link to this view", act.link), parts.copied),
  );
  form.addEventListener("submit", (event) => event.preventDefault());

  function amountOf(name) {
    if (name === "dexamethasone") return `${plain(model.dexamethasone.ug / 1000)} mg into a vein`;
    return `${plain(model.tocilizumab.ug_per_kg / 1000)} mg/kg over ${plain(model.tocilizumab.over_h)} h`;
  }

  function options(select, wanted, value) {
    const now = [...select.options].map((option) => `${option.value}|${option.text}`).join();
    if (now !== wanted.map(([key, words]) => `${key}|${words}`).join()) {
      select.replaceChildren(...wanted.map(([key, words]) => element("option", { value: key }, words)));
    }
    select.value = String(value);
  }

  function placeNumber(key, { view, at }, slidden) {
    const part = parts.numbers[key];
    const { drug, setting } = view;
    const time = key === "at" || GIVEN.includes(key);
    const control = key === "at"
      ? { low: 0, high: shownHours(model, view), locked: 0, unit: "h", scale: "linear" }
      : controlOf(model, drug, key);
    part.group.hidden = !control;
    if (!control) return;
    part.control = control;
    const own = key === "at" ? at : setting[GIVEN.includes(key) ? `${key}_h` : key];
    const value = own ?? control.locked;
    const off = (GIVEN.includes(key) && own === null) || (key === "dose" && setting.doses !== null);
    part.box.value = plain(value);
    part.unit.textContent = control.unit === "1" ? "" : control.unit;
    if (part.slider !== slidden) part.slider.value = positionOf(control, value, steps);
    const locked = drug.own ? "file" : "lock";
    const asLocked = own === null && !off && !time ? `, as in the ${locked}` : "";
    part.slider.setAttribute("aria-valuetext", `${withUnit(value, control.unit)}${asLocked}`);
    part.box.disabled = part.slider.disabled = off;
    const range = `${plain(control.low)} to ${plain(control.high)}`;
    part.locked.textContent = time
      ? `${key === "at" ? "" : "lock: none; "}${range} h`
      : `${locked}: ${plain(control.locked)}; ${range}`;
    if (key === "dose" && setting.doses) part.locked.textContent = "set one by one";
    part.group.classList.toggle("moved", key !== "at" && own !== null && !off);
  }

  /** Put every control where it stands. */
  function place(shown, slidden) {
    const { view, own, remarks, kept, band } = shown;
    const { drug, setting, span } = view;
    const drugs = [...Object.values(model.drugs), ...(own ? [own] : [])];
    options(parts.drug, drugs.map((each) => [each.own ? "own" : each.name, each.own ? `${each.label} (${each.file})` : each.label]),
      drug.own ? "own" : drug.name);
    options(parts.regimen, Object.entries(drug.regimens).map(([key, regimen]) => [key, regimen.label]), setting.regimen);
    options(parts.hours, [...SPANS_H.map((h) => [h, `first ${h} h`]),
      [WHOLE, `whole course, ${plain(horizonOf(model, { ...view, span: WHOLE }))} h`]], span);
    parts.feedback.checked = setting.feedback;
    parts.band.checked = band;
    for (const name of co) parts[`give-${name}`].checked = setting[`${name}_h`] !== null;
    for (const key of SLIDERS) if (parts.numbers[key]) placeNumber(key, shown, slidden);
    doses.place(drug, setting);
    if (remarks.doses) doses.element.open = true; // what is wrong is to be seen
    parts.forget.hidden = !kept;
    document.getElementById("explorer-reset").textContent = drug.own ? "Reset to the file" : "Reset to the lock";
    document.getElementById("group-feedback").classList.toggle("moved", moved(view).includes("feedback"));
    placeRemarks(remarks);
  }

  function placeRemarks(remarks) {
    for (const at of document.querySelectorAll("#live-explorer .remark")) {
      const key = at.id.replace("remark-", "");
      const text = remarks[key] ?? "";
      if (at.textContent !== text) at.textContent = text;
      const control = document.getElementById(`control-${key}`);
      if (control) control.setAttribute("aria-invalid", String(Boolean(text)));
    }
  }

  return { form, place, copied: parts.copied };
}
