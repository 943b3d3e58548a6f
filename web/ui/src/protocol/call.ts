// One side of a call: a socket that carries offer and answer, and the peer connection they make. No DOM.
//
// There is one way back for every loss: close the peer connection, make a new one, offer it over the same or a new
// socket. The relay puts the new leg in place of the old one.
import type {
  Answer,
  CallConfiguration,
  CallState,
  Elsewhere,
  GuestsMessage,
  GuestView,
  HandedOver,
  Offer,
  Participants,
  ParticipantView,
  Problem,
  RecordingMessage,
  SaidBy,
  Say,
  ShareScreen,
  StopSharing,
} from "../generated/wire";
import { backoffMs } from "./backoff";
import { IceConfiguration } from "./ice";
import { Lines } from "./lines";
import { Saying } from "./saying";
import { ReconnectingSocket } from "./socket";

/** How long a connection may be `disconnected` before it is given up: shorter hiccups mend themselves. */
const DISCONNECTED_MS = 3_000;
/** How long to wait for an answer, and for the connection it describes. */
const CONNECT_MS = 12_000;
/** A connection that held for so long was good: the next loss is mended at once. */
const STABLE_MS = 10_000;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 8_000;

export type Role = ParticipantView["role"];

/** In which states each side takes part: the patient's path is made and proven before the clinician starts the video. */
const TAKES_PART: Record<Role, CallState["state"][]> = {
  clinician: ["in_call"],
  patient: ["waiting", "accepted", "in_call"],
  colleague: ["in_call"],
  guest: ["in_call"],
  device: ["in_call"],
};
const OVER: CallState["state"][] = ["ended", "rejected", "left"];

/** The way to the relay: `lost` covers every attempt to get it back. */
export type Link = "connecting" | "connected" | "lost";

/** Another participant and what comes of them: a stream with sound and picture, null while they come on no line. */
export interface Remote {
  participant: ParticipantView;
  stream: MediaStream | null;
}

/** A screen that is shared: by whom (an id among the participants), and the picture; null for one's own. */
export interface SharedScreen {
  by: string;
  own: boolean;
  stream: MediaStream | null;
}

export interface CallHandlers {
  onState: (state: CallState) => void;
  onParticipants: (participants: Participants) => void;
  /** The clinician alone: who asks to come in as a guest, and who is let in. */
  onGuests: (guests: GuestView[]) => void;
  /** How the recording of the consultation stands. */
  onRecording: (message: RecordingMessage) => void;
  onLink: (link: Link) => void;
  /** Everybody else, at every change. The stream of somebody who stays is the same one until the next peer connection. */
  onRemotes: (remotes: Remote[]) => void;
  /** The screen that is shared now, one's own too; null when none is. */
  onScreen: (screen: SharedScreen | null) => void;
  onPeer: (peer: RTCPeerConnection | null) => void;
  /** What another participant's page says of itself. */
  onSaidBy: (said: SaidBy) => void;
  /** What was asked for was refused; `about` says what: for `share_screen` the track has been let go of. */
  onProblem: (problem: Problem) => void;
  /** A colleague has the patient, and this end of the call. */
  onHandedOver: (to: string) => void;
  onRevoked: () => void;
  /** The same person takes part from another page now. */
  onElsewhere: () => void;
  /** Asks the server for what a peer connection is made with. */
  configure: () => Promise<CallConfiguration>;
  mayReturn: () => Promise<boolean>;
}

type Timer = "restart" | "disconnected" | "connect" | "stable";
type FromServer =
  | Answer
  | Participants
  | GuestsMessage
  | CallState
  | SaidBy
  | HandedOver
  | Elsewhere
  | Problem
  | RecordingMessage;
type FromBrowser = Offer | ShareScreen | StopSharing | Say;

