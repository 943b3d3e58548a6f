// One tab for a call: the newest one takes it, and the one before steps down, else the two would take it from each other for ever.

/** Takes `name` from whichever tab of this browser holds it; calls `onTaken` when a newer tab does the same. */
export function takeOver(name: string, onTaken: () => void): () => void {
  let release = () => {};
  // Absent only where the page is not served securely; there is no camera there either.
  if (!navigator.locks) return release;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let released = false;
  navigator.locks
    .request(name, { steal: true }, () => held)
    .catch(() => {
      if (!released) onTaken();
    });
  return () => {
    released = true;
    release();
  };
}
