"""The administration of employees over HTTP, and the open pages of somebody whose access is taken."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from signaling.bus import person_topic
from signaling.messages import CLOSE_REVOKED

from .house import CPR, EAR, Browser, House

EMPLOYEES = f"/api/clinics/{EAR}/employees"


@pytest.fixture
async def kirsten(house: House, ear: Browser) -> AsyncIterator[Browser]:
    """An employee's browser, at work."""
    assert (await ear.post(f"{EMPLOYEES}/kirsten/activate")).status == 200
    async with house.browser() as browser:
        yield await browser.go_to_work("kirsten", "101001", "oere-anne")


async def test_the_list_and_access_given_by_number(ear: Browser, skin: Browser) -> None:
    colleagues = (await ear.get(EMPLOYEES)).body["colleagues"]
    assert [(each["person_id"], each["role"], each["active"], each["is_self"]) for each in colleagues] == [
        ("anne", "practitioner", True, True),
        ("morten", "practitioner", True, False),
        ("kirsten", "employee", False, False),
    ]
    added = await skin.post("/api/clinics/hudklinikken/employees", {"cpr": CPR["kirsten"]})
    assert (added.status, added.body["active"]) == (201, True)
    assert "cpr" not in added.body


async def test_open_pages_lose_access_at_once(ear: Browser, kirsten: Browser) -> None:
    async with kirsten.live(f"/api/clinics/{EAR}/live") as socket:
        assert (await socket.receive_json())["type"] == "board"
        assert (await ear.post(f"{EMPLOYEES}/kirsten/deactivate")).body["active"] is False
        assert (await socket.receive_json())["type"] == "revoked"
        await socket.receive()
        assert socket.close_code == CLOSE_REVOKED
    assert (await kirsten.get(f"/api/clinics/{EAR}/board")).refusal == (404, "not_found")
    session = (await kirsten.get("/api/session")).body
    assert (session["step"], session["remembered"]) == ("choose_clinic", [])


async def test_employees_are_refused_in_words_of_their_own(house: House, ear: Browser, kirsten: Browser) -> None:
    assert (await kirsten.get("/api/session")).body["role"] == "employee"
    async with house.unchanged():
        for answer in (
            await kirsten.get(EMPLOYEES),
            await kirsten.post(EMPLOYEES, {"cpr": CPR["maja"]}),
            await kirsten.post(f"{EMPLOYEES}/morten/deactivate"),
            await kirsten.post(f"{EMPLOYEES}/kirsten/activate"),
        ):
            assert answer.refusal == (403, "practitioners_only")


async def test_refusals(house: House, ear: Browser, skin: Browser) -> None:
    async with house.unchanged():
        assert (await ear.post(EMPLOYEES, {"cpr": "1"})).refusal == (422, "cpr_malformed")
        assert (await ear.post(EMPLOYEES, {"cpr": "010203-1234"})).refusal == (409, "staff_unknown")
        assert (await ear.post(EMPLOYEES, {"cpr": CPR["morten"]})).refusal == (409, "already_staff")
        assert (await ear.post(f"{EMPLOYEES}/henrik/deactivate")).refusal == (404, "not_found")
        assert (await skin.post(f"{EMPLOYEES}/morten/deactivate")).refusal == (404, "not_found")
        last = await skin.post("/api/clinics/hudklinikken/employees/henrik/deactivate")
        assert last.refusal == (409, "last_practitioner")


async def test_a_clinic_once_entered_is_offered_and_asks_for_no_declaration(ear: Browser) -> None:
    outside = (await ear.delete("/api/session/clinic")).body
    assert outside["step"] == "choose_clinic"
    (remembered,) = outside["remembered"]
    assert (remembered["clinic"]["id"], remembered["declaration_accepted"]) == (EAR, True)
    again = await ear.post("/api/session/clinic", {"identifier": "101001", "declaration_version": None})
    assert again.body["step"] == "choose_practitioner"


async def test_one_person_works_in_two_clinics_and_switches(ear: Browser, skin: Browser, house: House) -> None:
    await ear.post(f"{EMPLOYEES}/kirsten/activate")
    await skin.post("/api/clinics/hudklinikken/employees", {"cpr": CPR["kirsten"]})
    async with house.browser() as kirsten:
        await kirsten.go_to_work("kirsten", "101001", "oere-anne")
        await kirsten.go_to_work("kirsten", "202002")
        assert (await kirsten.get(f"/api/clinics/{EAR}/board")).status == 404
        assert (await kirsten.get("/api/clinics/hudklinikken/board")).status == 200
        names = [each["clinic"]["name"] for each in (await kirsten.delete("/api/session/clinic")).body["remembered"]]
        assert names == ["Hudklinikken Aarhus", "Øreklinikken Søborg"]


async def test_the_call_of_a_deactivated_employee_closes_and_the_consultation_stays_the_clinics(
    ear: Browser, kirsten: Browser, maja: Browser, house: House
) -> None:
    await ear.post(f"/api/clinics/{EAR}/room/open")
    await ear.post(f"/api/clinics/{EAR}/patients", {"cpr": CPR["maja"]})
    visit = (await maja.post(f"/api/patient/clinics/{EAR}/join")).body["id"]
    address = f"/api/clinics/{EAR}/visits/{visit}"
    await kirsten.post(f"{address}/accept")
    await kirsten.post(f"{address}/start")
    async with kirsten.live(f"{address}/call") as socket:
        assert (await socket.receive_json())["type"] == "call"
        # By which it is told at once, and not when it looks by itself; a look inside.
        assert person_topic("kirsten") in house.worker.bus._listeners
        await ear.post(f"{EMPLOYEES}/kirsten/deactivate")
        while (await socket.receive_json(timeout=60))["type"] != "revoked":
            pass
        await socket.receive()
        assert socket.close_code == CLOSE_REVOKED
    assert (await ear.post(f"{address}/end")).body["state"] == "ended"
