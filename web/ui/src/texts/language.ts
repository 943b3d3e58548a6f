// Which language to speak, and how the languages call themselves. Pure.

/** Each in its own words, for whoever reads no other. */
export const LANGUAGES = { da: "Dansk", en: "English" } as const;

export type Language = keyof typeof LANGUAGES;

/** Whoever reads one of these reads Danish sooner than English. */
const READ_DANISH = ["da", "nb", "nn", "no", "sv", "fo", "kl"];

export const isLanguage = (name: unknown): name is Language =>
  typeof name === "string" && Object.hasOwn(LANGUAGES, name);

/** The language clicked before, else Danish for a browser that prefers a Scandinavian language, else English. */
export function languageOf(clicked: string | null, preferred: readonly string[]): Language {
  if (isLanguage(clicked)) return clicked;
  const first = preferred[0]?.split("-")[0]?.toLowerCase();
  return first === undefined || READ_DANISH.includes(first) ? "da" : "en";
}

/** The text for a code that comes from the server, which may know codes that this page does not. */
export const byCode = (texts: Record<string, string>, code: string | number): string | undefined =>
  Object.hasOwn(texts, code) ? texts[code] : undefined;
