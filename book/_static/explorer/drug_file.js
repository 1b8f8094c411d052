// A reader's drug file, as qsp-crs predict takes it: TOML text in, a drug of the page out. Whatever
// the command line refuses is refused here, and so is what this page cannot solve.
import { lastEnd } from "./dosing.js";
import { SECTIONS, brokenRule, given, isTable } from "./file_rules.js";
import { shapeProblem } from "./shape.js";
import { UnitError, convert, forPatient, splitQuantity } from "./units.js";

export class FileError extends Error {}

const MOST_DOSES_HERE = 400; // each starts the integrator anew, and a page must not freeze
const LONGEST_HERE_H = 2 * 365.25 * 24;
const OWN_COLOUR = "#7A5195";
const RATES = ["k_act", "k_exh", "k_kill", "k_rec"];
const ASSUMED = "class default";

/** The text of a file's bytes. */
export function textOf(model, name, bytes) {
  const { bytes: most } = model.file.limits;
  if (bytes.byteLength > most) throw tooLarge(name, bytes.byteLength, most);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new FileError(`${name} is not a text in UTF-8; expected a drug file, which is one`);
  }
}

/** What is said of a file that is larger than any drug file; nothing of it is read. */
export const tooLarge = (name, size, most) =>
  new FileError(
    `${name} has ${(size / 1e6).toFixed(1)} MB; expected a drug file, which has a few kilobytes and at most ${most / 1e6} MB`,
  );

/**
 * A drug as the page has those of the record, from the text of a drug file.
 * @throws {FileError} in one sentence, the first thing that is wrong with it
 */
export function readDrugFile(model, name, text) {
  const content = parsed(model, name, text);
  const fromClass = fillFromClass(model, name, content);
  const problem = shapeProblem(model.file.shape, content);
  if (problem) throw new FileError(`${name}, ${problem.where}: ${problem.says}`);
  const broken = brokenRule(content);
  if (broken) throw new FileError(`${name}: ${broken}`);
  beyondThisPage(name, content);
  return new Reading(model, name, content, fromClass).drug();
}

