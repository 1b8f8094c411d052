// Doses one by one: a row each, which can be changed, added and taken away.
import { element } from "./dom.js";
import { dosesOf } from "./treatment.js";
import { plain, problemWith } from "./words.js";

const MOST_ROWS = 40;
const LIMITS = {
  time_h: { name: "time", low: 0, high: 8760, unit: "h" },
  amount_ug: { name: "amount", low: 1e-6, high: 1e7, unit: "µg" },
  duration_h: { name: "length", low: 0, high: 8760, unit: "h (0 for at once)" },
};

/**
 * The table of doses.
 * @param {{changed: Function, wrong: Function, note: Function}} act `changed(doses)` takes the doses
 *   as they were edited, null for those of the regimen; `wrong(text)` says a slip, after which all
 *   stays as it was
 */
export function doseTable({ changed, wrong, note }) {
  const body = element("tbody", {});
  const said = element("p", { class: "locked", id: "doses-said" });
  const add = element("button", { type: "button", id: "doses-add" }, "Add a dose");
  const back = element("button", { type: "button", id: "doses-back" }, "As in the regimen");
  const details = element(
    "details", { class: "control", id: "group-doses" },
    element("summary", {}, "Doses one by one"), said,
    element("div", { class: "table-scroll" },
      element("table", { "aria-label": "Doses" },
        element("thead", {}, element("tr", {},
          ...["at (h)", "amount (µg)", "over (h)", ""].map((words) => element("th", { scope: "col" }, words)))),
        body)),
    element("div", { class: "buttons" }, add, back), note("doses"),
  );
  let doses = [];

  const commit = (next) => changed(next.toSorted((a, b) => a.time_h - b.time_h));
  add.addEventListener("click", () => {
    const last = doses.at(-1) ?? { time_h: -168, amount_ug: 1000, duration_h: 1, route: "IV" };
    commit([...doses, { ...last, time_h: last.time_h + 168 }]);
  });
  back.addEventListener("click", () => changed(null));

  function cell(i, key) {
    const { name, unit } = LIMITS[key];
    const box = element("input", {
      type: "text", inputmode: "decimal", autocomplete: "off", id: `dose-${i}-${key}`,
      "aria-label": `Dose ${i + 1}, ${name} in ${unit}`, "aria-describedby": "remark-doses",
    });
    box.addEventListener("change", () => {
      const problem = problemWith(box.value, LIMITS[key]);
      if (problem) {
        box.value = plain(doses[i][key]);
        wrong(`Dose ${i + 1}, ${name}: ${problem} Kept: ${box.value}.`);
        return;
      }
      commit(doses.map((each, k) => (k === i ? { ...each, [key]: Number(box.value) } : each)));
    });
    return element("td", {}, box);
  }

  function row({ route }, i) {
    const remove = element("button", { type: "button", "aria-label": `Take dose ${i + 1} away` }, "×");
    remove.disabled = doses.length === 1;
    remove.addEventListener("click", () => commit(doses.filter((_dose, k) => k !== i)));
    const length = route === "SC" ? element("td", {}, "under the skin") : cell(i, "duration_h");
    return element("tr", {}, cell(i, "time_h"), cell(i, "amount_ug"), length, element("td", {}, remove));
  }

  /** Show the doses of a setting. */
  function place(drug, setting) {
    const next = dosesOf(drug, setting);
    const editable = !drug.given && next.length <= MOST_ROWS;
    said.textContent = drug.given
      ? "The exposure of this drug is a table, which no dose changes."
      : editable
        ? `${next.length === 1 ? "One dose" : `${next.length} doses`}${setting.doses ? ", set here" : ""}.`
        : `${next.length} doses, too many to be listed; expected at most ${MOST_ROWS}.`;
    add.disabled = !editable || next.length === MOST_ROWS;
    back.disabled = !setting.doses;
    doses = next;
    // rows are made anew only where there are others, so that Tab goes on to the next number
    const rows = editable ? next.map(({ route }) => route).join() : "";
    if (details.dataset.rows !== rows) {
      details.dataset.rows = rows;
      body.replaceChildren(...(editable ? next.map(row) : []));
    }
    for (const box of body.querySelectorAll("input")) {
      const [, i, key] = /^dose-(\d+)-(\w+)$/.exec(box.id);
      box.value = plain(next[i][key]);
    }
  }

  return { element: details, place };
}
