"""What the REST interface takes and gives, one frozen type each; the OpenAPI description is generated from them.

Nothing here stands in a URL that could name a patient: searches are POSTed, ids are opaque.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from signaling.messages import GuestStanding, VisitView, Wire


class Error(Wire):
    """The body of every refusal."""

    code: str = Field(description="Stable; for programs.")
    message: str = Field(description="What was wrong and what to do, in English; for people.")


class Provider(Wire):
    """One way to log in. Send the browser to `start_url`."""

    id: str
    label: str
    start_url: str


class LoggedOut(Wire):
    """The login here has ended. `continue_at`: where to send the browser so that it ends at the provider too."""

    continue_at: str | None


class DeclarationView(Wire):
    """The declaration ("Tro- og love-erklæring") as it reads now."""

    version: str
    text: str


class ClinicView(Wire):
    id: str
    name: str
    phone: str
    ydernummer: str | None
    sor_id: str | None


class PractitionerView(Wire):
    id: str
    name: str
    is_self: bool = Field(description="Whether this is the person logged in.")


class RememberedClinic(Wire):
    """A clinic that the person has been in before and may enter now."""

    clinic: ClinicView
    declaration_accepted: bool = Field(description="Whether the declaration as it reads now is accepted there already.")


class StaffSession(Wire):
    """Where a staff member's browser stands on its way in: `step` says what to ask for next."""

    step: Literal["log_in", "choose_clinic", "choose_practitioner", "at_work"]
    providers: tuple[Provider, ...]
    declaration: DeclarationView
    person_id: str | None = Field(default=None, description="Who is logged in; the author of one's own notes.")
    person_name: str | None = None
    clinic: ClinicView | None = None
    practitioners: tuple[PractitionerView, ...] = Field(default=(), description="To choose from, or all of the clinic.")
    practitioner: PractitionerView | None = None
    launched: bool = Field(default=False, description="Whether a practice system has sent this browser here to log in.")
    launched_clinic: str | None = Field(default=None, description="The clinic to enter: its ydernummer or SOR-ID.")
    launched_patient_id: str | None = Field(default=None, description="The patient to show first.")
    role: Literal["practitioner", "employee"] | None = Field(default=None, description="Of the person, in the clinic.")
    remembered: tuple[RememberedClinic, ...] = Field(default=(), description="To choose from at `choose_clinic`.")


class EnterClinic(Wire):
    """`identifier`: ydernummer or SOR-ID. `declaration_version`: the version accepted, or null when the box is not ticked.

    Null is enough where the declaration as it reads now has been accepted before.
    """

    identifier: str = Field(max_length=40)
    declaration_version: str | None = Field(max_length=40)


class ChoosePractitioner(Wire):
    practitioner_id: str = Field(max_length=64)


class CloseRoom(Wire):
    """`reject_all` refuses everyone in the queue; `keep_queue` only takes no new patients."""

    manner: Literal["reject_all", "keep_queue"]
    seen: tuple[str, ...] | None = Field(
        default=None,
        max_length=10_000,
        description="The visits in the queue, as shown to whoever closes; refused if not.",
    )


class RoomMessages(Wire):
    open_message: str = Field(max_length=1000)
    closed_message: str = Field(max_length=1000)


class ColleagueView(Wire):
    """Somebody on the clinic's list of staff; `active`: the person has access now."""

    person_id: str
    name: str
    role: Literal["practitioner", "employee"]
    authorisation_id: str | None
    active: bool
    is_self: bool = Field(description="Whether this is the person logged in.")


class ColleagueList(Wire):
    colleagues: tuple[ColleagueView, ...] = Field(description="Practitioners first, each group in order of name.")


class AddEmployee(Wire):
    cpr: str = Field(max_length=20)


class AddPatient(Wire):
    cpr: str = Field(max_length=20)


class SearchPatients(Wire):
    """`query`: part of a name or of a CPR number; empty for everyone."""

    query: str = Field(max_length=100)


class PatientView(Wire):
    id: str
    name: str | None = Field(description="Null for a child, who is known to staff by the CPR number alone.")
    cpr: str
    added_at_ms: int


class PatientList(Wire):
    patients: tuple[PatientView, ...]
    unseen: int = Field(default=0, description="How many of the whole list have not been seen for long.")


class PastedList(Wire):
    """`text`: a pasted list or a CSV file, one CPR number a line."""

    text: str = Field(max_length=50_000)


class PastedRowView(Wire):
    """One row and what becomes of it, or became. `name` is null for a child, and for nobody known."""

    line: int
    cpr: str | None = Field(description="DDMMYY-SSSS; null where the row holds none.")
    name: str | None
    is_child: bool
    outcome: Literal["ok", "added", "malformed", "unknown", "present", "repeated"]


