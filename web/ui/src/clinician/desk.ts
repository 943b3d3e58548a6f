// What the clinician's page knows and can do: the session, the live board, and the commands; no markup.
import { signal } from "@preact/signals";
import type {
  BoardMessage,
  ClinicSettingsView,
  ColleagueView,
  EventMessage,
  OpenedRecording,
  PastedRowView,
  PatientView,
  RoomMessages,
  SearchAudit,
  SearchRecordings,
  StaffSession,
  VisitView,
} from "../generated/wire";
import { Attention } from "../parts/attention";
import { Toasts } from "../parts/toasts";
import { callPage, joinedCallPage } from "../protocol/addresses";
import { whoOf } from "../protocol/board";
import { Chat } from "../protocol/chat";
import { type Connection, LiveBoard } from "../protocol/live";
import { continueLogout, type LoginProblem } from "../protocol/login";
import { type ClosingManner, Refusal, type StaffApi, type VisitCommand } from "../protocol/rest";
import { t } from "../texts";
import { addressOf, type Page } from "./pages";
import { Shortcuts } from "./shortcuts";

/** Why the page fell back to an earlier step, to be told there. */
export type Fallback = LoginProblem | "revoked";

/** A refusal of a command on a visit, kept past the row it was given on: the row may have moved to another section. */
export interface VisitRefusal {
  visitId: string;
  error: unknown;
}

export class PopupBlocked extends Error {}

export class Desk {
  readonly session = signal<StaffSession | null>(null);
  /** The page that somebody at work is on. */
  readonly page = signal<Page>("waitingRoom");
  readonly board = signal<BoardMessage | null>(null);
  readonly connection = signal<Connection>("connecting");
  readonly fallback = signal<Fallback | null>(null);
  /** What came of a login or a launch while somebody was at work in this browser all along. */
  readonly notice = signal<LoginProblem | null>(null);
  readonly unreachable = signal<unknown>(null);
  readonly visitRefusal = signal<VisitRefusal | null>(null);
  /** Grows whenever somebody, here or elsewhere, changed the patient list. */
  readonly patientListVersion = signal(0);
  /** How many patients have not been seen for long, as of the last search. */
  readonly unseen = signal(0);
  /** Grows whenever somebody's access to the clinic was given or taken. */
  readonly employeesVersion = signal(0);
  readonly arrivals = new Attention("arrival");
  /** What others did, told for a moment. */
  readonly toasts = new Toasts();
  readonly shortcuts = new Shortcuts();
  /** Whether the screen is covered, so that nobody passing by reads it. */
  readonly covered = signal(false);
  /** Whoever was added here last, to stand on the list before it is read anew. */
  readonly justAdded = signal<PatientView | null>(null);
  readonly #chats = new Map<string, Chat>();
  #live: LiveBoard | null = null;
  #leaving = false;

  constructor(private readonly api: StaffApi) {}

  /** Reads the session and goes to the step it stands at. */
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
    for (const chat of this.#chats.values()) chat.wake();
  };

  /** The network is gone, says the browser. */
  lost = () => this.#live?.lost();

  /** The messages of a visit; the same for as long as somebody is at work in the clinic. */
  chatOf(visit: VisitView): Chat {
    const found = this.#chats.get(visit.id) ?? new Chat(this.api.messages(this.#clinic(), visit.id));
    this.#chats.set(visit.id, found);
    return found;
  }

  enterClinic = async (identifier: string, declarationVersion: string | null) =>
    this.#enter(await this.#do(this.api.enterClinic(identifier, declarationVersion)));
  choosePractitioner = async (id: string) => this.#enter(await this.#do(this.api.choosePractitioner(id)));
  leaveClinic = () => this.#leave(this.api.leaveClinic);
  logOut = () => this.#leave(() => this.api.logOut().then(continueLogout));

  openRoom = () => this.#room((clinic) => this.api.openRoom(clinic));
  closeRoom = (manner: ClosingManner, seen: string[]) =>
    this.#room((clinic) => this.api.closeRoom(clinic, manner, seen));
  setSettings = (settings: ClinicSettingsView) =>
    this.#room((clinic) => this.api.setSettings(clinic, settings));
  setMessages = (messages: RoomMessages) => this.#room((clinic) => this.api.setMessages(clinic, messages));

  async addPatient(cpr: string): Promise<PatientView> {
    const patient = await this.#do(this.api.addPatient(this.#clinic(), cpr));
    this.justAdded.value = patient;
    this.patientListVersion.value += 1;
    return patient;
  }

  async searchPatients(query: string): Promise<PatientView[]> {
    const { patients, unseen } = await this.#do(this.api.searchPatients(this.#clinic(), query));
    this.unseen.value = unseen;
    return patients;
  }

