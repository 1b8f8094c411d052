// From a drug and where the controls stand to what the solver is asked.
import { atDoors, changesOf, lastEnd, placed, scaled } from "./dosing.js";
import { integrate } from "./solver.js";

export const WEEK_H = 168;

/** Controls that stand for a value of the model under the same name. */
export const VALUES = ["EC50", "h", "k_act", "k_exh", "K_M", "K_S"];

/**
 * Where the controls stand; null is as locked, or as the reader's file says.
 * @typedef {{dose: number|null, EC50: number|null, h: number|null, k_act: number|null,
 *   k_exh: number|null, K_M: number|null, K_S: number|null, feedback: boolean, regimen: string,
 *   doses: import("./dosing.js").Dose[]|null, tocilizumab_h: number|null,
 *   dexamethasone_h: number|null}} Setting
 */
export const AS_LOCKED = Object.freeze({
  dose: null, EC50: null, h: null, k_act: null, k_exh: null, K_M: null, K_S: null,
  feedback: true, regimen: "clinical", doses: null, tocilizumab_h: null, dexamethasone_h: null,
});

/** The doses of a setting: its own, or those of its regimen times a factor. */
export function dosesOf(drug, setting) {
  if (setting.doses) return setting.doses;
  const { doses } = drug.regimens[setting.regimen ?? "clinical"];
  const control = drug.controls.dose;
  return control && (setting.dose ?? null) !== null ? scaled(doses, setting.dose / control.locked) : doses;
}

/** How far a course reaches that follows every dose and two weeks after the last (h). */
export const wholeCourse = (model, drug, doses) =>
  Math.min(lastEnd(doses, drug) + model.followed_h, drug.table_end_h ?? Infinity);

/** How far it is followed if nothing is asked (h): a week, unless it is the reader's or doses come later. */
export function usualCourse(model, drug, doses) {
  const later = doses.some((dose) => dose.time_h >= WEEK_H);
  return drug.own || later ? wholeCourse(model, drug, doses) : WEEK_H;
}

/** Tocilizumab for a patient: so much per kilogram, at most so much, as an infusion. */
export function tocilizumabDose(model, weight_kg) {
  const { ug_per_kg, most_ug, over_h } = model.tocilizumab;
  const amount_ug = Math.min(ug_per_kg * weight_kg, most_ug);
  return { time_h: 0, amount_ug, duration_h: over_h, route: "IV" };
}

/**
 * Solve the model for a drug at a setting.
 * @param {Setting} setting what it leaves out is as locked
 * @param {{horizon_h?: number, values?: object, loose?: boolean}} [options] how long to follow (h;
 *   by default as usual), values of one draw, and whether a tenth of the accuracy will do
 * @returns {import("./solver.js").Solution}
 */
export function solve(model, drug, setting, options = {}) {
  const structure = model.structures[drug.structure];
  const doses = dosesOf(drug, setting);
  const tocilizumab_h = setting.tocilizumab_h ?? null;
  const dexamethasone_h = setting.dexamethasone_h ?? null;
  const dose_h = Math.max(0, -(tocilizumab_h ?? 0), -(dexamethasone_h ?? 0));
  const given = { ...atDoors(drug, doses) };
  if (tocilizumab_h !== null) {
    given.u_tcz = placed(changesOf([tocilizumabDose(model, drug.weight_kg)]), tocilizumab_h);
  }
  if (dexamethasone_h !== null) {
    given.u_dex = [{ time_h: dexamethasone_h, amount: model.dexamethasone.ug, rate: 0 }];
  }
  const moved = VALUES.filter((key) => (setting[key] ?? null) !== null);
  return integrate(model, {
    structure,
    rhs: structure.rhs[setting.feedback === false ? "none" : model.feedback],
    values: {
      ...model.silent, CL_0: drug.values.CL, ...model.network,
      ...model.tocilizumab?.values, ...model.dexamethasone?.values, ...drug.values,
      ...options.values, ...Object.fromEntries(moved.map((key) => [key, setting[key]])),
    },
    given: Object.fromEntries(
      Object.entries(given).map(([door, changes]) => [door, placed(changes, dose_h)]),
    ),
    dose_h,
    horizon_h: options.horizon_h ?? usualCourse(model, drug, doses),
    week_h: Math.min(...doses.map((dose) => dose.time_h)) + WEEK_H,
    loose: options.loose ?? false,
  });
}
