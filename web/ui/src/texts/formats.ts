// Dates, times and durations as a language writes them; each catalogue makes its own of these.

/** Opening hours are Danish time, wherever the browser thinks that it is. */
const timeZone = "Europe/Copenhagen";
const DAY_MS = 86_400_000;

interface Words {
  seconds: (count: number) => string;
  minutes: (count: number) => string;
  underAMinute: string;
  /** "kl. 07.30" */
  at: (time: string) => string;
  tomorrow: (at: string) => string;
  onDay: (day: string, at: string) => string;
}

export function formatsOf(locale: string, words: Words) {
  const day = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
  const instant = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
  const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
  const clinicClock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", timeZone });
  const clinicDate = new Intl.DateTimeFormat(locale, { dateStyle: "short", timeZone });
  const clinicDay = new Intl.DateTimeFormat(locale, {
    weekday: "long",
    day: "numeric",
    month: "long",
    timeZone,
  });
  const clinicFullDay = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeZone });

  return {
    time: (ms: number) => clock.format(ms),
    date: (ms: number) => day.format(ms),
    instant: (ms: number) => instant.format(ms),
    /** To five seconds below a minute, to the minute above. */
    duration: (ms: number) =>
      ms < 60_000 ? words.seconds(Math.round(ms / 5_000) * 5) : words.minutes(Math.floor(ms / 60_000)),
    minutes: (minutes: number) => (minutes < 1 ? words.underAMinute : words.minutes(minutes)),
    /** When something happens at the clinic, as near as it has to be said: a time today, else with its day. */
    moment: (ms: number, now: number) => {
      const at = words.at(clinicClock.format(ms));
      if (clinicDate.format(ms) === clinicDate.format(now)) return at;
      if (clinicDate.format(ms) === clinicDate.format(now + DAY_MS)) return words.tomorrow(at);
      return words.onDay(clinicDay.format(ms), at);
    },
    /** A day in the calendar, YYYY-MM-DD, in full. */
    fullDay: (iso: string) => clinicFullDay.format(Date.parse(`${iso}T12:00:00Z`)),
  };
}
