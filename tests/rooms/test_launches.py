"""Launches and practice systems on both databases: used once whoever is at it, and gone when their time is over."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from rooms.errors import (
    LaunchPersonUnknown,
    LaunchSpent,
    MistypedSorId,
    NotFound,
    PracticeSystemExists,
    UnknownClinic,
    UnknownPracticeSystem,
)
from rooms.launches import LASTS, Launch
from rooms.practice_systems import PracticeSystem
from rooms.store import Rooms

from .cast import ANNE, EAR, MAJA_CPR, SKIN, SettableClock, every_row

KEY = {"kty": "EC", "crv": "P-256", "x": "x", "y": "y"}


@pytest.fixture
async def system(rooms: Rooms) -> PracticeSystem:
    return await rooms.practice_systems.add("EPJ", KEY, ["101001"], webhook_url="https://epj.example/told")


async def test_one_of_many_uses_it(rooms: Rooms, system: PracticeSystem, database_url: str) -> None:
    ticket = await rooms.launches.begin(system, EAR, "anne", None)
    assert ticket.secret not in repr(ticket)
    assert ticket.secret not in str(await every_row(database_url))
    uses = await asyncio.gather(*(rooms.launches.use(ticket.secret) for _ in range(5)), return_exceptions=True)
    assert [use for use in uses if isinstance(use, Launch)] == [Launch(system.id, EAR, "anne", None)]
    assert sum(isinstance(use, LaunchSpent) for use in uses) == 4


async def test_its_time_is_a_minute(rooms: Rooms, system: PracticeSystem, clock: SettableClock) -> None:
    first = await rooms.launches.begin(system, EAR, "anne", None)
    second = await rooms.launches.begin(system, EAR, "anne", None)
    clock.time = first.expires_at - timedelta(seconds=1)
    await rooms.launches.use(first.secret)
    clock.time = second.expires_at
    with pytest.raises(LaunchSpent):
        await rooms.launches.use(second.secret)
    assert timedelta(seconds=60) == LASTS


async def test_old_ones_leave_nothing_behind(
    rooms: Rooms, system: PracticeSystem, clock: SettableClock, database_url: str
) -> None:
    await rooms.launches.begin(system, EAR, "anne", None)
    clock.time += timedelta(days=2)
    await rooms.launches.begin(system, EAR, "anne", None)
    assert len((await every_row(database_url))["launches"]) == 1


async def test_the_person_has_access_to_that_clinic(rooms: Rooms) -> None:
    by = rooms.launches.person
    assert await by(EAR, authorisation_id="0XDB1", professional_id=None) == "anne"
    await rooms.employees.deactivate(ANNE, EAR, "morten")
    for clinic, authorisation_id in ((SKIN, "0XDB1"), (EAR, "0XDM2"), (EAR, "0XXX0")):
        with pytest.raises(LaunchPersonUnknown):
            await by(clinic, authorisation_id=authorisation_id, professional_id=None)
    with pytest.raises(LaunchPersonUnknown):
        await by(EAR, authorisation_id=None, professional_id="nobody")


async def test_a_system_stays_in_its_clinics(rooms: Rooms, system: PracticeSystem, database_url: str) -> None:
    patient = await rooms.patients.add(ANNE, EAR, MAJA_CPR)
    before = await every_row(database_url)
    for refused in (
        rooms.launches.begin(system, SKIN, "henrik", None),
        rooms.practice_systems.refer(system, SKIN, patient.id, "x"),
        rooms.practice_systems.refer(system, EAR, "nobody", "x"),
    ):
        with pytest.raises(NotFound):
            await refused
    with pytest.raises(UnknownClinic):
        await rooms.practice_systems.clinic(system, "202002")
    assert await every_row(database_url) == before


async def test_registering_and_ending_it(rooms: Rooms, system: PracticeSystem, database_url: str) -> None:
    assert await rooms.practice_systems.list() == (system,)
    assert await rooms.practice_systems.system(system.id) == system
    before = await every_row(database_url)
    with pytest.raises(PracticeSystemExists):
        await rooms.practice_systems.add("EPJ", KEY, ["202002"])
    with pytest.raises(UnknownClinic):
        await rooms.practice_systems.add("Another", KEY, ["101001", "909009"])
    with pytest.raises(MistypedSorId):
        await rooms.practice_systems.add("Another", KEY, ["9991011000016008"])
    with pytest.raises(UnknownPracticeSystem):
        await rooms.practice_systems.remove("Another")
    assert await every_row(database_url) == before
    await rooms.practice_systems.remove("EPJ")
    assert await rooms.practice_systems.system(system.id) is None
    assert await rooms.practice_systems.list() == ()
    again = await rooms.practice_systems.add("EPJ", KEY, ["101001", "202002"])
    assert again.clinic_ids == {EAR, SKIN}
    kinds = [event.kind for event in await rooms.log.since(EAR, 0)]
    assert kinds == ["practice_system_added", "practice_system_removed", "practice_system_added"]
    assert await rooms.log.verify(EAR) is None
