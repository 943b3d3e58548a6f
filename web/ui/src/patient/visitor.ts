// What the patient's page knows and can do: the session, the cards, the devices, and the call that is on. No markup.
import { computed, effect, signal, untracked } from "@preact/signals";
import { OwnDevices } from "../call/own";
import type { PatientCommands } from "../call/recording";
import { CallSide } from "../call/side";
import type { ClinicCard, PatientSession, ProfileView } from "../generated/wire";
import { Attention } from "../parts/attention";
import { patientCall } from "../protocol/addresses";
import { Chat } from "../protocol/chat";
import { type Devices, reportOf } from "../protocol/devices";
import { type Connection, LiveCards } from "../protocol/live";
import { continueLogout, type LoginProblem } from "../protocol/login";
import { isStillAllowed, type PatientApi, Refusal } from "../protocol/rest";
import { t } from "../texts";

export type Fallback = LoginProblem | "revoked";

/** A card with its visit, which is accepted or in a call. */
export type CalledIn = ClinicCard & { visit: NonNullable<ClinicCard["visit"]> };

/** The longest round trip that can be told, in milliseconds. */
const MOST_MS = 60_000;
/** A page out of sight for longer may have been asleep, and its connections dead without knowing. */
const ASLEEP_MS = 5_000;

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
  /** What tells that it is one's turn. */
  readonly turn = new Attention("turn");
  readonly #chats = new Map<string, Chat>();
  /** How each visit stood when the cards were last shown. */
  #stood = new Map<string, string>();
  #hiddenAt: number | null = null;
  #awake: WakeLockSentinel | null = null;
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
    // A phone that goes to sleep in the queue would miss the turn.
    effect(() => void this.#stayAwake(wanted.value));
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
    for (const chat of this.#chats.values()) chat.wake();
  };

  /** The network is gone, says the browser. */
  lost = () => this.#live?.lost();

  /** The page came into sight or went out of it. A call that is well is left alone: only its own failure says that it is not. */
  turnedTo = (visible: boolean) => {
    if (!visible) {
      this.#hiddenAt = Date.now();
      return;
    }
    const away = this.#hiddenAt === null ? 0 : Date.now() - this.#hiddenAt;
    this.#hiddenAt = null;
    void this.#stayAwake(this.inQueue.peek() || this.calledIn.peek() !== null);
    if (away < ASLEEP_MS) return;
    this.#live?.connect();
    for (const chat of this.#chats.values()) chat.wake();
    if (this.call.peek()?.link.peek() === "lost") this.call.peek()?.wake();
  };

  /** The messages of a visit; the same for as long as the page is open. */
  chatOf(visit: string): Chat {
    const found = this.#chats.get(visit) ?? new Chat(this.api.messages(visit));
    this.#chats.set(visit, found);
    return found;
  }

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

  /** Tells once of each visit that was in the queue and is not any longer because it is its turn. */
  #tellTurn(cards: ClinicCard[]): void {
    const stands = new Map(cards.flatMap(({ visit }) => (visit ? [[visit.id, visit.state] as const] : [])));
    const called = [...stands].some(
      ([id, state]) => this.#stood.get(id) === "waiting" && (state === "accepted" || state === "in_call"),
    );
    this.#stood = stands;
    if (!called) return;
    untracked(() => this.turn.announce(t.patient.yourTurnTitle, t.patient.turnBody));
    navigator.vibrate?.([200, 100, 200]);
  }

  async #stayAwake(wanted: boolean): Promise<void> {
    if (!wanted) {
      await this.#awake?.release();
      this.#awake = null;
    } else if (document.visibilityState === "visible" && (this.#awake?.released ?? true)) {
      // Refused on a battery that runs low, and by a browser that has none.
      this.#awake = (await navigator.wakeLock?.request("screen").catch(() => null)) ?? null;
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
        this.#tellTurn(message.cards);
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
