"""One OpenID Connect provider as its client: authorization code flow with PKCE, discovery, and the ID token's validation.

Authlib speaks OAuth, joserfc checks signatures and claims; who a person is here, and what follows from it, is `login.py`'s.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from httpx2 import AsyncClient, HTTPError
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rooms.cpr import Cpr
from rooms.errors import MalformedCpr

from .identity_providers import IdentityProvider, assurance_of

ALGORITHMS = ("ES256", "PS256", "RS256")
"""Signatures accepted on an ID token; never "none", and never one made with a shared secret."""

LEEWAY_SECONDS = 30
"""How far the provider's clock may be from ours, in seconds."""

TIMEOUT_SECONDS = 10.0
"""How long a provider may take for one answer, in seconds."""

ASSURANCE_TOO_LOW = "assurance_too_low"
"""Why a login is refused whose level of assurance (NSIS) is below what the settings ask for."""

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class LoginFailed(Exception):
    """A login did not come to its end. `reason` is a word for the log; it holds nothing of the person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the provider says is there. `subject` is the provider's own word for the person, `sid` for its login there.

    What the claims say beside the CPR number: the name, the id as an employee, and the organisation (`cvr`).
    """

    issuer: str
    subject: str
    cpr: Cpr | None
    sid: str | None = None
    name: str | None = None
    professional_id: str | None = None
    cvr: str | None = None


class _Metadata(BaseModel):
    """What is used of a discovery document (OpenID Connect Discovery 1.0, section 3)."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None
    names_itself: bool = Field(default=False, alias="authorization_response_iss_parameter_supported")


class _UserInfo(BaseModel):
    """The claims of a userinfo response (OpenID Connect Core 1.0, section 5.3.2)."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)

    sub: str


class _Keys(BaseModel):
    """A JSON Web Key Set (RFC 7517, section 5)."""

    model_config = ConfigDict(hide_input_in_errors=True)

    keys: list[dict[str, Any]]


_Document = TypeVar("_Document", bound=BaseModel)


