"""Back-channel logout: a provider says that a login there has ended, and the logins here that came of it end at once.

OpenID Connect Back-Channel Logout 1.0. The address to register with a provider is `/login/{id}/backchannel-logout`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from joserfc import jwt
from joserfc.errors import JoseError

from rooms.audit import Audit
from rooms.logins import Logins
from rooms.records import Actor, Role

from .logs import get_logger
from .oidc import LEEWAY_SECONDS, LoginFailed, OidcClient
from .once import Once
from .sessions import TellLoggedOut

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
"""What a logout token says has happened: section 2.4."""

LONGEST_SECONDS = 3600
"""How far ahead a logout token's end may be, in seconds: for so long it is remembered as used. Two minutes are usual."""


@dataclass(frozen=True, slots=True)
class LogoutNote:
    """What a logout token asks for: the end of the provider's login `sid`, or, without one, of all of `subject`'s."""

    subject: str | None
    sid: str | None
    jti: str
    expires_at: int


def logout_note(claims: Mapping[str, Any], *, issuer: str, client_id: str, now: float) -> LogoutNote:
    """Read the claims of a logout token whose signature holds: section 2.6. Whether it came before is not looked at here.

    Raises:
        LoginFailed: it is none, or not for us, or not of now.
    """
    expected = jwt.JWTClaimsRegistry(
        now=lambda: int(now),
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        exp={"essential": True},
        iat={"essential": True},
        jti={"essential": True},
    )
    try:
        expected.validate(dict(claims))
    except JoseError:
        raise LoginFailed("logout_token_invalid") from None
    events, jti = claims.get("events"), claims["jti"]
    subject, sid = (claims.get(name) if isinstance(claims.get(name), str) else None for name in ("sub", "sid"))
    is_note = isinstance(events, dict) and isinstance(events.get(LOGOUT_EVENT), dict)
    # With a nonce it would be an ID token, sent here by somebody who has got hold of one.
    if not is_note or "nonce" in claims or not isinstance(jti, str) or not (subject or sid):
        raise LoginFailed("logout_token_invalid")
    if claims["exp"] > now + LONGEST_SECONDS:
        raise LoginFailed("logout_token_too_long")
    return LogoutNote(subject, sid, jti, int(claims["exp"]))


class BackChannelLogout:
    """`POST /login/{provider_id}/backchannel-logout`.

    Args:
        clients: by provider id.
        once: remembers the tokens that were used.
        logged_out: told of each login that ends.
    """

    def __init__(
        self,
        logins: Logins,
        audit: Audit,
        clients: Mapping[str, OidcClient],
        once: Once,
        logged_out: TellLoggedOut,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._logins = logins
        self._audit = audit
        self._clients = clients
        self._once = once
        self._logged_out = logged_out
        self._clock = clock

    def add(self, app: web.Application) -> None:
        """Mount the address. It is for providers alone, so the OpenAPI description has it not."""
        app.router.add_post("/login/{provider_id:[a-z0-9-]+}/backchannel-logout", self.end)

    async def end(self, request: web.Request) -> web.Response:
        """End the logins that the token is about; 400 for a token that does not hold (section 2.8)."""
        client = self._clients.get(request.match_info["provider_id"])
        if client is None:
            raise web.HTTPNotFound
        provider = client.provider
        log = get_logger("web.login")
        try:
            note = logout_note(
                await client.signed(str((await request.post()).get("logout_token", ""))),
                issuer=provider.issuer,
                client_id=provider.client_id,
                now=self._clock(),
            )
            if not await self._once.first(f"logout:{provider.id}", note.jti, note.expires_at + LEEWAY_SECONDS):
                raise LoginFailed("logout_token_used")
        except LoginFailed as failure:
            log.warning("logout_refused", provider=provider.id, reason=failure.reason)
            return _answer(400, {"error": "invalid_request"})
        ended = await self._logins.end_at_provider(provider.issuer, note.subject, note.sid)
        for login_id, person_id in ended.items():
            self._logged_out(login_id)
            await self._audit.outside(
                "logged_out", Actor(person_id, Role.NOBODY), {"login": login_id, "by": provider.id}
            )
        log.info("logged_out_by_provider", provider=provider.id, logins=len(ended))
        return _answer(200, {})


def _answer(status: int, body: Mapping[str, str]) -> web.Response:
    return web.json_response(dict(body), status=status, headers={"Cache-Control": "no-store"})
