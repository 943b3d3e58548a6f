"""Recordings that are over: who lists and sees them, how they are deleted, and how their keys are wrapped anew."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from rooms.clinic_settings import ClinicSettings
from rooms.database import create_engine, parse_url
from rooms.demo import load_demo
from rooms.errors import NotFound, PractitionersOnly, RecordingKeyMissing, WrongState
from rooms.kept_recordings import RecordingFilter, Rewrapped
from rooms.recording_keys import RecordingKeys, WrappingKey
from rooms.records import SYSTEM, Actor, Recording, Role, Visit
from rooms.schedule import local_date
from rooms.states import RecordingState
from rooms.store import Rooms
from rooms.tables import recordings

from .cast import ANNE, EAR, FATIMA_CPR, HENRIK, JONAS_CPR, KEY, MAJA_CPR, SKIN, SettableClock, every_row
from .test_recordings import KEYS, in_video, now, running, told

KIRSTEN = Actor("kirsten", Role.EMPLOYEE, "oere-anne")
NEW = WrappingKey(bytes(range(2, 34)))


@pytest.fixture
async def rooms(database_url: str, clock: SettableClock) -> AsyncIterator[Rooms]:
    async with await Rooms.open(database_url, KEY, clock=clock, on_commit=lambda _: None, recording_keys=KEYS) as rooms:
        await load_demo(rooms)
        yield rooms


async def recorded(rooms: Rooms, person: str, cpr: str) -> tuple[Visit, Recording]:
    """A visit that was recorded and is over."""
    visit = await in_video(rooms, person, cpr)
    await running(rooms, visit)
    await rooms.waiting_room.end(ANNE, EAR, visit.id)
    return visit, await now(rooms, visit)


async def listed(rooms: Rooms, wanted: RecordingFilter = RecordingFilter()) -> list[str]:  # noqa: B008  # frozen
    return [each.recording.id for each in await rooms.kept_recordings.page(ANNE, EAR, wanted)]


async def test_practitioners_list_them_by_day_and_person(rooms: Rooms, clock: SettableClock) -> None:
    _, maja = await recorded(rooms, "maja", MAJA_CPR)
    day = local_date(clock.time)
    clock.time += timedelta(days=1)
    _, jonas = await recorded(rooms, "jonas", JONAS_CPR)
    visit = await in_video(rooms, "fatima", FATIMA_CPR)
    await running(rooms, visit)
    assert await listed(rooms) == [jonas.id, maja.id]  # what still runs is not there to be seen
    assert await listed(rooms, RecordingFilter(day=day)) == [maja.id]
    assert await listed(rooms, RecordingFilter(day=day - timedelta(days=1))) == []
    assert await listed(rooms, RecordingFilter(person="jonas")) == [jonas.id]
    assert await listed(rooms, RecordingFilter(person=MAJA_CPR)) == [maja.id]
    assert await listed(rooms, RecordingFilter(person="nobody")) == []
    assert await listed(rooms, RecordingFilter(before=jonas.id)) == [maja.id]
    (found,) = await rooms.kept_recordings.page(ANNE, EAR, RecordingFilter(person="maja"))
    assert (found.patient_name, found.practitioner_name) == ("Maja Elkjær Holm", "Anne Bruun Lindqvist")
    viewed = [event for event in await told(rooms) if event.kind == "recordings_viewed"]
    assert viewed[0].data["subjects"] == ["jonas", "maja"]
    for refused, clinic in ((KIRSTEN, EAR), (Actor("maja", Role.PATIENT), EAR)):
        with pytest.raises(PractitionersOnly):
            await rooms.kept_recordings.page(refused, clinic, RecordingFilter())
    assert await rooms.kept_recordings.page(HENRIK, SKIN, RecordingFilter()) == ()
    with pytest.raises(NotFound):
        await rooms.kept_recordings.page(HENRIK, SKIN, RecordingFilter(before=maja.id))


async def test_each_view_and_export_is_told(rooms: Rooms, database_url: str) -> None:
    visit, recording = await recorded(rooms, "maja", MAJA_CPR)
    await rooms.kept_recordings.viewed(ANNE, EAR, recording.id)
    await rooms.kept_recordings.viewed(ANNE, EAR, recording.id)
    await rooms.kept_recordings.exported("root", recording.id)
    events = (await told(rooms))[-3:]
    assert [(each.kind, each.actor.role) for each in events] == [
        ("recording_viewed", Role.PRACTITIONER),
        ("recording_viewed", Role.PRACTITIONER),
        ("recording_exported", Role.OPERATOR),
    ]
    assert events[2].data["operator"] == "root"
    seen = await rooms.audit.look_ups("maja")
    assert [each.kind for each in seen[:3]] == ["recording_exported", "recording_viewed", "recording_viewed"]
    before = await every_row(database_url)
    for actor, clinic, error in ((HENRIK, SKIN, NotFound), (KIRSTEN, EAR, PractitionersOnly)):
        for method in (
            rooms.kept_recordings.viewed,
            rooms.kept_recordings.one,
            rooms.kept_recordings.delete,
        ):
            with pytest.raises(error):
                await method(actor, clinic, recording.id)
    with pytest.raises(NotFound):
        await rooms.kept_recordings.exported("root", "none")
    assert await every_row(database_url) == before
    assert visit.id == recording.visit_id


async def test_deleting_destroys_the_key(rooms: Rooms, database_url: str) -> None:
    visit = await in_video(rooms, "maja", MAJA_CPR)
    recording = await running(rooms, visit)
    with pytest.raises(WrongState):
        await rooms.kept_recordings.delete(ANNE, EAR, recording.id)
    await rooms.waiting_room.end(ANNE, EAR, visit.id)
    wrapped = await wrapped_key(database_url, recording.id)
    assert wrapped is not None
    deleted = await rooms.kept_recordings.delete(ANNE, EAR, recording.id)
    assert (deleted.state, deleted.key_id) == (RecordingState.DELETED, None)
    assert await wrapped_key(database_url, recording.id) is None
    with pytest.raises(RecordingKeyMissing):
        await rooms.recordings.data_key(recording)
    for method in (rooms.kept_recordings.viewed, rooms.kept_recordings.one, rooms.kept_recordings.delete):
        with pytest.raises(NotFound):
            await method(ANNE, EAR, recording.id)
    assert await rooms.recordings.of_visit(visit.id) is None
    assert await listed(rooms) == []
    assert (await told(rooms))[-1].kind == "recordings_viewed"
    assert [event.kind for event in await told(rooms)].count("recording_deleted") == 1
    assert [each.id for each in await rooms.kept_recordings.to_erase()] == [recording.id]
    await rooms.kept_recordings.erased(recording)
    assert await rooms.kept_recordings.to_erase() == ()
    if database_url.startswith("sqlite"):
        await rooms.close()
        assert wrapped not in whole_file(database_url)


def whole_file(database_url: str) -> bytes:
    """What the file of an SQLite database holds, its free pages too."""
    path = Path(database_url.partition(":///")[2])
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path.read_bytes()


async def wrapped_key(database_url: str, recording_id: str) -> bytes | None:
    engine = create_engine(parse_url(database_url))
    try:
        async with engine.connect() as connection:
            query = select(recordings.c.wrapped_key).where(recordings.c.id == recording_id)
            return await connection.scalar(query)
    finally:
        await engine.dispose()


async def test_they_are_kept_as_long_as_the_shorter_of_two_limits(
    rooms: Rooms, clock: SettableClock, database_url: str
) -> None:
    _, recording = await recorded(rooms, "maja", MAJA_CPR)
    clock.time += timedelta(days=400)
    assert await rooms.kept_recordings.overdue() == ()
    await rooms.opening.set(ANNE, EAR, replace(ClinicSettings(), recording_days=401))
    assert await rooms.kept_recordings.overdue() == ()
    async with await Rooms.open(
        database_url, KEY, clock=clock, on_commit=lambda _: None, recording_keys=KEYS, recording_days=399
    ) as shorter:
        assert [each.id for each in await shorter.kept_recordings.overdue()] == [recording.id]
    clock.time += timedelta(days=2)
    assert [each.id for each in await rooms.kept_recordings.overdue()] == [recording.id]
    await rooms.kept_recordings.delete(SYSTEM, EAR, recording.id)
    assert (await told(rooms))[-1].actor == SYSTEM
    assert await rooms.kept_recordings.overdue() == ()


async def test_keys_are_wrapped_anew_and_open_as_before(rooms: Rooms, clock: SettableClock, database_url: str) -> None:
    _, first = await recorded(rooms, "maja", MAJA_CPR)
    _, second = await recorded(rooms, "jonas", JONAS_CPR)
    keys = [await rooms.recordings.data_key(each) for each in (first, second)]
    await rooms.kept_recordings.delete(ANNE, EAR, second.id)
    former = WrappingKey(bytes(range(1, 33)))

    async def opened(ring: RecordingKeys) -> Rooms:
        return await Rooms.open(database_url, KEY, clock=clock, on_commit=lambda _: None, recording_keys=ring)

    async with await opened(RecordingKeys(NEW)) as without_former:
        assert await without_former.kept_recordings.rewrap("root") == Rewrapped(0, 1)
        with pytest.raises(RecordingKeyMissing):
            await without_former.recordings.data_key(first)
    async with await opened(RecordingKeys(None, [former])) as cannot:
        with pytest.raises(RecordingKeyMissing):
            await cannot.kept_recordings.rewrap("root")
        assert await cannot.recordings.data_key(first) == keys[0]
    async with await opened(RecordingKeys(NEW, [former])) as both:
        assert await both.kept_recordings.rewrap("root") == Rewrapped(1, 0)
        assert await both.kept_recordings.rewrap("root") == Rewrapped(0, 0)
    async with await opened(RecordingKeys(NEW)) as after:
        assert await after.recordings.data_key(first) == keys[0]
        assert (await after.kept_recordings.any(first.id)).key_id == NEW.id
        assert all(chain.broken_at is None for chain in await after.log.verify_all())
    with pytest.raises(RecordingKeyMissing):
        await rooms.recordings.data_key(first)


def test_a_wrapped_key_opens_as_that_recordings_alone() -> None:
    key_id, wrapped = KEYS.new("one")
    data_key = KEYS.open("one", key_id, wrapped)
    assert data_key not in wrapped
    spoiled = wrapped[:-1] + bytes([wrapped[-1] ^ 1])
    for recording_id, named, kept in (("two", key_id, wrapped), ("one", NEW.id, wrapped), ("one", key_id, spoiled)):
        with pytest.raises(RecordingKeyMissing):
            KEYS.open(recording_id, named, kept)
    assert KEYS.new("one")[1] != wrapped
    with pytest.raises(ValueError, match="32 bytes"):
        WrappingKey(b"short")
    assert "01" * 3 not in repr(NEW)
