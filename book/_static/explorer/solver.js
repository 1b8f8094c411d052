// Solves the model of ../generated/model.js, as qsp_lib.simulate does in Python: the same stretches
// of constant dosing, the same report times, peaks from the same cubic. It knows no page; the tests
// run it without one.
import { makeSchedule } from "./dosing.js";

export class SolveError extends Error {}

const MOST_EVALUATIONS = 60000; // in a week: five times the most that was ever needed

/**
 * Integrate.
 * @param model what ../generated/model.js defines
 * @param asked `structure` of the model's; `rhs`, one of its right-hand sides; `values` of its
 *   parameters; `given`, changes by door, on a clock that starts with whatever is given first;
 *   `dose_h`, when the drug's own clock starts on that one; `horizon_h` and `week_h` on the drug's own; `loose`
 *   for a tenth of the accuracy, which is enough for one of many draws.
 * @returns {Solution}
 */
export function integrate(model, asked) {
  const { structure, values, dose_h } = asked;
  const given = structure.doors.map(({ name }) => asked.given[name] ?? []);
  const sudden = structure.doors.flatMap(({ state }, i) => (state === "T_c" ? given[i] : []));
  const end_h = asked.horizon_h + dose_h;
  const schedule = makeSchedule(given, sudden, end_h, model.same_time_h, structure.fastest(values));
  const problem = { ...asked, schedule, rtol: model.rtol * (asked.loose ? 10 : 1), atol: model.atol };
  return new Solution(model, problem, states(model, problem, values));
}

function states(model, problem, parameters) {
  const { structure, schedule, rhs } = problem;
  const n = structure.states.length;
  const into = structure.doors.map((door) => structure.states.indexOf(door.state));
  const { times, stretches } = schedule;
  const columns = structure.states.map(() => new Float64Array(times.length));
  const left = new Map(); // state just before each change of dosing, by its report index
  let y = structure.before.slice();
  for (const [state, name] of Object.entries(structure.starts)) {
    y[structure.states.indexOf(state)] = parameters[name];
  }
  const most = MOST_EVALUATIONS * Math.max(1, times[times.length - 1] / 168);
  let evaluations = 0;
  for (const s of stretches) {
    left.set(s.first, y.slice());
    s.added.forEach((amount, door) => { y[into[door]] += amount; });
    const u = flows(structure, s);
    let next = s.first;
    const keep = (_step, _from, to, at, interpolate) => {
      while (next < s.last && times[next] < to) {
        for (let i = 0; i < n; i++) columns[i][next] = interpolate(i, times[next]);
        next++;
      }
      if (next <= s.last && times[next] === to) {
        for (let i = 0; i < n; i++) columns[i][next] = at[i];
        next++;
      }
    };
    const gaveUp = () => new SolveError(`the solver gave up between ${s.start} and ${s.end} h`);
    const solver = new model.Solver(n);
    solver.denseOutput = true;
    solver.relativeTolerance = problem.rtol;
    solver.absoluteTolerance = problem.atol;
    solver.initialStepSize = Math.min(1e-3, (s.end - s.start) / 4);
    solver.maxSteps = 20000;
    const f = (_t, at) => {
      if (++evaluations > most) throw gaveUp();
      return rhs(at, parameters, u);
    };
    const { y: end, outcome } = solver.solve(f, s.start, y, s.end, keep);
    if (outcome !== model.Outcome.Converged) throw gaveUp();
    for (let i = 0; i < n; i++) columns[i][s.last] = end[i];
    if (next < s.last) throw new SolveError(`the solver left out what is after ${times[next]} h`);
    y = Array.from(end);
  }
  check(structure, problem, columns);
  return { columns, left };
}

// Dosing rates within a stretch, in the order of the structure's inputs.
const flows = (structure, stretch) =>
  structure.inputs.map((name) => stretch.rates[structure.doors.findIndex((d) => d.name === name)]);

function check(structure, { rtol, atol }, columns) {
  columns.forEach((values, i) => {
    let lowest = Infinity;
    let largest = 0;
    for (const value of values) {
      if (!Number.isFinite(value)) throw new SolveError(`${structure.states[i]} is not a number`);
      lowest = Math.min(lowest, value);
      largest = Math.max(largest, Math.abs(value));
    }
    if (lowest < -(1e3 * atol + 1e2 * rtol * largest)) {
      throw new SolveError(`${structure.states[i]} fell below zero`);
    }
  });
}

// ---------------------------------------------------------------- reading a solution

const hermite = ({ step, f0, f1, d0, d1 }, s) =>
  (1 + 2 * s) * (1 - s) ** 2 * f0 + s * (1 - s) ** 2 * step * d0 +
  s ** 2 * (3 - 2 * s) * f1 + s ** 2 * (s - 1) * step * d1;

