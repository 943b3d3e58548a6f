"""What a browser is told before it connects to a call: the ICE servers, with TURN credentials of its own for some minutes."""

from __future__ import annotations

import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from signaling.turn import turn_credentials

from .schemas import CallConfiguration, IceServer
from .settings import Settings

RENEW_AT = 0.5
"""The part of their lifetime after which credentials are to be renewed: a browser may miss one renewal and try again."""


class TurnSecretRefused(ValueError):
    """The file with the TURN secret cannot be used; the message says what to do."""


class CallConfigurations:
    """Makes a `CallConfiguration` for each browser that asks and may.

    Args:
        servers: told to everybody as they are.
        transport_policy: "relay" where browsers are to use TURN alone.
        turn_urls: where the TURN server is (RFC 7065); none without one.
        turn_secret: what it shares with us; None without one.
        turn_lifetime_s: how long credentials live, in seconds.
        clock: seconds since 1970, which the TURN server's clock has to agree with.
    """

    def __init__(
        self,
        *,
        servers: tuple[IceServer, ...],
        transport_policy: Literal["all", "relay"],
        turn_urls: tuple[str, ...],
        turn_secret: str | None,
        turn_lifetime_s: int,
        clock: Callable[[], float],
    ) -> None:
        self._servers = servers
        self._transport_policy = transport_policy
        self._turn_urls = turn_urls
        self._turn_secret = turn_secret
        self._turn_lifetime_s = turn_lifetime_s
        self._clock = clock

    @classmethod
    def of(cls, settings: Settings, clock: Callable[[], float]) -> CallConfigurations:
        """As the settings say. Raises TurnSecretRefused when the secret's file cannot be used."""
        return cls(
            servers=settings.ice_servers,
            transport_policy=settings.ice_transport_policy,
            turn_urls=settings.turn_urls,
            turn_secret=_turn_secret(settings),
            turn_lifetime_s=settings.turn_lifetime_seconds,
            clock=clock,
        )

    def fresh(self) -> CallConfiguration:
        """A configuration for one browser; its TURN credentials are nobody else's."""
        if self._turn_secret is None:
            return CallConfiguration(ice_servers=self._servers, ice_transport_policy=self._transport_policy)
        made = turn_credentials(
            self._turn_secret, secrets.token_urlsafe(12), now_s=self._clock(), lifetime_s=self._turn_lifetime_s
        )
        turn = IceServer(urls=self._turn_urls, username=made.username, credential=made.password)
        return CallConfiguration(
            ice_servers=(*self._servers, turn),
            ice_transport_policy=self._transport_policy,
            expires_at_ms=made.expires_at_s * 1000,
            renew_in_ms=round(self._turn_lifetime_s * 1000 * RENEW_AT),
        )


def _turn_secret(settings: Settings) -> str | None:
    if settings.turn_secret_file is not None:
        return _secret_in(settings.turn_secret_file)
    return settings.turn_secret.get_secret_value() if settings.turn_secret is not None else None


def _secret_in(path: Path) -> str:
    """The first line of the file, without what a text editor leaves at its end."""
    try:
        mode, text = stat.S_IMODE(path.stat().st_mode), path.read_text(encoding="utf-8")
    except OSError as error:
        raise TurnSecretRefused(f"The TURN secret at {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise TurnSecretRefused(f"The TURN secret at {path} is not text.") from None
    if mode & stat.S_IRWXO:
        raise TurnSecretRefused(f"The TURN secret at {path} is open to every user: chmod 600 it.")
    secret = text.partition("\n")[0].strip()
    if not secret:
        raise TurnSecretRefused(f"The TURN secret at {path} is empty.")
    return secret
