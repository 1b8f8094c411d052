// Solves the model of ../generated/model.js in the page, as qsp_lib.simulate does in Python: the
// same stretches of constant dosing, the same report times, peaks from the same cubic. It knows no
// page; the tests run it without one.
(function (root) {
  "use strict";

  class SolveError extends Error {}
  const MOST_EVALUATIONS = 60000; // five times the most that was ever needed; a page must not freeze

  // ---------------------------------------------------------------- dosing

  // What enters at a door is a list of changes: a time, what is added then, the rate from then on.

  const placed = (changes, later_h, factor) =>
    changes.map(({ time_h, amount, rate }) => ({
      time_h: time_h + later_h, amount: amount * factor, rate: rate * factor,
    }));

  // Times at which anything changes; those closer than sameTime are one.
  function changeTimes(changes, horizon, sameTime) {
    const times = [0, ...changes.map((change) => change.time_h)].sort((a, b) => a - b);
    const groups = [];
    for (const time of times.filter((t, i) => t < horizon && t !== times[i - 1])) {
      const last = groups[groups.length - 1];
      if (last && time - last[last.length - 1] <= sameTime) last.push(time);
      else groups.push([time]);
    }
    return groups;
  }

  const addedAt = (changes, times) =>
    changes.reduce((sum, c) => sum + (times.includes(c.time_h) ? c.amount : 0), 0);

  const rateFrom = (changes, time) =>
    changes.reduce((rate, change) => (change.time_h <= time ? change.rate : rate), 0);

  // Times at which something is given that was not before.
  const beginnings = (changes) =>
    changes
      .filter((c, i) => c.amount > 0 || c.rate > (i ? changes[i - 1].rate : 0))
      .map((change) => change.time_h);

  // Report times: steps grow from 0.02 h by 12 % each to at most 0.5 h, anew at each change; after
  // a sudden one they first grow from 0.0001 h by 25 % each.
  function reportTimes(start, end, sudden) {
    const times = [start];
    const before = sudden ? 24 : 0;
    for (let i = 0, offset = 0; ; i++) {
      offset += i < before ? 1e-4 * 1.25 ** i : Math.min(0.02 * 1.12 ** (i - before), 0.5);
      if (!(offset < end - start - 1e-9)) return times;
      times.push(start + offset);
    }
  }

  // given: one list of changes a door; sudden: times after which curves bend within seconds.
  function makeSchedule(given, sudden, horizon, sameTime) {
    const groups = changeTimes(given.flat(), horizon, sameTime);
    const times = [];
    const stretches = groups.map((group, i) => {
      const end = i + 1 < groups.length ? groups[i + 1][0] : horizon;
      const first = times.length;
      const bends = sudden.some((time) => group.includes(time));
      times.push(...reportTimes(group[0], end, bends));
      const from = group[group.length - 1];
      return {
        start: group[0], end, first, last: times.length,
        added: given.map((changes) => addedAt(changes, group)),
        rates: given.map((changes) => rateFrom(changes, from)),
      };
    });
    times.push(horizon);
    return { times, stretches };
  }

  // ---------------------------------------------------------------- integration

  function integrate(model, structure, rhs, parameters, schedule) {
    const n = structure.states.length;
    const into = structure.doors.map((door) => structure.states.indexOf(door.state));
    const { times, stretches } = schedule;
    const states = structure.states.map(() => new Float64Array(times.length));
    const left = new Map(); // state just before each change of dosing, by its report index
    let y = structure.before.slice();
    for (const [state, name] of Object.entries(structure.starts)) {
      y[structure.states.indexOf(state)] = parameters[name];
    }
    let evaluations = 0;
    for (const s of stretches) {
      left.set(s.first, y.slice());
      s.added.forEach((amount, door) => { y[into[door]] += amount; });
      const u = flows(structure, s);
      let next = s.first;
      const keep = (_step, _from, to, at, interpolate) => {
        while (next < s.last && times[next] < to) {
          for (let i = 0; i < n; i++) states[i][next] = interpolate(i, times[next]);
          next++;
        }
        if (next <= s.last && times[next] === to) {
          for (let i = 0; i < n; i++) states[i][next] = at[i];
          next++;
        }
      };
      const solver = new model.Solver(n);
      solver.denseOutput = true;
      solver.relativeTolerance = model.rtol;
      solver.absoluteTolerance = model.atol;
      solver.initialStepSize = Math.min(1e-3, (s.end - s.start) / 4);
      solver.maxSteps = 20000;
      const f = (_t, at) => {
        if (++evaluations > MOST_EVALUATIONS) {
          throw new SolveError(`the solver gave up between ${s.start} and ${s.end} h`);
        }
        return rhs(at, parameters, u);
      };
      const { y: end, outcome } = solver.solve(f, s.start, y, s.end, keep);
      if (outcome !== model.Outcome.Converged) {
        throw new SolveError(`the solver gave up between ${s.start} and ${s.end} h`);
      }
      for (let i = 0; i < n; i++) states[i][s.last] = end[i];
      if (next < s.last) throw new SolveError(`the solver left out what is after ${times[next]} h`);
      y = Array.from(end);
    }
    check(model, structure, states);
    return { states, left };
  }

  // Dosing rates within a stretch, in the order of the structure's inputs.
  const flows = (structure, stretch) =>
    structure.inputs.map((name) => stretch.rates[structure.doors.findIndex((d) => d.name === name)]);

  function check(model, structure, states) {
    states.forEach((values, i) => {
      let lowest = Infinity;
      let largest = 0;
      for (const value of values) {
        if (!Number.isFinite(value)) throw new SolveError(`${structure.states[i]} is not a number`);
        lowest = Math.min(lowest, value);
        largest = Math.max(largest, Math.abs(value));
      }
      if (lowest < -(1e3 * model.atol + 1e2 * model.rtol * largest)) {
        throw new SolveError(`${structure.states[i]} fell below zero`);
      }
    });
  }

  // ---------------------------------------------------------------- reading a solution

  const hermite = (step, f0, f1, d0, d1, s) =>
    (1 + 2 * s) * (1 - s) ** 2 * f0 + s * (1 - s) ** 2 * step * d0 +
    s ** 2 * (3 - 2 * s) * f1 + s ** 2 * (s - 1) * step * d1;

  // Highest value of the cubic over an interval, and where in [0, 1].
  function highestInside(step, f0, f1, d0, d1) {
    const a = 3 * (2 * f0 - 2 * f1 + step * (d0 + d1));
    const b = 2 * (3 * (f1 - f0) - step * (2 * d0 + d1));
    const c = step * d0;
    const rootOf = Math.sqrt(Math.max(b * b - 4 * a * c, 0));
    const q = -0.5 * (b + (b >= 0 ? rootOf : -rootOf));
    let best = { value: -Infinity, s: 0 };
    for (const candidate of [q / a, c / q, 0, 1]) {
      const s = Number.isFinite(candidate) ? Math.min(Math.max(candidate, 0), 1) : 0;
      const value = hermite(step, f0, f1, d0, d1, s);
      if (value > best.value) best = { value, s };
    }
    return best;
  }

  // setting: { drug, dose, k_exh, K_M, K_S, feedback, tocilizumab_h, dexamethasone_h (null for
  // none) }, and any other number by which a drug has a control; what it leaves out is as locked.
  // Times of the result count from the drug's first dose.
  function solve(model, setting) {
    const drug = model.drugs[setting.drug];
    if (!drug) throw new SolveError(`there is no drug ${setting.drug}`);
    const structure = model.structures[drug.structure];
    const value = (key) => setting[key] ?? drug.controls[key].locked;
    const beside = [
      [model.tocilizumab, setting.tocilizumab_h ?? null],
      [model.dexamethasone, setting.dexamethasone_h ?? null],
    ].filter(([known]) => known);
    const dose_h = Math.max(0, ...beside.map(([, at]) => (at === null ? 0 : -at)));
    const factor = drug.controls.dose ? value("dose") / drug.controls.dose.locked : 1;
    const given = structure.doors.map(({ name, ofDrug }) => {
      if (name in drug.given) return placed(drug.given[name], dose_h, ofDrug ? factor : 1);
      const other = beside.find(([known, at]) => at !== null && name in known.given);
      return other ? placed(other[0].given[name], other[1] + dose_h, 1) : [];
    });
    const sudden = structure.doors.flatMap(({ state }, i) =>
      (state === "T_c" ? beginnings(given[i]) : []));
    const schedule = makeSchedule(given, sudden, model.horizon_h + dose_h, model.same_time_h);
    const p = { ...model.network, ...drug.values, ...model.crp };
    for (const [known] of beside) Object.assign(p, known.values);
    for (const key of Object.keys(drug.controls)) if (key !== "dose") p[key] = value(key);
    const rhs = structure.rhs[setting.feedback === false ? "none" : model.feedback];
    const { states, left } = integrate(model, structure, rhs, p, schedule);
    const from = schedule.times.indexOf(dose_h);
    const times = schedule.times.slice(from).map((time) => time - dose_h);

    const stretchOf = (k) => {
      let found = 0;
      while (found + 1 < schedule.stretches.length && schedule.stretches[found + 1].first <= k) {
        found++;
      }
      return schedule.stretches[found];
    };

    // of a table the concentration is a state; else it is an amount in a volume
    const perVolume = (name) => name === "C" && !structure.states.includes("C");
    const indexOf = (name) => structure.states.indexOf(perVolume(name) ? "A_c" : name);

    function peak(name) {
      const state = indexOf(name);
      if (state < 0) throw new SolveError(`there is no state ${name}`);
      const all = states[state];
      let at = from;
      for (let k = from; k < all.length; k++) if (all[k] > all[at]) at = k;
      let best = { value: all[at], time_h: schedule.times[at] };
      for (const k of [at - 1, at]) {
        if (k < from || k + 1 >= all.length) continue;
        const u = flows(structure, stretchOf(k));
        const y0 = states.map((column) => column[k]);
        const y1 = left.get(k + 1) ?? states.map((column) => column[k + 1]);
        const step = schedule.times[k + 1] - schedule.times[k];
        const inside = highestInside(
          step, y0[state], y1[state],
          rhs(y0, p, u)[state], rhs(y1, p, u)[state],
        );
        if (inside.value > best.value) {
          best = { value: inside.value, time_h: schedule.times[k] + inside.s * step };
        }
      }
      const scale = perVolume(name) ? 1 / p.V1 : 1;
      return { value: best.value * scale, time_h: best.time_h - dose_h };
    }

    function values(name) {
      const scale = perVolume(name) ? 1 / p.V1 : 1;
      const column = states[indexOf(name)];
      return Array.from(column.subarray(from), (x) => x * scale);
    }

    const base = model.baselines.IL6;
    const index = Math.log10((base + Math.max(peak("S").value, 0)) / base);
    const grade = model.boundaries.filter((lowest) => index >= lowest).length;
    return { setting, times, values, peak, index, grade, dose_h };
  }

  root.qspSolver = { solve, SolveError, makeSchedule, placed };
})(globalThis);
