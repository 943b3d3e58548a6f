// The REST interface, one method a command; a refusal is thrown as `Refusal`. No DOM, no texts.
import type {
  AuditPage,
  BoardMessage,
  CallConfiguration,
  CardsMessage,
  ClinicSettingsView,
  ColleagueList,
  ColleagueView,
  DeviceReport,
  GuestInvitation,
  GuestSelf,
  GuestView,
  LoggedOut,
  LookUpPage,
  MessageList,
  MessageView,
  OpenedRecording,
  PastedRows,
  PatientList,
  PatientSession,
  PatientView,
  PatientVisit,
  RecordingList,
  RecordingView,
  RoomMessages,
  RoomView,
  SearchAudit,
  SearchRecordings,
  StaffSession,
  UnseenPatients,
  VisitList,
  VisitView,
  Error as WireError,
} from "../generated/wire";

const TIMEOUT_MS = 15_000;

/** A command was refused or did not get through. `status` is the HTTP status, or 0 when there was no answer. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = "Refusal";
  }
}

/** Which way a waiting room closes. */
export type ClosingManner = "reject_all" | "keep_queue";

/** What staff can do to a visit without saying more. */
export type VisitCommand = "accept" | "put_back" | "start" | "end";

/** Whether the server has understood and said no; anything else may go better the next time. */
export const isNo = (error: unknown) => error instanceof Refusal && error.status >= 400 && error.status < 500;

/** Whether what `check` asks for is still allowed; rejects when the server cannot be asked. */
export async function isStillAllowed(check: Promise<boolean>): Promise<boolean> {
  try {
    return await check;
  } catch (error) {
    if (isNo(error)) return false;
    throw error;
  }
}

async function request<T>(method: string, path: string, body?: unknown): Promise<T> {
  const init: RequestInit = {
    method,
    signal: AbortSignal.timeout(TIMEOUT_MS),
    headers: { Accept: "application/json" },
  };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { ...init.headers, "Content-Type": "application/json" };
  }
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    const late = error instanceof DOMException && error.name === "TimeoutError";
    throw new Refusal(0, late ? "timeout" : "unreachable", "The server did not answer.");
  }
  if (response.status === 204) return undefined as T;
  const content: unknown = await response.json().catch(() => null);
  if (response.ok && content !== null) return content as T;
  // Something between us and the server may have answered in its own words.
  const refused = content as Partial<WireError> | null;
  throw new Refusal(response.status, refused?.code ?? "unreadable", refused?.message ?? response.statusText);
}

const part = encodeURIComponent;

/** A visit's messages, for whichever party's address it is. */
const messagesAt = (path: string) => ({
  after: (number: number) => request<MessageList>("GET", `${path}/after/${number}`),
  write: (key: string, text: string) => request<MessageView>("POST", path, { key, text }),
  read: (number: number) => request<void>("POST", `${path}/read`, { number }),
});

/** What a staff member's pages may ask of the server. */
export class StaffApi {
  session = () => request<StaffSession>("GET", "/api/session");
  logOut = () => request<LoggedOut>("DELETE", "/api/session");
  leaveClinic = () => request<StaffSession>("DELETE", "/api/session/clinic");
  enterClinic = (identifier: string, declaration_version: string | null) =>
    request<StaffSession>("POST", "/api/session/clinic", { identifier, declaration_version });
  choosePractitioner = (practitioner_id: string) =>
    request<StaffSession>("POST", "/api/session/practitioner", { practitioner_id });

