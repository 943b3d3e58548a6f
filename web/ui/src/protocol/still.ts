// Keeps the rows of a list in their places for a moment after a change, so that none slides under a finger about to press. No DOM.

/** How long nothing moves after the last change, and after the pointer's last move over the list. */
export const STILL_MS = 3_000;
/** Nor longer than this, however busy the pointer is. */
export const MOST_MS = 10_000;

/** A row's place: who stands there, or stood there until just now. */
export interface Place<T> {
  item: T;
  gone: boolean;
}

export class Still<T extends { id: string }> {
  #places: Place<T>[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #untilMs = 0;

  /** `redraw` is called when the rows may take the places that are theirs. */
  constructor(private readonly redraw: () => void) {}

  /** Where the items stand now: whoever has gone keeps a place above others, and whoever comes meanwhile stands last. */
  places(items: T[]): Place<T>[] {
    const now = new Map(items.map((item) => [item.id, item]));
    const before = new Set(this.#places.map(({ item }) => item.id));
    this.#places = [
      ...this.#places.map(({ item }) => ({ item: now.get(item.id) ?? item, gone: !now.has(item.id) })),
      ...items.filter(({ id }) => !before.has(id)).map((item) => ({ item, gone: false })),
    ];
    while (this.#places.at(-1)?.gone) this.#places.pop();
    if (this.#places.every(({ item }, place) => items[place]?.id === item.id)) this.close();
    else if (this.#timer === undefined) {
      this.#untilMs = Date.now() + MOST_MS;
      this.#wait();
    }
    return this.#places;
  }

  /** The pointer is at work in the list: it is about to press. */
  pointed(): void {
    if (this.#timer !== undefined) this.#wait();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#places = [];
        this.redraw();
      },
      Math.min(STILL_MS, this.#untilMs - Date.now()),
    );
  }
}