  async removePatient(id: string): Promise<void> {
    await this.#do(this.api.removePatient(this.#clinic(), id));
    this.patientListVersion.value += 1;
  }

  employees = async (): Promise<ColleagueView[]> =>
    (await this.#do(this.api.employees(this.#clinic()))).colleagues;
  addEmployee = (cpr: string) => this.#do(this.api.addEmployee(this.#clinic(), cpr));
  setEmployee = (person: string, command: "activate" | "deactivate") =>
    this.#do(this.api.setEmployee(this.#clinic(), person, command));

  previewPatients = async (text: string): Promise<PastedRowView[]> =>
    (await this.#do(this.api.previewPatients(this.#clinic(), text))).rows;
  async addPatients(text: string): Promise<PastedRowView[]> {
    const { rows } = await this.#do(this.api.addPatients(this.#clinic(), text));
    this.patientListVersion.value += 1;
    return rows;
  }
  unseenPatients = () => this.#do(this.api.unseenPatients(this.#clinic()));

  searchRecordings = (wanted: SearchRecordings) =>
    this.#do(this.api.searchRecordings(this.#clinic(), wanted));
  /** Opens a recording to see it, which is told on the log; waits until its films are there, unless `signal` says not to. */
  async openRecording(id: string, signal: AbortSignal): Promise<OpenedRecording> {
    let opened = await this.#do(this.api.openRecording(this.#clinic(), id));
    while (!opened.ready && !signal.aborted)
      opened = await this.#do(this.api.openedRecording(this.#clinic(), id, opened.opening_id));
    return opened;
  }
  deleteRecording = (id: string) => this.#do(this.api.deleteRecording(this.#clinic(), id));

  searchAudit = (wanted: SearchAudit) => this.#do(this.api.searchAudit(this.#clinic(), wanted));

  visit = (visit: VisitView, command: Exclude<VisitCommand, "end">) =>
    this.#visit(visit, (clinic) => this.api.visit(clinic, visit.id, command));
  end = (visit: VisitView) => this.#visit(visit, (clinic) => this.api.visit(clinic, visit.id, "end"), true);
  handOver = (visit: VisitView, practitioner: string, inDialog = false) =>
    this.#visit(visit, (clinic) => this.api.handOver(clinic, visit, practitioner), inDialog);
  resume = (visit: VisitView) => this.#visit(visit, (clinic) => this.api.resume(clinic, visit.id));
  writeNote = (visit: VisitView, text: string) =>
    this.#visit(visit, (clinic) => this.api.writeNote(clinic, visit.id, text), true);
  editNote = (visit: VisitView, note: string, text: string, version: number) =>
    this.#visit(visit, (clinic) => this.api.editNote(clinic, visit.id, note, text, version), true);
  endedOn = async (day: string): Promise<VisitView[]> =>
    (await this.#do(this.api.endedOn(this.#clinic(), day))).visits;
  reject = (visit: VisitView, explanation: string) =>
    this.#visit(visit, (clinic) => this.api.reject(clinic, visit.id, explanation), true);

  /** Starts the video and opens the call's tab. */
  startVideo = (visit: VisitView) => this.#inTab(visit, () => this.visit(visit, "start"));

  /** Takes a patient over from a colleague; of one in video the call's tab opens here, and closes for the colleague. */
  takeOver(visit: VisitView, practitioner: string): Promise<void> {
    const command = () => this.handOver(visit, practitioner);
    return visit.state === "in_call" ? this.#inTab(visit, command) : command();
  }

  /**
   * Does what the call's tab is needed for, and opens it, which must be done while the click that asked for it still counts, or
   * the browser blocks it. If the command is refused the tab is closed again.
   */
  async #inTab(visit: VisitView, command: () => Promise<void>): Promise<void> {
    const tab = window.open("", tabName(visit));
    if (tab === null) {
      const error = new PopupBlocked();
      this.visitRefusal.value = { visitId: visit.id, error };
      throw error;
    }
    try {
      await command();
    } catch (error) {
      tab.close();
      throw error;
    }
    tab.location.replace(this.callPage(visit));
  }

  /** Shows the call's tab if it is still open, else opens it again. */
  showCall(visit: VisitView): void {
    const page = this.callPage(visit);
    const tab = window.open("", tabName(visit));
    if (tab === null) return;
    if (tab.location.pathname !== page) tab.location.replace(page);
    tab.focus();
  }

  /** Whether one can write to the patient of a visit now. */
  chats = (visit: VisitView) => visit.state !== "waiting" || (this.board.value?.room.settings.chat ?? false);

  callPage = (visit: VisitView) => callPage(this.#clinic(), visit.id);
  joinedCallPage = (visit: VisitView) => joinedCallPage(this.#clinic(), visit.id);

  /** Goes to another page of somebody at work. */
  go(to: Page): void {
    if (this.page.peek() === to) return;
    history.pushState(null, "", addressOf(to));
    this.page.value = to;
  }

  #clinic(): string {
    return this.session.value?.clinic?.id ?? "";
  }

  #enter(session: StaffSession): void {
    const before = this.session.value?.clinic?.id;
    this.session.value = session;
    const clinic = session.step === "at_work" ? session.clinic : null;
    if (this.#live !== null && clinic?.id === before) return;
    this.#live?.close();
    this.#live = null;
    this.board.value = null;
    this.visitRefusal.value = null;
    this.justAdded.value = null;
    for (const chat of this.#chats.values()) chat.close();
    this.#chats.clear();
    if (!clinic) return;
    this.fallback.value = null;
    this.connection.value = "connecting";
    this.#live = new LiveBoard(clinic.id, {
      onShown: (board) => {
        this.board.value = board;
      },
      onEvent: (event) => {
        if (event.kind === "visit_joined" && event.visit?.state === "waiting")
          this.arrivals.announce(clinic.name, t.arrivals.arrived);
        this.#tell(event, clinic.name);
        if (event.kind.startsWith("patient_")) this.patientListVersion.value += 1;
        if (event.kind.startsWith("employee_")) this.employeesVersion.value += 1;
      },
      onConnection: (connection) => {
        this.connection.value = connection;
      },
      onRevoked: () => void this.#revoked(),
      mayReturn: async () => {
        const now = await this.api.session();
        return now.step === "at_work" && now.clinic?.id === clinic.id;
      },
    });
    this.#live.connect();
  }

  /** Says what somebody else did, by whom; what one did oneself one has seen. */
  #tell({ kind, visit, actor_id, actor_name }: EventMessage, clinic: string): void {
    if (!visit || actor_id === this.session.value?.person_id) return;
    if (kind === "message_written" && actor_name === null) {
      this.toasts.tell(t.toasts.message_written(whoOf(visit)));
      this.arrivals.announce(clinic, t.chat.arrived);
    } else if (kind === "visit_left") this.toasts.tell(t.toasts.visit_left(whoOf(visit)));
    else if (actor_name !== null && isTold(kind)) this.toasts.tell(t.toasts[kind](whoOf(visit), actor_name));
  }

  /** Leaves by one's own will: the connection goes first, or the server would say on it that access has ended. */
  async #leave(command: () => Promise<unknown>): Promise<void> {
    this.#leaving = true;
    this.#live?.close();
    this.#live = null;
    try {
      await command();
    } finally {
      this.fallback.value = null;
      await this.begin();
      this.#leaving = false;
    }
  }

