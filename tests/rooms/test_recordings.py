"""Recordings on their course: who may ask and answer, in which words, who stops, and what the log tells of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from rooms.clinic_settings import ClinicSettings
from rooms.consent import STANDARD, STANDARD_VERSION, Consent, consent_of, words_hash
from rooms.demo import load_demo
from rooms.errors import (
    ConsentChanged,
    NotFound,
    NotInCallWithPatient,
    PractitionersOnly,
    RecordingKeyMissing,
    RecordingUnderWay,
    WrongState,
)
from rooms.recording_keys import RecordingKeys, WrappingKey
from rooms.records import SYSTEM, Actor, Event, Recording, Role, Visit
from rooms.states import RecordingState
from rooms.store import Rooms

from .cast import ANNE, EAR, HENRIK, KEY, MAJA_CPR, MORTEN, SKIN, SettableClock, every_row

KEYS = RecordingKeys(WrappingKey(bytes(range(1, 33))))
YES = words_hash(STANDARD["da"])


@pytest.fixture
async def rooms(database_url: str, clock: SettableClock) -> AsyncIterator[Rooms]:
    """As the others', and it can record."""
    async with await Rooms.open(database_url, KEY, clock=clock, on_commit=lambda _: None, recording_keys=KEYS) as rooms:
        await load_demo(rooms)
        yield rooms


@pytest.fixture
async def visit(rooms: Rooms) -> Visit:
    """Anne is in video with Maja."""
    return await in_video(rooms, "maja", MAJA_CPR)


async def in_video(rooms: Rooms, person: str, cpr: str) -> Visit:
    await rooms.patients.add(ANNE, EAR, cpr)
    if (await rooms.directory.clinic(EAR)).room == "closed":
        await rooms.waiting_room.open(ANNE, EAR)
    joined = await rooms.waiting_room.join(person, EAR)
    await rooms.waiting_room.accept(ANNE, EAR, joined.id)
    return await rooms.waiting_room.start(ANNE, EAR, joined.id)


async def running(rooms: Rooms, visit: Visit) -> Recording:
    """A recording that has been agreed to and has begun."""
    asked = await rooms.recordings.ask(ANNE, EAR, visit.id)
    agreed = await rooms.recordings.agree(visit.person_id, visit.id, asked.id, YES, by=visit.person_id)
    await rooms.recordings.began(agreed)
    return await now(rooms, visit)


async def now(rooms: Rooms, visit: Visit) -> Recording:
    found = await rooms.recordings.of_visit(visit.id)
    assert found is not None
    return found


async def told(rooms: Rooms) -> list[Event]:
    return [event for event in await rooms.log.since(EAR, 0) if event.kind.startswith("recording")]


async def test_from_the_question_to_the_end_of_the_call(rooms: Rooms, visit: Visit) -> None:
    assert await rooms.recordings.of_visit(visit.id) is None
    asked = await rooms.recordings.ask(ANNE, EAR, visit.id)
    assert (asked.state, asked.consent) == (RecordingState.ASKED, Consent(STANDARD_VERSION, STANDARD))
    assert await rooms.recordings.to_look_after() == ()
    agreed = await rooms.recordings.agree("maja", visit.id, asked.id, YES, by="maja")
    assert (agreed.answered_by, agreed.consent_language, agreed.consent_hash) == ("maja", "da", YES)
    assert await rooms.recordings.to_look_after() == (agreed,)
    key = await rooms.recordings.data_key(agreed)
    assert len(key) == 32
    await rooms.recordings.began(agreed)
    await rooms.recordings.began(agreed)  # told twice, or by two workers
    assert (await now(rooms, visit)).began_at is not None
    await rooms.waiting_room.end(ANNE, EAR, visit.id)
    over = await now(rooms, visit)
    assert (over.state, over.stopped_by, over.fault) == (RecordingState.STOPPED, Role.PRACTITIONER, None)
    await rooms.recordings.closed(over, length_ms=61_000, media_bytes=2**33)
    await rooms.recordings.closed(over, length_ms=1, media_bytes=1)
    assert await rooms.recordings.to_look_after() == ()
    over = await now(rooms, visit)
    assert (over.length_ms, over.media_bytes) == (61_000, 2**33)
    assert await rooms.recordings.data_key(over) == key

    events = await told(rooms)
    assert [(event.kind, event.actor) for event in events] == [
        ("recording_asked", ANNE),
        ("recording_agreed", Actor("maja", Role.PATIENT)),
        ("recording_began", SYSTEM),
        ("recording_stopped", ANNE),
    ]
    assert all((event.visit_id, event.person_id) == (visit.id, "maja") for event in events)
    assert all(event.data["recording_id"] == asked.id for event in events)
    assert events[1].data["consent_hash"] == YES
    assert events[1].data["consent_version"] == events[0].data["consent_version"] == STANDARD_VERSION
    assert await rooms.log.verify(EAR) is None


