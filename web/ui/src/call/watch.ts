// Looks at the peer connection while it stands: who speaks, and how one's own line is.
import { signal } from "@preact/signals";
import { type Counts, type Line, lineBetween, type Steady, steadied } from "../protocol/line";
import { heard, loudness, type Sum } from "../protocol/loudness";

const SPEECH_EVERY_MS = 400;
const LINE_EVERY_MS = 2_000;

/** Oneself, among those who speak. */
export const OWN = "own";

export class Watch {
  /** Those who speak now, by id. */
  readonly speaking = signal<ReadonlySet<string>>(new Set());
  /** Null until there is something to go by. */
  readonly line = signal<Line | null>(null);
  #peer: RTCPeerConnection | null = null;
  #until: Map<string, number> = new Map();
  #sums: ReadonlyMap<string, Sum> = new Map();
  #before: Counts | null = null;
  #steady: Steady = { line: "good", run: [] };
  #timers: ReturnType<typeof setInterval>[] = [];

  /** Which participant each received sound is of. */
  constructor(private readonly ownerOf: (track: MediaStreamTrack) => string | null) {}

  /** Follows this connection from now on; null for none. */
  follow(peer: RTCPeerConnection | null): void {
    this.#peer = peer;
    this.#before = null;
    this.#sums = new Map();
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
    if (peer === null) {
      this.speaking.value = new Set();
      this.line.value = null;
      return;
    }
    this.#timers = [
      setInterval(() => void this.#listen(peer), SPEECH_EVERY_MS),
      setInterval(() => void this.#measure(peer), LINE_EVERY_MS),
    ];
  }

  async #listen(peer: RTCPeerConnection): Promise<void> {
    const report = await peer.getStats();
    if (this.#peer !== peer) return;
    const sums = new Map(soundsOf(report, (id) => this.#ownerOf(peer, id)));
    const levels = [...sums].map(([id, sum]): [string, number] => [id, loudness(this.#sums.get(id), sum)]);
    this.#sums = sums;
    this.#until = heard(this.#until, levels, performance.now());
    const now = [...this.#until.keys()];
    const shown = this.speaking.peek();
    if (now.length !== shown.size || now.some((id) => !shown.has(id))) this.speaking.value = new Set(now);
  }

  #ownerOf(peer: RTCPeerConnection, trackId: string): string | null {
    const receiver = peer.getReceivers().find(({ track }) => track.id === trackId);
    return receiver ? this.ownerOf(receiver.track) : null;
  }

  async #measure(peer: RTCPeerConnection): Promise<void> {
    const counts = countsOf(await peer.getStats());
    if (this.#peer !== peer) return;
    const before = this.#before;
    this.#before = counts;
    // Before anything is received there is nothing to be lost, and a connection just made is still finding its rate.
    if (before === null || counts.received === before.received) return;
    this.#steady = steadied(this.#steady, lineBetween(before, counts));
    this.line.value = this.#steady.line;
  }
}

function* soundsOf(report: RTCStatsReport, ownerOf: (id: string) => string | null): Generator<[string, Sum]> {
  for (const one of report.values()) {
    if (one.kind !== "audio" || one.totalAudioEnergy === undefined) continue;
    const owner =
      one.type === "media-source" ? OWN : one.type === "inbound-rtp" ? ownerOf(one.trackIdentifier) : null;
    if (owner !== null) yield [owner, { energy: one.totalAudioEnergy, seconds: one.totalSamplesDuration }];
  }
}

function countsOf(report: RTCStatsReport): Counts {
  const counts: Counts = {
    atMs: performance.now(),
    received: 0,
    lost: 0,
    sent: 0,
    askedAgain: 0,
    frozenMs: 0,
    roundTripMs: null,
    jitterMs: null,
  };
  for (const one of report.values()) {
    if (one.type === "inbound-rtp") {
      counts.received += one.packetsReceived ?? 0;
      counts.lost += one.packetsLost ?? 0;
      counts.frozenMs += (one.totalFreezesDuration ?? 0) * 1000;
      if (one.kind === "audio") counts.jitterMs = Math.max(counts.jitterMs ?? 0, (one.jitter ?? 0) * 1000);
    } else if (one.type === "outbound-rtp") {
      counts.sent += one.packetsSent ?? 0;
      counts.askedAgain += one.retransmittedPacketsSent ?? 0;
    } else if (one.type === "candidate-pair" && one.nominated && one.currentRoundTripTime !== undefined) {
      counts.roundTripMs = one.currentRoundTripTime * 1000;
    }
  }
  return counts;
}
