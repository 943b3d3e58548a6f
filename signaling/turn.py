"""Credentials for a TURN server that shares a secret with us; who is given them is `web/`'s business. Pure.

The scheme is draft-uberti-behave-turn-rest-00, section 2.2 (coturn's `use-auth-secret`): the user name says when it runs out, and
the password is made from it, so the TURN server keeps no accounts and is told of nobody.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TurnCredentials:
    """What a browser shows the TURN server. `expires_at_s` is in seconds since 1970 (Unix time)."""

    username: str
    password: str = field(repr=False)
    expires_at_s: int


def turn_credentials(secret: str, name: str, *, now_s: float, lifetime_s: int) -> TurnCredentials:
    """Credentials that the TURN server takes until `lifetime_s` seconds after `now_s` (Unix time).

    Args:
        secret: what the TURN server knows too.
        name: a fresh random one, so that nothing on the TURN server tells who called.
    """
    expires_at_s = int(now_s) + lifetime_s
    username = f"{expires_at_s}:{name}"
    return TurnCredentials(username, turn_password(secret, username), expires_at_s)


def turn_password(secret: str, username: str) -> str:
    """The password that goes with a user name: Base64 of HMAC-SHA-1, which the draft fixes."""
    return base64.b64encode(hmac.digest(secret.encode(), username.encode(), hashlib.sha1)).decode()