async def test_who_says_no_is_asked_again_only_by_a_new_question(rooms: Rooms, visit: Visit) -> None:
    first = await rooms.recordings.ask(ANNE, EAR, visit.id)
    with pytest.raises(RecordingUnderWay):
        await rooms.recordings.ask(ANNE, EAR, visit.id)
    refused = await rooms.recordings.refuse("maja", visit.id, first.id, by="maja")
    assert refused.state is RecordingState.REFUSED
    with pytest.raises(WrongState):
        await rooms.recordings.agree("maja", visit.id, first.id, YES, by="maja")
    second = await rooms.recordings.ask(ANNE, EAR, visit.id)
    assert second.id != first.id
    withdrawn = await rooms.recordings.withdraw(MORTEN, EAR, visit.id, second.id)
    assert withdrawn.state is RecordingState.WITHDRAWN
    with pytest.raises(WrongState):
        await rooms.recordings.agree("maja", visit.id, second.id, YES, by="maja")
    third = await rooms.recordings.ask(ANNE, EAR, visit.id)
    await rooms.waiting_room.end(ANNE, EAR, visit.id)
    assert (await now(rooms, visit)).id == third.id
    assert (await now(rooms, visit)).state is RecordingState.WITHDRAWN
    with pytest.raises(WrongState):
        await rooms.recordings.stop(ANNE, EAR, visit.id, third.id)
    with pytest.raises(NotInCallWithPatient):
        await rooms.recordings.ask(ANNE, EAR, visit.id)


async def test_only_the_practitioner_with_the_patient_asks(rooms: Rooms, visit: Visit, database_url: str) -> None:
    before = await every_row(database_url)
    with pytest.raises(NotInCallWithPatient):
        await rooms.recordings.ask(MORTEN, EAR, visit.id)
    with pytest.raises(PractitionersOnly):
        await rooms.recordings.ask(Actor("kirsten", Role.EMPLOYEE, "oere-anne"), EAR, visit.id)
    with pytest.raises(NotFound):
        await rooms.recordings.ask(HENRIK, SKIN, visit.id)
    assert await every_row(database_url) == before


async def test_only_whose_visit_it_is_answers(rooms: Rooms, visit: Visit, database_url: str) -> None:
    asked = await rooms.recordings.ask(ANNE, EAR, visit.id)
    before = await every_row(database_url)
    for person, visit_id, recording_id in (
        ("jonas", visit.id, asked.id),
        ("maja", "another", asked.id),
        ("maja", visit.id, "another"),
    ):
        with pytest.raises(NotFound):
            await rooms.recordings.agree(person, visit_id, recording_id, YES, by=person)
        with pytest.raises(NotFound):
            await rooms.recordings.refuse(person, visit_id, recording_id, by=person)
        with pytest.raises(NotFound):
            await rooms.recordings.stop_by_visitor(person, visit_id, recording_id, by=person)
    with pytest.raises(ConsentChanged):
        await rooms.recordings.agree("maja", visit.id, asked.id, words_hash("Ja til alt"), by="maja")
    for wrong in (HENRIK,):
        with pytest.raises(NotFound):
            await rooms.recordings.stop(wrong, SKIN, visit.id, asked.id)
        with pytest.raises(NotFound):
            await rooms.recordings.withdraw(wrong, SKIN, visit.id, asked.id)
    assert await every_row(database_url) == before
    guardian = await rooms.recordings.agree("maja", visit.id, asked.id, YES, by="jonas")
    assert guardian.answered_by == "jonas"
    assert (await told(rooms))[-1].actor == Actor("jonas", Role.GUARDIAN)