export class Call {
  readonly #saying = new Saying((said) => this.#wanted && this.#socket.send(said));
  readonly #socket: ReconnectingSocket<FromServer, FromBrowser>;
  readonly #ice: IceConfiguration;
  #peer: RTCPeerConnection | null = null;
  #lines: Lines | null = null;
  /** The attempt whose configuration is being asked for; its peer connection is made when that is here. */
  #preparing: symbol | null = null;
  #wanted = false;
  #state: CallState["state"] | null = null;
  #present: Participants | null = null;
  /** The screen that this page shares, or has asked to. */
  #screen: MediaStreamTrack | null = null;
  #tracks: { audio: MediaStreamTrack | null; video: MediaStreamTrack | null } = { audio: null, video: null };
  #losses = 0;
  /** Offers sent on this socket and not answered yet: answers come in order, and only the last one's counts. */
  #unanswered = 0;
  #timers = new Map<Timer, ReturnType<typeof setTimeout>>();

  constructor(
    path: string,
    private readonly role: Role,
    configuration: CallConfiguration | null,
    private readonly handlers: CallHandlers,
  ) {
    this.#ice = new IceConfiguration(
      handlers.configure,
      // What is gathered from here on uses them; what was allocated with the old ones goes on.
      (renewed) => this.#peer?.setConfiguration(renewed),
      configuration,
    );
    this.#socket = new ReconnectingSocket<FromServer, FromBrowser>({
      path: () => path,
      onMessage: (message) => this.#take(message),
      onUp: () => {
        this.#unanswered = 0;
      },
      onDown: () => {
        // The answer on its way is lost with the socket; the first message on the next one leads to a new offer.
        if (this.#unanswered > 0) this.#dropPeer();
        this.#unanswered = 0;
      },
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
    this.#saying.close();
    this.#ice.close();
    this.#socket.close();
  }

  /** The tracks to send when both sides are there; null for a device that is missing. */
  setTracks(stream: MediaStream | null): void {
    this.#tracks = { audio: stream?.getAudioTracks()[0] ?? null, video: stream?.getVideoTracks()[0] ?? null };
    this.#attach();
  }

  /** What the others are told of this page, from now on and after every loss. */
  say = (said: Omit<Say, "type">) => this.#saying.say({ type: "say", ...said });

