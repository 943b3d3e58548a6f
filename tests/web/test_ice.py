"""What a browser is told before it connects to a call: who is told it, and that its TURN credentials are its own and fresh."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from signaling.turn import turn_password
from web.ice import CallConfigurations, TurnSecretRefused
from web.settings import Settings

from .house import CPR, EAR, SKIN, Browser, House

SECRET = "t0p-secret-of-the-turn-server"
URLS = ("turn:turn.example:3478", "turns:turn.example:5349?transport=tcp")
STATIC = {"urls": ["stun:stun.example:3478"], "username": None, "credential": None}


@pytest.fixture(autouse=True)
def turn_settings(monkeypatch: pytest.MonkeyPatch, no_settings_from_outside: None) -> None:
    """Every house here has a TURN server."""
    monkeypatch.setenv("VENTERUM_TURN_URLS", json.dumps(URLS))
    monkeypatch.setenv("VENTERUM_TURN_SECRET", SECRET)
    monkeypatch.setenv("VENTERUM_TURN_LIFETIME_SECONDS", "300")
    monkeypatch.setenv("VENTERUM_ICE_TRANSPORT_POLICY", "relay")
    monkeypatch.setenv("VENTERUM_ICE_SERVERS", json.dumps([{"urls": STATIC["urls"]}]))


def staff_address(visit_id: str, clinic_id: str = EAR) -> str:
    return f"/api/clinics/{clinic_id}/visits/{visit_id}/call/configuration"


def patient_address(visit_id: str) -> str:
    return f"/api/patient/visits/{visit_id}/call/configuration"


async def in_queue(ear: Browser, maja: Browser) -> str:
    """Maja is added and waits; the visit's id."""
    await ear.post(f"/api/clinics/{EAR}/room/open")
    await ear.post(f"/api/clinics/{EAR}/patients", {"cpr": CPR["maja"]})
    visit_id: str = (await maja.post(f"/api/patient/clinics/{EAR}/join")).body["id"]
    return visit_id


async def move(ear: Browser, visit_id: str, verb: str) -> None:
    answer = await ear.post(f"/api/clinics/{EAR}/visits/{visit_id}/{verb}")
    assert answer.status == 200, answer


async def test_each_side_is_told_when_it_may_connect_and_not_before_or_after(
    house: House, ear: Browser, maja: Browser
) -> None:
    visit_id = await in_queue(ear, maja)
    staff, patient = staff_address(visit_id), patient_address(visit_id)
    refused = (409, "call_not_open")
    async with house.unchanged():
        assert (await maja.get(patient)).status == 200  # the path is made while the patient waits
        assert (await ear.get(staff)).refusal == refused
    await move(ear, visit_id, "accept")
    async with house.unchanged():
        assert (await maja.get(patient)).status == 200
        assert (await ear.get(staff)).refusal == refused
    await move(ear, visit_id, "start")
    async with house.unchanged():
        assert (await maja.get(patient)).status == 200
        assert (await ear.get(staff)).status == 200
    await move(ear, visit_id, "end")
    assert (await maja.get(patient)).refusal == refused
    assert (await ear.get(staff)).refusal == refused


async def test_nobody_else_is_told(house: House, ear: Browser, skin: Browser, maja: Browser) -> None:
    visit_id = await in_queue(ear, maja)
    await move(ear, visit_id, "accept")
    await move(ear, visit_id, "start")
    async with house.unchanged(), house.browser() as stranger, house.browser() as other:
        await other.log_in("jonas", "patient")
        for browser, address, status in (
            (stranger, staff_address(visit_id), 401),
            (stranger, patient_address(visit_id), 401),
            (other, patient_address(visit_id), 404),
            (skin, staff_address(visit_id), 404),
            (skin, staff_address(visit_id, SKIN), 404),
            (maja, patient_address("nothing"), 404),
        ):
            answer = await browser.get(address)
            assert answer.status == status, address
            assert "ice_servers" not in answer.body


