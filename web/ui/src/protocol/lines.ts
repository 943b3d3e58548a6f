// The sections of an offer in a call: what is sent, where a shared screen comes, and a slot for each other participant. No DOM.
//
// All that a call can ever need stands in the one offer from the start, without tracks, so nothing is negotiated anew later.
import type { Participants, ParticipantView } from "../generated/wire";

/** How many others there can be: a call takes six. */
const MOST_OTHERS = 5;

/** What the relay forwards, and the profile of each that every browser means by the name. */
const FORWARDED: Record<string, RegExp> = {
  "audio/opus": /^/,
  "audio/red": /^/,
  "video/vp8": /^/,
  "video/vp9": /^((?!profile-id=[1-9]).)*$/,
  "video/av1": /^((?!profile=[1-9]).)*$/,
  "video/h264":
    /packetization-mode=1.*profile-level-id=42[ce]0|profile-level-id=42[ce]0.*packetization-mode=1/i,
  "video/rtx": /^/,
};

export class Lines {
  readonly audio: RTCRtpTransceiver;
  readonly video: RTCRtpTransceiver;
  readonly screen: RTCRtpTransceiver;
  readonly #slots: { lines: RTCRtpTransceiver[]; stream: MediaStream }[] = [];
  readonly #screenStream: MediaStream;

  constructor(peer: RTCPeerConnection) {
    this.audio = add(peer, "audio", "sendrecv");
    this.video = add(peer, "video", "sendrecv");
    this.screen = add(peer, "video", "sendrecv");
    this.#screenStream = new MediaStream([this.screen.receiver.track]);
    this.#addSlot(this.audio, this.video);
    while (this.#slots.length < MOST_OTHERS)
      this.#addSlot(add(peer, "audio", "recvonly"), add(peer, "video", "recvonly"));
  }

  /** A participant's picture and sound; null for one who comes on none of the slots. The same object for the same slot. */
  streamOf({ audio_mid, video_mid }: ParticipantView): MediaStream | null {
    const mids = [audio_mid, video_mid].filter((mid) => mid !== null);
    const slot = this.#slots.find(({ lines }) => lines.some(({ mid }) => mid !== null && mids.includes(mid)));
    return slot?.stream ?? null;
  }

  /** The screen that somebody else shares; null while nobody does. */
  screenOf({ sharing, me }: Participants): MediaStream | null {
    return sharing === null || sharing === me ? null : this.#screenStream;
  }

  #addSlot(...lines: RTCRtpTransceiver[]): void {
    this.#slots.push({ lines, stream: new MediaStream(lines.map(({ receiver }) => receiver.track)) });
  }
}

function add(peer: RTCPeerConnection, kind: "audio" | "video", direction: RTCRtpTransceiverDirection) {
  const line = peer.addTransceiver(kind, { direction });
  const codecs = (RTCRtpReceiver.getCapabilities(kind)?.codecs ?? []).filter(
    ({ mimeType, sdpFmtpLine = "" }) => FORWARDED[mimeType.toLowerCase()]?.test(sdpFmtpLine) ?? false,
  );
  // What everybody can decode first: who comes later has to take what is being sent.
  const rank = ({ mimeType }: { mimeType: string }) => (mimeType.toLowerCase() === "video/vp8" ? 0 : 1);
  codecs.sort((one, other) => rank(one) - rank(other));
  try {
    line.setCodecPreferences(codecs);
  } catch {
    // A browser without it, or one that knows better, offers all it has: the relay answers with what it forwards.
  }
  return line;
}
