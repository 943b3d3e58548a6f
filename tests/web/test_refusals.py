"""Every refusal: its status and code, nothing of the input in its answer, and nothing changed by it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from web.errors import MAX_BODY_BYTES

from .house import CPR, EAR, SKIN, Answer, Browser, House

CLINIC = f"/api/clinics/{EAR}"


@pytest.fixture
async def anne(house: House) -> AsyncIterator[Browser]:
    """Logged in, in no clinic yet."""
    async with house.browser() as browser:
        await browser.log_in("anne")
        yield browser


@pytest.mark.parametrize(
    ("identifier", "refusal"),
    [
        ("101002", (409, "clinic_unknown")),
        ("9991011000016008", (422, "sor_id_mistyped")),  # off by one in the last digit
        ("9991021000016009", (422, "sor_id_mistyped")),  # and in the middle
        ("1010", (422, "clinic_identifier_malformed")),
        ("Øreklinikken", (422, "clinic_identifier_malformed")),
        ("101001\0", (422, "fields_invalid")),
        ("202002", (409, "not_staff_here")),
    ],
)
async def test_a_clinic_that_is_not_ones_own(
    house: House, anne: Browser, identifier: str, refusal: tuple[int, str]
) -> None:
    async with house.unchanged():
        answer = await anne.post("/api/session/clinic", {"identifier": identifier, "declaration_version": "1"})
    assert answer.refusal == refusal
    assert identifier not in answer.body["message"]
    assert (await anne.get("/api/session")).body["step"] == "choose_clinic"


@pytest.mark.parametrize("version", [None, "0"])
async def test_nobody_passes_without_the_declaration_as_it_reads_now(
    house: House, anne: Browser, version: str | None
) -> None:
    async with house.unchanged():
        answer = await anne.post("/api/session/clinic", {"identifier": "101001", "declaration_version": version})
    assert answer.refusal == (409, "declaration_missing")
    assert (await anne.get(f"{CLINIC}/board")).status == 404


async def test_an_employee_who_is_not_active_gets_in_nowhere(house: House, browser: Browser) -> None:
    await browser.log_in("kirsten")
    async with house.unchanged():
        answer = await browser.post("/api/session/clinic", {"identifier": "101001", "declaration_version": "1"})
    assert answer.refusal == (409, "not_staff_here")


async def test_another_clinics_practitioner_cannot_be_chosen(house: House, anne: Browser) -> None:
    await anne.post("/api/session/clinic", {"identifier": "101001", "declaration_version": "1"})
    async with house.unchanged():
        answer = await anne.post("/api/session/practitioner", {"practitioner_id": "hud-henrik"})
        early = await anne.post(f"{CLINIC}/room/open")
    assert answer.refusal == (409, "practitioner_unknown")
    assert early.refusal == (409, "practitioner_not_chosen")


@pytest.mark.parametrize(
    ("cpr", "refusal"),
    [
        ("12345", (422, "cpr_malformed")),
        ("310290-1234", (422, "cpr_malformed")),  # no 31 February
        ("abcdef-ghij", (422, "cpr_malformed")),
        ("010203-4567", (409, "person_unknown")),
        (CPR["morten"], (409, "person_unknown")),  # known, but no user of the app
        ("1" * 21, (422, "fields_invalid")),
    ],
)
async def test_a_patient_who_cannot_be_added(house: House, ear: Browser, cpr: str, refusal: tuple[int, str]) -> None:
    async with house.unchanged():
        answer = await ear.post(f"{CLINIC}/patients", {"cpr": cpr})
    assert answer.refusal == refusal
    assert cpr not in answer.body["message"]


async def test_a_patient_who_is_there_already(house: House, ear: Browser) -> None:
    await ear.post(f"{CLINIC}/patients", {"cpr": CPR["maja"]})
    async with house.unchanged():
        assert (await ear.post(f"{CLINIC}/patients", {"cpr": CPR["maja"]})).refusal == (409, "patient_exists")


async def test_joining_a_closed_room(house: House, ear: Browser, maja: Browser) -> None:
    await ear.post(f"{CLINIC}/patients", {"cpr": CPR["maja"]})
    async with house.unchanged():
        assert (await maja.post(f"/api/patient/clinics/{EAR}/join")).refusal == (409, "room_closed")


async def test_joining_without_access(house: House, ear: Browser, maja: Browser) -> None:
    await ear.post(f"{CLINIC}/room/open")
    async with house.unchanged():
        there = await maja.post(f"/api/patient/clinics/{EAR}/join")
        nowhere = await maja.post("/api/patient/clinics/nowhere/join")
    assert there.refusal == (404, "not_found")
    assert there.body == nowhere.body


async def test_joining_after_the_access_was_taken_away(house: House, ear: Browser, maja: Browser) -> None:
    patient = (await ear.post(f"{CLINIC}/patients", {"cpr": CPR["maja"]})).body["id"]
    await ear.post(f"{CLINIC}/room/open")
    await ear.delete(f"{CLINIC}/patients/{patient}")
    async with house.unchanged():
        assert (await maja.post(f"/api/patient/clinics/{EAR}/join")).refusal == (404, "not_found")
        assert (await ear.delete(f"{CLINIC}/patients/{patient}")).refusal == (404, "not_found")


async def test_joining_twice(house: House, ear: Browser, maja: Browser) -> None:
    await waiting(ear, maja)
    async with house.unchanged():
        assert (await maja.post(f"/api/patient/clinics/{EAR}/join")).refusal == (409, "already_queued")


async def test_accepting_a_patient_who_is_gone(house: House, ear: Browser, maja: Browser) -> None:
    visit = await waiting(ear, maja)
    await maja.post(f"/api/patient/visits/{visit}/leave")
    async with house.unchanged():
        assert (await ear.post(f"{CLINIC}/visits/{visit}/accept")).refusal == (409, "wrong_state")
        assert (await ear.post(f"{CLINIC}/visits/nobody/accept")).refusal == (404, "not_found")


async def test_a_colleague_who_comes_second_is_told_who_was_first(house: House, ear: Browser, maja: Browser) -> None:
    visit = await waiting(ear, maja)
    await ear.post(f"{CLINIC}/visits/{visit}/accept")
    async with house.browser() as morten:
        await morten.go_to_work("morten", "101001", "oere-morten")
        async with house.unchanged():
            late = await morten.post(f"{CLINIC}/visits/{visit}/accept")
    assert late.refusal == (409, "wrong_state")
    assert "Anne Bruun Lindqvist" in late.body["message"]


async def test_a_patient_in_a_consultation_is_not_removed(house: House, ear: Browser, maja: Browser) -> None:
    visit = await waiting(ear, maja)
    accepted = (await ear.post(f"{CLINIC}/visits/{visit}/accept")).body
    async with house.unchanged():
        answer = await ear.delete(f"{CLINIC}/patients/{accepted['patient_id']}")
        left = await maja.post(f"/api/patient/visits/{visit}/leave")
    assert answer.refusal == (409, "patient_in_consultation")
    assert left.refusal == (409, "wrong_state")


async def test_another_patients_visit_is_not_there(house: House, ear: Browser, maja: Browser) -> None:
    visit = await waiting(ear, maja)
    async with house.browser() as jonas:
        await jonas.log_in("jonas", "patient")
        async with house.unchanged():
            assert (await jonas.post(f"/api/patient/visits/{visit}/leave")).refusal == (404, "not_found")


@pytest.mark.parametrize("text", ["", "   ", "x" * 1001, "a\0b"])
async def test_messages_and_explanations_that_nobody_can_read(
    house: House, ear: Browser, maja: Browser, text: str
) -> None:
    visit = await waiting(ear, maja)
    async with house.unchanged():
        messages = {"open_message": text, "closed_message": "Lukket."}
        assert (await ear.ask("PUT", f"{CLINIC}/room/messages", json=messages)).status == 422
        assert (await ear.post(f"{CLINIC}/visits/{visit}/reject", {"explanation": text})).status == 422


async def test_opening_an_open_room_and_closing_a_closed_one(house: House, ear: Browser) -> None:
    async with house.unchanged():
        assert (await ear.post(f"{CLINIC}/room/close", {"manner": "keep_queue"})).refusal == (409, "wrong_state")
    await ear.post(f"{CLINIC}/room/open")
    async with house.unchanged():
        assert (await ear.post(f"{CLINIC}/room/open")).refusal == (409, "wrong_state")


def staff_requests(clinic: str, visit: str, patient: str) -> list[tuple[str, str, Mapping[str, Any] | None]]:
    """Every request on a clinic's data."""
    base = f"/api/clinics/{clinic}"
    return [
        ("GET", f"{base}/board", None),
        ("POST", f"{base}/room/open", None),
        ("POST", f"{base}/room/close", {"manner": "reject_all"}),
        ("PUT", f"{base}/room/messages", {"open_message": "Åben", "closed_message": "Lukket"}),
        ("POST", f"{base}/patients", {"cpr": CPR["jonas"]}),
        ("POST", f"{base}/patients/search", {"query": ""}),
        ("DELETE", f"{base}/patients/{patient}", None),
        *(("POST", f"{base}/visits/{visit}/{verb}", None) for verb in ("accept", "put_back", "start", "end")),
        ("POST", f"{base}/visits/{visit}/reject", {"explanation": "Nej."}),
    ]


