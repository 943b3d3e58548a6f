"""The OpenID Connect client against a provider that can be told to misbehave: each bad token is refused for what it is."""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from pydantic import SecretStr

from web.identity_providers import ClaimMap, IdentityProvider
from web.oidc import Identity, LoginFailed, OidcClient

from .house import CPR

CLIENT = "venterum"
NONCE = "the-nonce-that-was-sent"


class Crooked:
    """A provider whose documents and tokens are what a test makes them."""

    def __init__(self) -> None:
        self.key: ECKey | RSAKey | OctKey = ECKey.generate_key("P-256", auto_kid=True)
        self.algorithm = "ES256"
        self.published: list[dict[str, Any]] | None = None
        self.claims: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.token: dict[str, Any] = {}
        self.issuer = ""
        self.keys_fetched = 0

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._discovery)
        app.router.add_get("/keys", self._keys)
        app.router.add_post("/token", self._token)
        return app

    async def _discovery(self, request: web.Request) -> web.Response:
        return web.json_response(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
            }
            | self.metadata
        )

    async def _keys(self, request: web.Request) -> web.Response:
        self.keys_fetched += 1
        published = [self.key.as_dict(private=False)] if self.published is None else self.published
        return web.json_response({"keys": published})

    async def _token(self, request: web.Request) -> web.Response:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": "somebody",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 60,
            "nonce": NONCE,
        } | self.claims
        sound = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": self.algorithm, "kid": self.key.kid}
        signed = jwt.encode(header, sound, self.key, algorithms=[self.algorithm])
        return web.json_response({"access_token": "x", "token_type": "Bearer", "id_token": signed} | self.token)


@pytest.fixture
async def crooked() -> AsyncIterator[Crooked]:
    provider = Crooked()
    async with TestServer(provider.app()) as server:
        provider.issuer = str(server.make_url("")).rstrip("/")
        yield provider


@pytest.fixture
def client(crooked: Crooked) -> OidcClient:
    provider = IdentityProvider(
        id="crooked",
        label="Crooked",
        issuer=crooked.issuer,
        client_id=CLIENT,
        client_secret=SecretStr("secret"),
        acr_values="substantial",
        claims=ClaimMap(cpr=("dk.cpr", "cpr")),
    )
    return OidcClient(provider, "http://127.0.0.1/login/callback", ssl.create_default_context())


async def identify(client: OidcClient, issuer: str | None = None) -> Identity:
    return await client.identify(code="code", issuer=issuer, nonce=NONCE, verifier="v" * 64)


async def test_the_browser_is_sent_with_a_challenge_and_never_the_verifier(client: OidcClient) -> None:
    url = await client.authorization_url(state="state", nonce=NONCE, verifier="v" * 64)
    assert "code_challenge_method=S256" in url
    assert "acr_values=substantial" in url
    assert "v" * 64 not in url


async def test_a_sound_token_tells_who_is_there(client: OidcClient, crooked: Crooked) -> None:
    identity = await identify(client)
    assert (identity.issuer, identity.subject, identity.cpr) == (crooked.issuer, "somebody", None)
    crooked.claims = {"cpr": "010190-0000", "dk.cpr": CPR["maja"].replace("-", "")}
    found = (await identify(client)).cpr
    assert found is not None
    assert found.reveal() == CPR["maja"]  # the claim named first in the settings


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another-client"},
        {"aud": ["another-client"]},
        {"aud": None},
        {"iss": "https://elsewhere.example"},
        {"exp": 1},
        {"exp": None},
        {"exp": "soon"},
        {"iat": 4_000_000_000},
        {"iat": None},
        {"sub": None},
        {"sub": ""},
    ],
)
async def test_a_token_that_is_not_for_this_login(client: OidcClient, crooked: Crooked, claims: dict[str, Any]) -> None:
    crooked.claims = claims
    with pytest.raises(LoginFailed, match="id_token_invalid"):
        await identify(client)


async def test_a_token_for_several_names_us_as_the_one_it_was_made_for(client: OidcClient, crooked: Crooked) -> None:
    crooked.claims = {"aud": [CLIENT, "another-client"], "azp": "another-client"}
    with pytest.raises(LoginFailed, match="id_token_for_another_client"):
        await identify(client)
    crooked.claims = {"aud": [CLIENT, "another-client"], "azp": CLIENT}
    assert (await identify(client)).subject == "somebody"


async def test_a_new_key_is_fetched_when_it_turns_up(client: OidcClient, crooked: Crooked) -> None:
    await identify(client)
    await identify(client)
    assert crooked.keys_fetched == 1
    crooked.key, crooked.algorithm = RSAKey.generate_key(2048, auto_kid=True), "RS256"
    assert (await identify(client)).subject == "somebody"
    assert crooked.keys_fetched == 2


async def test_a_key_that_was_never_published(client: OidcClient, crooked: Crooked) -> None:
    crooked.published = [ECKey.generate_key("P-256", auto_kid=True).as_dict(private=False)]
    with pytest.raises(LoginFailed, match="id_token_invalid"):
        await identify(client)


async def test_a_signature_by_a_shared_secret_or_none_at_all(client: OidcClient, crooked: Crooked) -> None:
    await identify(client)
    crooked.token = {"id_token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJzb21lYm9keSJ9."}
    with pytest.raises(LoginFailed, match="id_token_invalid"):
        await identify(client)
    crooked.token = {}
    crooked.key, crooked.algorithm = OctKey.generate_key(256, auto_kid=True), "HS256"
    crooked.published = [crooked.key.as_dict()]
    with pytest.raises(LoginFailed, match="id_token_invalid"):
        await identify(client)


@pytest.mark.parametrize("token", [{"id_token": None}, {"id_token": 7}, {"id_token": "a.b.c"}, {"id_token": ""}])
async def test_no_token_at_all(client: OidcClient, crooked: Crooked, token: dict[str, Any]) -> None:
    crooked.token = token
    with pytest.raises(LoginFailed):
        await identify(client)


async def test_a_cpr_claim_that_is_none(client: OidcClient, crooked: Crooked) -> None:
    crooked.claims = {"cpr": "somebody's number"}
    with pytest.raises(LoginFailed, match="cpr_claim_malformed") as failed:
        await identify(client)
    assert "somebody" not in str(failed.value)


async def test_a_provider_that_says_it_is_another(client: OidcClient, crooked: Crooked) -> None:
    crooked.metadata = {"issuer": "https://elsewhere.example"}
    with pytest.raises(LoginFailed, match="another_issuer_discovered"):
        await client.authorization_url(state="state", nonce=NONCE, verifier="v" * 64)


async def test_an_answer_must_name_its_issuer_where_the_provider_says_it_does(
    client: OidcClient, crooked: Crooked
) -> None:
    crooked.metadata = {"authorization_response_iss_parameter_supported": True}
    with pytest.raises(LoginFailed, match="answer_from_another_issuer"):
        await identify(client)
    assert (await identify(client, crooked.issuer)).subject == "somebody"


async def test_a_provider_that_is_away_is_asked_again_next_time(client: OidcClient, crooked: Crooked) -> None:
    crooked.metadata = {"jwks_uri": None}
    with pytest.raises(LoginFailed, match="provider_unreachable"):
        await identify(client)
    crooked.metadata = {}
    assert (await identify(client)).subject == "somebody"
