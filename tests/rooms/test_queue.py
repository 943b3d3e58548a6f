"""What whoever waits is told of the queue: the place, and the range from the clinic's own consultations; or nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from rooms.records import QueueNews
from rooms.store import Rooms
from rooms.waits import WaitRange

from .cast import ANNE, EAR, FATIMA_CPR, JONAS_CPR, MAJA_CPR, SettableClock

PATIENTS = {"maja": MAJA_CPR, "jonas": JONAS_CPR, "fatima": FATIMA_CPR}


async def told(rooms: Rooms, person: str) -> QueueNews | None:
    (card,) = await rooms.waiting_room.cards(person)
    return card.queue


async def all_wait(rooms: Rooms) -> dict[str, str]:
    """Each patient's visit, in the order in which they joined."""
    await rooms.waiting_room.open(ANNE, EAR)
    for cpr in PATIENTS.values():
        await rooms.patients.add(ANNE, EAR, cpr)
    return {person: (await rooms.waiting_room.join(person, EAR)).id for person in PATIENTS}


async def sees(rooms: Rooms, clock: SettableClock, visit_id: str, *, minutes: int) -> None:
    """One consultation of Anne's from accepting to the end."""
    await rooms.waiting_room.accept(ANNE, EAR, visit_id)
    await rooms.waiting_room.start(ANNE, EAR, visit_id)
    clock.time += timedelta(minutes=minutes)
    await rooms.waiting_room.end(ANNE, EAR, visit_id)


async def set_to(rooms: Rooms, **settings: Any) -> None:
    held = (await rooms.directory.clinic(EAR)).settings
    await rooms.opening.set(ANNE, EAR, replace(held, **settings))


async def test_the_place_is_ones_own_and_moves_on(rooms: Rooms) -> None:
    visits = await all_wait(rooms)
    assert [await told(rooms, person) for person in PATIENTS] == [QueueNews(place=place) for place in (1, 2, 3)]
    await rooms.waiting_room.accept(ANNE, EAR, visits["maja"])
    assert [await told(rooms, person) for person in PATIENTS] == [None, QueueNews(place=1), QueueNews(place=2)]
    await rooms.waiting_room.put_back(ANNE, EAR, visits["maja"])
    assert await told(rooms, "fatima") == QueueNews(place=3)


async def test_the_range_is_of_the_clinics_own_last_consultations(rooms: Rooms, clock: SettableClock) -> None:
    visits = await all_wait(rooms)
    for minutes in (8, 9, 10, 11, 12):
        assert await told(rooms, "fatima") == QueueNews(place=3)  # too little to go by
        await sees(rooms, clock, visits["maja"], minutes=minutes)
        visits["maja"] = (await rooms.waiting_room.join("maja", EAR)).id
        await rooms.waiting_room.leave("jonas", visits["jonas"])
        visits["jonas"] = (await rooms.waiting_room.join("jonas", EAR)).id
        await rooms.waiting_room.leave("fatima", visits["fatima"])
        visits["fatima"] = (await rooms.waiting_room.join("fatima", EAR)).id
    assert await told(rooms, "maja") == QueueNews(place=1, wait=WaitRange(0, 15))
    assert await told(rooms, "fatima") == QueueNews(place=3, wait=WaitRange(15, 35))
    await set_to(rooms, show_place=False)
    assert await told(rooms, "fatima") == QueueNews(wait=WaitRange(15, 35))
    await set_to(rooms, show_place=True, show_wait=False)
    assert await told(rooms, "fatima") == QueueNews(place=3)
    await set_to(rooms, show_wait=True)
    clock.time += timedelta(hours=2)  # nobody has been at work since
    assert await told(rooms, "fatima") == QueueNews(place=3)
