"""A peer's own token: one call, one name, and what may be done there, for a while; signed by whoever drives the nodes. Pure.

A JWT (RFC 7519) under a key derived from the secret that the processes share, so whoever holds a token holds nothing else.
"""

from __future__ import annotations

import hmac
import math
from dataclasses import dataclass

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

LONGEST_SECONDS = 12 * 3600
"""How long a token may be good for: a working day's recording or encoder, and no password."""

LONGEST_TOKEN_CHARS = 2048

_ALGORITHM = "HS256"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token lets its holder do: publish into one call or receive it, or both, as one participant."""

    room_id: str
    participant_id: str
    publishes: bool
    subscribes: bool


class TokenRefused(Exception):
    """It is none of ours, or it has run out."""


def mint(secret: str, grant: Grant, *, now_s: float, seconds: float) -> str:
    """A token that holds from now for so many seconds.

    Raises:
        ValueError: that is no time, or longer than `LONGEST_SECONDS`; or the grant allows nothing.
    """
    if not 0 < seconds <= LONGEST_SECONDS:
        raise ValueError(f"a token holds for up to {LONGEST_SECONDS} seconds")
    if not (grant.publishes or grant.subscribes):
        raise ValueError("a token lets somebody publish, subscribe or both")
    claims = {
        "room": grant.room_id,
        "participant": grant.participant_id,
        "publish": grant.publishes,
        "subscribe": grant.subscribes,
        "exp": math.floor(now_s + seconds),
    }
    return jwt.encode({"alg": _ALGORITHM}, claims, _key(secret), algorithms=[_ALGORITHM])


def read(secret: str, token: str, *, now_s: float) -> Grant:
    """What a token grants.

    Raises:
        TokenRefused: it is not signed with this secret, is not of this form, or has run out.
    """
    if len(token) > LONGEST_TOKEN_CHARS:
        raise TokenRefused
    try:
        claims = jwt.decode(token, _key(secret), algorithms=[_ALGORITHM]).claims
        ends_s = claims["exp"]
        grant = Grant(claims["room"], claims["participant"], claims["publish"] is True, claims["subscribe"] is True)
    except (JoseError, ValueError, KeyError, TypeError, RecursionError):  # the last for JSON that is nested too deeply
        raise TokenRefused from None
    if not isinstance(ends_s, int) or not now_s < ends_s <= now_s + LONGEST_SECONDS:
        raise TokenRefused
    return grant


def _key(secret: str) -> OctKey:
    return OctKey.import_key(hmac.digest(secret.encode(), b"venterum media tokens", "sha256"))
