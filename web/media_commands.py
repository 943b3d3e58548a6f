"""`venterum media token`: access for one external encoder or player to one call, by WHIP or WHEP, for a while."""

from __future__ import annotations

import argparse
import time

from media.tokens import LONGEST_SECONDS, Grant, mint

from .keys import InstallationKey
from .settings import Settings

PREFIX = "device-"
"""What the participant's name begins with, so that no token is ever for the place of one of the people in a call."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`venterum media`, which runs a node, and what can be done about nodes instead."""
    parser = commands.add_parser("media", help="run a media node by itself until SIGINT or SIGTERM, or make a token")
    token = parser.add_subparsers(dest="what").add_parser(
        "token", help="print a token with which a device joins one call by WHIP (RFC 9725) or WHEP"
    )
    token.add_argument("--visit", required=True, help="the id of the visit whose call it is")
    token.add_argument("--device", required=True, help=f"its name in the call, which is prefixed with {PREFIX}")
    token.add_argument("--only", choices=["publish", "subscribe"], help="both when not given")
    token.add_argument("--minutes", type=float, default=60, help=f"60 when not given, {LONGEST_SECONDS // 60} at most")


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
