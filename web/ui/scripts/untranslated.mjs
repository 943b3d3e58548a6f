// Finds texts that stand in the code and not in the catalogues: `node scripts/untranslated.mjs [folder]`.
//
// What a reader meets is the text between tags, what an expression between tags comes to, and the attributes that are
// read out or shown. Anywhere at all, a string with a Danish letter in it is a text.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseSync } from "vite";

const folder = process.argv[2] ?? fileURLToPath(new URL("../src", import.meta.url));
const SPOKEN = new Set(
  "alt aria-description aria-label aria-placeholder aria-roledescription aria-valuetext confirm data-title error hint label labels placeholder status title".split(
    " ",
  ),
);
const LETTER = /\p{L}/u;
const DANISH = /[æøåÆØÅ]/;

/** The strings that an expression may come to; a string that is an argument or is compared with is none of them. */
function* outcomes(node) {
  switch (node?.type) {
    case "Literal":
      if (typeof node.value === "string") yield [node.value, node.start];
      break;
    case "TemplateLiteral":
      for (const part of node.quasis) yield [part.value.cooked ?? "", part.start];
      for (const part of node.expressions) yield* outcomes(part);
      break;
    case "JSXExpressionContainer":
    case "ParenthesizedExpression":
    case "TSAsExpression":
    case "TSNonNullExpression":
      yield* outcomes(node.expression);
      break;
    case "ConditionalExpression":
      yield* outcomes(node.consequent);
      yield* outcomes(node.alternate);
      break;
    case "LogicalExpression":
      yield* outcomes(node.left);
      yield* outcomes(node.right);
      break;
    case "BinaryExpression":
      if (node.operator === "+") {
        yield* outcomes(node.left);
        yield* outcomes(node.right);
      }
      break;
    case "ArrayExpression":
      for (const one of node.elements) yield* outcomes(one);
      break;
  }
}

const nameOf = ({ name, key }) => name?.name ?? key?.name ?? key?.value;

function* texts(node, parent) {
  if (Array.isArray(node)) {
    for (const one of node) yield* texts(one, parent);
    return;
  }
  if (node === null || typeof node !== "object" || typeof node.type !== "string") return;
  if (node.type === "JSXText" && LETTER.test(node.value)) yield [node.value, node.start];
  const spoken =
    (node.type === "JSXExpressionContainer" && parent?.type !== "JSXAttribute") ||
    ((node.type === "JSXAttribute" || node.type === "Property") && SPOKEN.has(nameOf(node)));
  if (spoken) for (const found of outcomes(node.value ?? node)) if (LETTER.test(found[0])) yield found;
  if (node.type === "Literal" && typeof node.value === "string" && DANISH.test(node.value))
    yield [node.value, node.start];
  if (node.type === "TemplateElement" && DANISH.test(node.value.raw)) yield [node.value.raw, node.start];
  for (const value of Object.values(node)) yield* texts(value, node);
}

let found = 0;
for (const path of readdirSync(folder, { recursive: true })) {
  if (!/\.tsx?$/.test(path) || /^(texts|generated)\//.test(path)) continue;
  const code = readFileSync(`${folder}/${path}`, "utf8");
  const { program, errors } = parseSync(path, code);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0].message}`);
  const seen = new Map([...texts(program)].map(([text, start]) => [start, text]));
  for (const [start, text] of seen) {
    const line = code.slice(0, start).split("\n").length;
    console.error(`${path}:${line}: “${text.trim()}” belongs in both catalogues of src/texts`);
    found += 1;
  }
}
process.exit(found > 0 ? 1 : 0);