class PastedRows(Wire):
    rows: tuple[PastedRowView, ...]


class UnseenPatient(Wire):
    """A patient not seen for longer than the clinic's reminder; `last_seen_ms` is null for one never seen."""

    patient: PatientView
    last_seen_ms: int | None


class UnseenPatients(Wire):
    days: int = Field(description="The clinic's reminder.")
    patients: tuple[UnseenPatient, ...]


PurposeName = Literal["treatment", "administration", "access", "control"]
_LATEST_MS = 4_102_444_800_000  # the year 2100, well within what a date can be


class SearchAudit(Wire):
    """What to read of the clinic's log. `person`: part of a name, or a whole CPR number; empty for everyone."""

    person: str = Field(default="", max_length=100)
    group: Literal["look_up", "visit", "patient", "staff", "room", "recording", "refusal"] | None = None
    since_ms: int | None = Field(default=None, ge=0, le=_LATEST_MS)
    until_ms: int | None = Field(default=None, ge=0, le=_LATEST_MS)
    before: int | None = Field(default=None, ge=0, le=2**31 - 1, description="The `older` of the page before.")


class AuditEntryView(Wire):
    """One event of the clinic's log, as its practitioners read it."""

    number: int
    at_ms: int
    kind: str
    purpose: PurposeName
    actor_name: str = Field(description="Empty for what happens by itself.")
    role: Literal[
        "practitioner",
        "employee",
        "patient",
        "guardian",
        "practice_system",
        "system",
        "operator",
        "staff",
        "guest",
        "nobody",
    ]
    practitioner_name: str | None = Field(description="For whom it was done.")
    subjects: tuple[str, ...] = Field(description="Whom it concerns, by name; a child by the CPR number.")
    detail: str | None = Field(description="What was searched for, digits masked; the code of a refusal or a fault.")


class AuditPage(Wire):
    entries: tuple[AuditEntryView, ...]
    older: int | None = Field(description="Ask with this for the next page; null when there is none.")


class OlderLookUps(Wire):
    before: str | None = Field(default=None, max_length=140, description="The `older` of the page before.")


class LookUpView(Wire):
    """One use of a person's data by a clinic's staff; who it was is not told."""

    at_ms: int
    clinic_name: str
    kind: str
    purpose: PurposeName


class LookUpPage(Wire):
    look_ups: tuple[LookUpView, ...]
    older: str | None = Field(description="Ask with this for the next page; null when there is none.")


class RejectVisit(Wire):
    explanation: str = Field(max_length=500)


class WriteNote(Wire):
    text: str = Field(max_length=1000)


class EditNote(Wire):
    """`version`: of the note that the new text was written upon."""

    text: str = Field(max_length=1000)
    version: int


