"""Rooms that open and close by the clock: once for each boundary whoever asks, the queue kept, and a clinic's own settings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest

from rooms.clinic_settings import ClinicSettings, from_json, to_json
from rooms.directory import ClinicEntry
from rooms.errors import NotFound, QueueChanged, SettingsChanged, SettingsInvalid
from rooms.records import SYSTEM
from rooms.schedule import DANISH_TIME, USUAL, Hours, Schedule
from rooms.states import RoomState, VisitState
from rooms.store import Rooms

from .cast import ANNE, EAR, JONAS_CPR, KEY, MAJA_CPR, MORTEN, SKIN, SettableClock, every_row


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=DANISH_TIME)


@pytest.fixture
async def automatic(rooms: Rooms, clock: SettableClock) -> Rooms:
    """A Monday at noon: the ear clinic follows the usual hours, is closed and has two patients."""
    clock.time = local("2026-01-12T12:00")
    await rooms.opening.set(ANNE, EAR, ClinicSettings())
    await rooms.patients.add(ANNE, EAR, MAJA_CPR)
    await rooms.patients.add(ANNE, EAR, JONAS_CPR)
    return rooms


@pytest.fixture
async def other_store(database_url: str, clock: SettableClock) -> AsyncIterator[Rooms]:
    async with await Rooms.open(database_url, KEY, clock=clock, on_commit=lambda _: None) as rooms:
        yield rooms


async def look(rooms: Rooms) -> int:
    """What a worker does at every look; how many boundaries it found."""
    return sum([await rooms.opening.apply(clinic_id) for clinic_id in await rooms.opening.due()])


async def state(rooms: Rooms) -> RoomState:
    return (await rooms.directory.clinic(EAR)).room


async def kinds(rooms: Rooms, since: int) -> list[str]:
    return [event.kind for event in await rooms.log.since(EAR, since)]


async def test_it_opens_and_closes_at_its_hours_and_keeps_the_queue(automatic: Rooms, clock: SettableClock) -> None:
    before = await automatic.log.last_number(EAR)
    assert await look(automatic) == 0
    clock.time = local("2026-01-13T07:29:59")
    assert await look(automatic) == 1  # the closing of yesterday, of a room that was closed already
    assert await state(automatic) is RoomState.CLOSED
    assert await automatic.log.last_number(EAR) == before
    clock.time = local("2026-01-13T07:30")
    assert await look(automatic) == 1
    assert await state(automatic) is RoomState.OPEN
    visit = await automatic.waiting_room.join("maja", EAR)
    clock.time = local("2026-01-13T21:00")
    assert await look(automatic) == 1
    assert await look(automatic) == 0
    assert await state(automatic) is RoomState.CLOSED
    assert (await automatic.waiting_room.visit(EAR, visit.id)).state is VisitState.WAITING
    assert await kinds(automatic, before) == ["room_opened", "visit_joined", "room_closed"]
    opened, _, closed = await automatic.log.since(EAR, before)
    assert opened.actor == closed.actor == SYSTEM
    assert datetime.fromisoformat(closed.data["boundary"]) == local("2026-01-13T21:00")


@pytest.mark.parametrize("change", ["2026-03-29", "2026-10-25"])
async def test_it_opens_at_the_local_hour_on_the_day_the_clocks_change(
    automatic: Rooms, clock: SettableClock, change: str
) -> None:
    clock.time = local(f"{change}T07:29:59")
    await look(automatic)
    assert await state(automatic) is RoomState.CLOSED
    clock.time = local(f"{change}T07:30")
    await look(automatic)
    assert await state(automatic) is RoomState.OPEN


async def test_who_still_waits_when_the_next_day_opens_is_refused_with_the_closing_message(
    automatic: Rooms, clock: SettableClock
) -> None:
    await automatic.waiting_room.open(ANNE, EAR)
    left_over = await automatic.waiting_room.join("maja", EAR)
    clock.time = local("2026-01-12T21:00")
    await look(automatic)
    # A colleague opens early the next morning, and somebody comes before the hour of opening.
    clock.time = local("2026-01-13T07:00")
    await automatic.waiting_room.open(ANNE, EAR)
    early = await automatic.waiting_room.join("jonas", EAR)
    clock.time = local("2026-01-13T07:30")
    await look(automatic)
    rejected = await automatic.waiting_room.visit(EAR, left_over.id)
    assert rejected.state is VisitState.REJECTED
    assert rejected.explanation == (await automatic.directory.clinic(EAR)).closed_message
    assert (await automatic.waiting_room.visit(EAR, early.id)).state is VisitState.WAITING


async def test_a_break_of_the_same_day_refuses_nobody(automatic: Rooms, clock: SettableClock) -> None:
    day = (Hours(time(8), time(12, 30)), Hours(time(13), time(16)))
    await automatic.opening.set(ANNE, EAR, ClinicSettings(version=1, schedule=Schedule(week=(day,) * 7)))
    await automatic.waiting_room.open(ANNE, EAR)
    visit = await automatic.waiting_room.join("maja", EAR)
    for moment, expected in (("12:30", RoomState.CLOSED), ("13:00", RoomState.OPEN), ("16:00", RoomState.CLOSED)):
        clock.time = local(f"2026-01-12T{moment}")
        await look(automatic)
        assert await state(automatic) is expected
        assert (await automatic.waiting_room.visit(EAR, visit.id)).state is VisitState.WAITING


async def test_a_change_by_hand_holds_until_the_next_boundary(automatic: Rooms, clock: SettableClock) -> None:
    clock.time = local("2026-01-13T07:30")
    await look(automatic)
    await automatic.waiting_room.close(ANNE, EAR, keep_queue=True)
    for moment in ("2026-01-13T07:31", "2026-01-13T12:00", "2026-01-13T21:00"):
        clock.time = local(moment)
        await look(automatic)
        assert await state(automatic) is RoomState.CLOSED
    await automatic.waiting_room.open(ANNE, EAR)
    clock.time = local("2026-01-14T06:00")
    await look(automatic)
    assert await state(automatic) is RoomState.OPEN
    clock.time = local("2026-01-14T21:00")
    await look(automatic)
    assert await state(automatic) is RoomState.CLOSED


async def test_what_was_missed_while_no_worker_ran_is_made_up_for_once(
    automatic: Rooms, other_store: Rooms, clock: SettableClock
) -> None:
    await automatic.waiting_room.open(ANNE, EAR)
    visit = await automatic.waiting_room.join("maja", EAR)
    before = await automatic.log.last_number(EAR)
    clock.time = local("2026-01-15T22:00")  # three closings and three openings later
    assert await look(other_store) == 1
    assert await look(automatic) == 0
    assert await kinds(automatic, before) == ["visit_rejected", "room_closed"]
    assert (await automatic.waiting_room.visit(EAR, visit.id)).state is VisitState.REJECTED


async def test_many_workers_at_one_boundary_open_once(
    automatic: Rooms, other_store: Rooms, clock: SettableClock
) -> None:
    await look(automatic)
    before = await automatic.log.last_number(EAR)
    clock.time = local("2026-01-13T07:30")
    stores = [automatic, other_store] * 4
    applied = await asyncio.gather(*(store.opening.apply(EAR) for store in stores))
    assert sum(applied) == 1
    assert await kinds(automatic, before) == ["room_opened"]
    assert await automatic.log.verify(EAR) is None


async def test_new_hours_leave_the_room_as_it_is_until_their_next_boundary(
    automatic: Rooms, clock: SettableClock
) -> None:
    await automatic.waiting_room.open(ANNE, EAR)
    closed_now = (Hours(time(8), time(11)), Hours(time(15), time(16)))
    await automatic.opening.set(ANNE, EAR, ClinicSettings(version=1, schedule=Schedule(week=(closed_now,) * 7)))
    assert await look(automatic) == 0
    assert await state(automatic) is RoomState.OPEN
    assert (await automatic.directory.clinic(EAR)).due_at == local("2026-01-12T15:00")


async def test_turned_off_it_stays_as_it_is(automatic: Rooms, clock: SettableClock) -> None:
    off = ClinicSettings(version=1, schedule=Schedule(automatic=False))
    assert (await automatic.opening.set(ANNE, EAR, off)).due_at is None
    clock.time = local("2026-02-12T12:00")
    assert await look(automatic) == 0


async def test_a_new_clinic_follows_the_usual_hours_and_the_demonstration_none(
    rooms: Rooms, clock: SettableClock
) -> None:
    clock.time = local("2026-01-12T12:00")
    await rooms.directory.load([], [ClinicEntry("new", "New", "1", None, None, "open", "closed")])
    assert (await rooms.directory.clinic("new")).due_at == local("2026-01-12T21:00")
    assert (await rooms.directory.clinic(EAR)).due_at is (await rooms.directory.clinic(SKIN)).due_at is None
    with pytest.raises(NotFound):
        await rooms.opening.apply("nowhere")


async def test_settings_are_kept_and_on_the_log(automatic: Rooms, clock: SettableClock) -> None:
    wanted = ClinicSettings(
        version=1,
        schedule=Schedule(True, ((), *(USUAL,) * 6), (date(2026, 12, 24),)),
        wait_warning_minutes=5,
        wait_alarm_minutes=15,
        grace_minutes=1,
        resume_minutes=30,
        ready_texts=(" Ring til os. ",),
    )
    clinic = await automatic.opening.set(ANNE, EAR, wanted)
    assert clinic.settings == replace(wanted, version=2, ready_texts=("Ring til os.",))
    assert await automatic.directory.clinic(EAR) == clinic
    last = (await automatic.log.since(EAR, clinic.last_event - 1))[0]
    assert (last.kind, last.actor, from_json(last.data)) == ("settings_set", ANNE, clinic.settings)
    assert from_json(to_json(clinic.settings)) == clinic.settings
    assert from_json({}) == ClinicSettings()


@pytest.mark.parametrize(
    "wrong",
    [
        {"wait_warning_minutes": 0},
        {"wait_warning_minutes": 20},
        {"grace_minutes": 1441},
        {"resume_minutes": 0},
        {"ready_texts": ("",)},
        {"ready_texts": ("x" * 501,)},
        {"ready_texts": ("x",) * 21},
        {"schedule": Schedule(week=((),) * 8)},
    ],
)
async def test_settings_out_of_bounds_change_nothing(
    automatic: Rooms, database_url: str, wrong: dict[str, object]
) -> None:
    before = await every_row(database_url)
    with pytest.raises(SettingsInvalid):
        await automatic.opening.set(ANNE, EAR, replace(ClinicSettings(version=1), **wrong))  # type: ignore[arg-type]
    assert await every_row(database_url) == before


async def test_two_who_edit_the_settings_at_once_do_not_undo_each_other(automatic: Rooms, database_url: str) -> None:
    await automatic.opening.set(ANNE, EAR, ClinicSettings(version=1, grace_minutes=5))
    before = await every_row(database_url)
    with pytest.raises(SettingsChanged):
        await automatic.opening.set(MORTEN, EAR, ClinicSettings(version=1, resume_minutes=5))
    assert await every_row(database_url) == before


async def test_closing_concerns_those_who_were_shown_or_nobody(
    automatic: Rooms, database_url: str, clock: SettableClock
) -> None:
    room = automatic.waiting_room
    await room.open(ANNE, EAR)
    maja = await room.join("maja", EAR)
    jonas = await room.join("jonas", EAR)
    before = await every_row(database_url)
    for keep_queue in (True, False):
        with pytest.raises(QueueChanged):
            await room.close(ANNE, EAR, keep_queue=keep_queue, seen=[maja.id])
    assert await every_row(database_url) == before
    await room.close(ANNE, EAR, keep_queue=False, seen=[jonas.id, maja.id])
    assert (await room.visit(EAR, maja.id)).state is VisitState.REJECTED
    assert clock.time - maja.joined_at < timedelta(minutes=1)