function parsed(model, name, text) {
  try {
    return model.readToml(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    const first = String(error.message).split("\n")[0].replace(/^Invalid TOML document: /, "");
    const at = error.line ? `line ${error.line}: ` : "";
    throw new FileError(`${name} is not readable as TOML (${at}${first}); expected a drug file`);
  }
}

// Put defaults of the drug's class where the file asks for them; gives the names of what was put.
function fillFromClass(model, name, content) {
  const known = Object.hasOwn(model.file.class, content.mechanism) ? model.file.class[content.mechanism] : {};
  const filled = new Set();
  for (const section of SECTIONS) {
    if (!isTable(content[section])) continue;
    for (const [key, given] of Object.entries(content[section])) {
      if (!isTable(given) || !("default" in given)) continue;
      const found = known[section]?.[key];
      if (!found || given.default !== "class" || Object.keys(given).length > 1) {
        const some = Object.entries(known).flatMap(([s, names]) => Object.keys(names).map((n) => `${s}.${n}`));
        throw new FileError(
          `${name}, ${section}.${key}: ${JSON.stringify(given)} was given; expected { default = "class" } for one of ` +
            `${some.join(", ") || "the numbers of a known mechanism"}, or a value with its unit and source`,
        );
      }
      content[section][key] = structuredCopy(found);
      filled.add(`${section}.${key}`);
    }
  }
  return filled;
}

const structuredCopy = (value) => JSON.parse(JSON.stringify(value));

function beyondThisPage(name, content) {
  const instead = "use qsp-crs predict, which reads it";
  if (given(content.pharmacokinetics, "table")) {
    throw new FileError(
      `${name} takes its exposure from a table in another file, which this page does not have; ${instead}`,
    );
  }
  if (given(content, "fitted")) {
    throw new FileError(`${name} rests on draws in another file, which this page does not have; ${instead}`);
  }
}

// Turns the numbers of one file into hours, litres, micrograms and ng/mL.
class Reading {
  constructor(model, name, content, fromClass) {
    Object.assign(this, { model, name, content, fromClass, patient: null });
  }

  fail(where, says) {
    return new FileError(`${this.name}, ${where}: ${says}`);
  }

  sources(where, sources) {
    const bad = sources.find((s) => !s.trim() || /\p{C}/u.test(s) || s === ASSUMED);
    if (bad !== undefined) throw this.fail(where, `the source “${bad}” was given; expected where the number comes from`);
    if (!sources.length) throw this.fail(where, "no source was given; expected one, such as “declared assumption”");
  }

  number(where, number, unit) {
    this.sources(where, number.source);
    const value = this.inUnits(where, () =>
      this.patient ? forPatient(number.value, number.unit, unit, this.patient) : convert(number.value, number.unit, unit));
    if (!Number.isFinite(value)) throw this.fail(where, `${number.value} ${number.unit} is too large to compute with`);
    const between = this.model.file.plausible[where];
    if (between) this.within(where, value, unit === "1" ? "" : unit, between);
    const own = !["patient", "t_cells"].includes(where.split(".")[0]);
    if (own && number.status !== undefined) {
      throw this.fail(where, "a status was given; of a drug of one's own T-cell rates alone are drawn");
    }
    return value;
  }

  inUnits(where, read) {
    try {
      return read();
    } catch (error) {
      if (error instanceof UnitError) throw this.fail(where, error.message);
      throw error;
    }
  }

  within(where, value, unit, [low, high]) {
    if (!(low <= value && value <= high)) {
      const told = [Number(value.toPrecision(6)), `${low} to ${high}`].map((text) => `${text} ${unit}`.trim());
      throw this.fail(where, `understood as ${told[0]}; expected ${told[1]}`);
    }
    return value;
  }

  drug() {
    const { content, model } = this;
    if (content.role !== "user") {
      throw this.fail("role", `“${content.role}” belongs to a drug that comes with the book; expected “user”`);
    }
    this.patient = this.whom();
    const values = { ...this.exposure(), ...this.potency() };
    const rates = Object.fromEntries(
      RATES.filter((rate) => given(content.t_cells, rate)).map((rate) => [rate, this.rate(rate)]));
    values.k_kill = 0;
    for (const [rate, { value }] of Object.entries(rates)) values[rate] = value;
    for (const [key, value] of Object.entries(values)) {
      if (given(model.file.bounds, key)) this.within(key, value, "", model.file.bounds[key]);
    }
    const { F, lag } = content.pharmacokinetics;
    const regimens = this.regimens();
    this.heldBack(regimens);
    return {
      name: content.name, label: content.label, file: this.name, own: true, colour: OWN_COLOUR,
      mechanism: content.mechanism, structure: `${content.mechanism}, compartments`,
      values: { B_0: 1, ...values }, rates, regimens, weight_kg: this.patient.weight_kg,
      F: F ? this.number("pharmacokinetics.F", F, "1") : null,
      lag_h: lag ? this.number("pharmacokinetics.lag", lag, "h") : null,
      controls: controlsOf(model, values), assumed: [...this.fromClass],
    };
  }

  whom() {
    const { patient, molar_mass } = this.content;
    return {
      weight_kg: this.number("patient.weight", patient.weight, "kg"),
      bsa_m2: this.number("patient.bsa", patient.bsa, "m2"),
      molar_mass_kDa: molar_mass ? this.number("molar_mass", molar_mass, "kDa") : null,
    };
  }

  exposure() {
    const pk = this.content.pharmacokinetics;
    const read = (key, unit) => this.number(`pharmacokinetics.${key}`, pk[key], unit);
    const found = { V1: read("V1", "L"), CL: 0, V2: 1, Q: 0 };
    if (pk.CL) found.CL = read("CL", "L/h");
    else if (pk.half_life) found.CL = (Math.LN2 * found.V1) / read("half_life", "h");
    if (pk.V2 && pk.Q && (pk.CL || pk.half_life)) Object.assign(found, { V2: read("V2", "L"), Q: read("Q", "L/h") });
    const more = { k_a: "1/h", CL_0: "L/h", k_CL: "1/h", Vmax: "ug/h", Km: "ng/mL" };
    for (const [key, unit] of Object.entries(more)) if (pk[key]) found[key] = read(key, unit);
    if (pk.half_life_CL) found.k_CL = Math.LN2 / read("half_life_CL", "h");
    return found;
  }

  // what the T-cell part reads and the file leaves out comes from the class
  potency() {
    const { model, content } = this;
    const { potency, mechanism } = content;
    const read = (key, unit) => this.number(`potency.${key}`, potency[key], unit);
    const found = {
      EC50: read("EC50", "ng/mL"), h: read("h", "1"), K_hook: potency.K_hook ? read("K_hook", "ng/mL") : 1e12,
    };
    found.K_hook = Math.min(found.K_hook, 1e12);
    if (found.K_hook < found.EC50) {
      throw this.fail("potency.K_hook", `understood as ${found.K_hook} ng/mL, which is below the EC50; expected more`);
    }
    const reads = model.file.read[mechanism];
    if (potency.K_B) found.K_B = read("K_B", "1");
    else if (reads.includes("K_B")) {
      found.K_B = model.file.class[mechanism].potency.K_B.value;
      this.fromClass.add("potency.K_B");
    }
    if (!reads.includes("h") && found.h !== 1 && !this.fromClass.has("potency.h")) {
      throw this.fail("potency.h", `${found.h} was given, and a ${mechanism} does not read it on this lock; expected 1`);
    }
    return found;
  }

  rate(name) {
    const number = this.content.t_cells[name];
    const where = `t_cells.${name}`;
    if (!given(number, "same_as")) {
      const value = this.number(where, number, "1/h");
      return { value, log10_sd: number.status === "fixed" ? 0 : number.log10_sd ?? 0, lender: null };
    }
    this.sources(where, number.source);
    const { lent } = this.model.file;
    const lender = Object.hasOwn(lent, number.same_as) && Object.hasOwn(lent[number.same_as], name);
    if (!lender) {
      const some = Object.keys(lent).filter((drug) => Object.hasOwn(lent[drug], name));
      throw this.fail(where, `same_as “${number.same_as}” was given; expected one of ${some.join(", ")}, which have ${name} of their own`);
    }
    return { value: lent[number.same_as][name].value, log10_sd: 0, lender: number.same_as };
  }

  regimens() {
    const { limits } = this.model.file;
    const found = {};
    for (const [key, regimen] of Object.entries(this.content.regimens)) {
      const where = `regimens.${key}`;
      this.sources(where, regimen.source);
      const count = regimen.doses.reduce((sum, dose) => sum + (dose.count ?? 1), 0);
      if (count > limits.doses) throw this.fail(where, `${count} doses were given; expected at most ${limits.doses}`);
      const doses = regimen.doses.flatMap((dose) => this.inUnits(where, () => this.doses(where, dose)));
      doses.sort((a, b) => a.time_h - b.time_h);
      if (count > MOST_DOSES_HERE || lastEnd(doses) > LONGEST_HERE_H) {
        throw this.fail(
          where,
          `${count} doses over ${Math.round(lastEnd(doses) / 24)} d are more than this page solves ` +
            `(${MOST_DOSES_HERE}, two years); use qsp-crs predict`,
        );
      }
      found[key] = { label: regimen.label, doses };
    }
    return found;
  }

  // every dose that one line of a regimen stands for (h, ug)
  doses(where, dose) {
    const hours = (key, least) => {
      const [value, unit] = splitQuantity(dose[key]);
      const number = convert(value, unit, "h");
      if (number < 0 || (least && number === 0)) throw this.fail(where, `${key} “${dose[key]}” was given; expected ${least ? "more than 0" : "0 or more"}`);
      return number;
    };
    const amount = (key, to) => {
      const [value, unit] = splitQuantity(dose[key]);
      if (!(value > 0)) throw this.fail(where, `${key} “${dose[key]}” was given; expected more than 0`);
      const number = forPatient(value, unit, to, this.patient);
      const most = this.model.file.limits.dose_ug;
      if (!(number <= most)) throw this.fail(where, `${key} “${dose[key]}” was given, understood as ${number} ${to}; expected at most ${most} ${to}`);
      return number;
    };
    const first = hours("time", false);
    const step = given(dose, "every") ? hours("every", true) : 0;
    const duration_h = given(dose, "duration") ? hours("duration", true) : 0;
    let amount_ug;
    if (given(dose, "rate")) amount_ug = amount("rate", "ug/h") * duration_h;
    else amount_ug = amount(given(dose, "bolus") ? "bolus" : "infusion", "ug");
    if (given(dose, "max")) {
      const [value, unit] = splitQuantity(dose.max);
      if (!(value > 0)) throw this.fail(where, `max “${dose.max}” was given; expected more than 0`);
      amount_ug = Math.min(amount_ug, convert(value, unit, "ug"));
    }
    return Array.from({ length: dose.count ?? 1 }, (_, i) => ({
      time_h: first + step * i, amount_ug, duration_h, route: dose.route ?? "IV",
    }));
  }

  // drugs whose outcomes are held back are solved from the record alone, as on the command line
  heldBack(regimens) {
    const { held_back, stepped } = this.model.file;
    const names = [this.content.name, this.content.label].map((words) => words.toLowerCase());
    const called = (some) => names.some((name) => name.startsWith(some));
    if (held_back.some(called) || (called(stepped) && Object.values(regimens).some(stepsUp))) {
      throw this.fail("name", `outcomes of ${this.content.label} are held back; expected the drug of that name from the list, or another`);
    }
  }
}

const stepsUp = ({ doses }) => {
  const kinds = [doses.filter((d) => d.duration_h === 0).map((d) => d.amount_ug),
    doses.filter((d) => d.duration_h > 0).map((d) => d.amount_ug / d.duration_h)];
  return kinds.some((levels) => levels.some((level, i) => i > 0 && level > levels[i - 1] * (1 + 1e-9)));
};

// The controls of a drug of the record, around other values.
function controlsOf(model, values) {
  const found = { dose: model.file.every_dose };
  const pattern = Object.values(model.drugs)[0].controls;
  for (const [key, control] of Object.entries(pattern)) {
    if (key === "dose") continue;
    const locked = values[key] ?? control.locked;
    const moved = ["EC50", "h"].includes(key);
    const [low, high] = moved
      ? [(control.low / control.locked) * locked, (control.high / control.locked) * locked]
      : [Math.min(control.low, locked / 10), Math.max(control.high, locked * 10)];
    found[key] = { ...control, low, high, locked };
  }
  return found;
}
