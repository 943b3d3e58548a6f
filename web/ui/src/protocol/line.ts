// How good a page's own connection is, in three words, out of what the browser has counted. Pure.

export type Line = "good" | "weak" | "poor";

/** What getStats has counted since the beginning (W3C webrtc-stats), and what it says of now. */
export interface Counts {
  atMs: number;
  received: number;
  lost: number;
  sent: number;
  /** Packets of one's own that the other end has asked for once more: what was lost on the way there. */
  askedAgain: number;
  frozenMs: number;
  roundTripMs: number | null;
  jitterMs: number | null;
}

/** The word for what happened between two counts. */
export function lineBetween(before: Counts, now: Counts): Line {
  const share = (part: number, whole: number) => (whole > 0 ? Math.max(0, part) / whole : 0);
  const lost = now.lost - before.lost;
  const lossIn = share(lost, now.received - before.received + lost);
  const lossOut = share(now.askedAgain - before.askedAgain, now.sent - before.sent);
  const frozen = share(now.frozenMs - before.frozenMs, now.atMs - before.atMs);
  const loss = Math.max(lossIn, lossOut);
  const roundTrip = now.roundTripMs ?? 0;
  const jitter = now.jitterMs ?? 0;
  if (loss >= 0.1 || frozen >= 0.4 || roundTrip >= 800) return "poor";
  if (loss >= 0.03 || frozen >= 0.1 || roundTrip >= 400 || jitter >= 80) return "weak";
  return "good";
}

/** The word that is shown, and the run of other words since. */
export interface Steady {
  line: Line;
  run: Line[];
}

const WORST_FIRST: Line[] = ["poor", "weak", "good"];
/** So many in a row make it worse, and so many better: a warning comes soon, and goes when it is surely over. */
const WORSE_AFTER = 2;
const BETTER_AFTER = 4;

/** Takes the next word in; what is shown changes only when it has held for a while. */
export function steadied({ line, run }: Steady, next: Line): Steady {
  const rank = (word: Line) => WORST_FIRST.indexOf(word);
  const worse = rank(next) < rank(line);
  if (next === line) return { line, run: [] };
  // A run is on one side of what is shown; a word from the other side begins a new one.
  const sameSide = run.filter((word) => rank(word) < rank(line) === worse);
  const longer = sameSide.length === run.length ? [...run, next] : [next];
  if (longer.length < (worse ? WORSE_AFTER : BETTER_AFTER)) return { line, run: longer };
  // Never better or worse than all of the run was.
  const ranks = longer.map(rank);
  return { line: WORST_FIRST[worse ? Math.max(...ranks) : Math.min(...ranks)] ?? next, run: [] };
}