  board = (clinic: string) => request<BoardMessage>("GET", this.#clinic(clinic, "board"));
  openRoom = (clinic: string) => request<RoomView>("POST", this.#clinic(clinic, "room/open"));
  /** `seen`: the ids of the visits in the queue, as they were shown to whoever closes. */
  closeRoom = (clinic: string, manner: ClosingManner, seen: string[]) =>
    request<RoomView>("POST", this.#clinic(clinic, "room/close"), { manner, seen });
  setMessages = (clinic: string, messages: RoomMessages) =>
    request<RoomView>("PUT", this.#clinic(clinic, "room/messages"), messages);
  setSettings = (clinic: string, settings: ClinicSettingsView) =>
    request<RoomView>("PUT", this.#clinic(clinic, "room/settings"), settings);

  addPatient = (clinic: string, cpr: string) =>
    request<PatientView>("POST", this.#clinic(clinic, "patients"), { cpr });
  searchPatients = (clinic: string, query: string) =>
    request<PatientList>("POST", this.#clinic(clinic, "patients/search"), { query });
  removePatient = (clinic: string, patient: string) =>
    request<void>("DELETE", this.#clinic(clinic, `patients/${part(patient)}`));

  employees = (clinic: string) => request<ColleagueList>("GET", this.#clinic(clinic, "employees"));
  addEmployee = (clinic: string, cpr: string) =>
    request<ColleagueView>("POST", this.#clinic(clinic, "employees"), { cpr });
  setEmployee = (clinic: string, person: string, command: "activate" | "deactivate") =>
    request<ColleagueView>("POST", this.#clinic(clinic, `employees/${part(person)}/${command}`));

  previewPatients = (clinic: string, text: string) =>
    request<PastedRows>("POST", this.#clinic(clinic, "patients/preview"), { text });
  addPatients = (clinic: string, text: string) =>
    request<PastedRows>("POST", this.#clinic(clinic, "patients/many"), { text });
  unseenPatients = (clinic: string) =>
    request<UnseenPatients>("GET", this.#clinic(clinic, "patients/unseen"));

  searchRecordings = (clinic: string, wanted: SearchRecordings) =>
    request<RecordingList>("POST", this.#clinic(clinic, "recordings/search"), wanted);
  openRecording = (clinic: string, recording: string) =>
    request<OpenedRecording>("POST", this.#clinic(clinic, `recordings/${part(recording)}/openings`));
  openedRecording = (clinic: string, recording: string, opening: string) =>
    request<OpenedRecording>(
      "GET",
      this.#clinic(clinic, `recordings/${part(recording)}/openings/${part(opening)}`),
    );
  deleteRecording = (clinic: string, recording: string) =>
    request<void>("DELETE", this.#clinic(clinic, `recordings/${part(recording)}`));

  searchAudit = (clinic: string, wanted: SearchAudit) =>
    request<AuditPage>("POST", this.#clinic(clinic, "audit/search"), wanted);

  visit = (clinic: string, visit: string, command: VisitCommand) =>
    request<VisitView>("POST", this.#clinic(clinic, `visits/${part(visit)}/${command}`));
  handOver = (clinic: string, visit: VisitView, to_practitioner_id: string) =>
    request<VisitView>("POST", this.#clinic(clinic, `visits/${part(visit.id)}/hand_over`), {
      from_practitioner_id: visit.practitioner_id ?? "",
      to_practitioner_id,
    });
  resume = (clinic: string, visit: string) =>
    request<VisitView>("POST", this.#clinic(clinic, `visits/${part(visit)}/resume`));
  endedOn = (clinic: string, day: string) =>
    request<VisitList>("GET", this.#clinic(clinic, `ended/${part(day)}`));
  writeNote = (clinic: string, visit: string, text: string) =>
    request<VisitView>("POST", this.#clinic(clinic, `visits/${part(visit)}/notes`), { text });
  editNote = (clinic: string, visit: string, note: string, text: string, version: number) =>
    request<VisitView>("PUT", this.#clinic(clinic, `visits/${part(visit)}/notes/${part(note)}`), {
      text,
      version,
    });
  reject = (clinic: string, visit: string, explanation: string) =>
    request<VisitView>("POST", this.#clinic(clinic, `visits/${part(visit)}/reject`), { explanation });

  messages = (clinic: string, visit: string) =>
    messagesAt(this.#clinic(clinic, `visits/${part(visit)}/messages`));
  callConfiguration = (clinic: string, visit: string) =>
    request<CallConfiguration>("GET", this.#clinic(clinic, `visits/${part(visit)}/call/configuration`));

  askToRecord = (clinic: string, visit: string) =>
    request<RecordingView>("POST", this.#clinic(clinic, `visits/${part(visit)}/recordings`));
  recording = (clinic: string, visit: string, recording: string, command: "withdraw" | "stop") =>
    request<RecordingView>(
      "POST",
      this.#clinic(clinic, `visits/${part(visit)}/recordings/${part(recording)}/${command}`),
    );

  inviteGuest = (clinic: string, visit: string) =>
    request<GuestInvitation>("POST", this.#clinic(clinic, `visits/${part(visit)}/guests`));
  answerGuest = (clinic: string, visit: string, guest: string, answer: "admission" | "refusal" | "removal") =>
    request<GuestView>("POST", this.#clinic(clinic, `visits/${part(visit)}/guests/${part(guest)}/${answer}`));

  /** Tells the server that the call's tab is closing. It outlives the page, and nobody waits for an answer. */
  sayClosing(clinic: string, visit: string): void {
    const body = new Blob(["{}"], { type: "application/json" });
    navigator.sendBeacon(this.#clinic(clinic, `visits/${part(visit)}/closing`), body);
  }

  #clinic = (clinic: string, rest: string) => `/api/clinics/${part(clinic)}/${rest}`;
}

/** What a guest's page may ask of the server. */
export class GuestApi {
  self = () => request<GuestSelf>("GET", "/api/guest");
  knock = (code: string, name: string) => request<GuestSelf>("POST", "/api/guest/knock", { code, name });
  leave = () => request<void>("POST", "/api/guest/leave");
  callConfiguration = () => request<CallConfiguration>("GET", "/api/guest/call/configuration");
}

/** What a patient's page may ask of the server. */
export class PatientApi {
  session = () => request<PatientSession>("GET", "/api/patient/session");
  logOut = () => request<LoggedOut>("DELETE", "/api/patient/session");
  cards = () => request<CardsMessage>("GET", "/api/patient/cards");
  join = (profile: string, clinic: string) =>
    request<PatientVisit>("POST", this.#profile(profile, `clinics/${part(clinic)}/join`));
  leave = (profile: string, visit: string) =>
    request<PatientVisit>("POST", this.#profile(profile, `visits/${part(visit)}/leave`));
  callConfiguration = (visit: string) =>
    request<CallConfiguration>("GET", `/api/patient/visits/${part(visit)}/call/configuration`);
  /** `consent_hash`: of the words that were read; null is a no. */
  answerRecording = (visit: string, recording: string, consent_hash: string | null) =>
    request<RecordingView>("POST", this.#recording(visit, recording, "answer"), {
      agrees: consent_hash !== null,
      consent_hash,
    });
  stopRecording = (visit: string, recording: string) =>
    request<RecordingView>("POST", this.#recording(visit, recording, "stop"));
  lookUps = (profile: string, before: string | null) =>
    request<LookUpPage>("POST", this.#profile(profile, "look_ups"), { before });
  messages = (visit: string) => messagesAt(`/api/patient/visits/${part(visit)}/messages`);
  reportDevices = (report: DeviceReport) => request<void>("POST", "/api/patient/devices", report);

  #recording = (visit: string, recording: string, command: "answer" | "stop") =>
    `/api/patient/visits/${part(visit)}/recordings/${part(recording)}/${command}`;
  #profile = (profile: string, rest: string) => `/api/patient/profiles/${part(profile)}/${rest}`;
}
