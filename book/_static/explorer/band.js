// The band: the same treatment solved for each draw of the posterior, a few at a time, and what 90 %
// of the draws lie within. What a control moved is held where it was put.
import { solve } from "./treatment.js";

const LOW = 0.05;
const HIGH = 0.95;
const MOST_TIMES = 150;

/** Values of one draw for a drug: those of the record, or for a reader's drug those of its file. */
export function drawnValues(model, drug, setting, i) {
  const { network, drugs, normals, steroid } = model.draws;
  const of = (columns) => Object.fromEntries(Object.entries(columns).map(([key, values]) => [key, values[i]]));
  if (!drug.own) return { ...of(network), ...of(drugs[drug.name]) };
  const rates = {};
  for (const [rate, { value, log10_sd, lender }] of Object.entries(drug.rates)) {
    const drawn = lender && model.file.lent[lender][rate].drawn;
    if (drawn) rates[rate] = drawn[i];
    else if (!lender && log10_sd) rates[rate] = value * 10 ** (log10_sd * normals[rate][i]);
  }
  const given = (setting.dexamethasone_h ?? null) !== null;
  return { ...of(network), ...rates, ...(given ? of(steroid) : {}) };
}

/** A percentile of numbers in order, between two neighbours in proportion. */
export function percentile(sorted, share) {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

const interval = (values) => {
  const sorted = Float64Array.from(values).sort();
  return [percentile(sorted, LOW), percentile(sorted, HIGH)];
};

/** A band that is not yet whole; `step` solves one draw more. */
export class Band {
  #model; #drug; #setting; #names; #rows; #courses; #peaks; #indices = []; #grades = [];

  /**
   * @param central the solution at the values shown, whose report times the draws have too
   * @param {string[]} names of states, and C
   */
  constructor(model, drug, setting, central, names) {
    Object.assign(this, { done: 0, failed: 0, of: model.draws.n });
    this.#model = model;
    this.#drug = drug;
    this.#setting = setting;
    this.#names = names;
    this.horizon_h = central.horizon_h;
    const every = Math.ceil(central.times.length / MOST_TIMES);
    this.#rows = [...central.times.keys()].filter((k) => k % every === 0 || k === central.times.length - 1);
    this.times = this.#rows.map((k) => central.times[k]);
    this.#courses = Object.fromEntries(names.map((name) => [name, []]));
    this.#peaks = Object.fromEntries(names.map((name) => [name, []]));
  }

  get whole() {
    return this.done + this.failed === this.of;
  }

  step() {
    const values = drawnValues(this.#model, this.#drug, this.#setting, this.done + this.failed);
    try {
      const solution = solve(this.#model, this.#drug, this.#setting, { values, horizon_h: this.horizon_h, loose: true });
      for (const name of this.#names) {
        const course = solution.values(name);
        this.#courses[name].push(this.#rows.map((k) => course[k]));
        this.#peaks[name].push(solution.peak(name).value);
      }
      this.#indices.push(solution.index);
      this.#grades.push(solution.grade);
      this.done++;
    } catch {
      this.failed++; // said beside the band; the others are shown
    }
  }

  /** Low and high of the course of a state at each of `times`. */
  course(name) {
    const drawn = this.#courses[name];
    return this.times.map((_time, k) => interval(drawn.map((course) => course[k])));
  }

  peak(name) {
    return interval(this.#peaks[name]);
  }

  get index() {
    return interval(this.#indices);
  }

  /** Share of the draws in each grade, 0 to 4. */
  get grades() {
    return [0, 1, 2, 3, 4].map((grade) => this.#grades.filter((g) => g === grade).length / this.done);
  }
}
