"""The shortcut from a practice system: the right person, in the right clinic, on the right page; once, and within a minute."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from yarl import URL

from tests.rooms.cast import by_hand

from .house import CPR, EAR, Browser, House, on_either_store
from .practice import Practice

ANNE = {"clinic": "9991011000016009", "authorisation_id": "0xdb1"}
SPENT = "/?login=launch_spent"
FOR_ANOTHER = "/?login=launch_for_another"


@pytest.fixture
async def epj(house: House) -> Practice:
    return await Practice.registered(house.rooms, house.settings.origin, "101001", "202002")


async def launch(browser: Browser, epj: Practice, **changed: Any) -> str:
    """The path of a new launch's address."""
    answer = await epj.ask(browser, "POST", "/api/launches", ANNE | changed)
    assert answer.status == 201, answer
    url = URL(answer.body["url"])
    assert str(url.origin()) == str(browser.origin)
    assert url.query_string == ""
    return url.path


async def opened(browser: Browser, path: str) -> str:
    """Where the address sends a browser."""
    return (await browser.get(path)).headers["Location"]


async def declare(browser: Browser, identifier: str) -> None:
    version = (await browser.get("/api/session")).body["declaration"]["version"]
    await browser.post("/api/session/clinic", {"identifier": identifier, "declaration_version": version})


@on_either_store
async def test_it_lands_at_work_with_the_patient_to_be_opened(house: House, browser: Browser, epj: Practice) -> None:
    async with house.browser() as before:
        await before.go_to_work("anne", "101001", "oere-anne")
    patient = {"cpr": CPR["maja"], "reference": "EPJ-17"}
    path = await launch(browser, epj, patient=patient)
    assert await opened(browser, path) == "/"
    session = (await browser.get("/api/session")).body
    assert (session["step"], session["launched"]) == ("log_in", True)
    assert await browser.log_in("anne") == "/"
    session = (await browser.get("/api/session")).body
    assert (session["step"], session["clinic"]["id"]) == ("at_work", EAR)
    assert session["practitioner"]["id"] == "oere-anne"
    assert (await browser.get("/api/session")).body["launched_patient_id"] is None  # a reload does not go back to it
    (shown,) = (await browser.post(f"/api/clinics/{EAR}/patients/search", {"query": ""})).body["patients"]
    assert session["launched_patient_id"] == shown["id"]
    kinds = [event.kind for event in await house.rooms.log.since(EAR, 0)]
    assert {"launch_begun", "launch_landed", "patient_added"} <= set(kinds)
    # Whoever leaves the clinic is not sent back to it.
    left = (await browser.delete("/api/session/clinic")).body
    assert (left["step"], left["launched_clinic"]) == ("choose_clinic", None)


async def test_the_declaration_is_asked_for_first(house: House, browser: Browser, epj: Practice) -> None:
    await opened(browser, await launch(browser, epj))
    await browser.log_in("anne")
    session = (await browser.get("/api/session")).body
    assert (session["step"], session["launched_clinic"]) == ("choose_clinic", "101001")
    await declare(browser, session["launched_clinic"])
    session = (await browser.get("/api/session")).body
    assert (session["step"], session["practitioner"]["id"]) == ("at_work", "oere-anne")


async def test_another_person_than_the_one_named_gets_nowhere(house: House, browser: Browser, epj: Practice) -> None:
    await opened(browser, await launch(browser, epj))
    async with house.unchanged():
        assert await browser.log_in("morten") == FOR_ANOTHER
        session = (await browser.get("/api/session")).body
        assert (session["step"], session["launched"]) == ("log_in", False)
    # The launch is used up; a login of one's own is an ordinary one.
    assert await browser.log_in("morten") == "/"
    assert (await browser.get("/api/session")).body["step"] == "choose_clinic"


async def test_an_address_is_used_once(house: House, browser: Browser, epj: Practice) -> None:
    path = await launch(browser, epj)
    assert (await browser.ask("HEAD", path)).status == 405  # a program that only looks does not use it up
    async with house.browser() as other:
        assert await opened(browser, path) == "/"
        assert await opened(other, path) == SPENT
        assert (await other.get("/api/session")).body["launched"] is False
    assert await opened(browser, "/launch/" + "x" * 43) == SPENT


async def test_an_address_holds_for_a_minute(house: House, browser: Browser, epj: Practice) -> None:
    in_time, late = await launch(browser, epj), await launch(browser, epj)
    house.clock.ahead += timedelta(seconds=58)
    assert await opened(browser, in_time) == "/"
    house.clock.ahead += timedelta(seconds=3)
    assert await opened(browser, late) == SPENT


async def test_an_employee_is_named_by_the_professional_id(house: House, browser: Browser, epj: Practice) -> None:
    named = {"clinic": "101001", "professional_id": "pid-kirsten"}
    url = house.settings.database_url
    await by_hand(url, "INSERT INTO professional_ids VALUES ('pid-kirsten', 'kirsten')")
    async with house.unchanged():  # she is not active yet
        refused = await epj.ask(browser, "POST", "/api/launches", named)
        assert refused.refusal == (409, "launch_person_unknown")
    await by_hand(url, "UPDATE employees SET active = true")
    answer = await epj.ask(browser, "POST", "/api/launches", named)
    await opened(browser, URL(answer.body["url"]).path)
    await browser.log_in("kirsten")
    session = (await browser.get("/api/session")).body
    assert (session["step"], session["launched_clinic"]) == ("choose_clinic", "101001")
    # An employee chooses whom to work for, as always.
    await declare(browser, "101001")
    assert (await browser.get("/api/session")).body["step"] == "choose_practitioner"


async def test_a_login_in_this_browser_stays_until_the_new_one_is_there(
    house: House, browser: Browser, epj: Practice
) -> None:
    await browser.go_to_work("anne", "101001", "oere-anne")
    async with browser.live(f"/api/clinics/{EAR}/live") as page:
        assert (await page.receive_json(timeout=60))["type"] == "board"
        await opened(browser, await launch(browser, epj))
        assert (await browser.get(f"/api/clinics/{EAR}/board")).status == 200
        await browser.log_in("anne")
        assert (await browser.get(f"/api/clinics/{EAR}/board")).status == 200


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"clinic": "1010"}, (422, "clinic_identifier_malformed")),
        ({"clinic": "9991011000016008"}, (422, "sor_id_mistyped")),
        ({"clinic": "909009"}, (409, "clinic_unknown")),
        ({"authorisation_id": "0XDA1"}, (422, "authorisation_id_malformed")),
        ({"authorisation_id": "09YM9"}, (422, "authorisation_id_placeholder")),
        ({"authorisation_id": "0XDH3"}, (409, "launch_person_unknown")),  # of the other clinic
        ({"professional_id": "both"}, (422, "fields_invalid")),
        ({"authorisation_id": None}, (422, "fields_invalid")),
        ({"patient": {"cpr": "310290-2222"}}, (422, "cpr_malformed")),
        ({"patient": {"cpr": "010203-1234"}}, (409, "person_unknown")),
        ({"authorisation_id": "0XDH3", "patient": {"cpr": CPR["maja"]}}, (409, "launch_person_unknown")),
    ],
)
async def test_a_launch_that_cannot_be_begun_changes_nothing(
    house: House, browser: Browser, epj: Practice, changed: dict[str, Any], refusal: tuple[int, str]
) -> None:
    async with house.unchanged():
        assert (await epj.ask(browser, "POST", "/api/launches", ANNE | changed)).refusal == refusal
