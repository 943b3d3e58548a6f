// One side of a call as its page shows it: who is there and how they are, how the connection stands, what is sent. No markup.
import { computed, effect, signal } from "@preact/signals";
import type {
  CallConfiguration,
  CallState,
  GuestView,
  MessageView,
  Participants,
  RecordingMessage,
  SaidBy,
} from "../generated/wire";
import { Call, type Link, type Remote, type Role, type SharedScreen } from "../protocol/call";
import { Chat, type ChatServer } from "../protocol/chat";
import { isNo, Refusal } from "../protocol/rest";
import { takeOver } from "../protocol/sole";
import { OwnDevices } from "./own";
import { Watch } from "./watch";

declare global {
  interface Window {
    /** The peer connection in use. Browser tests read its statistics (frames decoded, sound received); nothing else does. */
    __venterumPeer?: RTCPeerConnection | null;
  }
}

/** Why this page has no part in the call any longer, other than the visit's own state. */
export type Gone = "revoked" | "elsewhere" | "handed_over" | "not_found" | "full";

/** Another participant, as far as this page knows. */
export interface Other {
  id: string;
  role: Role;
  name: string;
  /** Whether the relay has a connection to them now. */
  there: boolean;
  stream: MediaStream | null;
  screen: MediaStream | null;
  /** Null until their page has spoken for itself. */
  said: SaidBy | null;
}

export interface CallServer {
  callConfiguration: () => Promise<CallConfiguration>;
  /** Whether whoever is logged in may still take part. */
  mayReturn: () => Promise<boolean>;
  messages: ChatServer;
}

const RETRY_MS = 3_000;
/** What the server takes of a text under way. */
const MOST_UNDER_WAY = 1000;

export class CallSide {
  readonly state = signal<CallState | null>(null);
  readonly participants = signal<Participants | null>(null);
  readonly recording = signal<RecordingMessage | null>(null);
  readonly guests = signal<GuestView[]>([]);
  readonly link = signal<Link>("connecting");
  /** Everybody else in the call, connected or not. */
  readonly remotes = signal<Remote[]>([]);
  /** The screen that is shared now. */
  readonly screen = signal<SharedScreen | null>(null);
  /** Why the last attempt to share a screen was refused, a stable code. */
  readonly screenProblem = signal<string | null>(null);
  readonly gone = signal<Gone | null>(null);
  /** The colleague who has the patient, where that is why this page has no part in the call. */
  readonly handedTo = signal("");
  /** The text under way on this page. */
  readonly text = signal("");
  readonly chat: Chat;
  /** What the other party wrote and nobody has had before the eyes, here or elsewhere. */
  readonly unread = computed<MessageView[]>(() => {
    const theirs = this.chat.messages.value.filter((one) => !this.isMine(one));
    const newest = theirs.slice(Math.max(theirs.length - (this.state.value?.chat.unread ?? 0), 0));
    return newest.filter(({ number }) => number > this.chat.seenTo.value);
  });
  /** One's own screen, while it is shared or asked to be. */
  readonly ownScreen = signal<MediaStreamTrack | null>(null);
  readonly canShare = navigator.mediaDevices !== undefined && "getDisplayMedia" in navigator.mediaDevices;
  readonly others = computed<Other[]>(() =>
    this.remotes.value.map(({ participant: { id, role, name, connected }, stream }) => ({
      id,
      role,
      name,
      there: connected,
      stream,
      screen: this.screen.value?.by === id ? this.screen.value.stream : null,
      said: this.#said.value[id] ?? null,
    })),
  );
  readonly watch = new Watch((track) => {
    const owner = this.others.peek().find(({ stream }) => stream?.getTracks().includes(track));
    return owner?.id ?? null;
  });
  readonly #said = signal<Record<string, SaidBy>>({});
  #stopSaying = () => {};
  #call: Call | null = null;
  #stream: MediaStream | null = null;
  #closed = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #release = () => {};

  constructor(
    private readonly role: Role,
    private readonly visit: string,
    private readonly path: string,
    private readonly server: CallServer,
    /** Used by the page before the call, too, where there is a page before it. */
    readonly own: OwnDevices = new OwnDevices((stream) => this.send(stream)),
  ) {
    this.chat = new Chat(server.messages);
  }

  isMine = ({ by }: MessageView) => by === (this.role === "patient" ? "patient" : "clinic");

  /** Takes the call over from any other tab of this browser, and connects. */
  async start(): Promise<void> {
    this.#release = takeOver(`venterum-${this.role}-${this.visit}`, () => this.#leave("elsewhere"));
    await this.#connect();
  }

  /** Whether this page has left the call, for whatever reason. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** The own tracks; they are sent from the moment when both sides are there. */
  send(stream: MediaStream | null): void {
    this.#stream = stream;
    this.#call?.setTracks(stream);
  }

