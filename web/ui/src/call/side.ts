// One side of a call as its page shows it: who is there, how the connection stands, the other's picture. No markup.
import { signal } from "@preact/signals";
import type { CallConfiguration, CallState, Participants, RecordingMessage } from "../generated/wire";
import { Call, type Link, type Remote, type Role, type SharedScreen } from "../protocol/call";
import { isNo, Refusal } from "../protocol/rest";
import { takeOver } from "../protocol/sole";

declare global {
  interface Window {
    /** The peer connection in use. Browser tests read its statistics (frames decoded, sound received); nothing else does. */
    __venterumPeer?: RTCPeerConnection | null;
  }
}

/** Why this page has no part in the call any longer, other than the visit's own state. */
export type Gone = "revoked" | "elsewhere" | "handed_over" | "not_found" | "full";

export interface CallServer {
  callConfiguration: () => Promise<CallConfiguration>;
  /** Whether whoever is logged in may still take part. */
  mayReturn: () => Promise<boolean>;
}

const RETRY_MS = 3_000;

export class CallSide {
  readonly state = signal<CallState | null>(null);
  readonly participants = signal<Participants | null>(null);
  readonly recording = signal<RecordingMessage | null>(null);
  readonly link = signal<Link>("connecting");
  readonly remote = signal<MediaStream | null>(null);
  /** Everybody else in the call, connected or not. */
  readonly remotes = signal<Remote[]>([]);
  /** The screen that is shared now. */
  readonly screen = signal<SharedScreen | null>(null);
  /** Why the last attempt to share a screen was refused, a stable code. */
  readonly screenProblem = signal<string | null>(null);
  readonly gone = signal<Gone | null>(null);
  /** The colleague who has the patient, where that is why this page has no part in the call. */
  readonly handedTo = signal("");
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
  ) {}

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

  /** Shows everybody a screen; `screen` tells when they see it, `screenProblem` that they do not. */
  shareScreen(track: MediaStreamTrack): void {
    this.screenProblem.value = null;
    this.#call?.shareScreen(track);
  }

  stopSharing = () => this.#call?.stopSharing();

  /** Connects anew at once: the machine woke up, or the network is back. */
  wake = () => this.#call?.connect();

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
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
      },
      onParticipants: (participants) => {
        this.participants.value = participants;
      },
      onRecording: (message) => {
        this.recording.value = message;
      },
      onLink: (link) => {
        this.link.value = link;
      },
      onRemote: (stream) => {
        this.remote.value = stream;
      },
      onRemotes: (remotes) => {
        this.remotes.value = remotes;
      },
      onScreen: (screen) => {
        this.screen.value = screen;
      },
      onPeer: (peer) => {
        window.__venterumPeer = peer;
      },
      // The call makes its next attempt by itself; the page says that the connection is being remade.
      onProblem: (problem) => {
        if (problem.about === "share_screen") this.screenProblem.value = problem.code;
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
  }

  #leave(why: Gone): void {
    this.close();
    this.gone.value = why;
  }
}
