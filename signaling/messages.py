"""The wire messages of the two WebSockets, one frozen type each: who sends it, what it means, how large it may be.

`docs/protocol.md` and the browser's TypeScript types are generated from this file. Every message is one JSON object with a
`type`.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from rooms.schedule import MOST_CLOSED_DAYS

MAX_MESSAGE_BYTES = 64 * 1024
"""The largest message taken from a browser, in bytes; a larger one closes the connection (RFC 6455 status 1009)."""

MAX_SDP_CHARS = 32 * 1024
"""The longest session description taken from a browser, in characters. Chrome's for one camera is about 6,000."""

MAX_TEXT_CHARS = 1000
"""The longest text of one message in a call, in characters."""

TIME_OF_DAY = r"^([01]\d|2[0-3]):[0-5]\d$"


class Wire(BaseModel):
    """The manner of every type on the wire: frozen, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)  # made ready when it is first used


# What the messages speak of.


class HoursView(Wire):
    """From when to when a room is open, in local time of one day: HH:MM."""

    opens: str = Field(pattern=TIME_OF_DAY)
    closes: str = Field(pattern=TIME_OF_DAY)


class ClinicSettingsView(Wire):
    """What a clinic sets for itself. Staff send it back with the `version` that they edited it from."""

    version: int
    automatic: bool = Field(description="Whether the room opens and closes by itself.")
    week: tuple[tuple[HoursView, ...], ...] = Field(
        description="The hours of each day from Monday on; between two of a day lies a break.", max_length=7
    )
    closed_days: tuple[date, ...] = Field(
        description="Dates on which the room does not open by itself.", max_length=MOST_CLOSED_DAYS
    )
    wait_warning_minutes: int = Field(description="A wait this long is shown in yellow.")
    wait_alarm_minutes: int = Field(description="A wait this long is shown in red.")
    grace_minutes: int = Field(description="A patient's page away for longer is shown as away; the place is kept.")
    resume_minutes: int = Field(description="How long after its end a consultation can be resumed.")
    reminder_days: int = Field(default=180, description="A patient not seen for longer is suggested for removal.")
    ready_texts: tuple[str, ...] = Field(description="Explanations to choose from when a patient is refused.")
    consent_da: str = Field(
        default="", description="Danish words to ask for a recording with; the usual ones where both are empty."
    )
    consent_en: str = Field(default="", description="The same in English.")
    recording_days: int = Field(
        default=0, description="Recordings are deleted after so many days; 0: only by hand, or by the installation."
    )
    show_place: bool = Field(default=True, description="Whether who waits is told the place in the queue.")
    show_wait: bool = Field(default=True, description="Whether who waits is told about how long it may take.")
    chat: bool = Field(default=True, description="Whether who waits and the staff may write to each other.")
    blank_minutes: int = Field(
        default=10,
        description="A screen of the clinic's that nobody touches for so long covers what it shows; 0: never.",
    )


class ConsentView(Wire):
    """The words that a patient is asked with before a consultation is recorded, in one language."""

    language: Literal["da", "en"]
    text: str
    hash: str = Field(description="SHA-256 of the text; sent back with a yes.")


class RecordingView(Wire):
    """A recording of a consultation, as those in the call see it."""

    id: str
    state: Literal["asked", "refused", "withdrawn", "agreed", "running", "stopped", "failed"]
    began_at_ms: int | None = Field(description="When the first packet was kept; milliseconds since 1970 UTC.")
    fault: str | None = Field(description="Why it failed, a stable word: disk_full, recorder_died, storage_missing ...")
    stopped_by: Literal["clinician", "patient", "server"] | None
    consent: tuple[ConsentView, ...] = Field(description="What is asked, for the patient alone and while it is asked.")


class RoomView(Wire):
    """The waiting room of one clinic."""

    state: Literal["closed", "open"]
    open_message: str = Field(description="Stands on the clinic's card in the patient's app while the room is open.")
    closed_message: str = Field(description="Stands there while the room is closed.")
    opens_at_ms: int | None = Field(description="When a closed room next opens by itself; milliseconds since 1970 UTC.")
    closes_at_ms: int | None = Field(description="When an open room next closes by itself.")
    settings: ClinicSettingsView


class DeviceReport(Wire):
    """What a patient's page found out about itself."""

    camera: Literal["ok", "refused", "missing", "busy"]
    microphone: Literal["ok", "refused", "missing", "busy"]
    round_trip_ms: int | None = Field(
        default=None, ge=0, le=60_000, description="How long the server's answers take to the page."
    )


