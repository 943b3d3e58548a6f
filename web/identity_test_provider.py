"""The local test identity provider: a whole OpenID Connect provider without identity check, for the demonstration alone.

It shows fictitious people by name and logs one in with a click. The client goes through the very flow that a real provider
takes it through: discovery, PKCE, client authentication, single-use codes, signed tokens. Mounted only in demonstration mode.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import html
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from urllib.parse import unquote_plus, urlencode

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey
from multidict import MultiMapping
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from redis.asyncio import Redis

PREFIX = "/test-identity"
CODE_SECONDS = 60
"""How long a code may be redeemed, in seconds. RFC 6749, section 4.1.2 recommends at most ten minutes."""
TOKEN_SECONDS = 300
"""How long an ID token holds, in seconds."""


@dataclass(frozen=True, slots=True)
class ListedPerson:
    """Somebody to log in as. `cpr` is of a fictitious person; it goes into the ID token alone."""

    key: str
    name: str
    description: str
    cpr: str


@dataclass(frozen=True, slots=True)
class KnownClient:
    """A client that may ask: where its answers go, what it shows on the page, and whom it can log in."""

    id: str
    secret: str
    redirect_uri: str
    label: str
    people: Sequence[ListedPerson]


class _Asked(BaseModel):
    """An authorization request (RFC 6749, section 4.1.1), with what OpenID Connect and PKCE add; all of it required here."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    client_id: str = Field(max_length=100)
    redirect_uri: str = Field(max_length=500)
    response_type: str = Field(pattern="^code$")
    scope: str = Field(max_length=500, pattern=r"(^|\s)openid(\s|$)")
    state: str = Field(min_length=8, max_length=200)
    nonce: str = Field(min_length=8, max_length=200)
    code_challenge: str = Field(pattern=r"^[A-Za-z0-9_-]{43}$")
    code_challenge_method: str = Field(pattern="^S256$")


class _Granted(BaseModel):
    """What a code stands for until it is redeemed."""

    model_config = ConfigDict(frozen=True)

    client_id: str
    redirect_uri: str
    nonce: str
    code_challenge: str
    person_key: str


