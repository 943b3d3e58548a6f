// A guest's stay: the code, the wait to be let in, and the call. No markup.
import { signal } from "@preact/signals";
import type { CallState, GuestSelf } from "../generated/wire";
import { guestCall } from "../protocol/addresses";
import { Call, type Link, type Remote, type SharedScreen } from "../protocol/call";
import { closeDevices, type Devices, openDevices } from "../protocol/devices";
import { LiveGuest } from "../protocol/live";
import { type GuestApi, isNo, isStillAllowed } from "../protocol/rest";

declare global {
  interface Window {
    /** The peer connection in use. Browser tests read its statistics (frames decoded, sound received); nothing else does. */
    __venterumPeer?: RTCPeerConnection | null;
  }
}

/** How long after a server that did not answer it is asked again. */
const ASK_AGAIN_MS = 2_000;

export class Stay {
  /** How this browser's guest stands; null before a code has been typed. */
  readonly self = signal<GuestSelf | null>(null);
  readonly call = signal<CallState | null>(null);
  readonly link = signal<Link>("connecting");
  readonly remotes = signal<Remote[]>([]);
  readonly screen = signal<SharedScreen | null>(null);
  readonly recorded = signal(false);
  readonly devices = signal<Devices | null>(null);
  #call: Call | null = null;
  #live: LiveGuest | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly api: GuestApi) {}

  /** A page that is loaded anew goes on where it was. */
  async begin(): Promise<void> {
    await this.#look();
  }

  async knock(code: string, name: string): Promise<void> {
    this.#take(await this.api.knock(code, name));
  }

  async leave(): Promise<void> {
    this.#hangUp();
    await this.api.leave();
    await this.#look();
  }

  /** Forgets how the last stay ended, for another code. */
  again(): void {
    this.self.value = null;
  }

  wake = () => {
    this.#live?.connect();
    this.#call?.connect();
  };

  #take(self: Pick<GuestSelf, "state" | "name">): void {
    this.self.value = { state: self.state, name: self.name };
    clearTimeout(this.#timer);
    if (self.state === "knocking") this.#listen();
    else this.#stopListening();
    if (self.state === "knocking" || self.state === "admitted") void this.#openDevices();
    if (self.state === "admitted") this.#join();
    else this.#hangUp();
    if (self.state !== "knocking" && self.state !== "admitted") this.#closeDevices();
  }

  async #look(): Promise<void> {
    try {
      this.#take(await this.api.self());
    } catch (error) {
      // Nobody's browser so far; anything else may go better the next time.
      if (!isNo(error)) this.#timer = setTimeout(() => void this.#look(), ASK_AGAIN_MS);
    }
  }

  /** Whoever waits is told; once they are in, the call's own socket tells. */
  #listen(): void {
    if (this.#live !== null) return;
    this.#live = new LiveGuest({
      onShown: (self) => this.#take(self),
      onRevoked: () => void this.#look(),
      mayReturn: () => isStillAllowed(this.api.self().then(() => true)),
    });
    this.#live.connect();
  }

  #stopListening(): void {
    this.#live?.close();
    this.#live = null;
  }

  async #openDevices(): Promise<void> {
    if (this.devices.peek() !== null) return;
    this.devices.value = { stream: null, problem: null };
    this.devices.value = await openDevices();
    this.#call?.setTracks(this.devices.value.stream);
  }

  #closeDevices(): void {
    closeDevices(this.devices.peek());
    this.devices.value = null;
  }

  #join(): void {
    if (this.#call !== null) return;
    this.#call = new Call(guestCall(), "guest", null, {
      onState: (state) => {
        this.call.value = state;
        if (state.state !== "in_call") void this.#look();
      },
      onParticipants: () => {},
      onGuests: () => {},
      onRecording: ({ recording }) => {
        this.recorded.value = recording?.state === "agreed" || recording?.state === "running";
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
      },
      onSaidBy: () => {},
      onProblem: () => {},
      onElsewhere: () => this.#hangUp(),
      onHandedOver: () => {},
      onRevoked: () => void this.#look(),
      configure: () => this.api.callConfiguration(),
      mayReturn: () => isStillAllowed(this.api.self().then(({ state }) => state === "admitted")),
    });
    this.#call.setTracks(this.devices.peek()?.stream ?? null);
    this.#call.connect();
  }

  #hangUp(): void {
    this.#call?.close();
    this.#call = null;
    this.remotes.value = [];
    this.screen.value = null;
  }
}