  /** Sends the text under way. */
  sendText(): void {
    const text = this.text.peek().trim();
    if (text === "") return;
    this.chat.send(text);
    this.text.value = "";
  }

  /** What the others see as it is typed: what was sent and is not through yet, too. */
  #underWay(): string {
    const onItsWay = this.chat.unsent.value.filter(({ refusal }) => refusal === null);
    return [...onItsWay.map(({ text }) => text), this.text.value]
      .filter((text) => text !== "")
      .join("\n")
      .slice(-MOST_UNDER_WAY);
  }

  /** Asks which screen or window to show to everybody; `screen` tells when they see it, `screenProblem` that they do not. */
  async share(): Promise<void> {
    this.screenProblem.value = null;
    let screen: MediaStream;
    try {
      screen = await navigator.mediaDevices.getDisplayMedia({
        video: { frameRate: { max: 15 } },
        audio: false,
      });
    } catch (error) {
      // Who calls the question off knows.
      const calledOff = error instanceof DOMException && error.name === "NotAllowedError";
      if (!calledOff) this.screenProblem.value = "screen_refused";
      return;
    }
    this.stopSharing();
    const [track] = screen.getVideoTracks();
    if (!track) return;
    this.ownScreen.value = track;
    track.addEventListener("ended", () => this.#letGoOf(track));
    this.#call?.shareScreen(track);
  }

  stopSharing(): void {
    this.#call?.stopSharing();
    this.#letGoOf(this.ownScreen.peek());
  }

  #letGoOf(track: MediaStreamTrack | null): void {
    track?.stop();
    if (this.ownScreen.peek() === track) this.ownScreen.value = null;
  }

  /** Connects anew at once: the machine woke up, or the network is back. */
  wake = () => {
    this.#call?.connect();
    this.chat.wake();
  };

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#stopSaying();
    this.chat.close();
    this.stopSharing();
    this.watch.follow(null);
    this.#release();
    this.#call?.close();
    this.#call = null;
  }

  async #connect(): Promise<void> {
    let configuration: CallConfiguration | null = null;
    try {
      configuration = await this.server.callConfiguration();
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) return this.#leave("revoked");
      if (!isNo(error)) {
        if (!this.#closed) this.#retry = setTimeout(() => void this.#connect(), RETRY_MS);
        return;
      }
      // Not open for video now, or not here at all: the socket says which, and what to show.
    }
    if (this.#closed) return;
    this.#call = new Call(this.path, this.role, configuration, {
      onState: (state) => {
        this.state.value = state;
        this.chat.follow(state.chat);
      },
      onParticipants: (participants) => {
        this.participants.value = participants;
      },
      onGuests: (guests) => {
        this.guests.value = guests;
      },
      onRecording: (message) => {
        this.recording.value = message;
      },
      onLink: (link) => {
        this.link.value = link;
      },
      onRemotes: (remotes) => {
        this.remotes.value = remotes;
      },
      onScreen: (screen) => {
        this.screen.value = screen;
      },
      onPeer: (peer) => {
        window.__venterumPeer = peer;
        this.watch.follow(peer);
      },
      onSaidBy: (said) => {
        this.#said.value = { ...this.#said.peek(), [said.participant]: said };
      },
      // The call makes its next attempt by itself; the page says that the connection is being remade.
      onProblem: (problem) => {
        if (problem.about === "share_screen") {
          this.screenProblem.value = problem.code;
          this.#letGoOf(this.ownScreen.peek());
        }
        // Nobody is put out for somebody who joins: there is no use in asking again and again.
        if (problem.code === "room_full") this.#leave("full");
      },
      onElsewhere: () => this.#leave("elsewhere"),
      onHandedOver: (to) => {
        this.handedTo.value = to;
        this.#leave("handed_over");
      },
      // Revoked before the server ever said a word: there was nothing here to be revoked from.
      onRevoked: () => this.#leave(this.state.value === null ? "not_found" : "revoked"),
      configure: this.server.callConfiguration,
      mayReturn: this.server.mayReturn,
    });
    this.#call.setTracks(this.#stream);
    this.#call.connect();
    this.#stopSaying = effect(() => {
      const tracks = this.own.devices.value?.stream?.getTracks() ?? [];
      const has = (kind: string) => tracks.some((track) => track.kind === kind);
      const { microphone, camera } = this.own.isOn.value;
      this.#call?.say({
        microphone: microphone && has("audio"),
        camera: camera && has("video"),
        line: this.watch.line.value,
        text: this.#underWay(),
      });
    });
  }

  #leave(why: Gone): void {
    this.close();
    this.gone.value = why;
  }
}
