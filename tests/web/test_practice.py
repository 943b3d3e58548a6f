"""What practice systems may ask, and every token that does not hold."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from web.practice_keys import KeyRefused, public_key

from .house import CPR, EAR, SKIN, Browser, House
from .practice import Practice

CLINICS = "/api/practice/clinics"
PATIENTS = f"{CLINICS}/{EAR}/patients"
QUEUE = f"{CLINICS}/{EAR}/queue"
LAUNCH = {"clinic": "101001", "authorisation_id": "0XDB1"}


@pytest.fixture
async def epj(house: House) -> Practice:
    return await Practice.registered(house.rooms, house.settings.origin, "101001")


async def test_it_sees_its_own_clinics_and_no_other(house: House, browser: Browser, epj: Practice) -> None:
    (clinic,) = (await epj.ask(browser, "GET", CLINICS)).body["clinics"]
    assert clinic == {
        "id": EAR,
        "name": "Øreklinikken Søborg",
        "ydernummer": "101001",
        "sor_id": "9991011000016009",
        "room": "closed",
    }
    async with house.unchanged():
        assert (await epj.ask(browser, "GET", f"{CLINICS}/{SKIN}/queue")).refusal == (404, "not_found")
        added = await epj.ask(browser, "POST", f"{CLINICS}/{SKIN}/patients", {"cpr": CPR["maja"]})
        assert added.refusal == (404, "not_found")
        launch = await epj.ask(browser, "POST", "/api/launches", LAUNCH | {"clinic": "202002"})
        assert launch.refusal == (409, "clinic_unknown")


async def test_patients_are_added_found_and_removed_by_its_own_reference(
    house: House, browser: Browser, epj: Practice
) -> None:
    added = await epj.ask(browser, "POST", PATIENTS, {"cpr": CPR["maja"], "reference": "EPJ-17"})
    assert added.body == {"patient_id": added.body["patient_id"], "reference": "EPJ-17", "added": True}
    again = await epj.ask(browser, "POST", PATIENTS, {"cpr": CPR["maja"], "reference": "EPJ-18"})
    assert again.body == {"patient_id": added.body["patient_id"], "reference": "EPJ-18", "added": False}
    assert (await epj.ask(browser, "POST", PATIENTS, {"cpr": CPR["maja"]})).body["reference"] == "EPJ-18"
    removed = await epj.ask(browser, "DELETE", f"{PATIENTS}/{added.body['patient_id']}")
    assert removed.status == 204
    events = await house.rooms.log.since(EAR, 0)
    assert [(event.kind, event.actor.role) for event in events] == [
        ("practice_system_added", "system"),
        ("patient_added", "practice_system"),
        ("patient_referred", "practice_system"),
        ("patient_referred", "practice_system"),
        ("patient_removed", "practice_system"),
    ]
    assert "EPJ-17" not in str(events)


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"cpr": "310290-2222"}, (422, "cpr_malformed")),
        ({"cpr": "010203-1234"}, (409, "person_unknown")),
        ({"cpr": CPR["maja"], "reference": ""}, (422, "fields_invalid")),
        ({"cpr": CPR["maja"], "reference": "x" * 201}, (422, "fields_invalid")),
        ({"reference": "x"}, (422, "fields_invalid")),
    ],
)
async def test_a_patient_who_cannot_be_added(
    house: House, browser: Browser, epj: Practice, body: dict[str, str], refusal: tuple[int, str]
) -> None:
    async with house.unchanged():
        assert (await epj.ask(browser, "POST", PATIENTS, body)).refusal == refusal


async def test_the_queue_names_nobody(house: House, browser: Browser, epj: Practice, maja: Browser) -> None:
    added = await epj.ask(browser, "POST", PATIENTS, {"cpr": CPR["maja"], "reference": "EPJ-17"})
    async with house.browser() as anne:
        await anne.go_to_work("anne", "101001", "oere-anne")
        await anne.post(f"/api/clinics/{EAR}/room/open")
        await maja.post(f"/api/patient/clinics/{EAR}/join", {"person_id": "maja"})
        queue = (await epj.ask(browser, "GET", QUEUE)).body
    assert queue["room"] == "open"
    (visit,) = queue["visits"]
    assert (visit["patient_id"], visit["reference"], visit["state"]) == (added.body["patient_id"], "EPJ-17", "waiting")
    assert "Maja" not in json.dumps(queue)


async def test_a_patient_in_consultation_stays(house: House, browser: Browser, epj: Practice, maja: Browser) -> None:
    added = await epj.ask(browser, "POST", PATIENTS, {"cpr": CPR["maja"]})
    async with house.browser() as anne:
        await anne.go_to_work("anne", "101001", "oere-anne")
        await anne.post(f"/api/clinics/{EAR}/room/open")
        await maja.post(f"/api/patient/clinics/{EAR}/join", {"person_id": "maja"})
        (visit,) = (await epj.ask(browser, "GET", QUEUE)).body["visits"]
        await anne.post(f"/api/clinics/{EAR}/visits/{visit['visit_id']}/accept")
    async with house.unchanged():
        removed = await epj.ask(browser, "DELETE", f"{PATIENTS}/{added.body['patient_id']}")
        assert removed.refusal == (409, "patient_in_consultation")


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": int(time.time()) - 3600, "iat": int(time.time()) - 3660},
        {"exp": int(time.time()) + 3600},
        {"exp": None},
        {"exp": "soon"},
        {"iat": int(time.time()) + 3600, "exp": int(time.time()) + 3660},
        {"iat": None},
        {"nbf": int(time.time()) + 3600},
        {"aud": "https://elsewhere.example"},
        {"aud": None},
        {"iss": "somebody"},
        {"iss": None},
        {"iss": ["x"]},
        {"jti": None},
        {"jti": "short"},
        {"jti": 12345678},
        {"jti": "x" * 201},
    ],
)
async def test_a_token_whose_claims_do_not_hold(
    house: House, browser: Browser, epj: Practice, changed: dict[str, Any]
) -> None:
    async with house.unchanged():
        refused = await epj.ask(browser, "POST", "/api/launches", LAUNCH, epj.token(**changed))
        assert refused.refusal == (401, "token_refused")


async def test_a_token_is_used_once(house: House, browser: Browser, epj: Practice) -> None:
    token = epj.token()
    assert (await epj.ask(browser, "GET", CLINICS, token=token)).status == 200
    for _ in range(2):
        again = await epj.ask(browser, "POST", "/api/launches", LAUNCH, token)
        assert again.refusal == (401, "token_refused")
        assert "jti was used before" in again.body["message"]


async def test_a_token_of_another_key_or_of_none(house: House, browser: Browser, epj: Practice) -> None:
    sound = epj.token()
    head, payload, _ = sound.split(".")
    claims = {"iss": epj.system.id, "aud": epj.audience, "iat": 1, "exp": 2**31, "jti": "12345678"}
    other = Practice(epj.system, ECKey.generate_key("P-256"), epj.audience)
    secret = OctKey.import_key(json.dumps(epj.system.key))
    for bad in (
        other.token(),
        f"eyJhbGciOiJub25lIn0.{payload}.",
        f"{head}.{payload}.",
        jwt.encode({"alg": "HS256"}, claims, secret),
        "x",
        "a.b.c",
        "x" * 5000,
        f"{base64.urlsafe_b64encode(b'[' * 1500).decode()}.{payload}.x",
        f"{head}.{base64.urlsafe_b64encode(b'[' * 1500).decode()}.x",
    ):
        assert (await epj.ask(browser, "GET", CLINICS, token=bad)).refusal == (401, "token_refused")
    nobody = await browser.get(CLINICS)
    assert (nobody.refusal, nobody.headers["WWW-Authenticate"]) == ((401, "token_refused"), "Bearer")
    assert (await browser.ask("GET", CLINICS, headers={"Authorization": f"Basic {sound}"})).status == 401
    assert "eyJ" not in house.heard.log.getvalue()


async def test_a_system_removed_is_known_no_longer(house: House, browser: Browser, epj: Practice) -> None:
    await house.rooms.practice_systems.remove("EPJ")
    assert (await epj.ask(browser, "GET", CLINICS)).refusal == (401, "token_refused")


def test_a_key_is_registered_by_its_public_half() -> None:
    key = RSAKey.generate_key(2048)
    assert "d" not in public_key(key.as_dict(private=False))
    for bad in (
        key.as_dict(private=True),
        RSAKey.generate_key(1024).as_dict(private=False),
        ECKey.generate_key("P-521").as_dict(private=False),
        OctKey.generate_key(256).as_dict(),
        {"kty": "EC"},
        {},
    ):
        with pytest.raises(KeyRefused):
            public_key(bad)
