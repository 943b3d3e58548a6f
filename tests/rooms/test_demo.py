"""The demonstration is as promised, belongs to nobody, and loads twice without a trace."""

from __future__ import annotations

from stdnum.dk import cpr as danish

from rooms.cpr import Cpr
from rooms.demo import demo_clinics, demo_people, load_demo
from rooms.identifiers import SorId, Ydernummer, parse_clinic_identifier
from rooms.names import in_danish_order
from rooms.records import Role
from rooms.states import RoomState
from rooms.store import Rooms

from .cast import ANNE, EAR, every_row


def test_the_numbers_are_well_formed_and_fail_the_old_check() -> None:
    numbers = [Cpr.parse(person.cpr) for person in demo_people()]
    assert len(set(numbers)) == len(numbers)
    assert all(danish.checksum(number.digits) != 0 for number in numbers)


def test_the_child_is_a_child_and_the_others_are_not() -> None:
    *adults, child = [danish.get_birth_date(person.cpr).year for person in demo_people()]
    assert child in range(2016, 2019)
    assert all(1950 < year < 2000 for year in adults)


def test_both_clinics_have_both_identifiers() -> None:
    for clinic in demo_clinics():
        assert clinic.ydernummer is not None
        assert clinic.sor_id is not None
        assert parse_clinic_identifier(clinic.ydernummer) == Ydernummer(clinic.ydernummer)
        assert parse_clinic_identifier(clinic.sor_id) == SorId(clinic.sor_id)


def test_the_cast() -> None:
    roles = [person.roles for person in demo_people()]
    assert roles.count((Role.PRACTITIONER,)) == 3
    assert roles.count((Role.EMPLOYEE,)) == 1
    assert roles.count((Role.PATIENT,)) == 4
    assert [len(clinic.practitioners) for clinic in demo_clinics()] == [2, 1]


def test_a_cpr_number_does_not_show_in_the_cast() -> None:
    assert not any(person.cpr in repr(person) for person in demo_people())


async def test_a_second_load_changes_nothing(rooms: Rooms, database_url: str) -> None:
    await rooms.waiting_room.set_messages(ANNE, EAR, open_message="Velkommen", closed_message="Farvel")
    await rooms.waiting_room.open(ANNE, EAR)
    before = await every_row(database_url)
    await load_demo(rooms)
    assert await every_row(database_url) == before


async def test_it_starts_closed_and_empty(rooms: Rooms, database_url: str) -> None:
    rows = await every_row(database_url)
    assert rows["patients"] == rows["visits"] == rows["events"] == []
    assert rows["guardianships"] == [("maja", "oskar")]
    assert (await rooms.directory.clinic(EAR)).room is RoomState.CLOSED


def test_danish_letters_come_last() -> None:
    assert sorted(["Åse", "Zoe", "Øjvind", "ærlig", "anna"], key=in_danish_order) == [
        "anna",
        "Zoe",
        "ærlig",
        "Øjvind",
        "Åse",
    ]