async def test_the_credentials_are_the_browsers_own_and_live_for_minutes(
    house: House, ear: Browser, maja: Browser
) -> None:
    visit_id = await in_queue(ear, maja)
    await move(ear, visit_id, "accept")
    before = int(time.time())
    answer = await maja.get(patient_address(visit_id))
    again = (await maja.get(patient_address(visit_id))).body
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.body
    assert told["ice_transport_policy"] == "relay"
    static, turn = told["ice_servers"]
    assert static == STATIC
    assert turn["urls"] == list(URLS)
    expires_at_s, _, name = turn["username"].partition(":")
    assert before + 300 <= int(expires_at_s) <= time.time() + 300
    assert told["expires_at_ms"] == int(expires_at_s) * 1000
    assert told["renew_in_ms"] == 150_000
    assert turn["credential"] == turn_password(SECRET, turn["username"])
    assert len(name) >= 16
    assert name != again["ice_servers"][1]["username"].partition(":")[2]
    # Nothing of the patient or the visit is in what the TURN server will see.
    assert visit_id not in turn["username"]
    log = house.heard.log.getvalue()
    assert all(secret not in log for secret in (SECRET, turn["credential"], name))


def configurations(settings: Settings) -> CallConfigurations:
    return CallConfigurations.of(settings, clock=lambda: 1_000.0)


def test_without_a_turn_server_nothing_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URLS", "SECRET"):
        monkeypatch.delenv(f"VENTERUM_TURN_{name}")
    told = configurations(Settings()).fresh()
    assert [server.urls for server in told.ice_servers] == [("stun:stun.example:3478",)]
    assert (told.expires_at_ms, told.renew_in_ms) == (None, None)


def test_the_clock_says_when_they_run_out() -> None:
    assert configurations(Settings()).fresh().expires_at_ms == 1_300_000


def test_the_secret_may_stand_in_a_file_of_its_owner_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("VENTERUM_TURN_SECRET")
    file = tmp_path / "turn.secret"
    monkeypatch.setenv("VENTERUM_TURN_SECRET_FILE", str(file))
    with pytest.raises(TurnSecretRefused, match="cannot be read"):
        configurations(Settings())
    for content, mode, problem in (
        (SECRET + "\n", 0o644, "chmod 600"),
        ("\n", 0o600, "empty"),
        ("\udcff", 0o600, "text"),
    ):
        file.write_bytes(content.encode(errors="surrogateescape"))
        file.chmod(mode)
        with pytest.raises(TurnSecretRefused, match=problem) as refused:
            configurations(Settings())
        assert SECRET not in str(refused.value)
    file.write_text(SECRET + "\n")
    turn = configurations(Settings()).fresh().ice_servers[1]
    assert turn.credential == turn_password(SECRET, str(turn.username))


def test_settings_that_do_not_fit_are_refused_without_being_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    for changes in (
        {"turn_urls": ()},
        {"turn_urls": ("https://turn.example",)},
        {"turn_urls": ("turn:turn.example?transport=sctp",)},
        {"turn_secret": ""},
        {"turn_secret_file": "also/a/file"},
        {"turn_lifetime_seconds": 1},
        {"ice_transport_policy": "none"},
    ):
        with pytest.raises(ValidationError) as refused:
            Settings.model_validate(changes)
        assert SECRET not in str(refused.value)
    monkeypatch.delenv("VENTERUM_TURN_SECRET")
    with pytest.raises(ValidationError, match="go together"):
        Settings()


def test_no_secret_is_printed() -> None:
    static = {"urls": ("turn:a",), "username": "u", "credential": "static-credential"}
    settings = Settings.model_validate({"turn_secret": SecretStr(SECRET), "ice_servers": [static]})
    told = configurations(settings).fresh()
    turn = told.ice_servers[1]
    for text in (repr(settings), str(settings), repr(told)):
        assert SECRET not in text
        assert "static-credential" not in text
        assert str(turn.credential) not in text
