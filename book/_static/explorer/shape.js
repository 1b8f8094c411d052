// Whether a parsed file has the shape that the package asks of it: as much of JSON Schema as that
// shape is written in.

const quoted = (value) => (typeof value === "string" ? `“${value}”` : JSON.stringify(value) ?? String(value));

/** What is wrong with a value, as where and a sentence; null if nothing is. */
export function shapeProblem(schema, value, root = schema, where = "") {
  const wrong = (expected) => ({ where, says: `${quoted(value)} was given; expected ${expected}` });
  if (schema.$ref) return shapeProblem(root.$defs[schema.$ref.split("/").pop()], value, root, where);
  if (schema.anyOf) return shapeProblem(chosen(schema.anyOf, value), value, root, where);
  if ("const" in schema && value !== schema.const) return wrong(quoted(schema.const));
  if (schema.enum && !schema.enum.includes(value)) return wrong(schema.enum.map(quoted).join(" or "));
  switch (schema.type) {
    case "object": return objectProblem(schema, value, root, where, wrong);
    case "array": return arrayProblem(schema, value, root, where, wrong);
    case "string": return stringProblem(schema, value, wrong);
    case "boolean": return typeof value === "boolean" ? null : wrong("true or false");
    default: return numberProblem(schema, value, wrong);
  }
}

// Of a rate that is another drug's, or a value of its own: the one that the file means.
function chosen(schemas, value) {
  const some = schemas.filter((schema) => schema.type !== "null");
  const borrowed = typeof value === "object" && value !== null && "same_as" in value;
  return some.find((schema) => schema.$ref?.endsWith("/SameAs") === borrowed) ?? some[0];
}

function objectProblem(schema, value, root, where, wrong) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return wrong("a table");
  const at = (key) => (where ? `${where}.${key}` : key);
  const pattern = Object.entries(schema.patternProperties ?? {})[0];
  const known = (key) =>
    Object.hasOwn(schema.properties ?? {}, key) ? schema.properties[key] :
    pattern && new RegExp(pattern[0], "u").test(key) && key.length <= schema.propertyNames.maxLength ? pattern[1] :
    null;
  for (const key of Object.keys(value)) {
    if (!known(key)) return { where: at(key), says: "this key is not known; expected only the keys of a drug file" };
  }
  for (const key of schema.required ?? []) {
    if (!Object.hasOwn(value, key)) return { where: at(key), says: "nothing was given; expected this key" };
  }
  for (const [key, inner] of Object.entries(value)) {
    const problem = shapeProblem(known(key), inner, root, at(key));
    if (problem) return problem;
  }
  return null;
}

function arrayProblem(schema, value, root, where, wrong) {
  if (!Array.isArray(value)) return wrong("a list");
  if (value.length < (schema.minItems ?? 0)) return wrong(`at least ${schema.minItems}`);
  for (const [i, inner] of value.entries()) {
    const problem = shapeProblem(schema.items, inner, root, `${where}.${i}`);
    if (problem) return problem;
  }
  return null;
}

function stringProblem(schema, value, wrong) {
  if (typeof value !== "string") return wrong("a text");
  if (schema.pattern && !new RegExp(schema.pattern, "u").test(value)) return wrong(`a text like ${schema.pattern}`);
  if (value.length < (schema.minLength ?? 0)) return wrong("some words");
  if (value.length > (schema.maxLength ?? Infinity)) return wrong(`at most ${schema.maxLength} letters`);
  return null;
}

function numberProblem(schema, value, wrong) {
  if (typeof value !== "number" || !Number.isFinite(value)) return wrong("a finite number");
  if (schema.type === "integer" && !Number.isInteger(value)) return wrong("a whole number");
  if (value <= (schema.exclusiveMinimum ?? -Infinity)) return wrong(`more than ${schema.exclusiveMinimum}`);
  if (value < (schema.minimum ?? -Infinity)) return wrong(`at least ${schema.minimum}`);
  if (value > (schema.maximum ?? Infinity)) return wrong(`at most ${schema.maximum}`);
  return null;
}
