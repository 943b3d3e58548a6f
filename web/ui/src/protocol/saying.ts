// Tells the others how this page is: at once, but not with every keystroke, and now and then again. No DOM.
import type { Say } from "../generated/wire";

/** Faster typing is put together; a twentieth of the half second within which it is to be read (EN 301 549, 6.2.4). */
const APART_MS = 60;
/** The server forgets what is not said anew. */
const AGAIN_MS = 30_000;

export class Saying {
  #said: Say | null = null;
  #lastMs = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  /** `send` says whether it could; what could not be sent is sent by `again`. */
  constructor(private readonly send: (said: Say) => boolean) {}

  say(said: Say): void {
    this.#said = said;
    this.#after(Math.max(0, this.#lastMs + APART_MS - performance.now()));
  }

  /** Says it once more now: whoever is at the other end may not know it. */
  again(): void {
    if (this.#said !== null) this.#after(0);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #after(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    if (ms === 0) this.#now();
    else this.#timer = setTimeout(() => this.#now(), ms);
  }

  #now(): void {
    if (this.#said !== null && this.send(this.#said)) this.#lastMs = performance.now();
    this.#timer = setTimeout(() => this.#now(), AGAIN_MS);
  }
}
