// Numbers as people read and write them.

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** A number with three digits, groups of thousands, or a power of ten. */
export function show(value, digits = 3) {
  if (value === 0) return "0";
  const exponent = Math.floor(Math.log10(Math.abs(Number(value.toPrecision(digits)))));
  if (exponent < -4 || exponent > 6) {
    const raised = String(Math.abs(exponent)).replace(/\d/g, (d) => SUPERSCRIPTS[d]);
    const mantissa = Number((value / 10 ** exponent).toPrecision(digits));
    return `${mantissa} × 10${exponent < 0 ? "⁻" : ""}${raised}`;
  }
  return String(Number(value.toPrecision(digits))).replace(/\B(?=(\d{3})+(?!\d)(?<!\.\d*))/g, ",");
}

/** A time with its unit. */
export const hours = (value) => `${value.toFixed(1)} h`;

/** A number as it may be typed again. */
export const plain = (value) => String(Number(value.toPrecision(4)));

/** A number with its unit; a pure number has none. */
export const withUnit = (value, unit) => (unit === "1" ? plain(value) : `${plain(value)} ${unit}`);

/** A number as people write it, and nothing else: no hexadecimals, no empty text, no Infinity. */
export const parseNumber = (text) =>
  /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(text) ? Number(text) : NaN;

/** What is wrong with a text where a number within a range is expected; empty for nothing. */
export function problemWith(text, { low, high, unit }) {
  const value = parseNumber(text);
  const range = `expected ${plain(low)} to ${withUnit(high, unit)}`;
  if (Number.isNaN(value)) return `“${text}” is not a number; ${range}.`;
  // an end is in range as it is printed, too
  const slack = 1e-12;
  if (value < Math.min(low, Number(plain(low))) - slack || value > Math.max(high, Number(plain(high))) + slack) {
    return `${text.trim()} is out of range; ${range}.`;
  }
  return "";
}

/** Words in a row, the last after “and”. */
export const listed = (words) =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
