// The pages of somebody at work, each by its hash: it survives a reload, goes back and forth, and names nobody. Pure.

export const PAGES = {
  waitingRoom: "",
  patients: "#patienter",
  employees: "#medarbejdere",
  recordings: "#optagelser",
  audit: "#log",
} as const;

export type Page = keyof typeof PAGES;

/** The page that an address's hash names; the waiting room where it names none. */
export const pageOf = (hash: string): Page =>
  (Object.keys(PAGES) as Page[]).find((page) => PAGES[page] === hash) ?? "waitingRoom";

export const addressOf = (page: Page) => `/${PAGES[page]}`;
