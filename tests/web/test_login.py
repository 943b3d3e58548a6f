"""The login, through the real flow: who gets in where, and every way of cheating that ends with `?login=failed`."""

from __future__ import annotations

import base64

import pytest
from yarl import URL

from .house import Browser, House, on_either_store

pytestmark = on_either_store

FAILED = "/?login=failed"


async def test_staff_and_patient_stand_side_by_side_in_one_browser(browser: Browser) -> None:
    assert await browser.log_in("anne", "staff", "erhverv") == "/"
    assert await browser.log_in("maja", "patient") == "/patient"
    assert (await browser.get("/api/session")).body["person_name"] == "Anne Bruun Lindqvist"
    assert (await browser.get("/api/patient/session")).body["person_name"] == "Maja Elkjær Holm"

    assert (await browser.delete("/api/session")).body == {"continue_at": None}  # that provider has no logout
    assert (await browser.get("/api/session")).body["step"] == "log_in"
    assert (await browser.get("/api/patient/session")).body["person_name"] == "Maja Elkjær Holm"
    assert (await browser.delete("/api/patient/session")).status == 200
    assert (await browser.get("/api/patient/session")).body["person_name"] is None


async def test_each_page_offers_its_own_ways_to_log_in(browser: Browser) -> None:
    staff = (await browser.get("/api/session")).body["providers"]
    patient = (await browser.get("/api/patient/session")).body["providers"]
    assert [each["label"] for each in staff] == ["Medarbejdersignatur (MitID Erhverv)", "Personligt MitID"]
    assert [each["start_url"] for each in patient] == ["/login/mitid/patient"]
    assert (await browser.get("/login/erhverv/patient")).status == 404
    assert (await browser.get("/login/nothing/staff")).status == 404


async def test_the_cookie_holds_no_name_and_scripts_cannot_read_it(browser: Browser) -> None:
    back = await browser.pick(await browser.begin("mitid", "patient"), "maja")
    answer = await browser.ask("GET", back)
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert b"maja" not in base64.urlsafe_b64decode(cookie.partition("=")[2].partition(";")[0].strip('"') + "==")


async def test_another_state_than_the_one_sent_is_refused(browser: Browser) -> None:
    back = await browser.pick(await browser.begin("mitid", "staff"), "anne")
    answer = await browser.ask("GET", back.update_query(state="x" * 32))
    assert answer.headers["Location"] == FAILED
    assert (await browser.get("/api/session")).body["step"] == "log_in"


async def test_an_answer_in_another_browser_than_the_one_that_asked_is_refused(house: House, browser: Browser) -> None:
    back = await browser.pick(await browser.begin("mitid", "staff"), "anne")
    async with house.browser() as lured:
        assert (await lured.ask("GET", back)).headers["Location"] == FAILED
        assert (await lured.get("/api/session")).body["step"] == "log_in"


async def test_a_token_with_another_nonce_is_refused(house: House, browser: Browser) -> None:
    page = (await browser.begin("mitid", "staff")).update_query(nonce="not-the-one-that-was-sent")
    answer = await browser.ask("GET", await browser.pick(page, "anne"))
    assert answer.headers["Location"] == FAILED
    assert "id_token_invalid" in house.heard.log.getvalue()


async def test_a_code_for_another_verifier_is_refused(house: House, browser: Browser) -> None:
    page = (await browser.begin("mitid", "staff")).update_query(code_challenge="A" * 43)
    answer = await browser.ask("GET", await browser.pick(page, "anne"))
    assert answer.headers["Location"] == FAILED
    assert "code_refused" in house.heard.log.getvalue()


async def test_a_code_is_used_once(house: House, browser: Browser) -> None:
    first = await browser.pick(await browser.begin("mitid", "staff"), "anne")
    assert (await browser.ask("GET", first)).headers["Location"] == "/"
    # The same answer again: the state is used up. The same code in a new login: the code is.
    assert (await browser.ask("GET", first)).headers["Location"] == FAILED
    second = await browser.begin("mitid", "staff")
    replayed = first.update_query(state=second.query["state"])
    assert (await browser.ask("GET", replayed)).headers["Location"] == FAILED
    assert "code_refused" in house.heard.log.getvalue()


async def test_an_answer_from_another_issuer_is_refused(house: House, browser: Browser) -> None:
    back = await browser.pick(await browser.begin("mitid", "staff"), "anne")
    answer = await browser.ask("GET", back.update_query(iss="https://elsewhere.example"))
    assert answer.headers["Location"] == FAILED
    assert "answer_from_another_issuer" in house.heard.log.getvalue()


async def test_an_answer_without_code_is_a_login_given_up(browser: Browser) -> None:
    page = await browser.begin("mitid", "patient")
    answer = await browser.get(f"/login/callback?error=access_denied&state={page.query['state']}")
    assert answer.headers["Location"] == "/patient?login=failed"


@pytest.mark.parametrize("role", ["staff", "patient"])
async def test_somebody_whom_the_directory_does_not_know_is_refused(empty_house: House, role: str) -> None:
    async with empty_house.browser() as browser:
        assert (await browser.log_in("maja", role)).endswith("?login=failed")
    assert "person_unknown" in empty_house.heard.log.getvalue()


async def test_a_cookie_of_another_key_counts_as_none(house: House, browser: Browser) -> None:
    browser.cookies.update_cookies({"venterum": "gAAAAABnotours"}, URL(house.settings.origin))
    assert (await browser.get("/api/session")).body["step"] == "log_in"


async def test_a_login_begun_by_another_name_of_the_server_goes_on_at_the_public_one(house: House) -> None:
    async with house.browser() as browser:
        answer = await browser.ask("GET", "/login/mitid/staff", headers={"Host": "localhost:1"})
        assert answer.headers["Location"] == f"{house.settings.origin}/login/mitid/staff?again"
        # A proxy that never passes the public name on is not sent round in circles.
        again = await browser.ask("GET", "/login/mitid/staff?again", headers={"Host": "localhost:1"})
        assert "/test-identity/authorize" in again.headers["Location"]
