"""The log's chain: what was changed, removed or put in by hand is found, and where."""

from __future__ import annotations

import pytest

from rooms.errors import NotFound
from rooms.store import Rooms

from .cast import ANNE, EAR, HENRIK, SKIN, by_hand

COPY = (
    "INSERT INTO events (clinic_id, number, at, kind, actor_person_id, actor_role, data, hash) "
    "SELECT clinic_id, {number}, at, kind, actor_person_id, actor_role, data, hash "
    "FROM events WHERE clinic_id = 'oereklinikken' AND number = 1"
)


@pytest.fixture
async def six_events(rooms: Rooms) -> Rooms:
    for _ in range(3):
        await rooms.waiting_room.open(ANNE, EAR)
        await rooms.waiting_room.close(ANNE, EAR, keep_queue=True)
    await rooms.waiting_room.open(HENRIK, SKIN)
    return rooms


async def test_a_whole_log_is_numbered_from_one_without_gaps(six_events: Rooms) -> None:
    events = await six_events.log.since(EAR, 0)
    assert [event.number for event in events] == [1, 2, 3, 4, 5, 6]
    assert len({event.hash for event in events}) == 6
    assert await six_events.log.verify(EAR) is None
    assert await six_events.log.verify(SKIN) is None


async def test_reading_on_from_a_number(six_events: Rooms) -> None:
    events = await six_events.log.since(EAR, 0)
    assert await six_events.log.since(EAR, 4) == events[4:]
    assert await six_events.log.since(EAR, 1, limit=2) == events[1:3]
    assert await six_events.log.since(EAR, 6) == ()
    assert await six_events.log.since("no-clinic", 0) == ()


@pytest.mark.parametrize(
    ("tampering", "broken"),
    [
        ("UPDATE events SET kind = 'room_closed' WHERE number = 3", 3),
        ("UPDATE events SET actor_person_id = 'morten' WHERE number = 1", 1),
        ("UPDATE events SET person_id = 'maja' WHERE number = 2", 2),
        ('UPDATE events SET data = \'{"state": "closed"}\' WHERE number = 5', 5),
        ("UPDATE events SET at = '2020-01-01 00:00:00.000000' WHERE number = 4", 4),
        ("UPDATE events SET hash = 'x' WHERE number = 6", 6),
        ("DELETE FROM events WHERE number = 2", 2),
        ("DELETE FROM events WHERE clinic_id = 'oereklinikken' AND number > 4", 5),
        ("DELETE FROM events", 1),
        (COPY.format(number=7), 7),
        (COPY.format(number=0), 1),
        ("UPDATE clinics SET last_event = 4", 5),
    ],
)
async def test_tampering_is_found(six_events: Rooms, database_url: str, tampering: str, broken: int) -> None:
    await by_hand(database_url, tampering)
    assert await six_events.log.verify(EAR) == broken


async def test_an_unknown_clinic_has_no_log_to_verify(rooms: Rooms) -> None:
    with pytest.raises(NotFound):
        await rooms.log.verify("no-clinic")
