// Who speaks, out of how loud everybody is; a pause for breath is no silence. Pure.

/** From here on a sound counts as speech: of 1, full scale (RFC 6464 says the same in decibels: -34). */
const SPEECH = 0.02;
const PAUSE_MS = 800;

/** What a connection has summed up of a sound (W3C webrtc-stats, totalAudioEnergy and totalSamplesDuration). */
export interface Sum {
  energy: number;
  seconds: number;
}

/** How loud it was between two sums, of 1, full scale: between any two, so that no short sound is missed. */
export function loudness(before: Sum | undefined, after: Sum): number {
  const seconds = after.seconds - (before?.seconds ?? after.seconds);
  return seconds > 0 ? Math.sqrt(Math.max(0, after.energy - (before?.energy ?? 0)) / seconds) : 0;
}

/** Until when each counts as speaking, by id. */
export type Speakers = ReadonlyMap<string, number>;

/** Takes in how loud each is at `nowMs`. */
export function heard(
  before: Speakers,
  levels: Iterable<[string, number]>,
  nowMs: number,
): Map<string, number> {
  const after = new Map([...before].filter(([, until]) => until > nowMs));
  for (const [id, level] of levels) if (level >= SPEECH) after.set(id, nowMs + PAUSE_MS);
  return after;
}
