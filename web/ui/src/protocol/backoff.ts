// How long to wait before the next attempt: exponential, capped, jittered. Pure.

/** Milliseconds before attempt `attempt` (0 is the first); `random` is in [0, 1). */
export function backoffMs(attempt: number, firstMs: number, longestMs: number, random: number): number {
  const full = Math.min(longestMs, firstMs * 2 ** Math.min(attempt, 20));
  // Half of it is fixed, so that nobody hammers; half is random, so that a crowd does not come back as one.
  return full / 2 + (full / 2) * random;
}
