// What the patient's page knows and can do: the session, the cards, the devices, and the call that is on. No markup.
import { computed, effect, signal } from "@preact/signals";
import { OwnDevices } from "../call/own";
import type { PatientCommands } from "../call/recording";
import { CallSide } from "../call/side";
import type { ClinicCard, PatientSession, ProfileView } from "../generated/wire";
import { patientCall } from "../protocol/addresses";
import { type Devices, reportOf } from "../protocol/devices";
import { type Connection, LiveCards } from "../protocol/live";
import { continueLogout, type LoginProblem } from "../protocol/login";
import { isStillAllowed, type PatientApi, Refusal } from "../protocol/rest";

export type Fallback = LoginProblem | "revoked";

/** A card with its visit, which is accepted or in a call. */
export type CalledIn = ClinicCard & { visit: NonNullable<ClinicCard["visit"]> };

/** The longest round trip that can be told, in milliseconds. */
const MOST_MS = 60_000;

export class Visitor {
  readonly session = signal<PatientSession | null>(null);
  readonly cards = signal<ClinicCard[] | null>(null);
  /** Oneself first, then one's children. */
  readonly profiles = signal<ProfileView[]>([]);
  readonly connection = signal<Connection>("connecting");
  readonly fallback = signal<Fallback | null>(null);
  readonly unreachable = signal<unknown>(null);
  readonly own = new OwnDevices((stream) => this.call.peek()?.send(stream));
  /** The visit that a clinician has taken out of the queue: a running call before one that is about to start. */
  readonly calledIn = computed<CalledIn | null>(() => {
    const open = (state: string) => this.cards.value?.find((card) => card.visit?.state === state);
    return (open("in_call") ?? open("accepted") ?? null) as CalledIn | null;
  });
  readonly inQueue = computed(
    () => this.cards.value?.some((card) => card.visit?.state === "waiting") ?? false,
  );
  readonly call = signal<CallSide | null>(null);
  #live: LiveCards | null = null;

  constructor(private readonly api: PatientApi) {
    const wanted = computed(() => this.inQueue.value || this.calledIn.value !== null);
    // The devices are on from the queue to the end, so that a reload in the queue opens them again.
    effect(() => {
      if (wanted.value) void this.own.open();
      else this.own.close();
    });
    // The clinic sees whether they work; a connection made anew has to be told again.
    effect(() => {
      const devices = this.own.devices.value;
      if (devices !== null && this.connection.value === "up") void this.#report(devices);
    });
    // The transport is made while the patient waits, and carries nothing until the clinician starts the video.
    const waiting = computed(() => this.cards.value?.find((card) => card.visit?.state === "waiting"));
    const visit = computed(() => (this.calledIn.value ?? waiting.value)?.visit?.id ?? null);
    effect(() => this.#follow(visit.value));
  }

  async begin(): Promise<void> {
    try {
      this.unreachable.value = null;
      this.#enter(await this.api.session());
    } catch (error) {
      this.unreachable.value = error;
    }
  }

  /** Connects anew at once: the machine woke up, or the network is back. */
  wake = () => {
    this.#live?.connect();
    this.call.peek()?.wake();
  };

  join = (card: ClinicCard) => this.#do(this.api.join(card.profile_id, card.clinic_id));
  leave = (card: ClinicCard) => this.#do(this.api.leave(card.profile_id, card.visit?.id ?? ""));
  /** The child whose card it is; null for one's own. */
  childOf = (card: ClinicCard): ProfileView | null =>
    this.profiles.value.find((profile) => profile.id === card.profile_id && !profile.is_self) ?? null;

  /** What the patient can do about a recording of the call. */
  recordingOf = ({ visit }: CalledIn): PatientCommands => ({
    answer: (recording, consentHash) => this.#do(this.api.answerRecording(visit.id, recording, consentHash)),
    stop: (recording) => this.#do(this.api.stopRecording(visit.id, recording)),
  });

  lookUps = (profile: ProfileView, before: string | null) => this.#do(this.api.lookUps(profile.id, before));

  async logOut(): Promise<void> {
    // The connection goes first, or the server would say on it that access has ended.
    this.#live?.close();
    this.#live = null;
    try {
      continueLogout(await this.api.logOut());
    } finally {
      this.fallback.value = null;
      await this.begin();
    }
  }

  /** Tells the clinics; the quickest of a few answers is how far away the server is. Nothing depends on its arrival. */
  async #report(devices: Devices): Promise<void> {
    try {
      let round_trip_ms = MOST_MS;
      for (let asked = 0; asked < 3; asked += 1) {
        const begun = performance.now();
        await this.api.session();
        round_trip_ms = Math.min(round_trip_ms, Math.round(performance.now() - begun));
      }
      await this.api.reportDevices({ ...reportOf(devices), round_trip_ms });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
  }

  #follow(visit: string | null): void {
    this.call.peek()?.close();
    this.call.value = null;
    if (visit === null) return;
    const server = {
      callConfiguration: () => this.api.callConfiguration(visit),
      mayReturn: () =>
        isStillAllowed(this.api.cards().then(({ cards }) => cards.some((card) => card.visit?.id === visit))),
      messages: this.api.messages(visit),
    };
    const call = new CallSide("patient", visit, patientCall(visit), server, this.own);
    call.send(this.own.devices.peek()?.stream ?? null);
    this.call.value = call;
    void call.start();
  }

  #enter(session: PatientSession): void {
    this.session.value = session;
    this.#live?.close();
    this.#live = null;
    this.cards.value = null;
    if (session.person_name === null) return;
    this.fallback.value = null;
    this.connection.value = "connecting";
    this.#live = new LiveCards({
      onShown: (message) => {
        this.profiles.value = message.profiles;
        this.cards.value = message.cards;
      },
      onConnection: (connection) => {
        this.connection.value = connection;
      },
      onRevoked: () => void this.#revoked(),
      mayReturn: async () => (await this.api.session()).person_name !== null,
    });
    this.#live.connect();
  }

  async #revoked(): Promise<void> {
    this.#live?.close();
    this.#live = null;
    this.cards.value = null;
    this.fallback.value = "revoked";
    await this.begin();
  }

  async #do<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) void this.#revoked();
      throw error;
    }
  }
}