  /** Access to the clinic has ended: falls back to whichever step is left. */
  async #revoked(): Promise<void> {
    this.#live?.close();
    this.#live = null;
    this.fallback.value = "revoked";
    await this.begin();
  }

  /** Waits for an answer; whoever is told to log in, or to choose anew, is shown that step. */
  async #do<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      const lost =
        error instanceof Refusal && (error.status === 401 || error.code === "practitioner_not_chosen");
      // While leaving, whatever else was on its way is refused, and nobody needs to be told.
      if (lost && !this.#leaving) void this.#revoked();
      throw error;
    }
  }

  async #room(command: (clinic: string) => Promise<BoardMessage["room"]>): Promise<void> {
    const sentAfter = this.board.value?.last_event ?? 0;
    const room = await this.#do(command(this.#clinic()));
    this.#live?.anticipate({ room }, sentAfter);
  }

  /** `inDialog`: a dialog tells the refusal, unless it is about to vanish with its row because somebody was faster. */
  async #visit(
    visit: VisitView,
    command: (clinic: string) => Promise<VisitView>,
    inDialog = false,
  ): Promise<void> {
    const sentAfter = this.board.value?.last_event ?? 0;
    this.visitRefusal.value = null;
    try {
      this.#live?.anticipate({ visit: await this.#do(command(this.#clinic())) }, sentAfter);
    } catch (error) {
      const overtaken = error instanceof Refusal && ["wrong_state", "taken_over"].includes(error.code);
      if (overtaken || !inDialog) this.visitRefusal.value = { visitId: visit.id, error };
      throw error;
    }
  }
}

/** One tab a visit: asking for the name again finds the tab that is open. */
const tabName = (visit: VisitView) => `venterum-call-${visit.id}`;

const TOLD = [
  "visit_accepted",
  "visit_put_back",
  "visit_started",
  "visit_ended",
  "visit_rejected",
  "visit_handed_over",
  "visit_resumed",
] as const;

const isTold = (kind: string): kind is (typeof TOLD)[number] => (TOLD as readonly string[]).includes(kind);