async def test_another_clinics_data_is_not_there_on_any_route(
    house: House, ear: Browser, skin: Browser, maja: Browser
) -> None:
    visit = await waiting(ear, maja)
    (board,) = (await ear.get(f"{CLINIC}/board")).body["visits"]
    async with house.unchanged():
        for method, address, body in staff_requests(EAR, visit, board["patient_id"]):
            answer = await ask(skin, method, address, body)
            assert answer.refusal == (404, "not_found"), address
            # Word for word what a clinic that does not exist answers.
            nowhere = await ask(skin, method, address.replace(EAR, "nowhere"), body)
            assert nowhere.body == answer.body
        # Nor do another clinic's ids open anything by way of one's own clinic.
        for method, address, body in staff_requests(SKIN, visit, board["patient_id"])[6:]:
            assert (await ask(skin, method, address, body)).refusal == (404, "not_found"), address


async def test_nobody_logged_in_gets_nothing_on_any_route(house: House, browser: Browser, maja: Browser) -> None:
    async with house.unchanged():
        # A patient's login opens no clinic, and no login opens a patient's page.
        for method, address, body in staff_requests(EAR, "visit", "patient"):
            for asking in (browser, maja):
                assert (await ask(asking, method, address, body)).refusal == (401, "not_logged_in"), address
        for method, address in (
            ("GET", "/api/patient/cards"),
            ("POST", f"/api/patient/clinics/{EAR}/join"),
            ("POST", "/api/patient/visits/visit/leave"),
        ):
            assert (await ask(browser, method, address, None)).refusal == (401, "not_logged_in"), address
        entering = await browser.post("/api/session/clinic", {"identifier": "101001", "declaration_version": "1"})
        assert entering.refusal == (401, "not_logged_in")


