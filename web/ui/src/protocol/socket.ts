// One WebSocket that comes back by itself: exponential backoff with jitter, until it is closed or access is revoked.
import { backoffMs } from "./backoff";

const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 5_000;
const CLOSE_REVOKED = 4403;

export interface SocketHandlers<In> {
  /** The path to connect to; asked for at every attempt, so that it may carry how far one got. */
  path: () => string;
  onMessage: (message: In) => void;
  onUp: () => void;
  onDown: () => void;
  /** Access has ended; the socket does not come back. */
  onRevoked: () => void;
  /**
   * A handshake failed, and a browser is never told why: asks by REST whether access is still there. False ends the
   * attempts as `onRevoked` does; a rejection counts as "cannot say".
   */
  mayReturn: () => Promise<boolean>;
}

/** A reconnecting socket of JSON messages, each with a `type`. */
export class ReconnectingSocket<In extends { type: string }, Out = never> {
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #closed = false;

  constructor(private readonly handlers: SocketHandlers<In>) {}

  get isUp(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Connects now, whatever wait was running. A connection that is up is made anew: after sleep it may only look alive. */
  connect(): void {
    if (this.#closed) return;
    this.#drop();
    const url = new URL(this.handlers.path(), location.origin);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    let wasUp = false;
    this.#socket = socket;
    socket.onopen = () => {
      if (this.#socket !== socket) return;
      wasUp = true;
      this.handlers.onUp();
    };
    socket.onmessage = (event) => {
      // What was on its way when this connection was given up.
      if (this.#socket !== socket) return;
      const message = JSON.parse(String(event.data)) as In;
      // Only a message proves that the server is well: one that accepts and fails at once is not worth hammering.
      this.#attempt = 0;
      if (message.type === "revoked") this.#revoked();
      else this.handlers.onMessage(message);
    };
    socket.onclose = (event) => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      if (event.code === CLOSE_REVOKED) this.#revoked();
      else void this.#comeBack(wasUp);
    };
  }

  /** Connects anew after a wait: for whoever got something on this connection that it cannot go on from. */
  renew(): void {
    this.#drop();
    this.#timer = setTimeout(() => this.connect(), this.#nextWaitMs());
  }

  /** The browser says that there is no network: nothing will come on this connection, though it may not know yet. */
  lost(): void {
    if (this.#closed) return;
    this.#drop();
    this.handlers.onDown();
    this.#timer = setTimeout(() => this.connect(), this.#nextWaitMs());
  }

  /** Sends if the connection is up; says whether it was. */
  send(message: Out): boolean {
    if (!this.isUp) return false;
    this.#socket?.send(JSON.stringify(message));
    return true;
  }

  close(): void {
    this.#closed = true;
    this.#drop();
  }

  async #comeBack(wasUp: boolean): Promise<void> {
    this.handlers.onDown();
    this.#timer = setTimeout(() => this.connect(), this.#nextWaitMs());
    if (wasUp) return;
    const may = await this.handlers.mayReturn().catch(() => true);
    if (!may && !this.#closed) this.#revoked();
  }

  #nextWaitMs(): number {
    this.#attempt += 1;
    return backoffMs(this.#attempt - 1, FIRST_WAIT_MS, LONGEST_WAIT_MS, Math.random());
  }

  #revoked(): void {
    this.close();
    this.handlers.onRevoked();
  }

  #drop(): void {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }
}
