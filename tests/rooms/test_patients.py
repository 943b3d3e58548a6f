"""The patient list: adding, finding, removing, and what each refuses."""

from __future__ import annotations

import pytest

from rooms.errors import (
    AlreadyPatient,
    MalformedCpr,
    NotFound,
    PatientInConsultation,
    RoomsError,
    UnknownPerson,
)
from rooms.patients import ACCESS_REMOVED
from rooms.records import Committed
from rooms.states import VisitState
from rooms.store import Rooms

from .cast import ANNE, EAR, FATIMA_CPR, HENRIK, JONAS_CPR, MAJA_CPR, SKIN, SettableClock, every_row


async def test_an_added_patient_is_found_and_has_a_card(rooms: Rooms, announced: list[Committed]) -> None:
    patient = await rooms.patients.add(ANNE, EAR, MAJA_CPR.replace("-", " "))
    assert (patient.name, patient.cpr.reveal()) == ("Maja Elkjær Holm", MAJA_CPR)
    assert await rooms.patients.search(ANNE, EAR, "") == (patient,)
    assert [card.clinic.id for card in await rooms.waiting_room.cards("maja")] == [EAR]
    assert announced == [Committed(EAR, 1, "maja", None)]


@pytest.mark.parametrize(
    ("cpr", "refusal"),
    [
        ("260782-290", MalformedCpr),
        ("310282-2906", MalformedCpr),
        ("020436-5001", MalformedCpr),  # born in 2036, and it is 2026
        ("010203-1234", UnknownPerson),
        ("210984-3360", UnknownPerson),  # known, and no user of the app
        (JONAS_CPR, AlreadyPatient),
    ],
)
async def test_a_refused_addition_changes_nothing(
    rooms: Rooms, database_url: str, cpr: str, refusal: type[RoomsError]
) -> None:
    await rooms.patients.add(ANNE, EAR, JONAS_CPR)
    before = await every_row(database_url)
    with pytest.raises(refusal) as refused:
        await rooms.patients.add(ANNE, EAR, cpr)
    assert cpr not in str(refused.value)
    assert await every_row(database_url) == before


async def test_a_child_born_after_midnight_in_denmark_is_born(rooms: Rooms, clock: SettableClock) -> None:
    clock.time = clock.time.replace(year=2026, month=7, day=1, hour=22, minute=30)  # half past midnight there
    with pytest.raises(UnknownPerson):
        await rooms.patients.add(ANNE, EAR, "020726-5001")
    with pytest.raises(MalformedCpr):
        await rooms.patients.add(ANNE, EAR, "030726-5001")


async def test_a_person_can_be_the_patient_of_several_clinics(rooms: Rooms) -> None:
    await rooms.patients.add(ANNE, EAR, MAJA_CPR)
    await rooms.patients.add(HENRIK, SKIN, MAJA_CPR)
    assert [card.clinic.id for card in await rooms.waiting_room.cards("maja")] == [SKIN, EAR]
    assert await rooms.waiting_room.cards("jonas") == ()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Fatima Nygaard Said", "Jonas Brandt Toft", "Maja Elkjær Holm"]),
        ("ELKJÆR", ["Maja Elkjær Holm"]),
        ("  toft ", ["Jonas Brandt Toft"]),
        ("a", ["Fatima Nygaard Said", "Jonas Brandt Toft", "Maja Elkjær Holm"]),
        ("260782-29", ["Maja Elkjær Holm"]),
        ("0782", ["Maja Elkjær Holm"]),
        ("1238", ["Fatima Nygaard Said"]),
        ("-", []),
        ("xyz", []),
        ("%", []),
    ],
)
async def test_search_by_part_of_name_or_number(rooms: Rooms, query: str, found: list[str]) -> None:
    for cpr in (MAJA_CPR, JONAS_CPR, FATIMA_CPR):
        await rooms.patients.add(ANNE, EAR, cpr)
    assert [patient.name for patient in await rooms.patients.search(ANNE, EAR, query)] == found
    assert await rooms.patients.search(HENRIK, SKIN, query) == ()


async def test_a_removed_patient_is_gone_and_can_be_added_again(rooms: Rooms) -> None:
    patient = await rooms.patients.add(ANNE, EAR, MAJA_CPR)
    await rooms.patients.remove(ANNE, EAR, patient.id)
    assert await rooms.patients.search(ANNE, EAR, "") == ()
    assert await rooms.waiting_room.cards("maja") == ()
    with pytest.raises(NotFound):
        await rooms.patients.remove(ANNE, EAR, patient.id)
    again = await rooms.patients.add(ANNE, EAR, MAJA_CPR)
    assert await rooms.patients.search(ANNE, EAR, "") == (again,)


async def test_removing_who_waits_rejects_the_visit_first(rooms: Rooms) -> None:
    patient = await rooms.patients.add(ANNE, EAR, MAJA_CPR)
    await rooms.waiting_room.open(ANNE, EAR)
    visit = await rooms.waiting_room.join("maja", EAR)
    await rooms.patients.remove(ANNE, EAR, patient.id)
    rejected = await rooms.waiting_room.visit(EAR, visit.id)
    assert (rejected.state, rejected.explanation) == (VisitState.REJECTED, ACCESS_REMOVED)
    assert [event.kind for event in await rooms.log.since(EAR, 3)] == ["visit_rejected", "patient_removed"]
    with pytest.raises(NotFound):
        await rooms.waiting_room.visit_of({"maja"}, visit.id)


@pytest.mark.parametrize("started", [False, True])
async def test_a_patient_in_a_consultation_stays(rooms: Rooms, database_url: str, started: bool) -> None:
    patient = await rooms.patients.add(ANNE, EAR, MAJA_CPR)
    await rooms.waiting_room.open(ANNE, EAR)
    visit = await rooms.waiting_room.join("maja", EAR)
    await rooms.waiting_room.accept(ANNE, EAR, visit.id)
    if started:
        await rooms.waiting_room.start(ANNE, EAR, visit.id)
    before = await every_row(database_url)
    with pytest.raises(PatientInConsultation):
        await rooms.patients.remove(ANNE, EAR, patient.id)
    assert await every_row(database_url) == before


async def test_another_clinics_patient_is_not_there(rooms: Rooms, database_url: str) -> None:
    patient = await rooms.patients.add(ANNE, EAR, MAJA_CPR)
    before = await every_row(database_url)
    with pytest.raises(NotFound):
        await rooms.patients.remove(HENRIK, SKIN, patient.id)
    with pytest.raises(NotFound):
        await rooms.patients.add(ANNE, "no-clinic", JONAS_CPR)
    assert await every_row(database_url) == before
