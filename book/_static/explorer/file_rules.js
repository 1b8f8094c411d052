// The rules of a drug file that go beyond one key, as qsp_lib.drugs.shape has them: what goes together.

export const SECTIONS = ["patient", "pharmacokinetics", "potency", "t_cells"];

/** Whether a value is a table of a file. */
export const isTable = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether a table gives a key. */
export const given = (table, key) => Object.hasOwn(table, key);

/** A sentence for the first rule that a file of the right shape breaks; empty for none. */
export function brokenRule(content) {
  const { pharmacokinetics: pk, potency, t_cells, regimens, mechanism } = content;
  const doses = Object.values(regimens).flatMap((regimen) => regimen.doses);
  const routes = new Set(doses.map((dose) => dose.route ?? "IV"));
  const has = (key) => given(pk, key);
  const words = [content.label, ...Object.values(regimens).map((regimen) => regimen.label)];
  const bispecific = mechanism === "bispecific";
  const both = { "potency.K_hook": given(potency, "K_hook"), "t_cells.k_kill": given(t_cells, "k_kill") };
  const rules = [
    [words.some((text) => !text.trim() || /\p{C}/u.test(text)), "a label is expected to be words on one line"],
    [!given(regimens, "clinical"), "expected a regimen named clinical"],
    ...doses.map(brokenDose),
    ...numbersOf(content).map(brokenNumber),
    [has("table") && Object.keys(pk).some((key) => !["table", "apparent"].includes(key)),
      "a table and other exposure were given; expected compartments or a table"],
    [!has("table") && !has("V1"), "no V1 was given; expected it, or a table of concentrations"],
    [!has("k_a") && (has("F") || has("lag") || pk.apparent), "F, lag and apparent are of absorption; expected k_a with them"],
    [pk.apparent && has("F"), "apparent values hold F already; expected no F with them"],
    [has("F") && pk.F.unit !== "%" && pk.F.value > 1, "F is expected to be at most 1"],
    [has("k_CL") && has("half_life_CL"), "expected either k_CL or half_life_CL"],
    [(has("k_CL") || has("half_life_CL")) !== has("CL_0"), "expected CL_0 and k_CL (or half_life_CL) together"],
    [has("CL_0") && !has("CL"), "CL_0 falls to CL; expected it and no half_life"],
    [has("Vmax") !== has("Km"), "expected Vmax and Km together"],
    ...(has("table") || (has("Vmax") && !has("CL") && !has("half_life")) ? [] : [
      [has("CL") === has("half_life"), "expected either CL or half_life"],
      [has("V2") !== has("Q"), "expected V2 and Q together, or neither for one compartment"],
      [has("half_life") && has("V2"), "expected CL, not half_life, with a second compartment"],
    ]),
    [!bispecific && given(potency, "K_B"), "a monoclonal is expected to have no potency.K_B"],
    [routes.has("oral"), "route oral was given; expected IV or SC"],
    [pk.apparent && routes.has("IV"), "a dose by route IV was given with apparent values; expected route SC, or V1 and CL with F"],
    [has("k_a") && !routes.has("SC"), "k_a was given and no dose is by route SC; expected such a dose, or no k_a"],
    [routes.has("SC") && !has("k_a") && !has("table"), "a dose by route SC was given; expected pharmacokinetics.k_a with it"],
    [has("table") && Object.keys(regimens).length > 1, "a table is of one regimen; expected no other beside clinical"],
    ...Object.entries(both).map(([key, there]) =>
      [there !== bispecific, `a ${mechanism} is expected to have ${bispecific ? "" : "no "}${key}`]),
  ];
  return rules.find(([broken]) => broken)?.[1] ?? "";
}

function brokenDose(dose) {
  const kinds = ["bolus", "infusion", "rate"].filter((kind) => given(dose, kind));
  const rules = [
    [kinds.length !== 1, "a dose is expected to be one of bolus, infusion or rate"],
    [given(dose, "duration") === given(dose, "bolus"), "an infusion or rate expects a duration, and a bolus none"],
    [given(dose, "every") !== ((dose.count ?? 1) > 1), "every and a count above 1 are expected together"],
    [(dose.route ?? "IV") !== "IV" && !given(dose, "bolus"), "an infusion is into a vein; expected a bolus with another route"],
    [given(dose, "max") && given(dose, "rate"), "max is expected with a bolus or infusion"],
  ];
  return rules.find(([broken]) => broken) ?? [false, ""];
}

// Every number with a value, and where it stands.
function numbersOf(content) {
  const tables = SECTIONS.map((section) => [section, content[section]]);
  const found = tables.flatMap(([section, table]) =>
    Object.entries(table).filter(([, number]) => isTable(number)).map(([key, number]) => [`${section}.${key}`, number]));
  return given(content, "molar_mass") ? [["molar_mass", content.molar_mass], ...found] : found;
}

function brokenNumber([where, number]) {
  if (!given(number, "value")) return [false, ""];
  const { value, low = value, high = value, status, log10_sd } = number;
  const drawn = ["estimated", "assumed"].includes(status);
  const rules = [
    [!(low <= value && value <= high), `${where}: the value lies outside low and high`],
    [status === undefined && log10_sd, `${where}: a log10_sd was given; expected a status with it`],
    [drawn && !log10_sd, `${where}: status ${status} expects a log10_sd above 0`],
    [status === "fixed" && log10_sd, `${where}: status fixed expects no log10_sd`],
  ];
  return rules.find(([broken]) => broken) ?? [false, ""];
}