class NoteView(Wire):
    """A note on a visit for the author's colleagues. No message to a patient has one."""

    id: str
    author_id: str = Field(description="The person who wrote it, and may edit it.")
    author_name: str
    text: str
    version: int = Field(description="Send it back with an edit; counts from 1.")
    written_at_ms: int
    edited_at_ms: int | None


class ChatView(Wire):
    """How the messages of a visit stand, for one party; the texts are read by REST, past those that one has."""

    count: int = Field(description="How many there are: the number of the newest.")
    unread: int = Field(description="How many of the other party's one's own has not read.")
    read: int = Field(description="The newest of one's own party's that the other has read; 0 for none.")


class MessageView(Wire):
    """What one party wrote to the other in a visit."""

    id: str
    number: int = Field(description="Within the visit, from 1 without gaps.")
    by: Literal["clinic", "patient"]
    author_name: str | None = Field(description="Of the clinic's staff; null for the patient's side.")
    text: str
    at_ms: int


class MessageList(Wire):
    messages: tuple[MessageView, ...] = Field(description="In order of number, at most 200.")


class VisitView(Wire):
    """One visit as the clinic's staff see it. Times are milliseconds since 1970 UTC."""

    id: str
    patient_id: str
    name: str | None = Field(description="Null for a child, who is known to staff by the CPR number alone.")
    cpr: str = Field(description="DDMMYY-SSSS; for the clinic's own screen alone, never kept by the browser.")
    state: Literal["waiting", "accepted", "in_call", "ended", "rejected", "left"]
    joined_at_ms: int
    accepted_at_ms: int | None
    started_at_ms: int | None
    ended_at_ms: int | None
    practitioner_id: str | None = Field(description="Who accepted the patient.")
    practitioner_name: str | None
    explanation: str | None = Field(description="Why the patient was rejected, as the patient reads it.")
    connected: bool = Field(description="Whether the patient's page is connected now.")
    away_since_ms: int | None = Field(description="Of a page that is not: when it was last heard of.")
    devices: DeviceReport | None = Field(description="What the page said of its camera, microphone and line.")
    notes: tuple[NoteView, ...]
    chat: ChatView


class ClinicCard(Wire):
    """One clinic as the patient sees it."""

    profile_id: str = Field(description="Whose card it is: one of the profiles beside it.")
    clinic_id: str
    name: str
    phone: str
    room: Literal["closed", "open"]
    message: str = Field(description="The open or the closed message, whichever holds now.")
    opens_at_ms: int | None = Field(description="When a closed room next opens by itself; milliseconds since 1970 UTC.")
    writes: bool = Field(description="Whether the clinic takes messages from whoever waits.")
    queue: QueueView | None = Field(description="While the visit waits.")
    visit: PatientVisit | None = Field(description="The profile's open visit, else today's newest one.")


class ProfileView(Wire):
    """Somebody whom the person logged in acts for: oneself, or a child by guardianship."""

    id: str
    name: str
    is_self: bool


class QueueView(Wire):
    """What somebody who waits is told of the queue, as far as the clinic wants it told."""

    place: int | None = Field(description="From 1 on; null where the clinic does not tell it.")
    wait_from_minutes: int | None = Field(description="It takes at least about so long still; null: nobody can say.")
    wait_to_minutes: int | None = Field(
        description="And at most about so long; null beside `wait_from_minutes`: longer."
    )


class PatientVisit(Wire):
    """A visit as the patient sees it."""

    id: str
    state: Literal["waiting", "accepted", "in_call", "ended", "rejected", "left"]
    joined_at_ms: int
    practitioner_name: str | None
    explanation: str | None
    chat: ChatView


