// The live sockets of a clinic, a patient and a guest: the board, the cards and how the guest stands, as they are now.
import type { BoardMessage, CardsMessage, EventMessage, GuestMessage } from "../generated/wire";
import { guestLive, patientLive, staffLive } from "./addresses";
import { afterMessage, type LiveMessage, withVisit } from "./board";
import { ReconnectingSocket } from "./socket";

/** How a live connection stands; it is `lost` from the moment it breaks until it is remade. */
export type Connection = "connecting" | "up" | "lost";

export interface LiveHandlers<Shown> {
  onShown: (shown: Shown) => void;
  onConnection: (connection: Connection) => void;
  onRevoked: () => void;
  mayReturn: () => Promise<boolean>;
}

/** The board of one clinic, kept current. */
export class LiveBoard {
  #board: BoardMessage | null = null;
  readonly #socket: ReconnectingSocket<LiveMessage>;

  constructor(
    clinic: string,
    private readonly handlers: LiveHandlers<BoardMessage> & { onEvent: (event: EventMessage) => void },
  ) {
    this.#socket = new ReconnectingSocket<LiveMessage>({
      path: () => staffLive(clinic, this.#board?.last_event ?? null),
      onMessage: (message) => this.#take(message),
      onUp: () => handlers.onConnection("up"),
      onDown: () => handlers.onConnection("lost"),
      onRevoked: handlers.onRevoked,
      mayReturn: handlers.mayReturn,
    });
  }

  connect = () => this.#socket.connect();
  lost = () => this.#socket.lost();
  close = () => this.#socket.close();

  /** What the answer to a command says about a visit or the room, shown before its event arrives. */
  anticipate(change: Pick<Partial<EventMessage>, "room" | "visit">, sentAfter: number): void {
    // An event came in the meantime: it is at least as new as the answer, or ours is still to follow it.
    if (this.#board === null || this.#board.last_event !== sentAfter) return;
    const { room, visits } = this.#board;
    this.#show({
      ...this.#board,
      room: change.room ?? room,
      visits: change.visit ? withVisit(visits, change.visit) : visits,
    });
  }

  #take(message: LiveMessage): void {
    const next = afterMessage(this.#board, message);
    if (next === null) {
      // A gap: read what is missing from the log, by connecting anew from where we are.
      this.#socket.renew();
      return;
    }
    this.#show(next);
    if (message.type === "event") this.handlers.onEvent(message);
  }

  #show(board: BoardMessage): void {
    this.#board = board;
    this.handlers.onShown(board);
  }
}

/** A patient's cards, kept current: every message holds them all. */
export class LiveCards {
  readonly #socket: ReconnectingSocket<CardsMessage>;

  constructor(handlers: LiveHandlers<CardsMessage>) {
    this.#socket = new ReconnectingSocket<CardsMessage>({
      path: patientLive,
      onMessage: handlers.onShown,
      onUp: () => handlers.onConnection("up"),
      onDown: () => handlers.onConnection("lost"),
      onRevoked: handlers.onRevoked,
      mayReturn: handlers.mayReturn,
    });
  }

  connect = () => this.#socket.connect();
  lost = () => this.#socket.lost();
  close = () => this.#socket.close();
}

/** How a guest stands, kept current until they are out. */
export class LiveGuest {
  readonly #socket: ReconnectingSocket<GuestMessage>;

  constructor(handlers: Omit<LiveHandlers<GuestMessage>, "onConnection">) {
    this.#socket = new ReconnectingSocket<GuestMessage>({
      path: guestLive,
      onMessage: handlers.onShown,
      onUp: () => {},
      onDown: () => {},
      onRevoked: handlers.onRevoked,
      mayReturn: handlers.mayReturn,
    });
  }

  connect = () => this.#socket.connect();
  close = () => this.#socket.close();
}
