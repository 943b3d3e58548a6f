"""Children: who acts for them, how long, and that staff know them by the CPR number alone."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from rooms.cpr import Cpr
from rooms.directory import GuardianshipEntry, PersonEntry
from rooms.errors import NotFound, UnknownPerson
from rooms.minors import is_minor
from rooms.records import Actor, Profile, Role
from rooms.store import Rooms

from .cast import ANNE, EAR, MAJA_CPR, SettableClock

OSKAR_CPR = "190417-5623"


@pytest.mark.parametrize(
    ("today", "minor"),
    [
        (date(2017, 4, 19), True),
        (date(2035, 4, 18), True),
        (date(2035, 4, 19), False),
        (date(2099, 1, 1), False),
    ],
)
def test_a_child_is_a_minor_until_eighteen(today: date, minor: bool) -> None:
    assert is_minor(Cpr.parse(OSKAR_CPR), today) is minor


def test_a_child_of_a_leap_day_is_of_age_in_march() -> None:
    born = Cpr.parse("290208-5000")
    assert born.born == date(2008, 2, 29)
    assert is_minor(born, date(2026, 2, 28))
    assert not is_minor(born, date(2026, 3, 1))


async def test_a_parent_has_a_profile_for_the_child_and_nobody_else_has(rooms: Rooms) -> None:
    oskar = Profile("oskar", "Oskar Elkjær Holm", is_self=False)
    assert await rooms.family.profiles("maja") == (Profile("maja", "Maja Elkjær Holm", is_self=True), oskar)
    assert await rooms.family.profile("maja", "oskar") == oskar
    assert [each.person_id for each in await rooms.family.profiles("oskar")] == ["oskar"]
    assert await rooms.family.profiles("nobody") == ()
    for person, other in (("jonas", "oskar"), ("oskar", "maja"), ("maja", "jonas"), ("maja", "nobody")):
        with pytest.raises(NotFound):
            await rooms.family.profile(person, other)


async def test_a_guardianship_ends_when_the_child_is_of_age(rooms: Rooms, clock: SettableClock) -> None:
    await rooms.patients.add(ANNE, EAR, OSKAR_CPR)
    clock.time = datetime(2035, 4, 20, 8, 0, tzinfo=UTC)
    assert [each.person_id for each in await rooms.family.profiles("maja")] == ["maja"]
    (patient,) = await rooms.patients.search(ANNE, EAR, "oskar")
    assert not patient.is_child


async def test_a_child_is_added_by_its_own_number_and_found_by_that_alone(rooms: Rooms) -> None:
    child = await rooms.patients.add(ANNE, EAR, OSKAR_CPR)
    parent = await rooms.patients.add(ANNE, EAR, MAJA_CPR)
    assert (child.is_child, parent.is_child) == (True, False)
    assert await rooms.patients.search(ANNE, EAR, "Elkjær") == (parent,)
    assert await rooms.patients.search(ANNE, EAR, "190417") == (child,)
    # Its place on the list tells nothing of its name.
    await rooms.directory.load([PersonEntry("åse", "Åse Ørum", Cpr.parse("010150-4000"), True)], (), ())
    last = await rooms.patients.add(ANNE, EAR, "010150-4000")
    assert await rooms.patients.search(ANNE, EAR, "") == (parent, last, child)


async def test_the_parent_joins_and_leaves_for_the_child_and_the_visit_is_the_childs(rooms: Rooms) -> None:
    await rooms.patients.add(ANNE, EAR, OSKAR_CPR)
    await rooms.waiting_room.open(ANNE, EAR)
    visit = await rooms.waiting_room.join("oskar", EAR, by="maja")
    assert (visit.person_id, visit.is_child) == ("oskar", True)
    assert (await rooms.waiting_room.visit_of({"maja", "oskar"}, visit.id)).id == visit.id
    with pytest.raises(NotFound):
        await rooms.waiting_room.visit_of({"maja"}, visit.id)
    await rooms.waiting_room.leave("oskar", visit.id, by="maja")
    joined, left = (await rooms.log.since(EAR, 0))[-2:]
    assert {joined.actor, left.actor} == {Actor("maja", Role.GUARDIAN)}
    assert (joined.person_id, left.person_id) == ("oskar", "oskar")


async def test_a_child_who_uses_no_app_is_added_when_a_guardian_does(rooms: Rooms) -> None:
    ida, cpr = "ida", "010620-5004"
    await rooms.directory.load([PersonEntry(ida, "Ida", Cpr.parse(cpr), app_user=False)], ())
    with pytest.raises(UnknownPerson):
        await rooms.patients.add(ANNE, EAR, cpr)
    await rooms.directory.load((), (), [GuardianshipEntry("anne", ida)])  # whose guardian is no user of the app
    with pytest.raises(UnknownPerson):
        await rooms.patients.add(ANNE, EAR, cpr)
    await rooms.directory.load((), (), [GuardianshipEntry("maja", ida)])
    assert (await rooms.patients.add(ANNE, EAR, cpr)).is_child