# The clinic's live socket: /api/clinics/{clinic_id}/live?since=N. The browser sends nothing on it.


class BoardMessage(Wire):
    """Server to staff: the whole board as of event `last_event`. First on a connection without `since`, or with one too old."""

    type: Literal["board"] = "board"
    last_event: int
    room: RoomView
    visits: tuple[VisitView, ...] = Field(description="The open visits, and those ended in the last day.")


class EventMessage(Wire):
    """Server to staff: event `number` of the clinic's log happened. Numbers arrive in order and without gaps.

    What changed stands beside it as it is now; put it in place of what was there.
    """

    type: Literal["event"] = "event"
    number: int
    kind: str
    at_ms: int
    actor_id: str = Field(description="Who did it; the person, or what did it by itself.")
    actor_name: str | None = Field(
        description="Of somebody of the staff; null for a patient and for what happens by itself."
    )
    room: RoomView | None = None
    visit: VisitView | None = None


class PresenceMessage(Wire):
    """Server to staff: the patient's page connected, was lost or said how it is. Not an event of the log: the place is kept."""

    type: Literal["presence"] = "presence"
    visit_id: str
    connected: bool
    away_since_ms: int | None
    devices: DeviceReport | None


# The patient's live socket: /api/patient/live. The browser sends nothing on it.


class CardsMessage(Wire):
    """Server to patient: every clinic that has added the patient or one of the patient's children, as it is now.

    First on a connection, and at every change.
    """

    type: Literal["cards"] = "cards"
    profiles: tuple[ProfileView, ...] = Field(description="Oneself first, then the children in order of name.")
    cards: tuple[ClinicCard, ...]


# The guest's live page: /api/guest/live

GuestStanding = Literal["invited", "knocking", "admitted", "refused", "removed", "left", "over"]
"""How a guest stands; `over` when the call has ended."""


class GuestMessage(Wire):
    """Server to guest: how they stand. First on a connection, and at every change; the last one is of a guest who is out."""

    type: Literal["guest"] = "guest"
    state: GuestStanding
    name: str = Field(description="What the guest has typed.")


# The call socket: /api/clinics/{clinic_id}/visits/{visit_id}/call for staff, /api/patient/visits/{visit_id}/call for the patient.


class Offer(Wire):
    """Browser to server: an SDP offer for a new leg (RFC 9429). A second one replaces the leg: the way back after any loss."""

    type: Literal["offer"] = "offer"
    sdp: str = Field(min_length=1, max_length=MAX_SDP_CHARS)
    screen_mid: str | None = Field(
        default=None, max_length=16, description="Which of its sections is for a shared screen; null for none."
    )


class Answer(Wire):
    """Server to browser: the media node's SDP answer to the offer, with its candidates; none are trickled either way."""

    type: Literal["answer"] = "answer"
    sdp: str


class ParticipantView(Wire):
    """Another participant of the call, as this browser sees and hears them."""

    id: str = Field(description="Opaque; the same for as long as they take part, over any number of connections.")
    role: Literal["clinician", "patient", "colleague", "guest", "device"]
    name: str
    connected: bool = Field(description="Connected to the relay and let in: sound and picture come, if there are any.")
    audio_mid: str | None = Field(description="The section of this browser's offer that their sound comes on.")
    video_mid: str | None = Field(description="The section that their picture comes on.")


class Participants(Wire):
    """Server to browser: who of the consultation is connected to the relay now, and on which sections of the offer they come."""

    type: Literal["participants"] = "participants"
    clinician: bool
    patient: bool
    me: str = Field(description="This browser's own id among the participants.")
    connected: bool = Field(description="Whether this browser itself is connected, as far as the server knows.")
    others: tuple[ParticipantView, ...] = Field(
        description="Everybody else: the clinician and the patient always, colleagues and guests while they are connected."
    )
    sharing: str | None = Field(description="The id of who shares a screen, which comes on the offer's `screen_mid`.")


class GuestView(Wire):
    """A guest whom the clinician has invited: waits to be let in, or is let in."""

    id: str
    name: str = Field(description="What the guest has typed.")
    admitted: bool


