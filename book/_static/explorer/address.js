// The address of the page: what is shown as a query, and back again.
import { AS_LOCKED, VALUES } from "./treatment.js";
import { FIRST_DRUG, GIVEN, SPANS_H, WHOLE, lockedView } from "./view.js";
import { parseNumber, plain, problemWith } from "./words.js";

export const NUMBERS = ["dose", ...VALUES];
const FIRST_LOCK = "v1"; // addresses of the explorer's first version name no lock
const LONGEST_H = 8760;
const MOST_DOSE_UG = 1e7;

/** What a control's number is asked to be, by its name in the address. */
export const controlOf = (model, drug, key) => (GIVEN.includes(key) ? model[key]?.control : drug.controls[key]);

/** A view as the query of an address. A reader's own file is in no address. */
export function queryOf(model, view) {
  const { drug, setting, span } = view;
  if (drug.own) return null;
  const asked = new URLSearchParams({ drug: drug.name });
  if (setting.regimen !== AS_LOCKED.regimen) asked.set("regimen", setting.regimen);
  for (const key of NUMBERS) if (setting[key] !== null) asked.set(key, String(setting[key]));
  if (setting.doses) asked.set("doses", dosesAsText(setting.doses));
  if (!setting.feedback) asked.set("feedback", "off");
  for (const key of GIVEN) if (setting[`${key}_h`] !== null) asked.set(key, String(setting[`${key}_h`]));
  if (span !== lockedView(model, drug).span) asked.set("hours", String(span));
  if (asked.size > 1) asked.set("lock", model.lock.version);
  return asked;
}

const short = (value) => String(Number(value.toPrecision(6)));

/** Doses as time (h), amount (ug), length (h) and a route that is not the vein. */
export const dosesAsText = (doses) =>
  doses
    .map(({ time_h, amount_ug, duration_h, route }) =>
      [short(time_h), short(amount_ug), short(duration_h), ...(route === "IV" ? [] : [route])].join(":"))
    .join("_");

/** The doses that a text stands for; null for none. */
export function dosesFromText(text) {
  const doses = text.split("_").map((line) => {
    const [time, amount, duration, route = "IV", ...more] = line.split(":");
    const [time_h, amount_ug, duration_h] = [time, amount, duration].map((each) => parseNumber(each ?? ""));
    const sound =
      time_h >= 0 && time_h <= LONGEST_H && amount_ug > 0 && amount_ug <= MOST_DOSE_UG &&
      duration_h >= 0 && duration_h <= LONGEST_H && ["IV", "SC"].includes(route) && !more.length;
    return sound ? { time_h, amount_ug, duration_h, route } : null;
  });
  return doses.includes(null) ? null : doses.sort((a, b) => a.time_h - b.time_h);
}

/**
 * What an address asks for, and remarks by control on what it asks for in vain.
 * @param {string} search the query; a hash that holds one is read in its place
 */
export function viewOf(model, search, hash = "") {
  const inHash = !search && /=/.test(hash);
  const { seen, twice } = firsts(new URLSearchParams(inHash ? hash.slice(1) : search));
  const remarks = {};
  const general = twice.map((key) => `The address gives ${key} twice; the first one counts.`);
  const name = seen.drug ?? FIRST_DRUG;
  const known = Object.hasOwn(model.drugs, name);
  const drug = model.drugs[known ? name : FIRST_DRUG] ?? Object.values(model.drugs)[0];
  if (!known) {
    remarks.drug =
      `“${name}” is not a drug that this page shows; expected ${Object.keys(model.drugs).join(", ")}. Shown: ${drug.label}.`;
  }
  const setting = { ...AS_LOCKED, ...settingOf(model, drug, seen, remarks) };
  const span = spanOf(model, drug, seen, remarks);
  general.push(...ofOtherVersions(model, seen), ...strangers(seen));
  if (general.length) remarks.address = general.join(" ");
  return { view: { drug, setting, span }, remarks };
}

function firsts(asked) {
  const seen = {};
  const twice = [];
  for (const [key, text] of asked) {
    if (Object.hasOwn(seen, key)) twice.push(key);
    else seen[key] = text;
  }
  return { seen, twice };
}

function settingOf(model, drug, seen, remarks) {
  const found = {};
  for (const key of [...NUMBERS, ...GIVEN]) {
    if (!Object.hasOwn(seen, key) || (GIVEN.includes(key) && seen[key] === "none")) continue;
    const control = controlOf(model, drug, key);
    const field = GIVEN.includes(key) ? `${key}_h` : key;
    const problem = control ? problemWith(seen[key], control) : `${drug.label} has no ${key} to move.`;
    if (problem) {
      const fallback = GIVEN.includes(key) ? " Shown: none, as locked." : control ? ` Shown: ${plain(control.locked)}, as locked.` : "";
      remarks[control ? key : "drug"] = problem + fallback;
    } else {
      found[field] = valueOf(control, parseNumber(seen[key]), GIVEN.includes(key));
    }
  }
  if (Object.hasOwn(seen, "regimen")) {
    if (Object.hasOwn(drug.regimens, seen.regimen)) found.regimen = seen.regimen;
    else remarks.regimen = `“${seen.regimen}” is no regimen of ${drug.label}; expected ${Object.keys(drug.regimens).join(", ")}. Shown: clinical.`;
  }
  if (Object.hasOwn(seen, "doses")) {
    const doses = drug.given ? null : dosesFromText(seen.doses);
    if (doses) found.doses = doses;
    else remarks.doses = `“${seen.doses}” is not a list of doses; expected time (h), amount (µg) and length (h) of each, as 0:100:4_168:1000:4. Shown: those of the regimen.`;
  }
  if (Object.hasOwn(seen, "feedback")) {
    found.feedback = seen.feedback !== "off";
    if (!["on", "off"].includes(seen.feedback)) remarks.feedback = `“${seen.feedback}” is neither on nor off. Shown: on, as locked.`;
  }
  return found;
}

/** A number of a control, or null where it is the locked one; a time of what is given has no such. */
export const valueOf = (control, value, isTime = false) =>
  !isTime && plain(value) === plain(control.locked) ? null : value;

function spanOf(model, drug, seen, remarks) {
  const usual = lockedView(model, drug).span;
  if (!Object.hasOwn(seen, "hours")) return usual;
  if (seen.hours === WHOLE) return WHOLE;
  if (SPANS_H.map(String).includes(seen.hours)) return Number(seen.hours);
  remarks.hours = `“${seen.hours}” is not one of ${SPANS_H.join(", ")} h or ${WHOLE}. Shown: ${usual === WHOLE ? "the whole course" : `${usual} h`}.`;
  return usual;
}

// An address without a lock is of the explorer's first version, on lock v1.
function ofOtherVersions(model, seen) {
  const lock = seen.lock ?? FIRST_LOCK;
  const names = Object.keys(seen).filter((key) => !["drug", "highlight", "lock"].includes(key));
  if (lock === model.lock.version || (!names.length && !seen.lock)) return [];
  const by = seen.lock === undefined ? "the first version of this page" : `a page on lock ${lock}`;
  return [`The address was made by ${by}; what it asks for is set, and everything else is as in lock ${model.lock.version}.`];
}

function strangers(seen) {
  const known = ["drug", "regimen", ...NUMBERS, "doses", "feedback", ...GIVEN, "hours", "lock", "highlight"];
  return Object.keys(seen).filter((key) => !known.includes(key)).map((key) => `“${key}” in the address is no control of this page.`);
}
