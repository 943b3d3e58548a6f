"""The clinic's list of staff: access given and taken by practitioners, and never the last one's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from rooms.errors import (
    AlreadyStaff,
    LastPractitioner,
    MalformedCpr,
    NotFound,
    NotStaffHere,
    PractitionersOnly,
    RoomsError,
    UnknownPractitioner,
    UnknownStaff,
)
from rooms.records import Actor, Committed, Role
from rooms.store import Rooms

from .cast import ANNE, DECLARATION, EAR, HENRIK, MORTEN, SKIN, by_hand, every_row

KIRSTEN = Actor("kirsten", Role.EMPLOYEE, "oere-anne")
KIRSTEN_CPR, MORTEN_CPR = "110566-1328", "020479-2285"


async def has_access(rooms: Rooms) -> dict[str, bool]:
    return {each.person_id: each.active for each in await rooms.employees.list(ANNE, EAR)}


async def test_practitioners_stand_first_then_employees_with_those_not_active(rooms: Rooms) -> None:
    found = await rooms.employees.list(ANNE, EAR)
    assert [(each.person_id, each.role, each.active) for each in found] == [
        ("anne", Role.PRACTITIONER, True),
        ("morten", Role.PRACTITIONER, True),
        ("kirsten", Role.EMPLOYEE, False),
    ]
    assert [each.authorisation_id for each in found] == ["0XDB1", "0XDM2", None]


async def test_an_employee_gets_in_once_activated_and_no_longer_once_deactivated(
    rooms: Rooms, announced: list[Committed]
) -> None:
    with pytest.raises(NotStaffHere):
        await rooms.directory.enter_clinic("kirsten", "101001", DECLARATION, "2")
    assert (await rooms.employees.activate(ANNE, EAR, "kirsten")).active
    assert (await rooms.directory.enter_clinic("kirsten", "101001", DECLARATION, "2")).role is Role.EMPLOYEE
    assert not (await rooms.employees.deactivate(MORTEN, EAR, "kirsten")).active
    with pytest.raises(NotFound):
        await rooms.directory.staff("kirsten", EAR)
    activated, _, deactivated = await rooms.log.since(EAR, 0)
    assert (activated.kind, activated.actor, activated.person_id) == ("employee_activated", ANNE, "kirsten")
    assert (deactivated.kind, deactivated.actor, deactivated.person_id) == ("employee_deactivated", MORTEN, "kirsten")
    assert [event.person_id for event in announced] == ["kirsten", None, "kirsten"]


async def test_somebody_in_the_directory_is_added_by_cpr_number(rooms: Rooms) -> None:
    added = await rooms.employees.add(HENRIK, SKIN, KIRSTEN_CPR)
    assert (added.person_id, added.role, added.active) == ("kirsten", Role.EMPLOYEE, True)
    assert (await rooms.directory.enter_clinic("kirsten", "202002", DECLARATION, "2")).clinic.id == SKIN
    with pytest.raises(NotStaffHere):
        await rooms.directory.enter_clinic("kirsten", "101001", DECLARATION, "2")
    assert (await rooms.employees.add(ANNE, EAR, KIRSTEN_CPR)).active  # on the list already, without access
    assert [clinic.clinic.id for clinic in await rooms.directory.remembered("kirsten", "2")] == [SKIN]


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (lambda rooms: rooms.employees.list(KIRSTEN, EAR), PractitionersOnly),
        (lambda rooms: rooms.employees.add(KIRSTEN, EAR, MORTEN_CPR), PractitionersOnly),
        (lambda rooms: rooms.employees.activate(KIRSTEN, EAR, "kirsten"), PractitionersOnly),
        (lambda rooms: rooms.employees.deactivate(KIRSTEN, EAR, "anne"), PractitionersOnly),
        (lambda rooms: rooms.employees.add(ANNE, EAR, "12"), MalformedCpr),
        (lambda rooms: rooms.employees.add(ANNE, EAR, "010203-1234"), UnknownStaff),
        (lambda rooms: rooms.employees.add(ANNE, EAR, MORTEN_CPR), AlreadyStaff),
        (lambda rooms: rooms.employees.activate(ANNE, EAR, "morten"), AlreadyStaff),
        (lambda rooms: rooms.employees.activate(ANNE, EAR, "maja"), NotFound),
        (lambda rooms: rooms.employees.deactivate(ANNE, EAR, "henrik"), NotFound),
        (lambda rooms: rooms.employees.deactivate(HENRIK, SKIN, "henrik"), LastPractitioner),
    ],
)
async def test_a_refusal_changes_nothing(
    rooms: Rooms,
    database_url: str,
    command: Callable[[Rooms], Awaitable[object]],
    refusal: type[RoomsError],
) -> None:
    before = await every_row(database_url)
    with pytest.raises(refusal):
        await command(rooms)
    assert await every_row(database_url) == before


async def test_a_deactivated_practitioner_is_out_and_cannot_be_chosen(rooms: Rooms, database_url: str) -> None:
    await rooms.directory.enter_clinic("morten", "101001", DECLARATION, "2")
    await by_hand(database_url, f"INSERT INTO employees VALUES ('{EAR}', 'morten', true)")
    # On the list as an employee too: that does not keep the door open.
    await rooms.employees.deactivate(ANNE, EAR, "morten")
    with pytest.raises(NotFound):
        await rooms.directory.staff("morten", EAR)
    with pytest.raises(UnknownPractitioner):
        await rooms.directory.practitioner(EAR, "oere-morten")
    assert await rooms.directory.remembered("morten", "2") == ()
    with pytest.raises(LastPractitioner):
        await rooms.employees.deactivate(ANNE, EAR, "anne")
    await rooms.employees.activate(ANNE, EAR, "morten")
    assert (await rooms.directory.staff("morten", EAR)).role is Role.PRACTITIONER


async def test_two_who_deactivate_each_other_at_once_leave_one(rooms: Rooms) -> None:
    outcomes = await asyncio.gather(
        rooms.employees.deactivate(ANNE, EAR, "morten"),
        rooms.employees.deactivate(MORTEN, EAR, "anne"),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes].count(LastPractitioner) == 1
    assert sorted((await has_access(rooms)).values()) == [False, False, True]
