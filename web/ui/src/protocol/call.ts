// One side of a call: a socket that carries offer and answer, and the peer connection they make. No DOM.
//
// There is one way back for every loss: close the peer connection, make a new one, offer it over the same or a new
// socket. The relay puts the new leg in place of the old one.
import type { Answer, CallConfiguration, CallState, Offer, Participants, Problem } from "../generated/wire";
import { backoffMs } from "./backoff";
import { ReconnectingSocket } from "./socket";

/** How long a connection may be `disconnected` before it is given up: shorter hiccups mend themselves. */
const DISCONNECTED_MS = 3_000;
/** How long to wait for an answer, and for the connection it describes. */
const CONNECT_MS = 12_000;
/** How long the server may say that it does not have us, while we believe that we are connected. */
const DENIED_MS = 2_000;
/** A connection that held for so long was good: the next loss is mended at once. */
const STABLE_MS = 10_000;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 8_000;

export type Role = "clinician" | "patient";

/** The way to the relay: `lost` covers every attempt to get it back. */
export type Link = "connecting" | "connected" | "lost";

export interface CallHandlers {
  onState: (state: CallState) => void;
  onParticipants: (participants: Participants) => void;
  onLink: (link: Link) => void;
  /** The other side's picture and sound; a new stream for each new peer connection. */
  onRemote: (stream: MediaStream) => void;
  onPeer: (peer: RTCPeerConnection | null) => void;
  onProblem: (problem: Problem) => void;
  onRevoked: () => void;
  mayReturn: () => Promise<boolean>;
}

type Timer = "restart" | "disconnected" | "connect" | "denied" | "stable";
type FromServer = Answer | Participants | CallState | Problem;

export class Call {
  readonly #socket: ReconnectingSocket<FromServer, Offer>;
  readonly #configuration: RTCConfiguration;
  #peer: RTCPeerConnection | null = null;
  #wanted = false;
  #present: Participants | null = null;
  #tracks: { audio: MediaStreamTrack | null; video: MediaStreamTrack | null } = { audio: null, video: null };
  #losses = 0;
  #timers = new Map<Timer, ReturnType<typeof setTimeout>>();