  /**
   * Shows everybody a screen, in place of one that this page shows already. It is shown once `onScreen` says so; a refusal
   * comes by `onProblem`, since another's screen may be there. It ends with its track; the track is stopped by whoever made it.
   */
  shareScreen(track: MediaStreamTrack): void {
    this.#screen = track;
    if (track.contentHint === "") track.contentHint = "detail";
    track.addEventListener("ended", () => {
      if (this.#screen === track) this.stopSharing();
    });
    this.#askToShare();
    this.#attach();
  }

  stopSharing(): void {
    if (this.#screen === null) return;
    this.#screen = null;
    this.#attach();
    this.#socket.send({ type: "stop_sharing" });
  }

  /** A lost connection ends a shared screen; whoever still has the track asks for it again. */
  #askToShare(): void {
    if (this.#screen !== null && this.#peer?.connectionState === "connected")
      this.#socket.send({ type: "share_screen" });
  }

  #take(message: FromServer): void {
    switch (message.type) {
      case "call":
        this.#state = message.state;
        this.#wanted = TAKES_PART[this.role].includes(message.state);
        this.handlers.onState(message);
        this.#saying.again();
        if (OVER.includes(message.state)) this.close();
        else if (!this.#wanted) this.#hangUp();
        else if (!this.#isUnderWay()) void this.#negotiate();
        this.#attach();
        break;
      case "participants":
        this.#present = message;
        this.handlers.onParticipants(message);
        this.#attach();
        this.#showWhoIsThere();
        break;
      case "guests":
        this.handlers.onGuests(message.guests);
        break;
      case "recording":
        this.handlers.onRecording(message);
        break;
      case "answer":
        this.#unanswered -= 1;
        if (this.#unanswered === 0) void this.#accept(message.sdp);
        break;
      case "said_by":
        this.handlers.onSaidBy(message);
        break;
      case "handed_over":
        this.close();
        this.handlers.onHandedOver(message.to_name);
        break;
      case "elsewhere":
        this.close();
        this.handlers.onElsewhere();
        break;
      case "problem":
        if (message.about === "share_screen") {
          this.#screen = null;
          this.#attach();
        }
        this.handlers.onProblem(message);
        if (message.about !== "offer" && message.about !== null) break;
        this.#unanswered -= 1;
        if (this.#unanswered === 0) this.#lose();
        break;
    }
  }

  /** Whether a peer connection is made or being made; one that is lost brings itself back, by its timers. */
  #isUnderWay(): boolean {
    return this.#peer !== null || this.#preparing !== null || this.#timers.has("restart");
  }

  async #negotiate(): Promise<void> {
    this.#dropPeer();
    // Without the socket nothing can be offered; the first message on the next one brings us back here.
    if (!this.#wanted || !this.#socket.isUp) return;
    const attempt = Symbol();
    this.#preparing = attempt;
    this.#after("connect", CONNECT_MS, () => this.#lose());
    let configuration: RTCConfiguration;
    try {
      configuration = await this.#ice.fresh();
    } catch {
      if (this.#preparing === attempt) this.#lose();
      return;
    }
    if (this.#preparing !== attempt) return;
    this.#preparing = null;
    const peer = new RTCPeerConnection(configuration);
    this.#peer = peer;
    // Without tracks: the path is made and proven while nothing is sent.
    const lines = new Lines(peer);
    this.#lines = lines;
    this.handlers.onPeer(peer);
    this.#showWhoIsThere();
    peer.onconnectionstatechange = () => this.#followPeer(peer);
    await peer.setLocalDescription();
    if (this.#peer !== peer || peer.localDescription === null) return;
    this.#attach();
    const offer = { type: "offer", sdp: peer.localDescription.sdp, screen_mid: lines.screen.mid } as const;
    if (this.#socket.send(offer)) this.#unanswered += 1;
    else this.#dropPeer();
  }

  async #accept(sdp: string): Promise<void> {
    const peer = this.#peer;
    // An answer to an offer that was given up since.
    if (peer?.signalingState !== "have-local-offer") return;
    try {
      await peer.setRemoteDescription({ type: "answer", sdp });
      this.#followTransport(peer);
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
        this.#askToShare();
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

  /** A relay that goes down in good order says so on the transport, long before the network's silence does. */
  #followTransport(peer: RTCPeerConnection): void {
    const transport = peer.getSenders()[0]?.transport;
    if (!transport) return;
    transport.onstatechange = () => {
      if (this.#peer === peer && transport.state === "closed") this.#lose();
    };
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
    this.#cancel("restart", "disconnected", "connect", "stable");
    this.#preparing = null;
    if (this.#peer === null) return;
    this.#peer.onconnectionstatechange = null;
    this.#peer.close();
    this.#peer = null;
    this.#lines = null;
    this.handlers.onPeer(null);
  }

  #showWhoIsThere(): void {
    const present = this.#present;
    if (present === null) return;
    // The server cannot see who is there, not even us: what is shown stays.
    if (this.#peer?.connectionState === "connected" && !present.connected) return;
    this.handlers.onRemotes(
      present.others.map((participant) => ({
        participant,
        stream: this.#lines?.streamOf(participant) ?? null,
      })),
    );
    const own = present.sharing === present.me;
    this.handlers.onScreen(
      present.sharing === null
        ? null
        : { by: present.sharing, own, stream: own ? null : (this.#lines?.screenOf(present) ?? null) },
    );
  }

  /** Sends only while somebody else is there: what a relay throws away teaches the bandwidth estimate to shrink. */
  #attach(): void {
    const [lines, present] = [this.#lines, this.#present];
    if (lines === null) return;
    // Told that we are not there ourselves, though we are: the server cannot see who is, so what was, stays.
    if (this.#peer?.connectionState === "connected" && present?.connected === false) return;
    const open = this.#state === "in_call" && (present?.others.some(({ connected }) => connected) ?? false);
    const shows = open && present?.sharing === present?.me;
    put(lines.audio, open ? this.#tracks.audio : null);
    put(lines.video, open ? this.#tracks.video : null);
    put(lines.screen, shows ? this.#screen : null);
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

function put({ sender }: RTCRtpTransceiver, track: MediaStreamTrack | null): void {
  // A peer connection closed in the meantime refuses; the next one gets the track.
  if (sender.track !== track) sender.replaceTrack(track).catch(() => {});
}
