"""Records to wire messages: what staff see, and the less that a patient sees. Pure; presence comes in as an argument."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from rooms.clinic_settings import ClinicSettings, from_json, to_json
from rooms.consent import words_hash
from rooms.records import (
    Board,
    Card,
    Chat,
    Clinic,
    Guest,
    Message,
    Note,
    Party,
    Profile,
    QueueNews,
    Recording,
    Role,
    Visit,
)
from rooms.schedule import next_closing, next_opening
from rooms.states import GuestState, RecordingState, RoomState

from .attendance import UNKNOWN, Attendance
from .messages import (
    BoardMessage,
    CardsMessage,
    ChatView,
    ClinicCard,
    ClinicSettingsView,
    GuestView,
    HoursView,
    MessageView,
    NoteView,
    PatientVisit,
    PresenceMessage,
    ProfileView,
    QueueView,
    RecordingMessage,
    RecordingView,
    RoomView,
    VisitView,
)

_INSTANT = timedelta(microseconds=1)


def milliseconds(at: datetime) -> int:
    """Milliseconds since 1970 UTC."""
    return round(at.timestamp() * 1000)


def milliseconds_or_none(at: datetime | None) -> int | None:
    return None if at is None else milliseconds(at)


def room_view(clinic: Clinic) -> RoomView:
    return RoomView(
        state=clinic.room.value,
        open_message=clinic.open_message,
        closed_message=clinic.closed_message,
        opens_at_ms=milliseconds_or_none(opens_at(clinic)),
        closes_at_ms=milliseconds_or_none(closes_at(clinic)),
        settings=settings_view(clinic.settings),
    )


def opens_at(clinic: Clinic) -> datetime | None:
    """When a closed room next opens by itself; None for an open one, and for one that does not."""
    if clinic.room is RoomState.OPEN or clinic.due_at is None:
        return None
    return next_opening(clinic.settings.schedule, clinic.due_at - _INSTANT)


def closes_at(clinic: Clinic) -> datetime | None:
    """When an open room next closes by itself; None for a closed one, and for one that does not."""
    if clinic.room is RoomState.CLOSED or clinic.due_at is None:
        return None
    return next_closing(clinic.settings.schedule, clinic.due_at - _INSTANT)


def settings_view(settings: ClinicSettings) -> ClinicSettingsView:
    kept = to_json(settings)
    week = tuple(tuple(HoursView(opens=opens, closes=closes) for opens, closes in day) for day in kept.pop("week"))
    closed_days = settings.schedule.closed_days
    return ClinicSettingsView.model_validate({**kept, "week": week, "closed_days": closed_days})


def settings_from(view: ClinicSettingsView) -> ClinicSettings:
    """The settings that a browser sent; whether they make sense is the rooms' to say."""
    kept = view.model_dump(mode="json")
    return from_json({**kept, "week": [[(hours["opens"], hours["closes"]) for hours in day] for day in kept["week"]]})


def visit_view(visit: Visit, attendance: Attendance = UNKNOWN) -> VisitView:
    """A visit as the clinic's own staff see it, CPR number and all; a child by that alone."""
    return VisitView(
        id=visit.id,
        patient_id=visit.patient_id,
        name=None if visit.is_child else visit.name,
        cpr=visit.cpr.reveal(),
        state=visit.state.value,
        joined_at_ms=milliseconds(visit.joined_at),
        accepted_at_ms=milliseconds_or_none(visit.accepted_at),
        started_at_ms=milliseconds_or_none(visit.started_at),
        ended_at_ms=milliseconds_or_none(visit.ended_at),
        practitioner_id=visit.practitioner_id,
        practitioner_name=visit.practitioner_name,
        explanation=visit.explanation,
        connected=attendance.connected,
        away_since_ms=attendance.away_since_ms,
        devices=attendance.devices,
        notes=tuple(note_view(note) for note in visit.notes),
        chat=chat_view(visit.chat, Party.CLINIC),
    )


def note_view(note: Note) -> NoteView:
    return NoteView(
        id=note.id,
        author_id=note.author_person_id,
        author_name=note.author_name,
        text=note.text,
        version=note.version,
        written_at_ms=milliseconds(note.written_at),
        edited_at_ms=milliseconds_or_none(note.edited_at),
    )


_STOPPED_BY: Mapping[Role, Literal["clinician", "patient", "server"]] = {
    Role.PRACTITIONER: "clinician",
    Role.EMPLOYEE: "clinician",
    Role.PATIENT: "patient",
    Role.GUARDIAN: "patient",
}


