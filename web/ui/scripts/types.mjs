// Writes src/generated/wire.ts from a JSON Schema of the wire types: `npm run types -- [schema.json]`.
import { readFile, writeFile } from "node:fs/promises";
import { compile } from "json-schema-to-typescript";

const source = process.argv[2] ?? new URL("../src/generated/wire.schema.json", import.meta.url);
const target = new URL("../src/generated/wire.ts", import.meta.url);

// A field with a default (`type` above all) always stands in what the server sends, so it is required here; and the
// titles of single fields would become a type name each.
function asSent(schema) {
  if (Array.isArray(schema)) return schema.map(asSent);
  if (schema === null || typeof schema !== "object") return schema;
  const result = Object.fromEntries(
    Object.entries(schema)
      .filter(([key, value]) => !(key === "title" && typeof value === "string"))
      .map(([key, value]) => [key, asSent(value)]),
  );
  if (result.properties) {
    const given = Object.entries(schema.properties).filter(
      ([, field]) => "default" in field || "const" in field,
    );
    result.required = [...new Set([...(schema.required ?? []), ...given.map(([name]) => name)])];
  }
  return result;
}

const { $defs } = JSON.parse(await readFile(source, "utf8"));
const definitions = Object.entries($defs).map(([name, schema]) => [name, { ...asSent(schema), title: name }]);
const code = await compile(
  { type: "object", properties: {}, additionalProperties: false, $defs: Object.fromEntries(definitions) },
  "Root",
  {
    bannerComment: "// Generated from the Python types by `npm run types`; not to be edited.",
    additionalProperties: false,
    unreachableDefinitions: true,
    ignoreMinAndMaxItems: true,
  },
);
const tidy = code
  .replace(/export interface Root \{\}\n*/, "")
  .replace(/^ \*\n(?= \* This interface was referenced)/gm, "")
  .replace(/^ \* This interface was referenced by .*\n \* via the .*\n/gm, "")
  .replace(/^\/\*\*\n \*\/\n/gm, "");
await writeFile(target, tidy);
