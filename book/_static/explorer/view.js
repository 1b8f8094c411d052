// What is shown: a drug, where the controls stand, how much of the course; and what that is called.
import { actsAt } from "./dosing.js";
import { AS_LOCKED, VALUES, WEEK_H, dosesOf, usualCourse, wholeCourse } from "./treatment.js";
import { listed, plain } from "./words.js";

export const SPANS_H = [24, 72, 168];
export const WHOLE = "all";
export const FIRST_DRUG = "tgn1412";
export const GIVEN = ["tocilizumab", "dexamethasone"];

/**
 * @typedef {{drug: object, setting: import("./treatment.js").Setting, span: number|"all"}} View
 */

/** A drug as locked, or as its file has it, over the usual span. */
export const lockedView = (model, drug) => ({ drug, setting: AS_LOCKED, span: usualSpan(model, drug, AS_LOCKED) });

/** Another drug as locked, over the span that is shown, or the whole course where that is usual. */
export function ofAnotherDrug(model, view, drug) {
  const usual = lockedView(model, drug);
  return usual.span === WHOLE || view.span === WHOLE ? usual : { ...usual, span: view.span };
}

/** A view with other settings; what is shown of the course follows the doses where they got longer. */
export function changed(model, view, changes) {
  const setting = { ...view.setting, ...changes };
  const longer = later(view.drug, setting) && !later(view.drug, view.setting);
  return { ...view, setting, span: longer ? WHOLE : view.span };
}

const later = (drug, setting) => dosesOf(drug, setting).some((dose) => dose.time_h >= WEEK_H);

function usualSpan(model, drug, setting) {
  return usualCourse(model, drug, dosesOf(drug, setting)) > WEEK_H ? WHOLE : SPANS_H[1];
}

/** How far the model is solved for a view (h): a week at least, so that severity means the same. */
export const horizonOf = (model, view) =>
  view.span === WHOLE ? wholeCourse(model, view.drug, dosesOf(view.drug, view.setting)) : WEEK_H;

/** How much of it is drawn (h). */
export const shownHours = (model, view) => (view.span === WHOLE ? horizonOf(model, view) : view.span);

/** How many doses begin after what is solved. */
export const dosesAfter = (model, view) =>
  dosesOf(view.drug, view.setting).filter((dose) => actsAt(view.drug, dose) >= horizonOf(model, view)).length;

/** Names of what is not as locked; what is given beside the drug is none of it. */
export function moved({ setting }) {
  const names = ["dose", ...VALUES].filter((key) => setting[key] !== null);
  if (setting.doses) names.push("doses");
  if (setting.regimen !== AS_LOCKED.regimen) names.push("regimen");
  if (!setting.feedback) names.push("feedback");
  return names;
}

/** What is given beside the drug, by name, with its time (h). */
export const treatedWith = ({ setting }) =>
  GIVEN.filter((name) => setting[`${name}_h`] !== null).map((name) => [name, setting[`${name}_h`]]);

export const differs = (view) => moved(view).length > 0 || treatedWith(view).length > 0;

/** The one or two words that stand beside everything that is not the locked, untreated drug. */
export function mark(view) {
  const words = [];
  if (moved(view).length) words.push(view.drug.own ? "changed" : "unlocked");
  if (treatedWith(view).length) words.push("treated");
  return words.join(", ");
}

/** The same in a sentence or two; empty for a drug of the record as locked. */
export function inSentences(model, view) {
  const { drug } = view;
  const said = [];
  if (drug.own) said.push(`${drug.label} is your own: ${drug.file}, on the network of lock ${model.lock.version}.`);
  const names = moved(view);
  const from = drug.own ? "your file" : `lock ${model.lock.version}`;
  const verb = names.length > 1 ? "differ" : "differs";
  if (names.length) said.push(`${drug.own ? "Changed" : "Unlocked"}: ${names.join(", ")} ${verb} from ${from}.`);
  const given = treatedWith(view).map(([name, time]) => `${name} at ${plain(time)} h`);
  if (given.length) said.push(`Treated: ${listed(given)}.`);
  if (said.length) said.push("What is shown is no prediction of this book.");
  const after = dosesAfter(model, view);
  if (after) {
    said.push(`${after} ${after > 1 ? "doses begin" : "dose begins"} after the ${horizonOf(model, view)} h that are solved; show the whole course to follow ${after > 1 ? "them" : "it"}.`);
  }
  return said.join(" ");
}

/** What a view is called beside another. */
export function called(view) {
  const { drug, setting } = view;
  const values = ["dose", ...VALUES].filter((key) => setting[key] !== null).map((key) => `${key} ${plain(setting[key])}`);
  if (setting.doses) values.push("doses of its own");
  if (setting.regimen !== AS_LOCKED.regimen) values.push(drug.regimens[setting.regimen].label);
  if (!setting.feedback) values.push("no feedback");
  values.push(...treatedWith(view).map(([name, time]) => `${name} at ${plain(time)} h`));
  return [drug.label, ...values].join(", ");
}

/** The result in a sentence: severity, what the draws say of it, and what it is compared with. */
export function summaryOf(view, { solution, atLock, kept }, band) {
  if (!solution) return "No result.";
  const { drug, setting } = view;
  const locked = drug.own ? "as in your file" : "locked values";
  const number = ({ index, grade }) => `${index.toFixed(2)}, grade ${grade}`;
  const beside = [];
  if (band) beside.push(`90 % of the draws from ${band.index[0].toFixed(2)} to ${band.index[1].toFixed(2)}`);
  if (differs(view)) beside.push(`${drug.own ? "as in your file" : "at the lock"} ${number(atLock)}`);
  if (kept) beside.push(`kept ${number(kept)}`);
  return `${drug.label}, ${mark(view) || `${locked}, ${drug.regimens[setting.regimen].label}`}: severity index ` +
    `${solution.index.toFixed(2)}, illustrative grade ${solution.grade}${beside.length ? ` (${beside.join("; ")})` : ""}.`;
}
