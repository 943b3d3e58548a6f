"""Who gets into which clinic, and as what; each refusal changes nothing."""

from __future__ import annotations

import asyncio
import hashlib

import pytest

from rooms.cpr import Cpr
from rooms.directory import Declaration
from rooms.errors import (
    DeclarationMissing,
    MalformedClinicIdentifier,
    MistypedSorId,
    NotFound,
    NotStaffHere,
    RoomsError,
    UnknownClinic,
    UnknownPractitioner,
)
from rooms.records import Person, Role
from rooms.store import Rooms

from .cast import ANNE, DECLARATION, EAR, MAJA_CPR, SKIN, by_hand, every_row

EAR_SOR = "9991011000016009"
ISSUER = "https://id.example"


async def test_a_login_is_linked_by_cpr_and_known_without_it_from_then_on(rooms: Rooms) -> None:
    assert await rooms.directory.person_by_login(ISSUER, "s-1", None) is None
    maja = Person("maja", "Maja Elkjær Holm")
    assert await rooms.directory.person_by_login(ISSUER, "s-1", Cpr.parse(MAJA_CPR)) == maja
    assert await rooms.directory.person_by_login(ISSUER, "s-1", None) == maja
    assert await rooms.directory.person_by_login("https://other.example", "s-1", None) is None


async def test_an_unknown_cpr_is_nobody_and_links_nothing(rooms: Rooms, database_url: str) -> None:
    before = await every_row(database_url)
    assert await rooms.directory.person_by_login(ISSUER, "s-1", Cpr.parse("010203-1234")) is None
    assert await every_row(database_url) == before


async def test_the_same_first_login_twice_at_once_is_one_link(rooms: Rooms, database_url: str) -> None:
    found = await asyncio.gather(
        *(rooms.directory.person_by_login(ISSUER, "s-1", Cpr.parse(MAJA_CPR)) for _ in range(5))
    )
    assert {person.id for person in found if person} == {"maja"}
    assert None not in found
    assert (await every_row(database_url))["logins"] == [(ISSUER, "s-1", "maja")]


async def test_a_person_is_found_by_id(rooms: Rooms) -> None:
    assert await rooms.directory.person("anne") == Person("anne", "Anne Bruun Lindqvist")
    assert await rooms.directory.person("nobody") is None
    assert await rooms.directory.person("\x00æ") is None


@pytest.mark.parametrize("identifier", ["101001", EAR_SOR])
async def test_a_practitioner_enters_by_either_identifier(rooms: Rooms, identifier: str) -> None:
    entry = await rooms.directory.enter_clinic("anne", identifier, DECLARATION, "2")
    assert (entry.clinic.id, entry.role) == (EAR, Role.PRACTITIONER)
    assert [practitioner.person_id for practitioner in entry.practitioners] == ["anne", "morten"]
    assert await rooms.directory.staff("anne", EAR) == entry


async def test_the_log_says_who_accepted_which_text_and_when(rooms: Rooms) -> None:
    await rooms.directory.enter_clinic("anne", "101001", DECLARATION, "2")
    (event,) = await rooms.log.since(EAR, 0)
    assert (event.kind, event.actor) == ("declaration_accepted", ANNE)
    assert event.data == {"version": "2", "sha256": hashlib.sha256(DECLARATION.text.encode()).hexdigest()}


@pytest.mark.parametrize(
    ("person", "identifier", "accepted", "refusal"),
    [
        ("anne", "1010", None, MalformedClinicIdentifier),
        ("anne", EAR_SOR[:-1] + "8", None, MistypedSorId),
        ("anne", "101002", None, UnknownClinic),
        ("henrik", "101001", None, NotStaffHere),
        ("maja", "101001", "2", NotStaffHere),
        ("kirsten", "101001", "2", NotStaffHere),
        ("anne", "101001", None, DeclarationMissing),
        ("anne", "101001", "1", DeclarationMissing),
    ],
)
async def test_a_refused_entry_changes_nothing(
    rooms: Rooms,
    database_url: str,
    person: str,
    identifier: str,
    accepted: str | None,
    refusal: type[RoomsError],
) -> None:
    before = await every_row(database_url)
    with pytest.raises(refusal):
        await rooms.directory.enter_clinic(person, identifier, DECLARATION, accepted)
    assert await every_row(database_url) == before
    with pytest.raises(NotFound):
        await rooms.directory.staff(person, EAR)


async def test_an_employee_is_let_in_while_active_and_no_longer(rooms: Rooms, database_url: str) -> None:
    await by_hand(database_url, "UPDATE employees SET active = true")
    entry = await rooms.directory.enter_clinic("kirsten", "101001", DECLARATION, "2")
    assert entry.role is Role.EMPLOYEE
    assert (await rooms.directory.staff("kirsten", EAR)).role is Role.EMPLOYEE
    await by_hand(database_url, "UPDATE employees SET active = false")
    with pytest.raises(NotFound):
        await rooms.directory.staff("kirsten", EAR)


async def test_a_declaration_in_one_clinic_says_nothing_in_another(rooms: Rooms) -> None:
    await rooms.directory.enter_clinic("anne", "101001", DECLARATION, "2")
    with pytest.raises(NotFound):
        await rooms.directory.staff("anne", SKIN)
    with pytest.raises(NotFound):
        await rooms.directory.staff("anne", "no-clinic")


async def test_a_practitioner_is_the_clinics_own(rooms: Rooms) -> None:
    assert (await rooms.directory.practitioner(EAR, "oere-morten")).name == "Morten Skovgaard"
    with pytest.raises(UnknownPractitioner):
        await rooms.directory.practitioner(EAR, "hud-henrik")


async def test_a_clinic_is_found_by_id(rooms: Rooms) -> None:
    assert (await rooms.directory.clinic(SKIN)).ydernummer == "202002"
    with pytest.raises(NotFound):
        await rooms.directory.clinic("no-clinic")


async def test_a_declaration_is_asked_for_once_and_a_new_version_anew(rooms: Rooms, database_url: str) -> None:
    await rooms.directory.enter_clinic("anne", "101001", DECLARATION, "2")
    before = await every_row(database_url)
    entry = await rooms.directory.enter_clinic("anne", EAR_SOR, DECLARATION, None)
    assert entry.clinic.last_event == 1
    assert await every_row(database_url) == before
    newer = Declaration("3", "Jeg erklærer mere.")
    with pytest.raises(DeclarationMissing):
        await rooms.directory.enter_clinic("anne", "101001", newer, "2")
    with pytest.raises(NotFound):
        await rooms.directory.staff("anne", EAR, "3")
    with pytest.raises(DeclarationMissing):
        await rooms.directory.enter_clinic("morten", "101001", DECLARATION, None)
    assert await every_row(database_url) == before
    await rooms.directory.enter_clinic("anne", "101001", newer, "3")
    assert (await rooms.directory.staff("anne", EAR, "3")).clinic.id == EAR
    assert [event.data["version"] for event in await rooms.log.since(EAR, 0)] == ["2", "3"]


async def test_clinics_once_entered_are_remembered(rooms: Rooms) -> None:
    assert await rooms.directory.remembered("anne", "2") == ()
    await rooms.directory.enter_clinic("anne", "101001", DECLARATION, "2")
    (remembered,) = await rooms.directory.remembered("anne", "2")
    assert (remembered.clinic.id, remembered.declared) == (EAR, True)
    (remembered,) = await rooms.directory.remembered("anne", "3")
    assert not remembered.declared