class OidcClient:
    """Speaks to one provider. Its addresses and keys are fetched when first needed; its keys again when a new one turns up.

    Args:
        provider: the settings of the provider.
        redirect_uri: where it sends browsers back to.
        tls: the certificates trusted, made once for every provider; making it takes tens of milliseconds.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        provider: IdentityProvider,
        redirect_uri: str,
        tls: ssl.SSLContext,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.provider = provider
        self._redirect_uri = redirect_uri
        self._clock = clock
        self._tls = tls
        self._metadata: _Metadata | None = None
        self._keys: KeySet | None = None
        self._fetching = asyncio.Lock()

    async def authorization_url(self, *, state: str, nonce: str, verifier: str) -> str:
        """Where to send the browser (RFC 6749, section 4.1.1; RFC 7636, section 4.3).

        Raises:
            LoginFailed: the provider cannot be reached.
        """
        metadata = await self._discover()
        extra = dict(self.provider.authorization_parameters)
        if self.provider.acr_values is not None:
            extra["acr_values"] = self.provider.acr_values
        async with self._oauth() as oauth:
            url, _ = oauth.create_authorization_url(
                metadata.authorization_endpoint, state=state, nonce=nonce, code_verifier=verifier, **extra
            )
        return str(url)

    async def identify(self, *, code: str, issuer: str | None, nonce: str, verifier: str) -> Identity:
        """Change a code for the ID token, and check it; `issuer` is the answer's own `iss` (RFC 9207), where it had one.

        Raises:
            LoginFailed: the provider refused, cannot be reached, or its token does not hold.
        """
        metadata = await self._discover()
        # RFC 9207, section 2.4: with several providers side by side, an answer must come from the one that was asked.
        if issuer != metadata.issuer and (issuer is not None or metadata.names_itself):
            raise LoginFailed("answer_from_another_issuer")
        try:
            async with self._oauth() as oauth:
                token = await oauth.fetch_token(
                    self._reachable(metadata.token_endpoint),
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=verifier,
                    redirect_uri=self._redirect_uri,
                )
        except OAuthError:
            raise LoginFailed("code_refused") from None
        except (HTTPError, ValueError):
            raise LoginFailed("provider_unreachable") from None
        claims = await self._validated(token.get("id_token"), nonce)
        if self.provider.userinfo:
            claims = {**await self._userinfo(token.get("access_token"), claims["sub"]), **claims}
        self._be_sure_enough(claims)
        names = self.provider.claims
        return Identity(
            issuer=metadata.issuer,
            subject=claims["sub"],
            cpr=self._cpr(claims),
            sid=_text(claims, ("sid",)),
            name=_text(claims, names.name),
            professional_id=_text(claims, names.professional_id),
            cvr=_text(claims, names.cvr),
        )

    async def end_session_url(self, *, back_to: str) -> str | None:
        """Where to send a browser that logs out here, so that it does there too; None where there is no such place.

        OpenID Connect RP-Initiated Logout 1.0, section 2, by `client_id`: the ID token, which may hold a CPR number, is
        kept nowhere, so it is no hint either. `back_to` has to be registered with the provider.
        """
        if not self.provider.logout_there:
            return None
        try:
            endpoint = (await self._discover()).end_session_endpoint
        except LoginFailed:  # it cannot be reached: the login here has ended all the same
            return None
        if endpoint is None:
            return None
        asked = urlencode({"client_id": self.provider.client_id, "post_logout_redirect_uri": back_to})
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{asked}"

    async def signed(self, token: str) -> dict[str, Any]:
        """The claims of a token that this provider signed; which they must be is the caller's to check.

        Raises:
            LoginFailed: the signature does not hold, or the provider's keys cannot be had.
        """
        try:
            return (await self._verified(token)).claims
        except (JoseError, ValueError, RecursionError):  # the last for JSON that is nested too deeply
            raise LoginFailed("token_not_signed_by_provider") from None

    async def _validated(self, id_token: object, nonce: str) -> dict[str, Any]:
        """The claims of an ID token that holds: OpenID Connect Core 1.0, section 3.1.3.7."""
        if not isinstance(id_token, str):
            raise LoginFailed("no_id_token")
        client_id = self.provider.client_id
        expected = jwt.JWTClaimsRegistry(
            now=lambda: int(self._clock()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self.provider.issuer},
            aud={"essential": True, "value": client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            claims = (await self._verified(id_token)).claims
            expected.validate(claims)
        except JoseError:
            raise LoginFailed("id_token_invalid") from None
        audience = claims["aud"]
        if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != client_id:
            raise LoginFailed("id_token_for_another_client")
        return claims

    async def _verified(self, id_token: str) -> jwt.Token:
        keys = self._keys or await self._fetch_keys()
        try:
            return jwt.decode(id_token, keys, algorithms=list(ALGORITHMS))
        except InvalidKeyIdError:
            # The provider signs with a new key: OpenID Connect Core 1.0, section 10.1.1.
            return jwt.decode(id_token, await self._fetch_keys(), algorithms=list(ALGORITHMS))

    async def _userinfo(self, access_token: object, subject: str) -> dict[str, Any]:
        metadata = await self._discover()
        if metadata.userinfo_endpoint is None or not isinstance(access_token, str):
            raise LoginFailed("no_userinfo")
        address = self._reachable(metadata.userinfo_endpoint)
        found = await self._fetch(address, _UserInfo, {"Authorization": f"Bearer {access_token}"})
        if found.sub != subject:  # OpenID Connect Core 1.0, section 5.3.2: else another person's claims could be put in
            raise LoginFailed("userinfo_of_another")
        return found.model_dump()

    def _be_sure_enough(self, claims: dict[str, Any]) -> None:
        said = _text(claims, self.provider.claims.assurance)
        if said is None:
            if self.provider.assurance_required:
                raise LoginFailed("assurance_missing")
            return
        level = assurance_of(said)
        if level is None:
            raise LoginFailed("assurance_unreadable")
        if level < self.provider.minimum:
            raise LoginFailed(ASSURANCE_TOO_LOW)

    def _cpr(self, claims: dict[str, Any]) -> Cpr | None:
        found = _text(claims, self.provider.claims.cpr)
        if found is None:
            return None
        try:
            return Cpr.parse(found)
        except MalformedCpr:
            raise LoginFailed("cpr_claim_malformed") from None

    async def _discover(self) -> _Metadata:
        async with self._fetching:
            if self._metadata is None:
                issuer = self.provider.issuer
                address = issuer.rstrip("/") + "/.well-known/openid-configuration"
                metadata = await self._fetch(self._reachable(address), _Metadata)
                if metadata.issuer != issuer:  # OpenID Connect Discovery 1.0, section 4.3
                    raise LoginFailed("another_issuer_discovered")
                self._metadata = metadata
            return self._metadata

    async def _fetch_keys(self) -> KeySet:
        metadata = await self._discover()
        found = await self._fetch(self._reachable(metadata.jwks_uri), _Keys)
        self._keys = KeySet.import_key_set({"keys": found.keys})
        return self._keys

    async def _fetch(
        self, address: str, document: type[_Document], headers: Mapping[str, str] | None = None
    ) -> _Document:
        try:
            async with AsyncClient(verify=self._tls, timeout=TIMEOUT_SECONDS, trust_env=self._by_proxy) as client:
                response = (await client.get(address, headers=headers)).raise_for_status()
            return document.model_validate_json(response.content)
        except (HTTPError, ValidationError):
            raise LoginFailed("provider_unreachable") from None

    def _oauth(self) -> AsyncOAuth2Client:
        """A client for one exchange: it keeps the token it was given, so it is not shared."""
        secret = self.provider.client_secret
        return AsyncOAuth2Client(
            client_id=self.provider.client_id,
            client_secret=secret.get_secret_value() if secret is not None else None,
            scope=" ".join(self.provider.scopes),
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
            timeout=TIMEOUT_SECONDS,
            verify=self._tls,
            trust_env=self._by_proxy,
        )

    def _reachable(self, address: str) -> str:
        """The address as this server reaches it, when that is elsewhere than where browsers do."""
        inside, issuer = self.provider.backchannel_issuer, self.provider.issuer
        return inside + address.removeprefix(issuer) if inside and address.startswith(issuer) else address

    @property
    def _by_proxy(self) -> bool:
        """A provider on this machine is never asked by way of the site's proxy; others are, where the site has one."""
        address = self.provider.backchannel_issuer or self.provider.issuer
        return urlsplit(address).hostname not in _LOOPBACK


def _text(claims: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """The first of the claims that is there, as text; a number is taken for its digits, an empty text for none."""
    found = next((claims[name] for name in names if claims.get(name) is not None), None)
    return str(found).strip() or None if isinstance(found, str | int) else None
