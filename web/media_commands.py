"""`venterum media token`: access for one external encoder or player to one call, by WHIP or WHEP, for a while."""

from __future__ import annotations

import argparse
import time

from media.tokens import Grant, mint

from .keys import InstallationKey
from .settings import Settings

PREFIX = "device-"
"""What the participant's name begins with, so that no token is ever for the place of one of the people in a call."""


def print_token(settings: Settings, chosen: argparse.Namespace) -> None:
    """Raises KeyFileRefused when there is no key, and ValueError when there can be no such token."""
    grant = Grant(
        room_id=chosen.visit,
        participant_id=PREFIX + chosen.device,
        publishes=chosen.only != "subscribe",
        subscribes=chosen.only != "publish",
    )
    secret = InstallationKey.of(settings, create=False).media_secret.hex()
    print(mint(secret, grant, now_s=time.time(), seconds=chosen.minutes * 60))
