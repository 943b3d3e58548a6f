// The date in Denmark, in which a clinic counts its days wherever the browser is. Pure.

// Swedish writes dates as ISO 8601 does.
const isoDate = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeZone: "Europe/Copenhagen" });

/** YYYY-MM-DD of a moment, in milliseconds since 1970 UTC. */
export const danishDate = (ms: number) => isoDate.format(ms);