class IdentityTestProvider:
    """The provider's five addresses.

    Args:
        issuer: its issuer identifier, which ends in `PREFIX`.
        clients: those that may ask, by id.
        signing_secret: 32 bytes; the same in every worker, so that they all sign with one key.
        redis: keeps the codes until they are redeemed.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        issuer: str,
        clients: Mapping[str, KnownClient],
        signing_secret: bytes,
        redis: Redis,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._issuer = issuer
        self._clients = clients
        self._key = ECKey.derive_key(signing_secret, "P-256", {"use": "sig", "alg": "ES256"})
        self._key.ensure_kid()
        self._redis = redis
        self._clock = clock
        self._style = files(__package__).joinpath("identity_test_provider.css").read_text("utf-8")

    def add(self, app: web.Application) -> None:
        """Mount the provider."""
        app.router.add_get(f"{PREFIX}/.well-known/openid-configuration", self._discovery)
        app.router.add_get(f"{PREFIX}/jwks", self._jwks)
        app.router.add_get(f"{PREFIX}/style.css", self._stylesheet)
        app.router.add_get(f"{PREFIX}/authorize", self._ask)
        app.router.add_post(f"{PREFIX}/authorize", self._grant)
        app.router.add_post(f"{PREFIX}/token", self._redeem)

    async def _discovery(self, request: web.Request) -> web.Response:
        return web.json_response(
            {
                "issuer": self._issuer,
                "authorization_endpoint": f"{self._issuer}/authorize",
                "token_endpoint": f"{self._issuer}/token",
                "jwks_uri": f"{self._issuer}/jwks",
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
                "code_challenge_methods_supported": ["S256"],
                "scopes_supported": ["openid"],
                "claims_supported": ["sub", "name", "cpr"],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    async def _jwks(self, request: web.Request) -> web.Response:
        return web.json_response({"keys": [self._key.as_dict(private=False)]})

    async def _stylesheet(self, request: web.Request) -> web.Response:
        return web.Response(text=self._style, content_type="text/css")

    async def _ask(self, request: web.Request) -> web.Response:
        """The page with a button for each person."""
        asked = self._request_from(request.query)
        return web.Response(text=_page(self._clients[asked.client_id], asked), content_type="text/html")

    async def _grant(self, request: web.Request) -> web.Response:
        """A button was pressed: a code for that person goes back to the client."""
        form = await request.post()
        asked = self._request_from(form)
        person = _by_key(self._clients[asked.client_id].people, form.get("person"))
        if person is None:
            raise web.HTTPBadRequest(text="Nobody by that key can be logged in here.")
        code = secrets.token_urlsafe(32)
        granted = _Granted(
            client_id=asked.client_id,
            redirect_uri=asked.redirect_uri,
            nonce=asked.nonce,
            code_challenge=asked.code_challenge,
            person_key=person.key,
        )
        await self._redis.set(_entry(code), granted.model_dump_json(), ex=CODE_SECONDS)
        answer = urlencode({"code": code, "state": asked.state, "iss": self._issuer})
        location = f"{asked.redirect_uri}?{answer}"
        return web.Response(status=303, headers={"Location": location, "Cache-Control": "no-store"})

    async def _redeem(self, request: web.Request) -> web.Response:
        """The token endpoint (RFC 6749, section 4.1.3)."""
        client = self._authenticated(request.headers.get("Authorization", ""))
        if client is None:
            return _refusal(401, "invalid_client")
        form = await request.post()
        if form.get("grant_type") != "authorization_code":
            return _refusal(400, "unsupported_grant_type")
        # Taken and deleted in one step: of two that redeem one code, one gets nothing.
        kept = await self._redis.getdel(_entry(str(form.get("code", ""))))
        if kept is None:
            return _refusal(400, "invalid_grant")
        granted = _Granted.model_validate_json(kept)
        person = _by_key(client.people, granted.person_key)
        if (
            person is None
            or granted.client_id != client.id
            or granted.redirect_uri != form.get("redirect_uri")
            or granted.code_challenge != _challenge(str(form.get("code_verifier", "")))
        ):
            return _refusal(400, "invalid_grant")
        return web.json_response(
            {
                "access_token": secrets.token_urlsafe(32),  # opens nothing: there is no userinfo endpoint
                "token_type": "Bearer",
                "expires_in": TOKEN_SECONDS,
                "id_token": self._id_token(client, person, granted.nonce),
            },
            headers={"Cache-Control": "no-store"},
        )

    def _id_token(self, client: KnownClient, person: ListedPerson, nonce: str) -> str:
        now = int(self._clock())
        claims = {
            "iss": self._issuer,
            "sub": person.key,
            "aud": client.id,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "nonce": nonce,
            "name": person.name,
            "cpr": person.cpr,
        }
        return jwt.encode({"alg": "ES256", "kid": self._key.kid}, claims, self._key)

    def _request_from(self, fields: MultiMapping[object]) -> _Asked:
        """An authorization request of a known client that wants its answer where it belongs.

        Raises:
            HTTPBadRequest: otherwise. Nobody is sent on: RFC 6749, section 4.1.2.1.
        """
        try:
            asked = _Asked.model_validate({name: fields.get(name) for name in _Asked.model_fields})
        except ValidationError:
            raise web.HTTPBadRequest(text="This authorization request is not complete.") from None
        client = self._clients.get(asked.client_id)
        if client is None or client.redirect_uri != asked.redirect_uri:
            raise web.HTTPBadRequest(text="This client is unknown here, or wants its answer somewhere else.")
        return asked

    def _authenticated(self, header: str) -> KnownClient | None:
        """The client, by HTTP Basic with form-encoded id and secret (RFC 6749, section 2.3.1)."""
        scheme, _, credentials = header.partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            client_id, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        client = self._clients.get(unquote_plus(client_id))
        known = client.secret if client is not None else secrets.token_urlsafe(16)
        return client if hmac.compare_digest(unquote_plus(secret).encode(), known.encode()) else None


def _by_key(people: Sequence[ListedPerson], key: object) -> ListedPerson | None:
    return next((person for person in people if person.key == key), None)


def _entry(code: str) -> str:
    """Where a code is kept; the store never holds the code itself."""
    return f"venterum:test-identity:{hashlib.sha256(code.encode()).hexdigest()}"


def _challenge(verifier: str) -> str:
    """RFC 7636, section 4.6."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _refusal(status: int, error: str) -> web.Response:
    headers = {"Cache-Control": "no-store"} | ({"WWW-Authenticate": "Basic"} if status == 401 else {})
    return web.json_response({"error": error}, status=status, headers=headers)


def _page(client: KnownClient, asked: _Asked) -> str:
    hidden = "\n".join(
        f'<input type="hidden" name="{name}" value="{html.escape(str(value))}">'
        for name, value in asked.model_dump().items()
    )
    people = "\n".join(
        f'<li><button name="person" value="{html.escape(person.key)}">'
        f'<span class="name">{html.escape(person.name)}</span> '
        f'<span class="description">{html.escape(person.description)}</span></button></li>'
        for person in client.people
    )
    return f"""<!doctype html>
<html lang="da">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Test-login: {html.escape(client.label)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{PREFIX}/style.css">
</head>
<body>
<main>
<p class="kicker">Test-login</p>
<h1>{html.escape(client.label)}</h1>
<p>Her kontrolleres ingen identitet. Alle personer er opdigtede. Vælg, hvem du vil logge ind som:</p>
<form method="post" action="{PREFIX}/authorize">
{hidden}
<ul>
{people}
</ul>
</form>
</main>
</body>
</html>
"""