def recording_message(recording: Recording | None, *, may_ask: bool = False, answers: bool = False) -> RecordingMessage:
    """How the recording of a call stands; the words go to whoever `answers` alone."""
    if recording is None or recording.state is RecordingState.DELETED:
        return RecordingMessage(recording=None, may_ask=may_ask)
    return RecordingMessage(recording=recording_view(recording, answers=answers), may_ask=may_ask)


def guest_view(guest: Guest) -> GuestView:
    """A guest as the clinician sees them."""
    return GuestView(id=guest.id, name=guest.name, admitted=guest.state is GuestState.ADMITTED)


def recording_view(recording: Recording, *, answers: bool = False) -> RecordingView:
    asks = answers and recording.state is RecordingState.ASKED
    stopped_by = None if recording.stopped_by is None else _STOPPED_BY.get(recording.stopped_by, "server")
    return RecordingView.model_validate(
        {
            "id": recording.id,
            "state": recording.state.value,
            "began_at_ms": milliseconds_or_none(recording.began_at),
            "fault": recording.fault,
            "stopped_by": stopped_by,
            "consent": tuple(
                {"language": language, "text": text, "hash": words_hash(text)}
                for language, text in (recording.consent.texts.items() if asks else ())
            ),
        }
    )


def chat_view(chat: Chat, party: Party) -> ChatView:
    """How the messages of a visit stand, as one party sees it."""
    if party is Party.CLINIC:
        return ChatView(count=chat.count, unread=chat.unread_by_clinic, read=chat.read_by_patient)
    return ChatView(count=chat.count, unread=chat.unread_by_patient, read=chat.read_by_clinic)


def message_view(message: Message) -> MessageView:
    return MessageView(
        id=message.id,
        number=message.number,
        by=message.by.value,
        author_name=message.author_name,
        text=message.text,
        at_ms=milliseconds(message.written_at),
    )


def presence_message(visit_id: str, attendance: Attendance) -> PresenceMessage:
    return PresenceMessage(
        visit_id=visit_id,
        connected=attendance.connected,
        away_since_ms=attendance.away_since_ms,
        devices=attendance.devices,
    )


def board_message(board: Board, attendance: Mapping[str, Attendance]) -> BoardMessage:
    """The whole board; `attendance` is known by the visit's id."""
    return BoardMessage(
        last_event=board.last_event,
        room=room_view(board.clinic),
        visits=tuple(visit_view(visit, attendance.get(visit.id, UNKNOWN)) for visit in board.visits),
    )


def patient_visit(visit: Visit) -> PatientVisit:
    """A visit as the patient sees it."""
    return PatientVisit(
        id=visit.id,
        state=visit.state.value,
        joined_at_ms=milliseconds(visit.joined_at),
        practitioner_name=visit.practitioner_name,
        explanation=visit.explanation,
        chat=chat_view(visit.chat, Party.PATIENT),
    )


def queue_view(queue: QueueNews) -> QueueView:
    wait = queue.wait
    return QueueView(
        place=queue.place,
        wait_from_minutes=None if wait is None else wait.from_minutes,
        wait_to_minutes=None if wait is None else wait.to_minutes,
    )


def clinic_card(card: Card, profile_id: str) -> ClinicCard:
    clinic = card.clinic
    return ClinicCard(
        profile_id=profile_id,
        clinic_id=clinic.id,
        name=clinic.name,
        phone=clinic.phone,
        room=clinic.room.value,
        message=clinic.open_message if clinic.room is RoomState.OPEN else clinic.closed_message,
        opens_at_ms=milliseconds_or_none(opens_at(clinic)),
        writes=clinic.settings.chat,
        queue=None if card.queue is None else queue_view(card.queue),
        visit=None if card.visit is None else patient_visit(card.visit),
    )


def cards_message(cards: Mapping[Profile, Sequence[Card]]) -> CardsMessage:
    """Every profile with its cards, in the order given."""
    return CardsMessage(
        profiles=tuple(ProfileView(id=each.person_id, name=each.name, is_self=each.is_self) for each in cards),
        cards=tuple(clinic_card(card, profile.person_id) for profile, shown in cards.items() for card in shown),
    )


def name_for_staff(visit: Visit) -> str:
    """What staff call whoever comes: by name, and a child by the CPR number."""
    return visit.cpr.reveal() if visit.is_child else visit.name
