"""The audit: looking is told, sparingly and without a CPR number; read back by practitioners, and by patients of their own."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from rooms.audit import PAGE, AuditFilter, masked
from rooms.errors import NotFound, PractitionersOnly
from rooms.purposes import GROUPS, QUIET, Group, Purpose, purpose
from rooms.records import Actor, AuditEntry, Role
from rooms.store import Rooms

from .cast import ANNE, EAR, HENRIK, JONAS_CPR, MAJA_CPR, MORTEN, SKIN, SettableClock, by_hand

OSKAR_CPR = "190417-5623"
KIRSTEN = Actor("kirsten", Role.EMPLOYEE, "oere-anne")


async def kinds(rooms: Rooms, after: int = 0) -> list[str]:
    return [event.kind for event in await rooms.log.since(EAR, after)]


async def search(rooms: Rooms, actor: Actor, query: str) -> None:
    """As the page does it."""
    await rooms.audit.searched(actor, EAR, query, await rooms.patients.search(actor, EAR, query))


async def read(rooms: Rooms, **wanted: object) -> list[AuditEntry]:
    found = await rooms.audit.page(ANNE, EAR, AuditFilter(**wanted))  # type: ignore[arg-type]  # a test's shorthand
    return [entry for entry in found if entry.event.kind != "audit_viewed"]


@pytest.mark.parametrize(
    ("criterion", "kept"),
    [("260782-2906", "••••••-••••"), ("2607", "••••"), ("elkjær", "elkjær"), ("maja 2607", "maja ••••"), ("", "")],
)
def test_a_criterion_is_kept_without_digits(criterion: str, kept: str) -> None:
    assert masked(criterion) == kept


def test_each_kind_has_its_purpose_by_its_name() -> None:
    assert purpose("visit_accepted") is purpose("patients_searched") is purpose("board_viewed") is Purpose.TREATMENT
    assert purpose("employee_activated") is purpose("logged_in") is Purpose.ACCESS
    assert purpose("audit_viewed") is purpose("request_refused") is Purpose.CONTROL
    assert purpose("room_opened") is purpose("something_new") is Purpose.ADMINISTRATION
    assert set(GROUPS) | {Group.LOOK_UP} == set(Group)
    assert "visit_joined" not in QUIET


async def test_a_search_is_told_with_whom_it_found_and_no_number(rooms: Rooms) -> None:
    await rooms.patients.add(ANNE, EAR, MAJA_CPR)
    await search(rooms, ANNE, MAJA_CPR)
    event = (await rooms.log.since(EAR, 1))[0]
    assert (event.kind, event.actor, event.data["criterion"]) == ("patients_searched", ANNE, "••••••-••••")
    assert event.data["subjects"] == ["maja"]
    assert len(event.data["criterion_hash"]) == 64
    assert MAJA_CPR not in json.dumps(dict(event.data))
    assert await rooms.log.verify(EAR) is None


async def test_looking_again_is_told_once_an_hour_and_looking_at_somebody_new_at_once(
    rooms: Rooms, clock: SettableClock
) -> None:
    await rooms.patients.add(ANNE, EAR, MAJA_CPR)
    for _ in range(3):
        await search(rooms, ANNE, "")
    assert await kinds(rooms, 1) == ["patients_searched"]
    await search(rooms, MORTEN, "")  # somebody else
    await search(rooms, ANNE, "m")  # something else
    assert len(await kinds(rooms, 1)) == 3
    await rooms.patients.add(ANNE, EAR, JONAS_CPR)
    await search(rooms, ANNE, "")  # somebody new
    await search(rooms, ANNE, "")
    assert await kinds(rooms, 4) == ["patient_added", "patients_searched"]
    assert (await rooms.log.since(EAR, 5))[0].data["subjects"] == ["jonas"]
    clock.time += timedelta(hours=1, seconds=1)
    await search(rooms, ANNE, "")
    assert len(await kinds(rooms, 4)) == 3


async def test_the_page_names_people_and_children_by_number_and_is_searched(rooms: Rooms, clock: SettableClock) -> None:
    await rooms.patients.add(ANNE, EAR, MAJA_CPR)
    await rooms.patients.add(MORTEN, EAR, OSKAR_CPR)
    began = clock.time
    await search(rooms, KIRSTEN, "")
    await rooms.audit.refused(KIRSTEN, EAR, "practitioners_only", "GET /x")
    await rooms.waiting_room.open(ANNE, EAR)
    everything = await read(rooms)
    assert [entry.event.kind for entry in everything] == [
        "room_opened",
        "request_refused",
        "patients_searched",
        "patient_added",
        "patient_added",
    ]
    assert everything[2].actor_name == "Kirsten Dahl"
    assert everything[2].practitioner_name == "Anne Bruun Lindqvist"
    assert everything[2].subjects == (OSKAR_CPR, "Maja Elkjær Holm")
    assert everything[3].subjects == (OSKAR_CPR,)
    assert OSKAR_CPR not in repr(everything)

    async def numbers(**wanted: object) -> list[int]:
        return [entry.event.number for entry in await read(rooms, **wanted)]

    assert await numbers(person="maja") == [3, 1]
    assert await numbers(person="kirsten") == [4, 3]
    assert await numbers(person=OSKAR_CPR) == [3, 2]
    assert await numbers(person="oskar") == []
    assert await numbers(person="nobody") == []
    assert await numbers(group=Group.PATIENT) == [2, 1]
    assert await numbers(group=Group.LOOK_UP) == [3]
    assert await numbers(group=Group.REFUSAL) == [4]
    assert await numbers(group=Group.ROOM) == [5]
    assert await numbers(until=began) == [2, 1]
    assert await numbers(since=began, group=Group.LOOK_UP) == [3]
    assert await numbers(before=3) == [2, 1]


async def test_the_page_is_for_the_clinics_practitioners(rooms: Rooms) -> None:
    with pytest.raises(PractitionersOnly):
        await rooms.audit.page(KIRSTEN, EAR, AuditFilter())
    with pytest.raises(NotFound):
        await rooms.audit.page(ANNE, "no-clinic", AuditFilter())
    await rooms.audit.page(ANNE, EAR, AuditFilter(person="maja"))
    await rooms.audit.page(ANNE, EAR, AuditFilter(person="maja"))
    (event,) = await rooms.log.since(EAR, 0)
    assert (event.kind, event.data["criterion"]) == ("audit_viewed", "maja")


async def test_pages_follow_each_other(rooms: Rooms) -> None:
    for _ in range(PAGE // 2 + 3):
        await rooms.waiting_room.open(ANNE, EAR)
        await rooms.waiting_room.close(ANNE, EAR, keep_queue=True)
    first = await rooms.audit.page(ANNE, EAR, AuditFilter(group=Group.ROOM))
    second = await rooms.audit.page(ANNE, EAR, AuditFilter(group=Group.ROOM, before=first[-1].event.number))
    assert [entry.event.number for entry in (*first, *second)] == list(range(PAGE + 6, 0, -1))


async def test_a_patient_sees_when_and_what_for_and_not_who(rooms: Rooms) -> None:
    await rooms.patients.add(ANNE, EAR, MAJA_CPR)
    await search(rooms, KIRSTEN, "elkjær")
    await rooms.waiting_room.open(ANNE, EAR)
    visit = await rooms.waiting_room.join("maja", EAR)
    await rooms.audit.board_viewed(MORTEN, EAR, (visit,))
    await rooms.waiting_room.accept(ANNE, EAR, visit.id)
    await rooms.audit.refused(MORTEN, EAR, "wrong_state", "POST /x", about=visit.id)
    await rooms.patients.add(HENRIK, SKIN, MAJA_CPR)
    found = await rooms.audit.look_ups("maja")
    assert [(each.kind, each.clinic_name) for each in found] == [
        ("patient_added", "Hudklinikken Aarhus"),
        ("request_refused", "Øreklinikken Søborg"),
        ("visit_accepted", "Øreklinikken Søborg"),
        ("board_viewed", "Øreklinikken Søborg"),
        ("patients_searched", "Øreklinikken Søborg"),
        ("patient_added", "Øreklinikken Søborg"),
    ]
    assert {each.purpose for each in found} == {Purpose.TREATMENT, Purpose.CONTROL}
    assert "kirsten" not in repr(found).casefold()
    assert await rooms.audit.look_ups("maja", found[2].cursor) == found[3:]
    assert await rooms.audit.look_ups("jonas") == ()
    for cursor in ("", "x y z", "2026-01-01T00:00:00 a 1"):
        with pytest.raises(NotFound):
            await rooms.audit.look_ups("maja", cursor)


@pytest.mark.parametrize(
    ("tampering", "broken"),
    [
        ("UPDATE installation_events SET kind = 'logged_out' WHERE number = 2", 2),
        ("UPDATE installation_events SET actor_person_id = 'maja' WHERE number = 1", 1),
        ("DELETE FROM installation_events WHERE number = 2", 2),
        ("DELETE FROM installation_events WHERE number = 3", 3),
        ("UPDATE installation SET last_event = 2", 3),
        (
            "INSERT INTO installation_events SELECT 4, at, kind, actor_person_id, actor_role, person_id, data, hash "
            "FROM installation_events WHERE number = 3",
            4,
        ),
    ],
)
async def test_the_installations_own_chain_is_kept_as_the_clinics_are(
    rooms: Rooms, database_url: str, tampering: str, broken: int
) -> None:
    for kind in ("logged_in", "login_failed", "logged_out"):
        await rooms.audit.outside(kind, Actor("anne", Role.STAFF), {"login": "1"})
    await rooms.waiting_room.open(ANNE, EAR)
    chains = await rooms.log.verify_all()
    assert [(chain.name, chain.events, chain.broken_at) for chain in chains] == [
        ("", 3, None),
        (SKIN, 0, None),
        (EAR, 1, None),
    ]
    await by_hand(database_url, tampering)
    assert [chain.broken_at for chain in await rooms.log.verify_all()] == [broken, None, None]