class WriteMessage(Wire):
    """`key`: the writer's own name for the message, made by chance: sent again under it, a message is written once."""

    key: str = Field(min_length=16, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")
    text: str = Field(max_length=1000)


class MessagesRead(Wire):
    """The other party's messages up to `number` have been seen."""

    number: int = Field(ge=1, le=2**31 - 1)


class HandOver(Wire):
    """From whoever has the patient, as far as is known, to whoever shall; oneself to take over."""

    from_practitioner_id: str = Field(max_length=64)
    to_practitioner_id: str = Field(max_length=64)


class VisitList(Wire):
    visits: tuple[VisitView, ...]


class AnswerRecording(Wire):
    """The patient's answer. With a yes goes the hash of the words that were read."""

    agrees: bool
    consent_hash: str | None = Field(default=None, max_length=64)


class GuestInvitation(Wire):
    """What the clinician tells the guest, by telephone or SMS. The code is told this once."""

    guest_id: str
    code: str
    until_ms: int


class KnockAsGuest(Wire):
    """A guest asks to come in."""

    code: str = Field(max_length=20)
    name: str = Field(max_length=200)


class GuestSelf(Wire):
    """How a guest stands; `over` when the call has ended."""

    state: GuestStanding
    name: str


class SearchRecordings(Wire):
    """Which recordings to list. `person`: part of a name, or a whole CPR number; empty for everyone."""

    day: date | None = Field(default=None, description="In Denmark.")
    person: str = Field(default="", max_length=100)
    before: str | None = Field(default=None, max_length=64, description="The `older` of the page before.")


class KeptRecordingView(Wire):
    """A recording on the clinic's list. Times are milliseconds since 1970 UTC."""

    id: str
    patient_name: str = Field(description="A child's CPR number in its place.")
    practitioner_name: str
    asked_at_ms: int
    began_at_ms: int | None
    state: Literal["stopped", "failed"]
    fault: str | None
    length_ms: int | None
    media_bytes: int | None
    consent_version: str
    consent_language: Literal["da", "en"] | None
    consent: str = Field(description="The words that the patient agreed to.")
    answered_at_ms: int | None


class RecordingList(Wire):
    recordings: tuple[KeptRecordingView, ...] = Field(description="Newest first.")
    older: str | None = Field(description="Ask with this for the next page; null when there is none.")


class FilmView(Wire):
    """One participant's part of a recording, for a player: `begins_ms` is where in the recording it begins."""

    participant: str
    url: str
    mime: str
    begins_ms: int
    size_bytes: int


class OpenedRecording(Wire):
    """A recording that somebody opened. Until its films are made it is not `ready`: ask for the opening again."""

    opening_id: str
    ready: bool
    length_ms: int | None
    films: tuple[FilmView, ...]


class PatientSession(Wire):
    """Who is logged in on the patient's page; nobody when `person_name` is null."""

    providers: tuple[Provider, ...]
    person_name: str | None = None


class IceServer(Wire):
    """An entry of RTCConfiguration.iceServers (W3C WebRTC)."""

    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = Field(default=None, repr=False)


class LaunchPatient(Wire):
    """A patient to open, and to add first where the clinic has not. `reference`: what the practice system calls them."""

    cpr: str = Field(max_length=20)
    reference: str | None = Field(default=None, min_length=1, max_length=200)


class BeginLaunch(Wire):
    """Who is to be sent where. The person is named by one of `authorisation_id` and `professional_id` (MitID Erhverv)."""

    clinic: str = Field(max_length=40, description="Ydernummer or SOR-ID.")
    authorisation_id: str | None = Field(default=None, max_length=40)
    professional_id: str | None = Field(default=None, min_length=1, max_length=200)
    patient: LaunchPatient | None = None


class LaunchView(Wire):
    """Open `url` in the person's browser. It holds once, until `expires_at_ms`, and says nothing of anybody."""

    url: str
    expires_at_ms: int
    patient_id: str | None = Field(description="The patient's id at the clinic, when one was named.")


class PracticeClinic(Wire):
    id: str
    name: str
    ydernummer: str | None
    sor_id: str | None
    room: Literal["closed", "open"]


class PracticeClinicList(Wire):
    clinics: tuple[PracticeClinic, ...]


class PracticePatient(Wire):
    """A patient as a practice system is told: by an opaque id and by the system's own reference."""

    patient_id: str
    reference: str | None
    added: bool = Field(description="False when the clinic had added the patient before.")


class PracticeVisit(Wire):
    """A visit under way. Times are milliseconds since 1970 UTC."""

    visit_id: str
    patient_id: str
    reference: str | None
    state: Literal["waiting", "accepted", "in_call"]
    joined_at_ms: int
    practitioner_id: str | None
    connected: bool = Field(description="Whether the patient's page is connected now.")


class PracticeQueue(Wire):
    """The clinic's visits under way, in the order in which they joined."""

    room: Literal["closed", "open"]
    visits: tuple[PracticeVisit, ...]


class WebhookVisit(Wire):
    visit_id: str
    patient_id: str
    reference: str | None = Field(description="What the practice system calls the patient.")
    cpr: str | None = Field(description="Null unless the practice system's registration says otherwise.")
    authorisation_id: str | None = Field(description="Of the practitioner who has the patient.")


class WebhookEvent(Wire):
    """The body of a webhook. `id` is the same at every attempt: what comes twice happened once."""

    id: str
    type: Literal["visit.arrived", "visit.started", "visit.ended", "visit.refused", "visit.left"]
    at_ms: int
    number: int = Field(description="Of the clinic's log; grows, with gaps.")
    clinic_id: str
    ydernummer: str | None
    sor_id: str | None
    visit: WebhookVisit


class CallConfiguration(Wire):
    """What a browser needs before it makes its peer connection: parts of its RTCConfiguration (W3C WebRTC).

    Where there is a TURN server, its credentials are this browser's alone and run out. Whoever asks for an address relayed
    by it shows them once; an allocation made while they were good outlives them.
    """

    ice_servers: tuple[IceServer, ...]
    ice_transport_policy: Literal["all", "relay"] = "all"
    expires_at_ms: int | None = Field(
        default=None, description="When the TURN credentials run out, in milliseconds since 1970; null without any."
    )
    renew_in_ms: int | None = Field(
        default=None,
        description="Ask again so many milliseconds after the answer, whatever the own clock says; null: no need.",
    )
