"""A clinic's life at random, against a model written down independently of the state tables, on both databases.

After every step the board, the cards and the log say what the model says, the log is whole, and a refusal has changed
nothing at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from rooms.consent import DANISH, STANDARD, words_hash
from rooms.cpr import Cpr
from rooms.database import create_engine, parse_url
from rooms.directory import ClinicEntry, PersonEntry, PractitionerEntry
from rooms.errors import (
    AlreadyPatient,
    AlreadyQueued,
    ExplanationInvalid,
    MalformedCpr,
    NoteInvalid,
    NotFound,
    NotInCallWithPatient,
    PatientBackInQueue,
    PatientInConsultation,
    PatientRemoved,
    RecordingUnderWay,
    ResumeTooLate,
    RoomClosed,
    RoomsError,
    TakenOver,
    UnknownPerson,
    WrongState,
)
from rooms.patients import ACCESS_REMOVED
from rooms.recording_keys import RecordingKeys, WrappingKey
from rooms.recording_rows import find_recordings
from rooms.records import Actor, Committed, Recording, Role, Visit
from rooms.schedule import day_begins, local_date
from rooms.store import Rooms
from rooms.tables import clinics, events, notes, patients, recordings, visits

from .cast import KEY

ALLOWED = {
    "accept": ({"waiting"}, "accepted"),
    "start": ({"accepted"}, "in_call"),
    "put_back": ({"accepted"}, "waiting"),
    "end": ({"accepted", "in_call"}, "ended"),
    "reject": ({"waiting"}, "rejected"),
    "leave": ({"waiting"}, "left"),
    "hand_over": ({"accepted", "in_call"}, None),
    "resume": ({"ended"}, "accepted"),
}
"""In which states each verb is allowed, and where it leads; None: the state stays."""
PHASES = (Phase.reuse, Phase.generate, Phase.shrink)  # without the slow hunt for an explanation
HAPPENINGS = [
    *["go on"] * 8,
    *["anything"] * 3,
    *["resume"] * 2,
    *["note"] * 2,
    *["the clock"] * 3,
    *["recording"] * 4,
    *["hours"] * 2,
    *["room", "add", "remove", "add nobody", "a day", "minutes"],
]
OPEN = {"waiting", "accepted", "in_call"}
WORDS = {
    "accept": "visit_accepted",
    "put_back": "visit_put_back",
    "start": "visit_started",
    "end": "visit_ended",
    "reject": "visit_rejected",
    "leave": "visit_left",
    "hand_over": "visit_handed_over",
    "resume": "visit_resumed",
}
FIRST_MORNING = datetime(2026, 3, 27, 8, 0, tzinfo=UTC)
"""Two days before the clocks go forward. Every example begins here, or it would not be the same a second time."""
RECORDING_WORDS = {
    "agree": ("recording_agreed", "agreed"),
    "refuse": ("recording_refused", "refused"),
    "withdraw": ("recording_withdrawn", "withdrawn"),
    "run": ("recording_began", "running"),
    "stop": ("recording_stopped", "stopped"),
    "fail": ("recording_failed", "failed"),
}
WALL = ZoneInfo("Europe/Copenhagen")
RECORDING_KEYS = RecordingKeys(WrappingKey(bytes(range(1, 33))))
RESUME_WITHIN = timedelta(minutes=15)


@dataclass
class VisitModel:
    id: str
    person: int
    access: str
    joined_at: datetime
    state: str = "waiting"
    practitioner: str | None = None
    explanation: str | None = None
    over_at: datetime | None = None
    notes: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class RecordingModel:
    id: str
    visit: VisitModel
    state: str = "asked"
    agreed: bool = False


@dataclass
class ClinicModel:
    due: datetime
    open: bool = False
    access: dict[int, str] = field(default_factory=dict)
    accesses: list[tuple[str, int]] = field(default_factory=list)  # those taken away included
    visits: list[VisitModel] = field(default_factory=list)
    recordings: list[RecordingModel] = field(default_factory=list)
    log: list[tuple[str, str | None, str | None]] = field(default_factory=list)

    def under_way(self, person: int) -> VisitModel | None:
        return next((v for v in self.visits if v.person == person and v.state in OPEN), None)


def next_on_the_wall(after: datetime) -> datetime:
    """The next 07:30 or 21:00 in Denmark."""
    today = after.astimezone(WALL).date()
    moments = [
        datetime.combine(today + timedelta(days=days), at, WALL).astimezone(UTC)
        for days in (0, 1)
        for at in (time(7, 30), time(21))
    ]
    return min(moment for moment in moments if moment > after)


class StandingClock:
    """Moved on by every step alone, so that the model knows the time of each event."""

    def __init__(self) -> None:
        self.time = FIRST_MORNING

    def __call__(self) -> datetime:
        return self.time


class Stage:
    """One store for all the examples; each example plays in a new clinic, with new people."""

    def __init__(self, database_url: str) -> None:
        self.runner = asyncio.Runner()
        self.clock = StandingClock()
        self.announced: list[Committed] = []
        self.engine = create_engine(parse_url(database_url))
        self.rooms = self.runner.run(
            Rooms.open(
                database_url, KEY, clock=self.clock, on_commit=self.announced.append, recording_keys=RECORDING_KEYS
            )
        )
        self._numbers = count()

    def close(self) -> None:
        self.runner.run(self.rooms.close())
        self.runner.run(self.engine.dispose())
        self.runner.close()

    def new_person(self, name: str, *, app_user: bool) -> PersonEntry:
        number = next(self._numbers)
        cpr = Cpr.parse(f"{1 + number // 4000 % 28:02}{1 + number // 112_000:02}80-{number % 4000:04}")
        return PersonEntry(f"p{number}", name, cpr, app_user)

    async def recording_rows(self, clinic_id: str) -> Sequence[Any]:
        async with self.engine.connect() as connection:
            return (await connection.execute(select(recordings).where(recordings.c.clinic_id == clinic_id))).all()

    async def rows(self, clinic_id: str) -> list[list[tuple[Any, ...]]]:
        """Every row that has to do with the clinic."""
        async with self.engine.connect() as connection:
            found = [await connection.execute(select(clinics).where(clinics.c.id == clinic_id))]
            for table in (patients, visits, recordings, events):
                found.append(await connection.execute(select(table).where(table.c.clinic_id == clinic_id)))
            written = select(notes).join(visits).where(visits.c.clinic_id == clinic_id)
            found.append(await connection.execute(written))
            return [sorted(map(tuple, rows), key=repr) for rows in found]


async def all_of(rooms: Rooms, visit_id: str) -> tuple[Recording, ...]:
    """Every recording of a visit, in the order in which they were asked for."""
    async with rooms.recordings._database.reading() as connection:
        return await find_recordings(connection, recordings.c.visit_id == visit_id)


class ClinicMachine(RuleBasedStateMachine):
    """One rule with a choice inside: of many rules hypothesis leaves some out of each example, and these need each other."""

    people = st.integers(0, 2)
    staff = st.sampled_from(["a", "b"])

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage
        stage.clock.time = FIRST_MORNING
        self.model = ClinicModel(next_on_the_wall(stage.clock.time))

    @initialize(closed=st.booleans(), left_out=st.sets(people))
    def found_a_clinic(self, closed: bool, left_out: set[int]) -> None:
        stage = self.stage
        doctors = [stage.new_person(f"Doctor {name}", app_user=False) for name in "AB"]
        self.cast = [stage.new_person(f"Patient {number}", app_user=True) for number in range(3)]
        self.clinic_id = f"c-{doctors[0].id}"
        places = [
            PractitionerEntry(f"{self.clinic_id}-{letter}", doctor.id, "0XXX0")
            for letter, doctor in zip("ab", doctors, strict=True)
        ]
        entry = ClinicEntry(self.clinic_id, "Clinic", "1", None, None, "open", "closed", tuple(places))
        self.actors = {place.id[-1]: Actor(place.person_id, Role.PRACTITIONER, place.id) for place in places}
        self.names = {place.id: f"Doctor {place.id[-1].upper()}" for place in places}
        self.doctor = doctors[0]
        stage.runner.run(stage.rooms.directory.load([*doctors, *self.cast], [entry]))
        del stage.announced[:]
        if not closed:
            self.the_room("a", "open")
        for person in sorted({0, 1, 2} - left_out):
            self.add(person, "b")

    @rule(data=st.data(), staff=staff, person=people, what=st.sampled_from(HAPPENINGS))
    def something_happens(self, data: st.DataObject, staff: str, person: int, what: str) -> None:
        if what == "go on":
            self.go_on(data, person, staff)
        elif what == "anything" and self.model.visits:
            self.do_anything(data, staff)
        elif what == "room":
            verbs = ["open"] if not self.model.open else ["keep_queue", "reject_all", "open"]
            self.the_room(staff, data.draw(st.sampled_from(verbs)))
        elif what == "add":
            self.add(person, staff)
        elif what == "add nobody":
            self.add_nobody(data, staff)
        elif what == "remove" and self.model.accesses:
            self.remove(data, staff)
        elif what == "a day":
            self.stage.clock.time += timedelta(hours=25)
            self.the_clock()
        elif what == "hours":
            self.stage.clock.time += timedelta(hours=5)
        elif what == "the clock":
            self.the_clock()
        elif what == "minutes":
            self.stage.clock.time += timedelta(minutes=10)
        elif what == "resume":
            self.resume_one(data, staff)
        elif what == "note" and self.model.visits:
            self.note(data, staff)
        elif what == "recording" and self.model.visits:
            self.record(data, staff)

    def the_room(self, staff: str, verb: str) -> None:
        model, actor, clinic_id = self.model, self.actors[staff], self.clinic_id
        refusal = WrongState if model.open == (verb == "open") else None
        keep = verb == "keep_queue"
        self.attempt(
            lambda r: (
                r.waiting_room.open(actor, clinic_id)
                if verb == "open"
                else r.waiting_room.close(actor, clinic_id, keep_queue=keep)
            ),
            refusal,
        )
        if refusal is None:
            model.open = verb == "open"
            self.logged("room_opened" if model.open else "room_closed")
            for visit in model.visits if verb == "reject_all" else ():
                if visit.state == "waiting":
                    self.moved(visit, "reject", explanation="closed")

    def the_clock(self) -> None:
        """A worker looks whether the room's hour has come: the usual hours, read off a clock on the wall in Denmark."""
        model, clinic_id = self.model, self.clinic_id
        applied = self.attempt(lambda r: r.opening.apply(clinic_id), None)
        now = self.stage.clock.time
        assert applied == (model.due <= now)
        passed = [model.due]
        while passed[-1] <= now:
            passed.append(next_on_the_wall(passed[-1]))
        model.due = passed.pop()
        opened = [each for each in passed if each.astimezone(WALL).hour == 7]
        for visit in model.visits if opened else ():
            if (
                visit.state == "waiting"
                and visit.joined_at.astimezone(WALL).date() < opened[-1].astimezone(WALL).date()
            ):
                self.moved(visit, "reject", explanation="closed")
        opens = bool(passed) and passed[-1].astimezone(WALL).hour == 7
        if passed and model.open != opens:
            model.open = opens
            self.logged("room_opened" if opens else "room_closed")

    def add_nobody(self, data: st.DataObject, staff: str) -> None:
        whom = data.draw(st.sampled_from(["", "310280-0000", "311299-0001", "no app user"]))
        refusal: type[RoomsError] = MalformedCpr if whom in ("", "310280-0000") else UnknownPerson
        typed = self.doctor.cpr.reveal() if whom == "no app user" else whom
        self.attempt(lambda r: r.patients.add(self.actors[staff], self.clinic_id, typed), refusal)

    def add(self, person: int, staff: str) -> None:
        refusal = AlreadyPatient if person in self.model.access else None
        cpr = self.cast[person].cpr.reveal()
        added = self.attempt(lambda r: r.patients.add(self.actors[staff], self.clinic_id, cpr), refusal)
        if added is not None:
            self.model.access[person] = added.id
            self.model.accesses.append((added.id, person))
            self.logged("patient_added", person)

    def remove(self, data: st.DataObject, staff: str) -> None:
        patient_id, person = data.draw(st.sampled_from(self.model.accesses))
        visit = self.model.under_way(person)
        refusal: type[RoomsError] | None = None
        if self.model.access.get(person) != patient_id:
            refusal = NotFound
        elif visit is not None and visit.state != "waiting":
            refusal = PatientInConsultation
        self.attempt(lambda r: r.patients.remove(self.actors[staff], self.clinic_id, patient_id), refusal)
        if refusal is None:
            if visit is not None:
                self.moved(visit, "reject", explanation=ACCESS_REMOVED)
            del self.model.access[person]
            self.logged("patient_removed", person)

    def go_on(self, data: st.DataObject, person: int, staff: str) -> None:
        """What mostly happens: a patient joins, and is taken a step further that is open to the visit."""
        visit = self.model.under_way(person)
        if visit is None:
            self.join(person)
        else:
            verbs = [verb for verb, (states, _) in ALLOWED.items() if visit.state in states]
            verb = data.draw(st.sampled_from(verbs))
            if verb == "hand_over":
                self.hand_over(visit, staff, "right")
            else:
                self.take(visit, verb, staff)

    def join(self, person: int) -> None:
        refusal: type[RoomsError] | None = None
        if person not in self.model.access:
            refusal = NotFound
        elif not self.model.open:
            refusal = RoomClosed
        elif self.model.under_way(person):
            refusal = AlreadyQueued
        joined = self.attempt(lambda r: r.waiting_room.join(self.cast[person].id, self.clinic_id), refusal)
        if joined is not None:
            self.model.visits.append(
                VisitModel(joined.id, person, access=self.model.access[person], joined_at=self.stage.clock.time)
            )
            self.logged("visit_joined", person, joined.id)

    def do_anything(self, data: st.DataObject, staff: str) -> None:
        verb = data.draw(st.sampled_from([*ALLOWED, "reject badly", "leave for another"]))
        under_way = [visit for visit in self.model.visits if visit.state in OPEN]
        visit = data.draw(st.sampled_from(under_way * 3 + self.model.visits))
        actor, other = self.actors[staff], self.cast[(visit.person + 1) % 3]
        if verb == "reject badly":
            text = data.draw(st.sampled_from(["", " ", "x" * 501]))
            self.attempt(lambda r: r.waiting_room.reject(actor, self.clinic_id, visit.id, text), ExplanationInvalid)
        elif verb == "leave for another":
            self.attempt(lambda r: r.waiting_room.leave(other.id, visit.id), NotFound)
        elif verb == "resume":
            self.resume(visit, staff)
        elif verb == "hand_over":
            self.hand_over(visit, staff, data.draw(st.sampled_from(["a", "b", "nobody"])))
        else:
            self.take(visit, verb, staff)

    def take(self, visit: VisitModel, verb: str, staff: str) -> None:
        actor, clinic_id = self.actors[staff], self.clinic_id
        again = verb == "start" and visit.state == "in_call"
        refusal = None if again or visit.state in ALLOWED[verb][0] else WrongState
        explanation = "Ring til os" if verb == "reject" else None

        def command(rooms: Rooms) -> Coroutine[Any, Any, Visit]:
            room = rooms.waiting_room
            if verb == "leave":
                return room.leave(self.cast[visit.person].id, visit.id)
            if explanation is not None:
                return room.reject(actor, clinic_id, visit.id, f" {explanation} ")
            by_staff = {
                "accept": room.accept,
                "put_back": room.put_back,
                "start": room.start,
                "end": room.end,
            }
            return by_staff[verb](actor, clinic_id, visit.id)

        self.attempt(command, refusal, visit)
        if refusal is None and not again:
            self.moved(visit, verb, explanation)
            if verb in ("accept", "put_back"):
                visit.practitioner = actor.practitioner_id if verb == "accept" else None

    def hand_over(self, visit: VisitModel, staff: str, giver: str) -> None:
        """Staff take the patient over, from whoever has the patient ("right"), or from one who may not."""
        actor, taker = self.actors[staff], self.actors[staff].practitioner_id or ""
        believed = (visit.practitioner or "") if giver == "right" else f"{self.clinic_id}-{giver}"
        refusal: type[RoomsError] | None = None
        if visit.state not in ALLOWED["hand_over"][0]:
            refusal = WrongState
        elif visit.practitioner != believed:
            refusal = TakenOver
        self.attempt(
            lambda r: r.consultations.hand_over(actor, self.clinic_id, visit.id, giver=believed, taker=taker),
            refusal,
            visit,
        )
        if refusal is None and visit.practitioner != taker:
            visit.practitioner = taker
            self.logged(WORDS["hand_over"], visit.person, visit.id)

    def resume_one(self, data: st.DataObject, staff: str) -> None:
        """The newest of the ended ones, mostly."""
        ended = [visit for visit in self.model.visits if visit.state == "ended"]
        if ended:
            self.resume(data.draw(st.sampled_from([ended[-1], *ended[-2:]])), staff)

    def resume(self, visit: VisitModel, staff: str) -> None:
        refusal: type[RoomsError] | None = None
        if visit.state != "ended":
            refusal = WrongState
        # The attempt itself moves the clock on by a second.
        elif visit.over_at and self.stage.clock.time + timedelta(seconds=1) - visit.over_at > RESUME_WITHIN:
            refusal = ResumeTooLate
        elif self.model.under_way(visit.person):
            refusal = PatientBackInQueue
        elif self.model.access.get(visit.person) != visit.access:
            refusal = PatientRemoved
        self.attempt(lambda r: r.consultations.resume(self.actors[staff], self.clinic_id, visit.id), refusal, visit)
        if refusal is None:
            visit.state, visit.over_at = "accepted", None
            self.logged(WORDS["resume"], visit.person, visit.id)

    def note(self, data: st.DataObject, staff: str) -> None:
        visit, actor = data.draw(st.sampled_from(self.model.visits)), self.actors[staff]
        text = data.draw(st.sampled_from(["Ring op", "Tolk", "", "x" * 1001]))
        refusal = None if text in ("Ring op", "Tolk") else NoteInvalid
        self.attempt(lambda r: r.notes.add(actor, self.clinic_id, visit.id, text), refusal)
        if refusal is None:
            visit.notes.append((actor.person_id, text))
            self.logged("note_written", visit.person, visit.id)

    def record(self, data: st.DataObject, staff: str) -> None:
        """Staff ask, the patient answers, the recorder tells, somebody stops: mostly when it is time for it."""
        in_call = [visit for visit in self.model.visits if visit.state == "in_call"]
        made = self.model.recordings
        going_on = [each for each in made if each.state in ("asked", "agreed", "running")]
        if not made or data.draw(st.sampled_from([True] + [False] * (1 + 2 * len(going_on)))):
            visit = data.draw(st.sampled_from(in_call * 4 + self.model.visits))
            right = visit.practitioner and data.draw(st.sampled_from([True, True, False]))
            self.ask_to_record(visit, visit.practitioner[-1] if right and visit.practitioner else staff)
        else:
            recording = data.draw(st.sampled_from(going_on * 4 + made))
            self.go_on_recording(recording, data.draw(st.sampled_from([*RECORDING_WORDS, "stop here", "other"])), staff)

    def ask_to_record(self, visit: VisitModel, staff: str) -> None:
        actor = self.actors[staff]
        refusal: type[RoomsError] | None = None
        if visit.state != "in_call" or visit.practitioner != actor.practitioner_id:
            refusal = NotInCallWithPatient
        elif any(
            each.visit is visit and each.state in ("asked", "agreed", "running") for each in self.model.recordings
        ):
            refusal = RecordingUnderWay
        asked = self.attempt(lambda r: r.recordings.ask(actor, self.clinic_id, visit.id), refusal)
        if asked is not None:
            self.model.recordings.append(RecordingModel(asked.id, visit))
            self.logged("recording_asked", visit.person, visit.id)

    def go_on_recording(self, recording: RecordingModel, verb: str, staff: str) -> None:
        visit, id, actor = recording.visit, recording.id, self.actors[staff]
        person, other = self.cast[visit.person].id, self.cast[(visit.person + 1) % 3].id
        words = words_hash(STANDARD[DANISH])
        is_over = recording.state in ("stopped", "failed")
        allowed = {
            "asked": {"agree", "refuse", "withdraw"},
            "agreed": {"run", "stop", "fail"},
            "running": {"stop", "fail"},
        }
        by_staff, verb = verb == "stop here", "stop" if verb == "stop here" else verb
        due = verb in allowed.get(recording.state, ())

        async def command(rooms: Rooms) -> Any:
            kept = rooms.recordings
            now = next(each for each in await all_of(rooms, visit.id) if each.id == id)
            match verb:
                case "agree":
                    return await kept.agree(person, visit.id, id, words, by=person)
                case "refuse":
                    return await kept.refuse(person, visit.id, id, by=person)
                case "withdraw":
                    return await kept.withdraw(actor, self.clinic_id, visit.id, id)
                case "run":
                    return await kept.began(now)
                case "fail":
                    return await kept.failed(now, "disk_full")
                case "stop" if by_staff:
                    return await kept.stop(actor, self.clinic_id, visit.id, id)
                case "stop":
                    return await kept.stop_by_visitor(person, visit.id, id, by=person)
            return await kept.agree(other, visit.id, id, words, by=other)

        refusal: type[RoomsError] | None = None
        if verb == "other":
            refusal = NotFound
        elif not due and verb not in ("run", "fail") and not (verb == "stop" and is_over):
            refusal = WrongState
        self.attempt(command, refusal)
        if due:
            self.recording_moved(recording, verb)

    def recording_moved(self, recording: RecordingModel, verb: str) -> None:
        kind, recording.state = RECORDING_WORDS[verb]
        recording.agreed |= verb == "agree"
        self.logged(kind, recording.visit.person, recording.visit.id)

    # What has to be true.

    @invariant()
    def board_cards_and_log_agree(self) -> None:
        self.stage.runner.run(self.check())

    async def check(self) -> None:
        room, log, model = self.stage.rooms.waiting_room, self.stage.rooms.log, self.model
        recent = self.stage.clock.time - timedelta(hours=24)
        today = day_begins(local_date(self.stage.clock.time))
        board = await room.board(self.clinic_id)
        shown = [
            visit
            for visit in model.visits
            if visit.state in OPEN or (visit.state == "ended" and visit.over_at and visit.over_at >= today)
        ]
        assert board.clinic.room == ("open" if model.open else "closed")
        assert board.last_event == len(model.log)
        assert [self.seen(visit) for visit in board.visits] == [self.expected(visit) for visit in shown]

        for number, person in enumerate(self.cast):
            cards = await room.cards(person.id)
            assert bool(cards) == (number in model.access)
            for card in cards:
                assert card.clinic == board.clinic
                mine = [
                    visit
                    for visit in model.visits
                    if visit.person == number and (visit.state in OPEN or (visit.over_at and visit.over_at > recent))
                ]
                expected = model.under_way(number) or (mine[-1] if mine else None)
                assert (card.visit and self.seen(card.visit)) == (expected and self.expected(expected))

        written = await log.since(self.clinic_id, 0)
        assert [event.number for event in written] == list(range(1, len(model.log) + 1))
        assert [(event.kind, event.person_id, event.visit_id) for event in written] == model.log
        assert await log.verify(self.clinic_id) is None
        assert [(c.clinic_id, c.number, c.person_id, c.visit_id) for c in self.stage.announced] == [
            (self.clinic_id, number, person, visit) for number, (_, person, visit) in enumerate(model.log, 1)
        ]
        # A key is made by a yes, and by nothing else.
        kept = await self.stage.recording_rows(self.clinic_id) if model.recordings else ()
        assert {(row.id, row.visit_id, row.state, row.wrapped_key is not None) for row in kept} == {
            (each.id, each.visit.id, each.state, each.agreed) for each in model.recordings
        }
        listed = await self.stage.rooms.patients.search(self.actors["a"], self.clinic_id, "")
        assert {patient.id for patient in listed} == set(model.access.values())

    def attempt(
        self,
        command: Callable[[Rooms], Coroutine[Any, Any, Any]],
        refusal: type[RoomsError] | None,
        visit: VisitModel | None = None,
    ) -> Any:
        """Run the command; where a refusal is due, it comes, names who has the patient, and has changed nothing."""
        stage = self.stage
        stage.clock.time += timedelta(seconds=1)
        if refusal is None:
            return stage.runner.run(command(stage.rooms))
        before = stage.runner.run(stage.rows(self.clinic_id))
        with pytest.raises(refusal) as refused:
            stage.runner.run(command(stage.rooms))
        assert stage.runner.run(stage.rows(self.clinic_id)) == before
        if visit is not None and isinstance(refused.value, WrongState):
            assert refused.value.state == visit.state
            assert refused.value.by == (self.names[visit.practitioner] if visit.practitioner else None)
        return None

    def moved(self, visit: VisitModel, verb: str, explanation: str | None = None) -> None:
        visit.state = ALLOWED[verb][1] or visit.state
        visit.explanation = explanation
        if visit.state not in OPEN:
            visit.over_at = self.stage.clock.time
        self.logged(WORDS[verb], visit.person, visit.id)
        for recording in self.model.recordings if visit.state not in OPEN else ():
            if recording.visit is visit and recording.state in ("asked", "agreed", "running"):
                self.recording_moved(recording, "withdraw" if recording.state == "asked" else "stop")

    def logged(self, kind: str, person: int | None = None, visit_id: str | None = None) -> None:
        self.model.log.append((kind, None if person is None else self.cast[person].id, visit_id))

    def seen(self, visit: Visit) -> tuple[Any, ...]:
        """What of a visit the model has an opinion on."""
        who = self.names[visit.practitioner_id] if visit.practitioner_id else None
        assert visit.practitioner_name == who
        notes = [(note.author_person_id, note.text) for note in visit.notes]
        return (
            visit.id,
            visit.person_id,
            visit.state,
            visit.practitioner_id,
            visit.explanation,
            visit.ended_at,
            notes,
        )

    def expected(self, visit: VisitModel) -> tuple[Any, ...]:
        person_id = self.cast[visit.person].id
        return (
            visit.id,
            person_id,
            visit.state,
            visit.practitioner,
            visit.explanation,
            visit.over_at,
            visit.notes,
        )


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    stage = Stage(database_url)
    yield stage
    stage.close()


def test_a_clinics_life_follows_the_model(stage: Stage) -> None:
    class ClinicOnThisStage(ClinicMachine):
        def __init__(self) -> None:
            super().__init__(stage)

    run_state_machine_as_test(
        ClinicOnThisStage,
        settings=settings(max_examples=8, stateful_step_count=50, phases=PHASES),
    )
