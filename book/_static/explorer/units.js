// Units of a drug file: texts such as "ug/m^2/day" as a factor and dimensions. The tests hold it to
// the package's own reading; what it does not know it refuses, and the command line may still know.

export class UnitError extends Error {}

const PREFIXES = { k: 1e3, d: 1e-1, c: 1e-2, m: 1e-3, u: 1e-6, "µ": 1e-6, "μ": 1e-6, n: 1e-9, p: 1e-12 };
const WORDS = { kilo: 1e3, deci: 1e-1, centi: 1e-2, milli: 1e-3, micro: 1e-6, nano: 1e-9, pico: 1e-12 };

// In hours, litres, micrograms and nanomoles; lengths in decimetres, so that a cube is a litre.
const BASES = [
  [["g", "gram", "grams"], 1e6, { mass: 1 }],
  [["m", "meter", "meters", "metre", "metres"], 10, { length: 1 }],
  [["L", "l", "liter", "liters", "litre", "litres"], 1, { length: 3 }],
  [["mol", "mole", "moles"], 1e9, { substance: 1 }],
  [["M", "molar"], 1e9, { substance: 1, length: -3 }],
  [["Da", "dalton"], 1, { dalton: 1 }],
];
const ALONE = [
  [["h", "hr", "hour", "hours"], 1, { time: 1 }],
  [["min", "minute", "minutes"], 1 / 60, { time: 1 }],
  [["s", "sec", "second", "seconds"], 1 / 3600, { time: 1 }],
  [["d", "day", "days"], 24, { time: 1 }],
  [["week", "weeks"], 168, { time: 1 }],
  [["%", "percent"], 0.01, {}],
  [["fraction", "fold", "ratio", "dimensionless"], 1, {}],
];

const KNOWN = new Map();
for (const [names, factor, dimensions] of [...ALONE, ...BASES]) {
  for (const name of names) KNOWN.set(name, { factor, dimensions });
}
for (const [names, factor, dimensions] of BASES) {
  for (const name of names) {
    const prefixes = name.length > 3 && name !== "moles" ? WORDS : PREFIXES;
    for (const [prefix, times] of Object.entries(prefixes)) {
      if (!KNOWN.has(prefix + name)) KNOWN.set(prefix + name, { factor: factor * times, dimensions });
    }
  }
}

KNOWN.set("mcg", KNOWN.get("ug")); // as labels of drugs write it

const NONE = { factor: 1, dimensions: {} };

function times(a, b, power = 1) {
  const dimensions = { ...a.dimensions };
  for (const [name, count] of Object.entries(b.dimensions)) {
    dimensions[name] = (dimensions[name] ?? 0) + power * count;
    if (dimensions[name] === 0) delete dimensions[name];
  }
  return { factor: a.factor * b.factor ** power, dimensions };
}

/** A unit as its factor to hours, litres and micrograms, and its dimensions. */
export function readUnit(text) {
  const unknown = () =>
    new UnitError(`unit “${text}” is none that this page reads; expected one such as ng/mL, L/d or mg/kg`);
  if (typeof text !== "string") throw unknown();
  if (["", "1"].includes(text.trim())) return NONE;
  const tokens = text.match(/\*\*|[*/^()]|-?\d+|[A-Za-zµμ%]+|\S/g) ?? [];
  let at = 0;

  // what is divided by kg is per kilogram of body weight, which no mass cancels
  function one(divided) {
    const token = tokens[at++];
    if (token === "(") {
      const inside = product();
      if (tokens[at++] !== ")") throw unknown();
      return raised(inside, false);
    }
    if (token === "1") return NONE;
    const known = divided && token === "kg" ? { factor: 1, dimensions: { body: 1 } } : KNOWN.get(token);
    if (!known) throw unknown();
    return raised(known, true);
  }

  // m2, m^2, m**2, h-1; a bare number stands for a power of what is a length, or if it is negative
  function raised(unit, bare) {
    let power = null;
    if (["^", "**"].includes(tokens[at])) {
      at++;
      const bracket = tokens[at] === "(";
      if (bracket) at++;
      power = tokens[at++];
      if (bracket && tokens[at++] !== ")") throw unknown();
    } else if (bare && /^(-[1-9]|[23])$/.test(tokens[at] ?? "")) {
      if (!tokens[at].startsWith("-") && unit.dimensions.length !== 1) throw unknown();
      power = tokens[at++];
    }
    if (power === null) return unit;
    if (!/^-?\d$/.test(power ?? "")) throw unknown();
    return times(NONE, unit, Number(power));
  }

  function product() {
    let found = one(false);
    while (at < tokens.length && tokens[at] !== ")") {
      const operator = ["*", "/"].includes(tokens[at]) ? tokens[at++] : "*";
      found = times(found, one(operator === "/"), operator === "/" ? -1 : 1);
    }
    return found;
  }

  const found = product();
  if (at < tokens.length) throw unknown();
  return found;
}

const same = (a, b) =>
  JSON.stringify(Object.entries(a.dimensions).sort()) === JSON.stringify(Object.entries(b.dimensions).sort());

/** A number in another unit of the same kind. */
export function convert(value, unit, to) {
  const [given, wanted] = [readUnit(unit), readUnit(to)];
  if (!same(given, wanted)) {
    throw new UnitError(`unit “${unit}” was given; expected ${to || "a pure number"} or one of the same kind`);
  }
  return (value * given.factor) / wanted.factor;
}

/** Numbers and units such as "60 ug/m^2/day", as a number and a unit. */
export function splitQuantity(text) {
  const match = /^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*$/.exec(
    typeof text === "string" ? text : "",
  );
  if (!match || !match[2] || !Number.isFinite(Number(match[1]))) {
    throw new UnitError(`“${text}” was given; expected a number with a unit, such as 5 mg`);
  }
  readUnit(match[2]);
  return [Number(match[1]), match[2]];
}

const BY_SUBSTANCE = { "ng/mL": "nM", ug: "nmol", "ug/h": "nmol/h" }; // 1 nmol of 1 kDa is 1 ug

/**
 * A number in a unit, also if it was given per kilogram, per square metre or by substance.
 * @param {{weight_kg: number, bsa_m2: number, molar_mass_kDa: number|null}} patient
 */
export function forPatient(value, unit, to, patient) {
  const given = readUnit(unit);
  for (const [per, size] of [["", 1], ["/kg", patient.weight_kg], ["/m2", patient.bsa_m2]]) {
    if (same(given, readUnit(to + per))) return convert(value, unit, to + per) * size;
    const substance = BY_SUBSTANCE[to];
    if (!substance || !same(given, readUnit(substance + per))) continue;
    if (patient.molar_mass_kDa === null) {
      throw new UnitError(`unit “${unit}” counts molecules; expected the drug's molar_mass as well`);
    }
    return convert(value, unit, substance + per) * patient.molar_mass_kDa * size;
  }
  return convert(value, unit, to);
}
