// The texts of the interface in the language that is chosen: `t`, read in a component, follows a change at once.
import { signal } from "@preact/signals";
import { da, type Texts } from "./da";
import { isLanguage, type Language, languageOf } from "./language";

export { byCode } from "./language";

/** Where a click on the language is remembered: it is the browser's user's, and says nothing of a patient. */
const KEY = "venterum.language";

const catalogue = signal<Texts>(da);
const current = signal<Language>("da");

/** Every text, by the names of `da.ts`. Read it where it is shown: a text kept in a constant stays in its language. */
export const t = new Proxy(da, {
  get: (_, name) => Reflect.get(catalogue.value, name),
}) as Texts;

/** The language that the page is in; follows a change as `t` does. */
export const language = () => current.value;

/** Speaks the language that was clicked here, else the browser's. Awaited before a page is drawn, it spares a flash. */
export async function speak(): Promise<void> {
  // No storage here, as in a browser that allows none: the choice then lasts as long as the page.
  const remembered = await Promise.resolve()
    .then(() => localStorage.getItem(KEY))
    .catch(() => null);
  // A catalogue that does not come is no reason to show nothing.
  await change(languageOf(remembered, navigator.languages)).catch(() => change("da"));
  // Another tab of this browser was clicked.
  window.addEventListener("storage", (event) => {
    if (event.key === KEY && isLanguage(event.newValue)) void change(event.newValue).catch(() => {});
  });
}

/** Changes the language by a click, and remembers it. */
export async function choose(chosen: Language): Promise<void> {
  await change(chosen);
  await Promise.resolve()
    .then(() => localStorage.setItem(KEY, chosen))
    .catch(() => {});
}

async function change(to: Language): Promise<void> {
  // Danish is part of every page; who reads it does not load the other.
  const texts = to === "da" ? da : (await import("./en")).en;
  current.value = to;
  catalogue.value = texts;
  document.documentElement.lang = to;
}
