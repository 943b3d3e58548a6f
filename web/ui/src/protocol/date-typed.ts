// A date as people write it in Denmark, day first, read and written. Pure.

// Whoever types on has not written the year yet when it has two figures.
const WHOLE = /^(?:(\d{1,2})([-./ ])(\d{1,2})\2|(\d\d)(\d\d))(\d{4})$/;
const SHORT = /^(?:(\d{1,2})([-./ ])(\d{1,2})\2|(\d\d)(\d\d))(\d\d)$/;

/** YYYY-MM-DD of a date in full, `undefined` where none stands: 28-11-2026, also with points, slashes, spaces or nothing between. */
export const wholeDate = (text: string) => read(WHOLE.exec(text.trim()));

/** The same, and with a year of two figures, which is one of this century. */
export const typedDate = (text: string) => wholeDate(text) ?? read(SHORT.exec(text.trim()));

function read(found: RegExpExecArray | null): string | undefined {
  if (found === null) return undefined;
  const [, day, , month, dayOfTwo = "", monthOfTwo = "", year = ""] = found;
  const two = (number: string) => number.padStart(2, "0");
  const iso = `${year.padStart(4, "20")}-${two(month ?? monthOfTwo)}-${two(day ?? dayOfTwo)}`;
  const date = new Date(`${iso}T00:00:00Z`);
  // JavaScript takes the 31st of February for the 3rd of March.
  return Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== iso ? undefined : iso;
}

/** dd-mm-yyyy of a date, or nothing of none. */
export const writtenDate = (iso: string) => iso.split("-").reverse().join("-");
