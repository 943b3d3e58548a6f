// What the peer connections of a call are made with. TURN credentials live for minutes, so they are asked for anew in time. No DOM.
import type { CallConfiguration } from "../generated/wire";
import { isNo } from "./rest";

/** How long to wait before asking again, when the server could not be asked. */
const RETRY_MS = 10_000;
/** A timer's delay has 31 bits. */
const LONGEST_MS = 2 ** 31 - 1;

export function rtcConfiguration(told: CallConfiguration): RTCConfiguration {
  return {
    bundlePolicy: "max-bundle",
    rtcpMuxPolicy: "require",
    iceTransportPolicy: told.ice_transport_policy,
    iceServers: told.ice_servers.map(({ urls, username, credential }) =>
      username !== null && credential !== null ? { urls, username, credential } : { urls },
    ),
  };
}

export class IceConfiguration {
  #current: RTCConfiguration | null = null;
  /** By this browser's clock, from when on what is here is not given to a new peer connection. */
  #staleAtMs = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  /** Asks with `ask` whenever it is time, and tells `onRenewed`. `first` is what was told already, or null. */
  constructor(
    private readonly ask: () => Promise<CallConfiguration>,
    private readonly onRenewed: (configuration: RTCConfiguration) => void,
    first: CallConfiguration | null,
  ) {
    if (first !== null) this.#keep(first);
  }

  /** For a new peer connection: what is here while it is fresh, else asked for now. Rejects when it cannot be had. */
  async fresh(): Promise<RTCConfiguration> {
    if (this.#current !== null && Date.now() < this.#staleAtMs) return this.#current;
    return this.#keep(await this.ask());
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #keep(told: CallConfiguration): RTCConfiguration {
    this.#current = rtcConfiguration(told);
    this.#staleAtMs = told.renew_in_ms === null ? Number.POSITIVE_INFINITY : Date.now() + told.renew_in_ms;
    if (told.renew_in_ms !== null) this.#renewIn(told.renew_in_ms);
    return this.#current;
  }

  #renewIn(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.#renew(), Math.min(ms, LONGEST_MS));
  }

  async #renew(): Promise<void> {
    try {
      const told = await this.ask();
      if (!this.#closed) this.onRenewed(this.#keep(told));
    } catch (error) {
      // Refused: the call is not on for now, and the next peer connection asks by itself.
      if (!isNo(error)) this.#renewIn(RETRY_MS);
    }
  }
}
