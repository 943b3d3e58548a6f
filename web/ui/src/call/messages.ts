// What the two parties of a visit have written to each other, as one of them reads it: past what is here, and once each.
import { computed, signal } from "@preact/signals";
import type { ChatView, MessageList, MessageView } from "../generated/wire";

export interface MessageServer {
  after: (number: number) => Promise<MessageList>;
  write: (key: string, text: string) => Promise<MessageView>;
  read: (number: number) => Promise<void>;
}

export class Messages {
  readonly all = signal<MessageView[]>([]);
  /** The number of the newest that somebody here has had before the eyes. */
  readonly #seen = signal(0);
  readonly unread = computed(() => this.all.value.filter((one) => this.isNew(one)).length);
  #reading = false;
  #wanted = 0;
  #told = 0;
  /** What was to be written and perhaps is: sent again, it goes under the same name. */
  #unsure: { key: string; text: string } | null = null;

  constructor(
    private readonly party: MessageView["by"],
    private readonly server: MessageServer,
  ) {}

  isMine = ({ by }: MessageView) => by === this.party;
  isNew = (one: MessageView) => !this.isMine(one) && one.number > this.#seen.value;

  /** Reads what there is beyond what is here. What cannot be read now is read when there is the next one, or the page asks again. */
  async follow(chat: ChatView): Promise<void> {
    this.#wanted = Math.max(this.#wanted, chat.count);
    if (this.#reading) return;
    this.#reading = true;
    const isFirst = this.#newest() === 0;
    try {
      while (this.#newest() < this.#wanted) {
        const { messages } = await this.server.after(this.#newest());
        if (messages.length === 0) break;
        this.#add(messages);
      }
      // Of what was written before this page was there, the server knows what has been read.
      if (isFirst) {
        const theirs = this.all.peek().filter((one) => !this.isMine(one));
        this.#seen.value = theirs.at(-1 - chat.unread)?.number ?? 0;
      }
    } catch {
      // The page shows what it has; the next change asks anew.
    } finally {
      this.#reading = false;
    }
  }

  async write(text: string): Promise<void> {
    if (this.#unsure?.text !== text) this.#unsure = { key: crypto.randomUUID(), text };
    this.#add([await this.server.write(this.#unsure.key, text)]);
    this.#unsure = null;
  }

  /** Everything here has been before somebody's eyes. */
  see(): void {
    this.#seen.value = this.#newest();
    const newest = this.all.peek().findLast((one) => !this.isMine(one))?.number ?? 0;
    if (newest <= this.#told) return;
    this.#told = newest;
    // That it was read is told again with the next one, should this be lost.
    this.server.read(newest).catch(() => {});
  }

  #newest = () => this.all.peek().at(-1)?.number ?? 0;

  #add(messages: readonly MessageView[]): void {
    const known = new Set(this.all.peek().map(({ number }) => number));
    const fresh = messages.filter(({ number }) => !known.has(number));
    this.all.value = [...this.all.peek(), ...fresh].sort((one, other) => one.number - other.number);
  }
}
