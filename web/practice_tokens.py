"""A practice system's token: a JWT (RFC 7519) that it signs anew for each request, as a client does by private_key_jwt.

Its claims are `iss` (the id it is registered by), `aud` (this server's public address), `iat`, `exp` (a minute ahead at most)
and `jti`, which is used once (RFC 7523, section 3).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from aiohttp import web
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import import_key

from rooms.practice_systems import PracticeSystem, PracticeSystems

from .errors import TokenRefused
from .logs import get_logger
from .oidc import ALGORITHMS
from .once import Once

LONGEST_SECONDS = 60
"""How far ahead a token's end may be, in seconds."""
LEEWAY_SECONDS = 5
"""How far a practice system's clock may be from ours, in seconds."""
LONGEST_TOKEN_CHARS = 4096


class PracticeTokens:
    """Tells which practice system asks.

    Args:
        audience: this server's public address, an origin.
        once: remembers the tokens that were used.
        clock: seconds since 1970.
    """

    def __init__(
        self, systems: PracticeSystems, once: Once, audience: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._systems = systems
        self._once = once
        self._audience = audience
        self._clock = clock

    async def system(self, request: web.Request) -> PracticeSystem:
        """The practice system that signed the request's token, which is used up by this.

        Raises:
            TokenRefused: there is none, or it does not hold.
        """
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise TokenRefused
        try:
            return await self._check(token.strip())
        except TokenRefused as refused:
            get_logger("web.practice").warning("token_refused", reason=refused.reason)
            raise

    async def _check(self, token: str) -> PracticeSystem:
        system = await self._systems.system(_issuer(token))
        if system is None:
            raise TokenRefused("iss is no registered practice system")
        try:
            claims = jwt.decode(token, import_key(dict(system.key)), algorithms=list(ALGORITHMS)).claims
        except (JoseError, ValueError):
            reason = "the signature is not of the registered key, or of an algorithm that is not taken"
            raise TokenRefused(reason) from None
        now = self._clock()
        expected = jwt.JWTClaimsRegistry(
            now=lambda: int(now),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": system.id},
            aud={"essential": True, "value": self._audience},
            exp={"essential": True},
            iat={"essential": True},
            jti={"essential": True},
        )
        try:
            expected.validate(claims)
        except JoseError as error:
            raise TokenRefused(f"{_claim(error)} is missing or wrong") from None
        if claims["exp"] > now + LONGEST_SECONDS + LEEWAY_SECONDS:
            raise TokenRefused(f"exp is more than {LONGEST_SECONDS} seconds ahead")
        jti = claims["jti"]
        if not isinstance(jti, str) or not 8 <= len(jti) <= 200:
            raise TokenRefused("jti is 8 to 200 characters long")
        if not await self._once.first(f"practice:{system.id}", jti, claims["exp"] + LEEWAY_SECONDS + 1):
            raise TokenRefused("jti was used before")
        return system


def _issuer(token: str) -> str:
    """Who the token says it is from; nothing is believed yet."""
    if len(token) > LONGEST_TOKEN_CHARS:
        raise TokenRefused("it is too long")
    try:
        payload = jws.extract_compact(token.encode()).payload
        claims = json.loads(payload)
    except (JoseError, ValueError, RecursionError):  # the last for JSON that is nested too deeply
        raise TokenRefused("it is no JWT") from None
    issuer = claims.get("iss") if isinstance(claims, dict) else None
    return issuer if isinstance(issuer, str) else ""


def _claim(error: JoseError) -> str:
    """The claim at fault, where the error names it."""
    claim = getattr(error, "claim", None)
    return claim if isinstance(claim, str) else "a claim"