// Highest value of the cubic between two places in [0, 1], and where.
function highestInside(cubic, low, high) {
  const { step, f0, f1, d0, d1 } = cubic;
  const a = 3 * (2 * f0 - 2 * f1 + step * (d0 + d1));
  const b = 2 * (3 * (f1 - f0) - step * (2 * d0 + d1));
  const c = step * d0;
  const root = Math.sqrt(Math.max(b * b - 4 * a * c, 0));
  const q = -0.5 * (b + (b >= 0 ? root : -root));
  let best = { value: -Infinity, s: low };
  for (const candidate of [q / a, c / q, low, high]) {
    const s = Number.isFinite(candidate) ? Math.min(Math.max(candidate, low), high) : low;
    const value = hermite(cubic, s);
    if (value > best.value) best = { value, s };
  }
  return best;
}

// Index of the last of increasing numbers that is at most a value.
function lastAtMost(numbers, value) {
  let [low, high] = [0, numbers.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (numbers[middle] <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * The model solved. All its times (h) are on the drug's own clock, and concentrations of cytokines
 * are above the healthy baseline.
 */
export class Solution {
  #clock; #columns; #left; #from; #problem;

  constructor(model, problem, { columns, left }) {
    this.#problem = problem;
    this.#clock = problem.schedule.times.map((time) => time - problem.dose_h);
    this.#columns = columns;
    this.#left = left;
    this.#from = problem.schedule.times.indexOf(problem.dose_h);
    this.times = this.#clock.slice(this.#from);
    this.horizon_h = problem.horizon_h;
    this.model = model;
    this.index = this.indexUntil(Infinity);
    this.grade = model.boundaries.filter((lowest) => this.index >= lowest).length;
  }

  /** A state, or C, at the report times from the drug's first moment on. */
  values(name) {
    const { column, scale } = this.#named(name);
    return Array.from(this.#columns[column].subarray(this.#from), (x) => x * scale);
  }

  /** A state, or C, at one time; at a dose's time just after it. */
  at(name, time_h) {
    const { column, scale } = this.#named(name);
    const time = Math.min(Math.max(time_h, 0), this.horizon_h);
    const k = lastAtMost(this.#clock, time);
    if (this.#clock[k] === time) return this.#columns[column][k] * scale;
    const cubic = this.#cubic(column, k);
    return hermite(cubic, (time - this.#clock[k]) / cubic.step) * scale;
  }

  /** Highest value of a state, or of C, until a time, and when that is reached. */
  peak(name, end_h = Infinity) {
    const { column, scale } = this.#named(name);
    const clock = this.#clock;
    const end = Math.min(end_h, clock[clock.length - 1]);
    const whole = lastAtMost(clock, end); // the last report time within
    const values = this.#columns[column];
    let at = this.#from;
    for (let k = this.#from; k <= whole; k++) if (values[k] > values[at]) at = k;
    let best = { value: values[at], time_h: clock[at] };
    for (const k of new Set([at - 1, at, whole])) {
      if (k < this.#from || k + 1 >= clock.length || clock[k] >= end) continue;
      const cubic = this.#cubic(column, k);
      const inside = highestInside(cubic, 0, Math.min(1, (end - clock[k]) / cubic.step));
      if (inside.value > best.value) {
        best = { value: inside.value, time_h: clock[k] + inside.s * cubic.step };
      }
    }
    return { value: best.value * scale, time_h: best.time_h };
  }

  /** Severity index of the week from the first dose on. */
  get week() {
    return this.indexUntil(this.#problem.week_h);
  }

  /** Severity index of the course until a time. */
  indexUntil(end_h) {
    const base = this.model.baselines.IL6;
    return Math.log10((base + Math.max(this.peak("S", end_h).value, 0)) / base);
  }

  // of a table the concentration is a state; else it is an amount in a volume
  #named(name) {
    const { structure, values } = this.#problem;
    const perVolume = name === "C" && !structure.states.includes("C");
    const column = structure.states.indexOf(perVolume ? "A_c" : name);
    if (column < 0) throw new SolveError(`there is no state ${name}`);
    return { column, scale: perVolume ? 1 / values.V1 : 1 };
  }

  // The cubic of a state over the report interval that begins at index k.
  #cubic(column, k) {
    const { structure, schedule, rhs, values } = this.#problem;
    const stretch = schedule.stretches.findLast((s) => s.first <= k);
    const u = flows(structure, stretch);
    const y0 = this.#columns.map((values) => values[k]);
    const y1 = this.#left.get(k + 1) ?? this.#columns.map((values) => values[k + 1]);
    return {
      step: this.#clock[k + 1] - this.#clock[k],
      f0: y0[column], f1: y1[column],
      d0: rhs(y0, values, u)[column], d1: rhs(y1, values, u)[column],
    };
  }
}