class GuestsMessage(Wire):
    """Server to the clinician's browser: who has knocked and who is let in."""

    type: Literal["guests"] = "guests"
    guests: tuple[GuestView, ...]


class ShareScreen(Wire):
    """Browser to server: show everybody what is sent on the offer's `screen_mid`.

    One screen is shared at a time, and the first wins: `screen_taken`. That it is shown stands in `participants`.
    """

    type: Literal["share_screen"] = "share_screen"


class StopSharing(Wire):
    """Browser to server: stop showing my screen. Nothing happens when it is not shown."""

    type: Literal["stop_sharing"] = "stop_sharing"


class Elsewhere(Wire):
    """Server to browser: the same person takes part from another page now, which has taken this one's place.

    The connection closes. Do not come back: two pages would take the place from each other.
    """

    type: Literal["elsewhere"] = "elsewhere"


class CallState(Wire):
    """Server to browser: the visit's state; first on the connection and at every change. Past `in_call` the call is over."""

    type: Literal["call"] = "call"
    state: Literal["waiting", "accepted", "in_call", "ended", "rejected", "left"]
    other_name: str = Field(description="Who is at the other end, to show beside the picture.")
    started_at_ms: int | None
    chat: ChatView


class RecordingMessage(Wire):
    """Server to browser: how the recording of the consultation stands; first on the connection and at every change."""

    type: Literal["recording"] = "recording"
    recording: RecordingView | None = Field(description="The newest one; null when none was asked for.")
    may_ask: bool = Field(description="Whether whoever has this page may ask for a recording.")


class HandedOver(Wire):
    """Server to clinician: a colleague has the patient now, and with the patient this end of the call. The connection closes.

    Do not come back: two tabs would take the call from each other.
    """

    type: Literal["handed_over"] = "handed_over"
    to_name: str = Field(description="The practitioner who has the patient.")


class Say(Wire):
    """Browser to server: how this page is, and what is being typed on it.

    The whole each time: on every connection, at every change, and every half minute.
    """

    type: Literal["say"] = "say"
    microphone: bool = Field(description="Whether it is there and on.")
    camera: bool = Field(description="Whether it is there and on.")
    line: Literal["good", "weak", "poor"] | None = Field(
        default=None, description="How this page's own connection is; null while it cannot say."
    )
    text: str = Field(
        default="", max_length=MAX_TEXT_CHARS, description="The text under way, shown to the others as it is typed."
    )


class SaidBy(Wire):
    """Server to browser: what another participant's page said of itself last. Shown, and kept nowhere."""

    type: Literal["said_by"] = "said_by"
    participant: str
    microphone: bool
    camera: bool
    line: Literal["good", "weak", "poor"] | None
    text: str


class Problem(Wire):
    """Server to browser: the message just sent was refused and changed nothing. The connection stays."""

    type: Literal["problem"] = "problem"
    about: str | None = Field(default=None, description="The `type` of that message; null when it could not be read.")
    code: str = Field(description="Stable; the browser's own texts are looked up by it.")
    message: str = Field(description="For a person, in English; for when the code is new to the browser.")


class Revoked(Wire):
    """Server to browser, on any socket: access has ended (withdrawn or logged out). The connection closes with 4403."""

    type: Literal["revoked"] = "revoked"


LIVE_MESSAGES = (BoardMessage, EventMessage, PresenceMessage, Revoked)
PATIENT_MESSAGES = (CardsMessage, Revoked)
GUEST_MESSAGES = (GuestMessage, Revoked)
CALL_MESSAGES = (
    Offer,
    Answer,
    Participants,
    GuestsMessage,
    ShareScreen,
    StopSharing,
    CallState,
    RecordingMessage,
    Say,
    SaidBy,
    HandedOver,
    Elsewhere,
    Problem,
    Revoked,
)

CLOSE_REVOKED = 4403
"""WebSocket close status (RFC 6455, private range): access has ended; do not reconnect."""
CLOSE_UNREADABLE = 4400
"""WebSocket close status: a message could not be read as one of those above."""
