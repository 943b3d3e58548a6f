"""How far each practice system was told, on both databases: one worker at a time, never back, and nothing of before."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from rooms.log import Log
from rooms.outbox import LEASE, LONGEST_WAIT, TOLD, Cursor
from rooms.practice_systems import PracticeSystem
from rooms.store import Rooms

from .cast import ANNE, EAR, MAJA_CPR, SettableClock

KEY = {"kty": "EC", "crv": "P-256", "x": "x", "y": "y"}


@pytest.fixture
async def system(rooms: Rooms) -> PracticeSystem:
    patient = await rooms.patients.add(ANNE, EAR, MAJA_CPR)
    system = await rooms.practice_systems.add("EPJ", KEY, ["101001"], webhook_url="https://epj.example/told")
    await rooms.practice_systems.refer(system, EAR, patient.id, "17")
    await rooms.waiting_room.open(ANNE, EAR)
    return system


async def the_due_one(rooms: Rooms) -> Cursor:
    (cursor,) = await rooms.outbox.due()
    return cursor


async def test_one_of_many_workers_gets_the_lease(rooms: Rooms, system: PracticeSystem, clock: SettableClock) -> None:
    cursor = await the_due_one(rooms)
    taken = await asyncio.gather(*(rooms.outbox.lease(cursor, f"w{number}") for number in range(5)))
    assert sum(taken) == 1
    assert await rooms.outbox.due() == ()
    owner = f"w{taken.index(True)}"
    await rooms.outbox.release(cursor, "another")
    assert await rooms.outbox.due() == ()
    await rooms.outbox.release(cursor, owner)
    assert await the_due_one(rooms) == cursor


async def test_a_lease_runs_out_and_its_owner_is_told(
    rooms: Rooms, system: PracticeSystem, clock: SettableClock
) -> None:
    cursor = await the_due_one(rooms)
    assert await rooms.outbox.lease(cursor, "slow")
    clock.time += LEASE
    assert not await rooms.outbox.told(cursor, "slow", cursor.last_event + 1)
    assert await rooms.outbox.lease(cursor, "next")
    assert not await rooms.outbox.failed(cursor, "slow", 1)
    assert await rooms.outbox.told(cursor, "next", cursor.last_event + 1)
    assert not await rooms.outbox.lease(cursor, "late")  # it knew the cursor as it was before


async def test_the_wait_doubles_up_to_an_hour(rooms: Rooms, system: PracticeSystem, clock: SettableClock) -> None:
    for attempts, wait in ((1, 2), (2, 4), (5, 32), (30, LONGEST_WAIT.total_seconds())):
        cursor = await the_due_one(rooms)
        assert await rooms.outbox.lease(cursor, "w")
        assert await rooms.outbox.failed(cursor, "w", attempts)
        await rooms.outbox.release(cursor, "w")
        clock.time += timedelta(seconds=wait - 1)
        assert await rooms.outbox.due() == ()
        clock.time += timedelta(seconds=2)
        assert (await the_due_one(rooms)).attempts == attempts


async def test_what_is_told_of_an_event(rooms: Rooms, system: PracticeSystem) -> None:
    visit = await rooms.waiting_room.join("maja", EAR)
    await rooms.waiting_room.accept(ANNE, EAR, visit.id)
    await rooms.waiting_room.start(ANNE, EAR, visit.id)
    cursor = await the_due_one(rooms)
    log: Log = rooms.log
    told = {event.kind: await rooms.outbox.subject(cursor, event) for event in await log.since(EAR, cursor.last_event)}
    assert (
        {kind for kind, subject in told.items() if subject is not None}
        == {"visit_joined", "visit_started"}
        <= set(TOLD)
    )
    started = told["visit_started"]
    assert started is not None
    assert (started.reference, started.authorisation_id, started.cpr) == ("17", "0XDB1", None)
    assert (started.ydernummer, started.patient_id) == ("101001", visit.patient_id)
