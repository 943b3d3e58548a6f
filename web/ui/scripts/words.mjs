// Prints every text as JSON, a list of them in Danish and one in English: [["Luk", "Close"], …]. A text that is put together
// stands with {0}, {1} … in its places. For the tests, which speak Danish and look for the words of the page's language.
import { runnerImport } from "vite";

const [{ da }, { en }] = await Promise.all(
  ["da", "en"].map(async (name) => (await runnerImport(`./src/texts/${name}.ts`)).module),
);

function said(text) {
  if (typeof text !== "function") return text;
  try {
    return text("{0}", "{1}", "{2}");
  } catch {
    return null; // of a moment or a number: tests do not look for those
  }
}

function* pairs(danish, english) {
  if (danish !== null && typeof danish === "object") {
    for (const name of Object.keys(danish)) yield* pairs(danish[name], english[name]);
  } else {
    const both = [said(danish), said(english)];
    if (both.every((one) => typeof one === "string")) yield both;
  }
}

process.stdout.write(JSON.stringify([...pairs(da, en)]));