@pytest.mark.parametrize(
    "origin", ["https://elsewhere.example", "null", "http://127.0.0.1:1", "javascript:", "http://["]
)
async def test_another_sites_page_changes_nothing(house: House, ear: Browser, origin: str) -> None:
    foreign = {"Origin": origin}
    upgrade = foreign | {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    async with house.unchanged():
        for method, address, body in staff_requests(EAR, "visit", "patient"):
            if method != "GET":
                answer = await ear.ask(method, address, json=body, headers=foreign)
                assert answer.refusal == (403, "origin_refused"), address
        assert (await ear.ask("GET", f"{CLINIC}/live", headers=upgrade)).refusal == (403, "origin_refused")
        assert (await ear.ask("DELETE", "/api/session", headers=foreign)).refusal == (403, "origin_refused")
    assert (await ear.get("/api/session")).body["step"] == "at_work"


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (b"", (400, "unreadable")),
        (b"{", (400, "unreadable")),
        (b"\xff\xfe", (400, "unreadable")),
        (b'{"cpr": "\\ud800"}', (400, "unreadable")),
        (b"[]", (422, "fields_invalid")),
        (b"{}", (422, "fields_invalid")),
        (b'{"cpr": 2607822906}', (422, "fields_invalid")),
        (b'{"cpr": null}', (422, "fields_invalid")),
        (b'{"cpr": "260782-2906", "260782-2906": 1}', (422, "fields_invalid")),
        (b'{"cpr": "' + b"2" * MAX_BODY_BYTES + b'"}', (413, "too_large")),
    ],
)
async def test_bodies_that_cannot_be_read(house: House, ear: Browser, body: bytes, refusal: tuple[int, str]) -> None:
    async with house.unchanged():
        json = {"Content-Type": "application/json"}
        answer = await ear.ask("POST", f"{CLINIC}/patients", data=body, headers=json)
    assert answer.refusal == refusal


async def test_a_form_is_no_json(house: House, ear: Browser) -> None:
    async with house.unchanged():
        for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            answer = await ear.ask(
                "POST",
                f"{CLINIC}/patients",
                data=b'{"cpr": "260782-2906"}',
                headers={"Content-Type": content_type},
            )
            assert answer.refusal == (400, "unreadable")


async def test_addresses_that_do_not_exist(ear: Browser) -> None:
    assert (await ear.get("/api/nothing")).refusal == (404, "not_found")
    assert (await ear.get(f"{CLINIC}/visits/%00/accept")).refusal == (404, "not_found")
    assert (await ear.post(f"/api/clinics/{'x' * 65}/room/open")).refusal == (404, "not_found")
    wrong = await ear.ask("PATCH", f"{CLINIC}/board")
    assert wrong.refusal == (405, "method_not_allowed")
    assert "GET" in wrong.headers["Allow"]


async def waiting(ear: Browser, patient: Browser) -> str:
    """Add Maja, open the room, let her join; the visit's id."""
    await ear.post(f"{CLINIC}/patients", {"cpr": CPR["maja"]})
    await ear.post(f"{CLINIC}/room/open")
    visit: str = (await patient.post(f"/api/patient/clinics/{EAR}/join")).body["id"]
    return visit


async def ask(browser: Browser, method: str, address: str, body: Mapping[str, Any] | None) -> Answer:
    return await (browser.ask(method, address, json=body) if body is not None else browser.ask(method, address))
