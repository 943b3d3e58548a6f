// The messages of one visit: read past those that are there, sent again until they are through, whatever the network does. No DOM.
import { type Signal, signal } from "@preact/signals";
import type { ChatView, MessageList, MessageView } from "../generated/wire";
import { backoffMs } from "./backoff";
import { isNo } from "./rest";

const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 5_000;

/** What a party may ask of the server about a visit's messages. */
export interface ChatServer {
  after: (number: number) => Promise<MessageList>;
  write: (key: string, text: string) => Promise<MessageView>;
  read: (number: number) => Promise<void>;
}

/** A message that is not through yet: on its way, or refused with what the server said. */
export interface Unsent {
  key: string;
  text: string;
  refusal: unknown;
}

export class Chat {
  readonly messages: Signal<MessageView[]> = signal([]);
  readonly unsent: Signal<Unsent[]> = signal([]);
  /** Whether the server cannot be reached now; what is unsent goes when it can. */
  readonly waiting = signal(false);
  /** The number of the newest that stood before somebody's eyes here. */
  readonly seenTo: Signal<number> = signal(0);
  #count = 0;
  #isReading = false;
  #isSending = false;
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(private readonly server: ChatServer) {}

  /** How the messages stand by now, as a live socket told; what is missing here is read. */
  follow({ count }: Pick<ChatView, "count">): void {
    this.#count = Math.max(this.#count, count);
    void this.#read();
  }

  send(text: string): void {
    const key = crypto.randomUUID();
    this.unsent.value = [...this.unsent.value, { key, text, refusal: null }];
    void this.#send();
  }

  /** Tries a refused message once more. */
  again(key: string): void {
    this.#set(key, null);
    void this.#send();
  }

  /** Gives a refused message up; its text, for whoever wants to change it. */
  giveUp(key: string): string {
    const given = this.unsent.value.find((each) => each.key === key);
    this.unsent.value = this.unsent.value.filter((each) => each.key !== key);
    return given?.text ?? "";
  }

  /** Everything here stands before somebody's eyes. */
  seen(): void {
    const newest = this.#newest();
    if (newest <= this.seenTo.peek()) return;
    this.seenTo.value = newest;
    // That it was read is told once more with the next message, if it does not arrive.
    void this.server.read(newest).catch(() => {
      this.seenTo.value = 0;
    });
  }

  /** Goes on at once with what waits: the network is back. */
  wake(): void {
    clearTimeout(this.#timer);
    void this.#read();
    void this.#send();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #newest = () => this.messages.peek().at(-1)?.number ?? 0;

  async #read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (!this.#closed && this.#newest() < this.#count) {
        const { messages } = await this.server.after(this.#newest());
        if (messages.length === 0) break;
        this.#take(...messages);
        this.#isThrough();
      }
    } catch (error) {
      this.#tryLater(error);
    } finally {
      this.#isReading = false;
    }
  }

  /** In order and one at a time, so that they stand in the order in which they were written. */
  async #send(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      for (;;) {
        const next = this.unsent.value.find((each) => each.refusal === null);
        if (this.#closed || next === undefined) return;
        await this.#sendOne(next);
      }
    } catch (error) {
      this.#tryLater(error);
    } finally {
      this.#isSending = false;
    }
  }

  async #sendOne({ key, text }: Unsent): Promise<void> {
    try {
      const written = await this.server.write(key, text);
      this.#isThrough();
      if (written.number === this.#newest() + 1) this.#take(written);
      this.giveUp(key);
      this.follow({ count: written.number });
    } catch (error) {
      if (!isNo(error)) throw error;
      this.#set(key, error);
    }
  }

  #take(...messages: MessageView[]): void {
    const newest = this.#newest();
    this.messages.value = [...this.messages.value, ...messages.filter(({ number }) => number > newest)];
  }

  #set(key: string, refusal: unknown): void {
    this.unsent.value = this.unsent.value.map((each) => (each.key === key ? { ...each, refusal } : each));
  }

  #isThrough(): void {
    this.#attempt = 0;
    this.waiting.value = false;
  }

  #tryLater(error: unknown): void {
    // Access is gone: the live socket says so, and closes the page.
    if (this.#closed || isNo(error)) return;
    this.waiting.value = true;
    this.#attempt += 1;
    clearTimeout(this.#timer);
    const wait = backoffMs(this.#attempt - 1, FIRST_WAIT_MS, LONGEST_WAIT_MS, Math.random());
    this.#timer = setTimeout(() => this.wake(), wait);
  }
}
