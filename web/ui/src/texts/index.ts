// The texts of the interface in the language that is chosen: `t`, read in a component, follows a change at once.
import { signal } from "@preact/signals";
import { da, type Texts } from "./da";

const catalogue = signal<Texts>(da);

/** Every text, by the names of `da.ts`. Read it where it is shown: a text kept in a constant stays in its language. */
export const t = new Proxy(da, {
  get: (_, name) => Reflect.get(catalogue.value, name),
}) as Texts;