  constructor(
    path: string,
    private readonly role: Role,
    configuration: CallConfiguration,
    private readonly handlers: CallHandlers,
  ) {
    this.#configuration = {
      bundlePolicy: "max-bundle",
      rtcpMuxPolicy: "require",
      iceServers: configuration.ice_servers.map(({ urls, username, credential }) =>
        username !== null && credential !== null ? { urls, username, credential } : { urls },
      ),
    };
    this.#socket = new ReconnectingSocket<FromServer, Offer>({
      path: () => path,
      onMessage: (message) => this.#take(message),
      onUp: () => {},
      onDown: () => {},
      onRevoked: () => {
        this.#hangUp();
        handlers.onRevoked();
      },
      mayReturn: handlers.mayReturn,
    });
  }

  /** Connects the socket; the peer connection follows when the server says that the call is on. Again: connects anew. */
  connect = () => this.#socket.connect();

  close(): void {
    this.#hangUp();
    this.#socket.close();
  }

  /** The tracks to send when both sides are there; null for a device that is missing. */
  setTracks(stream: MediaStream | null): void {
    this.#tracks = { audio: stream?.getAudioTracks()[0] ?? null, video: stream?.getVideoTracks()[0] ?? null };
    this.#attach();
  }

  #take(message: FromServer): void {
    switch (message.type) {
      case "call":
        this.#wanted = message.state === "accepted" || message.state === "in_call";
        this.handlers.onState(message);
        if (!this.#wanted) this.#hangUp();
        else if (!this.#isHealthy()) void this.#negotiate();
        break;
      case "participants":
        this.#present = message;
        this.handlers.onParticipants(message);
        this.#attach();
        this.#watchPresence();
        break;
      case "answer":
        void this.#accept(message.sdp);
        break;
      case "problem":
        this.handlers.onProblem(message);
        this.#lose();
        break;
    }
  }

  #isHealthy(): boolean {
    return this.#peer !== null && ["connecting", "connected"].includes(this.#peer.connectionState);
  }

  async #negotiate(): Promise<void> {
    this.#dropPeer();
    // Without the socket nothing can be offered; the first message on the next one brings us back here.
    if (!this.#wanted || !this.#socket.isUp) return;
    const peer = new RTCPeerConnection(this.#configuration);
    this.#peer = peer;
    // Both lines stand in the offer from the start, without tracks: the path is made and proven while nothing is sent.
    const lines = [peer.addTransceiver("audio"), peer.addTransceiver("video")];
    this.handlers.onPeer(peer);
    this.handlers.onRemote(new MediaStream(lines.map((line) => line.receiver.track)));
    peer.onconnectionstatechange = () => this.#followPeer(peer);
    this.#after("connect", CONNECT_MS, () => this.#lose());
    await peer.setLocalDescription();
    if (this.#peer !== peer || peer.localDescription === null) return;
    this.#attach();
    if (!this.#socket.send({ type: "offer", sdp: peer.localDescription.sdp })) this.#dropPeer();
  }

  async #accept(sdp: string): Promise<void> {
    const peer = this.#peer;
    // An answer to an offer that was given up since.
    if (peer?.signalingState !== "have-local-offer") return;
    try {
      await peer.setRemoteDescription({ type: "answer", sdp });
    } catch {
      if (this.#peer === peer) this.#lose();
    }
  }

  #followPeer(peer: RTCPeerConnection): void {
    if (this.#peer !== peer) return;
    switch (peer.connectionState) {
      case "connected":
        this.#cancel("connect", "disconnected");
        this.#after("stable", STABLE_MS, () => {
          this.#losses = 0;
        });
        this.handlers.onLink("connected");
        this.#watchPresence();
        break;
      case "disconnected":
        this.handlers.onLink("lost");
        this.#after("disconnected", DISCONNECTED_MS, () => this.#lose());
        break;
      case "failed":
      case "closed":
        this.#lose();
        break;
    }
  }

  /** The relay may have lost our leg without our noticing (its node died): it says so by `participants`. */
  #watchPresence(): void {
    const denied = this.#peer?.connectionState === "connected" && this.#present?.[this.role] === false;
    if (!denied) this.#cancel("denied");
    else if (!this.#timers.has("denied")) this.#after("denied", DENIED_MS, () => this.#lose());
  }

  /** Gives the peer connection up, and makes the next one after a wait that grows with every loss in a row. */
  #lose(): void {
    this.#dropPeer();
    if (!this.#wanted) return;
    this.handlers.onLink("lost");
    const wait =
      this.#losses === 0 ? 0 : backoffMs(this.#losses, FIRST_WAIT_MS, LONGEST_WAIT_MS, Math.random());
    this.#losses += 1;
    this.#after("restart", wait, () => void this.#negotiate());
  }

  #hangUp(): void {
    this.#wanted = false;
    this.#dropPeer();
  }

  #dropPeer(): void {
    this.#cancel("restart", "disconnected", "connect", "denied", "stable");
    if (this.#peer === null) return;
    this.#peer.onconnectionstatechange = null;
    this.#peer.close();
    this.#peer = null;
    this.handlers.onPeer(null);
  }

  /** Sends only while both are there: what a relay throws away teaches the bandwidth estimate to shrink. */
  #attach(): void {
    const open = this.#present?.clinician === true && this.#present.patient;
    for (const { sender, receiver } of this.#peer?.getTransceivers() ?? []) {
      const track = open ? this.#tracks[receiver.track.kind as "audio" | "video"] : null;
      // A peer connection closed in the meantime refuses; the next one gets the track.
      if (sender.track !== track) sender.replaceTrack(track).catch(() => {});
    }
  }

  #after(name: Timer, ms: number, run: () => void): void {
    clearTimeout(this.#timers.get(name));
    const timer = setTimeout(() => {
      this.#timers.delete(name);
      run();
    }, ms);
    this.#timers.set(name, timer);
  }

  #cancel(...names: Timer[]): void {
    for (const name of names) {
      clearTimeout(this.#timers.get(name));
      this.#timers.delete(name);
    }
  }
}