async def test_either_side_stops_and_of_two_at_once_one_does(rooms: Rooms, visit: Visit) -> None:
    recording = await running(rooms, visit)
    await asyncio.gather(
        rooms.recordings.stop(ANNE, EAR, visit.id, recording.id),
        rooms.recordings.stop_by_visitor("maja", visit.id, recording.id, by="maja"),
        rooms.recordings.stop_by_visitor("maja", visit.id, recording.id, by="maja"),
    )
    assert (await now(rooms, visit)).state is RecordingState.STOPPED
    assert [event.kind for event in await told(rooms)].count("recording_stopped") == 1
    again = await rooms.recordings.ask(ANNE, EAR, visit.id)
    agreed = await rooms.recordings.agree("maja", visit.id, again.id, YES, by="maja")
    stopped = await rooms.recordings.stop_by_visitor("maja", visit.id, agreed.id, by="maja")
    assert (stopped.stopped_by, stopped.began_at) == (Role.PATIENT, None)
    await rooms.recordings.began(agreed)  # told too late
    assert not await rooms.recordings.failed(agreed, "disk_full")
    assert (await now(rooms, visit)).state is RecordingState.STOPPED
    assert await rooms.recordings.data_key(agreed) != await rooms.recordings.data_key(recording)


async def test_two_questions_at_once_are_one(rooms: Rooms, visit: Visit) -> None:
    asked = await asyncio.gather(*(rooms.recordings.ask(ANNE, EAR, visit.id) for _ in range(4)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in asked) == ["Recording", *["RecordingUnderWay"] * 3]


async def test_what_fails_says_why(rooms: Rooms, visit: Visit) -> None:
    recording = await running(rooms, visit)
    assert await rooms.recordings.failed(recording, "disk_full")
    assert not await rooms.recordings.failed(recording, "recorder_died")
    failed = await now(rooms, visit)
    assert (failed.state, failed.fault) == (RecordingState.FAILED, "disk_full")
    assert (await told(rooms))[-1].data["fault"] == "disk_full"
    assert await rooms.recordings.count_by_fault() == {"disk_full": 1}
    counted = await rooms.recordings.count_by_state()
    assert (counted[RecordingState.FAILED], counted[RecordingState.RUNNING]) == (1, 0)
    assert (await rooms.waiting_room.visit(EAR, visit.id)).state == "in_call"


async def test_a_colleague_who_takes_over_goes_on_recording(rooms: Rooms, visit: Visit) -> None:
    recording = await running(rooms, visit)
    await rooms.consultations.hand_over(MORTEN, EAR, visit.id, giver="oere-anne", taker="oere-morten")
    assert (await now(rooms, visit)).state is RecordingState.RUNNING
    await rooms.recordings.stop(MORTEN, EAR, visit.id, recording.id)
    assert (await rooms.recordings.ask(MORTEN, EAR, visit.id)).practitioner_id == "oere-morten"


async def test_the_words_are_the_clinics_and_stay_as_they_were_asked(rooms: Rooms, visit: Visit) -> None:
    own = replace(ClinicSettings(), consent_da="  Må vi optage?  ")
    clinic = await rooms.opening.set(ANNE, EAR, own)
    asked = await rooms.recordings.ask(ANNE, EAR, visit.id)
    assert asked.consent.texts == {"da": "Må vi optage?", "en": "Må vi optage?"}
    assert asked.consent.version == "clinic 1"
    await rooms.opening.set(ANNE, EAR, replace(clinic.settings, consent_da="Noget andet", consent_en="Else"))
    with pytest.raises(ConsentChanged):
        await rooms.recordings.agree("maja", visit.id, asked.id, words_hash("Noget andet"), by="maja")
    agreed = await rooms.recordings.agree("maja", visit.id, asked.id, words_hash("Må vi optage?"), by="maja")
    assert agreed.consent_hash == words_hash("Må vi optage?")
    assert consent_of((await rooms.directory.clinic(EAR)).settings).texts["en"] == "Else"


async def test_without_a_key_nothing_is_asked_or_agreed_to(
    rooms: Rooms, visit: Visit, database_url: str, clock: SettableClock
) -> None:
    asked = await rooms.recordings.ask(ANNE, EAR, visit.id)
    async with await Rooms.open(database_url, KEY, clock=clock, on_commit=lambda _: None) as keyless:
        before = await every_row(database_url)
        with pytest.raises(RecordingKeyMissing):
            await keyless.recordings.agree("maja", visit.id, asked.id, YES, by="maja")
        assert await every_row(database_url) == before
        await keyless.recordings.refuse("maja", visit.id, asked.id, by="maja")
        with pytest.raises(RecordingKeyMissing):
            await keyless.recordings.ask(ANNE, EAR, visit.id)
