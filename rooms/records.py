"""What the waiting room hands out: frozen records, with no behaviour and no I/O.

Times are timezone-aware UTC datetimes. Ids are opaque strings, fit for URLs and logs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from .clinic_settings import ClinicSettings
from .consent import Consent
from .cpr import Cpr
from .purposes import Purpose
from .states import GuestState, RecordingState, RoomState, VisitState
from .waits import WaitRange


class Role(StrEnum):
    """In what capacity somebody acts; stands on every event."""

    PRACTITIONER = "practitioner"
    EMPLOYEE = "employee"
    PATIENT = "patient"
    GUARDIAN = "guardian"
    PRACTICE_SYSTEM = "practice_system"
    SYSTEM = "system"
    OPERATOR = "operator"
    """Whoever runs the server, at its command line."""
    STAFF = "staff"
    """Logged in as staff, at work in no clinic."""
    GUEST = "guest"
    """Let into one consultation by its clinician; known by a name of their own alone."""
    NOBODY = "nobody"
    """Not known yet, as before a login."""


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Profile:
    """Somebody whom a person acts for on the patient's page: the person, or a child."""

    person_id: str
    name: str
    is_self: bool


@dataclass(frozen=True, slots=True)
class Practitioner:
    """One practitioner's place in one clinic; `id` is of the place, `person_id` of the person."""

    id: str
    person_id: str
    name: str
    authorisation_id: str


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody on the clinic's list of staff; `active` says whether the person has access now.

    `authorisation_id` is None for an employee.
    """

    person_id: str
    name: str
    role: Role
    authorisation_id: str | None
    active: bool


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: the person logged in, in what role, and the practitioner it is done for (staff only)."""

    person_id: str
    role: Role
    practitioner_id: str | None = None


SYSTEM = Actor("system", Role.SYSTEM)
"""Who does what happens by itself: the clock's openings, consultations that nobody ended."""


@dataclass(frozen=True, slots=True)
class Clinic:
    """A clinic and its waiting room. At least one of `ydernummer` and `sor_id` is set.

    `due_at` is the first moment at which the room opens or closes by itself that has not been applied yet.
    """

    id: str
    name: str
    phone: str
    ydernummer: str | None
    sor_id: str | None
    room: RoomState
    open_message: str
    closed_message: str
    last_event: int
    settings: ClinicSettings = field(default_factory=ClinicSettings)
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Patient:
    """One person's access to one clinic; `id` is of the access, not of the person.

    The clinic knows a child (`is_child`) by the CPR number alone; its name is shown to no staff.
    """

    id: str
    clinic_id: str
    person_id: str
    name: str
    cpr: Cpr
    is_child: bool
    added_at: datetime


@dataclass(frozen=True, slots=True)
class Note:
    """What one of the staff wrote on a visit for the colleagues. `version` counts its texts from 1."""

    id: str
    author_person_id: str
    author_name: str
    text: str = field(repr=False)
    version: int
    written_at: datetime
    edited_at: datetime | None


class Party(StrEnum):
    """Whose side of a visit somebody writes on."""

    CLINIC = "clinic"
    PATIENT = "patient"


@dataclass(frozen=True, slots=True)
class Message:
    """What one party wrote to the other in a visit. `number` counts from 1 without gaps; only staff have an `author_name`."""

    id: str
    number: int
    by: Party
    author_name: str | None
    text: str = field(repr=False)
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Chat:
    """How a visit's messages stand: how many there are, the other party's that each has not read, and each party's newest read.

    `read_by_clinic` is the number of a message of the patient's, `read_by_patient` of the clinic's; 0 for none.
    """

    count: int = 0
    unread_by_clinic: int = 0
    unread_by_patient: int = 0
    read_by_clinic: int = 0
    read_by_patient: int = 0


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit to one clinic, from joining the queue to its end. A child's name is shown to no staff."""

    id: str
    clinic_id: str
    patient_id: str
    person_id: str
    name: str
    cpr: Cpr
    is_child: bool
    state: VisitState
    joined_at: datetime
    accepted_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    practitioner_id: str | None
    practitioner_name: str | None
    explanation: str | None
    notes: tuple[Note, ...] = ()
    chat: Chat = Chat()


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording of a visit, from being asked for to its deletion.

    `consent` are the words that the patient was asked with; `consent_hash` are those agreed to, and who did is `answered_by`.
    `stopped_by` is in what capacity it was stopped. `length_ms` and `media_bytes` are known once its files are closed.
    """

    id: str
    clinic_id: str
    visit_id: str
    person_id: str
    practitioner_id: str
    state: RecordingState
    asked_at: datetime
    consent: Consent
    answered_at: datetime | None
    answered_by: str | None
    consent_language: str | None
    consent_hash: str | None
    began_at: datetime | None
    ended_at: datetime | None
    stopped_by: Role | None
    fault: str | None
    key_id: str | None
    length_ms: int | None
    media_bytes: int | None
    closed_at: datetime | None
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeptRecording:
    """A recording on the clinic's list; a child is named by the CPR number."""

    recording: Recording
    patient_name: str = field(repr=False)
    practitioner_name: str


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody whom the clinician lets into one consultation. `name` is what they have typed, empty before that."""

    id: str
    clinic_id: str
    visit_id: str
    state: GuestState
    name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Invitation:
    """A code for one guest; it is not kept."""

    guest_id: str
    code: str = field(repr=False)
    until: datetime


@dataclass(frozen=True, slots=True)
class Board:
    """Everything on the clinic's screen as of event `last_event`: the room, the open visits, and those ended today."""

    clinic: Clinic
    visits: tuple[Visit, ...]
    last_event: int


@dataclass(frozen=True, slots=True)
class QueueNews:
    """What somebody who waits is told of the queue: the place, from 1 on, and about how long it takes; None: not told."""

    place: int | None = None
    wait: WaitRange | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """One clinic as the patient sees it: with the patient's open visit, else the newest closed one of today.

    `queue` is set while the patient waits.
    """

    clinic: Clinic
    visit: Visit | None
    queue: QueueNews | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a clinic's log. `number` counts from 1 without gaps; `data` holds ids and words, never a CPR number."""

    clinic_id: str
    number: int
    at: datetime
    kind: str
    actor: Actor
    visit_id: str | None
    person_id: str | None
    data: Mapping[str, Any]
    hash: str


@dataclass(frozen=True, slots=True)
class Committed:
    """Told to the listener after a commit: which clinic's log grew to which number, and which person and visit it concerns."""

    clinic_id: str
    number: int
    person_id: str | None
    visit_id: str | None


@dataclass(frozen=True, slots=True)
class Chain:
    """How a log was found: how many events it has, and the first that was changed, removed or put in; None if it is whole.

    `last_hash` is the newest event's, which stands for all of them; empty without events.
    """

    name: str
    events: int
    broken_at: int | None
    last_hash: str


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An event as it is read back. `subjects` are the names of those whom it concerns, a child's CPR number in its place."""

    event: Event
    actor_name: str
    practitioner_name: str | None
    subjects: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class LookUp:
    """One use of a person's data, as the person may know it: when, by which clinic, what and what for."""

    at: datetime
    clinic_name: str
    kind: str
    purpose: Purpose
    cursor: str
