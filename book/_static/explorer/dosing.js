// From doses to what enters the model: changes at each of its doors, and stretches between them.

/**
 * One dose: when it begins (h), how much (ug), over how long (h, 0 for at once), by which route.
 * @typedef {{time_h: number, amount_ug: number, duration_h: number, route: "IV"|"SC"}} Dose
 * What enters at a door: a time (h), what is added then (ug), the rate from then on (ug/h).
 * @typedef {{time_h: number, amount: number, rate: number}} Change
 */

const endOf = (dose) => dose.time_h + dose.duration_h;

/** Doses with every amount times a factor. */
export const scaled = (doses, factor) =>
  doses.map((dose) => ({ ...dose, amount_ug: dose.amount_ug * factor }));

/** When a dose of a drug begins to act (h): under the skin, after the lag. */
export const actsAt = (drug, dose) => dose.time_h + (dose.route === "SC" ? drug.lag_h ?? 0 : 0);

/** When the last of the doses has been given, and its lag is over (h); 0 for none. */
export const lastEnd = (doses, drug = {}) =>
  Math.max(0, ...doses.map((dose) => actsAt(drug, dose) + dose.duration_h));

/** Doses that enter at one door as changes; overlapping infusions add up. */
export function changesOf(doses) {
  const infusions = doses.filter((dose) => dose.duration_h > 0);
  const times = new Set([...doses.map((dose) => dose.time_h), ...infusions.map(endOf)]);
  return [...times].sort((a, b) => a - b).map((time) => ({
    time_h: time,
    amount: doses
      .filter((dose) => dose.duration_h === 0 && dose.time_h === time)
      .reduce((sum, dose) => sum + dose.amount_ug, 0),
    rate: infusions
      .filter((dose) => dose.time_h <= time && time < endOf(dose))
      .reduce((sum, dose) => sum + dose.amount_ug / dose.duration_h, 0),
  }));
}

/**
 * What enters at the doors of a drug, by their names. A dose under the skin comes to the depot
 * times F, after the lag; clearance begins to fall with the first dose. With a table of
 * concentrations the drug brings its own changes, and its doses change nothing.
 */
export function atDoors(drug, doses) {
  if (drug.given) return drug.given;
  const absorbed = doses
    .filter((dose) => dose.route === "SC")
    .map((dose) => ({
      ...dose,
      time_h: actsAt(drug, dose),
      amount_ug: dose.amount_ug * (drug.F ?? 1),
    }));
  const first = Math.min(...doses.map((dose) => dose.time_h));
  return {
    u: changesOf(doses.filter((dose) => dose.route !== "SC")),
    u_d: changesOf(absorbed),
    Z: doses.length ? [{ time_h: first, amount: 1, rate: 0 }] : [],
  };
}

/** Changes that come later (h). */
export const placed = (changes, later_h) =>
  changes.map((change) => ({ ...change, time_h: change.time_h + later_h }));

// Times at which anything changes; those closer than sameTime are one.
function changeTimes(changes, horizon, sameTime) {
  const times = [0, ...changes.map((change) => change.time_h)].sort((a, b) => a - b);
  const groups = [];
  for (const time of times.filter((t, i) => t < horizon && t !== times[i - 1])) {
    const last = groups[groups.length - 1];
    if (last && time - last[last.length - 1] <= sameTime) last.push(time);
    else groups.push([time]);
  }
  // what changes a rounding error before the end changes nothing
  return groups.filter((group, i) => i === 0 || horizon - group[0] > sameTime);
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

// Report times: steps grow from 0.02 h by 12 % each to at most 0.5 h, anew at each change; where
// curves bend within less they first grow from a shorter one by 25 % each.
function reportTimes(start, end, first) {
  const times = [start];
  const before = Math.max(0, Math.ceil(Math.log(0.02 / first) / Math.log(1.25)));
  for (let i = 0, offset = 0; ; i++) {
    offset += i < before ? first * 1.25 ** i : Math.min(0.02 * 1.12 ** (i - before), 0.5);
    if (!(offset < end - start - 1e-9)) return times;
    times.push(start + offset);
  }
}

/**
 * Report times (h), and the stretches of constant dosing between changes.
 * @param {Change[][]} given one list a door
 * @param {Change[]} sudden changes after which curves bend within seconds
 * @param {number} fastest rate (per hour) at which the drug's own states follow a dose
 */
export function makeSchedule(given, sudden, horizon, sameTime, fastest) {
  const usual = fastest > 20 ? Math.max(0.1 / fastest, sameTime) : 0.02;
  const begins = beginnings(sudden);
  const groups = changeTimes(given.flat(), horizon, sameTime);
  const times = [];
  const stretches = groups.map((group, i) => {
    const end = i + 1 < groups.length ? groups[i + 1][0] : horizon;
    const first = times.length;
    const atOnce = begins.some((time) => group.includes(time));
    times.push(...reportTimes(group[0], end, atOnce ? Math.min(1e-4, usual) : usual));
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
