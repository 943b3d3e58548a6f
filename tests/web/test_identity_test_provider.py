"""The test identity provider as a provider: what its page shows, and what its token endpoint refuses."""

from __future__ import annotations

import base64
import hashlib
import secrets

import pytest
from aiohttp import encode_basic_auth
from yarl import URL

from rooms.demo import demo_people
from web import demo_login
from web.identity_test_provider import CODE_SECONDS

from .house import CPR, Answer, Browser, House, PageFields, on_either_store


async def test_the_page_names_everybody_who_can_log_in_and_no_number(browser: Browser) -> None:
    personal = await browser.ask("GET", await browser.begin("mitid", "staff"))
    listed = PageFields.of(personal.body).people
    assert listed.keys() == {person.key for person in demo_people()}
    for person in demo_people():
        assert person.name in listed[person.key]
        assert person.description in listed[person.key]
        assert person.cpr not in personal.body
    assert '<html lang="da">' in personal.body
    assert "<style" not in personal.body
    assert "<script" not in personal.body
    employees = await browser.ask("GET", await browser.begin("erhverv", "staff"))
    assert PageFields.of(employees.body).people.keys() == {"anne", "morten", "kirsten", "henrik"}


async def test_its_keys_are_public_halves(browser: Browser) -> None:
    (key,) = (await browser.get("/test-identity/jwks")).body["keys"]
    assert key["alg"] == "ES256"
    assert "d" not in key


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "somebody"},
        {"redirect_uri": "https://elsewhere.example/login/callback"},
        {"response_type": "token"},
        {"scope": "profile"},
        {"code_challenge_method": "plain"},
        {"code_challenge": ""},
        {"nonce": ""},
        {"state": ""},
    ],
)
async def test_an_incomplete_or_foreign_request_is_sent_nowhere(browser: Browser, changed: dict[str, str]) -> None:
    page = await browser.begin("mitid", "staff")
    shown = await browser.ask("GET", page.update_query(changed))
    assert (shown.status, shown.headers.get("Location")) == (400, None)
    pressed = await browser.ask("POST", page.with_query(None), data={**page.query, **changed, "person": "anne"})
    assert (pressed.status, pressed.headers.get("Location")) == (400, None)
    nobody = await browser.ask("POST", page.with_query(None), data={**page.query, "person": "nobody"})
    assert nobody.status == 400


class Exchange:
    """A client's side of the flow, done by hand so that it can be done wrong."""

    def __init__(self, browser: Browser, secret: str) -> None:
        self.browser = browser
        self.verifier = secrets.token_urlsafe(48)
        self.secret = secret
        self.client_id = "venterum-mitid"

    async def code(self) -> str:
        """A fresh code for our verifier."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")
        page = (await self.browser.begin("mitid", "patient")).update_query(code_challenge=challenge)
        return (await self.browser.pick(page, "maja")).query["code"]

    async def redeem(self, code: str, /, **changed: str) -> Answer:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": str(self.browser.origin.join(URL("/login/callback"))),
            "code_verifier": self.verifier,
        }
        headers = {"Authorization": encode_basic_auth(self.client_id, self.secret)}
        return await self.browser.ask("POST", "/test-identity/token", data=form | changed, headers=headers)


@pytest.fixture
def exchange(house: House, browser: Browser) -> Exchange:
    personal = next(each for each in demo_login.providers(house.settings, house.key) if each.id == "mitid")
    assert personal.client_secret is not None
    return Exchange(browser, personal.client_secret.get_secret_value())


@on_either_store
async def test_a_code_is_redeemed_once_and_holds_for_a_minute(house: House, exchange: Exchange) -> None:
    code = await exchange.code()
    (entry,) = await house.redis.keys("venterum:test-identity:*")
    assert code not in entry
    assert 0 < await house.redis.ttl(entry) <= CODE_SECONDS
    assert CPR["maja"] not in str(await house.redis.get(entry))
    token = await exchange.redeem(code)
    assert token.status == 200
    assert token.headers["Cache-Control"] == "no-store"
    assert (await exchange.redeem(code)).body == {"error": "invalid_grant"}


@on_either_store
@pytest.mark.parametrize(
    "changed",
    [
        {"code_verifier": "A" * 64},
        {"code_verifier": ""},
        {"redirect_uri": "https://elsewhere.example/"},
        {"code": "nothing"},
    ],
)
async def test_what_does_not_fit_the_code_uses_it_up(exchange: Exchange, changed: dict[str, str]) -> None:
    code = await exchange.code()
    refused = await exchange.redeem(code, **changed)
    assert (refused.status, refused.body) == (400, {"error": "invalid_grant"})
    if "code" not in changed:
        assert (await exchange.redeem(code)).body == {"error": "invalid_grant"}


async def test_a_client_without_its_secret_gets_nothing(exchange: Exchange) -> None:
    code = await exchange.code()
    right = exchange.secret
    for exchange.client_id, exchange.secret in (("venterum-mitid", "guessed"), ("somebody", right), ("", "")):
        refused = await exchange.redeem(code)
        assert (refused.status, refused.body) == (401, {"error": "invalid_client"})
    exchange.client_id, exchange.secret = "venterum-mitid", right
    assert (await exchange.redeem(code)).status == 200
