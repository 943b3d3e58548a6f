"""Back-channel logout against a provider that can be told to misbehave: only a sound, fresh token ends anything, and once."""

from __future__ import annotations

import base64
import socket
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from rooms.demo import load_demo
from web.backchannel import LOGOUT_EVENT, LogoutNote, logout_note
from web.identity_providers import IdentityProvider
from web.oidc import LoginFailed

from .conftest import serving
from .house import Browser, Heard, House
from .test_oidc import Crooked, crooked

__all__ = ["crooked"]

NOW = 1_800_000_000.0
SOUND = {
    "iss": "https://id.example",
    "aud": "venterum",
    "iat": int(NOW),
    "exp": int(NOW) + 120,
    "jti": "1",
    "sub": "somebody",
    "sid": "session",
    "events": {LOGOUT_EVENT: {}},
}


def read(**changed: Any) -> LogoutNote:
    claims = {name: value for name, value in (SOUND | changed).items() if value is not None}
    return logout_note(claims, issuer="https://id.example", client_id="venterum", now=NOW)


def test_a_sound_token_says_whose_login_has_ended() -> None:
    assert read() == LogoutNote("somebody", "session", "1", int(NOW) + 120)
    assert read(sid=None).sid is None
    assert read(sub=None).subject is None
    assert read(aud=["venterum", "another"]).jti == "1"


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"exp": int(NOW) - 31},
        {"exp": None},
        {"exp": int(NOW) + 7200},
        {"iat": int(NOW) + 60},
        {"iat": None},
        {"jti": None},
        {"jti": 7},
        {"nonce": "that of an ID token"},
        {"events": None},
        {"events": {}},
        {"events": [LOGOUT_EVENT]},
        {"events": {LOGOUT_EVENT: True}},
        {"sub": None, "sid": None},
        {"sub": 7, "sid": ["x"]},
    ],
)
def test_any_other_token_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(LoginFailed):
        read(**changed)


@pytest.fixture
async def house_of(
    crooked: Crooked, migrated: Path, tmp_path: Path, heard: Heard, bound: socket.socket
) -> AsyncIterator[House]:
    provider = IdentityProvider(id="crooked", label="Crooked", issuer=crooked.issuer, client_id="venterum")
    async with serving(migrated, tmp_path, None, heard, bound, (provider,)) as house:
        await load_demo(house.rooms)
        for number, sid in enumerate(("one", "two", None)):
            await house.rooms.logins.begin(
                f"login-{number}",
                "anne",
                issuer=crooked.issuer,
                subject="somebody",
                sid=sid,
                lasts=timedelta(hours=1),
            )
        yield house


@pytest.fixture
async def browser(house_of: House) -> AsyncIterator[Browser]:
    async with house_of.browser() as browser:
        yield browser


def token(crooked: Crooked, **changed: Any) -> str:
    now = int(time.time())
    claims = SOUND | {"iss": crooked.issuer, "iat": now, "exp": now + 120} | changed
    header = {"alg": "ES256", "kid": crooked.key.kid}
    return jwt.encode(header, {name: value for name, value in claims.items() if value is not None}, crooked.key)


async def tell(browser: Browser, logout_token: str, provider: str = "crooked") -> int:
    address = f"/login/{provider}/backchannel-logout"
    answer = await browser.ask("POST", address, data={"logout_token": logout_token})
    if answer.status != 404:
        assert answer.headers["Cache-Control"] == "no-store"
    return answer.status


async def standing(house: House) -> list[int]:
    return [n for n in range(3) if await house.rooms.logins.stands(f"login-{n}", "anne")]


async def test_a_session_ends_alone_and_a_subject_with_all_of_them(
    house_of: House, browser: Browser, crooked: Crooked
) -> None:
    assert await tell(browser, token(crooked, sid="one")) == 200
    assert await standing(house_of) == [1, 2]
    assert await tell(browser, token(crooked, jti="2", sub="another", sid=None)) == 200
    assert await tell(browser, token(crooked, jti="3", sub="another", sid="two")) == 200
    assert await standing(house_of) == [1, 2]
    assert await tell(browser, token(crooked, jti="4", sid=None)) == 200
    assert await standing(house_of) == []


async def test_a_token_is_used_once(house_of: House, browser: Browser, crooked: Crooked) -> None:
    sent = token(crooked, sid="one")
    assert [await tell(browser, sent), await tell(browser, sent)] == [200, 400]
    assert "logout_token_used" in house_of.heard.log.getvalue()


async def test_what_the_provider_did_not_sign_ends_nothing(house_of: House, browser: Browser, crooked: Crooked) -> None:
    sound = token(crooked)
    unsigned = "eyJhbGciOiJub25lIn0." + sound.split(".")[1] + "."
    crooked_key, crooked.key = crooked.key, ECKey.generate_key("P-256", auto_kid=True)
    forged = token(crooked)
    crooked.key = crooked_key
    nested = base64.urlsafe_b64encode(b"[" * 30_000).decode().rstrip("=") + "." + sound.split(".", 1)[1]
    for bad in (nested, unsigned, forged, "", "a.b.c", sound[:-4] + "AAAA", token(crooked, events={})):
        assert await tell(browser, bad) == 400
    assert await tell(browser, sound, "nobody") == 404
    assert await standing(house_of) == [0, 1, 2]
