"""`venterum practice-system`: registers the practice systems that may speak to this server, lists them, and ends that."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rooms.practice_systems import PracticeSystem
from rooms.store import Rooms, migrate

from .keys import InstallationKey
from .practice_keys import public_key, secret_text
from .settings import Settings

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def run(settings: Settings, chosen: argparse.Namespace) -> None:
    """Run one of the three.

    Raises:
        KeyFileRefused, RoomsError, OSError, ValueError: it cannot be done; the message says why.
    """
    jwk = public_key(_document(chosen.jwk)) if chosen.verb == "add" else {}
    if chosen.verb == "add" and chosen.webhook is not None:
        _check_webhook(chosen.webhook)
    key = InstallationKey.of(settings)
    migrate(settings.database_url)
    asyncio.run(_run(settings, key, chosen, jwk))


async def _run(settings: Settings, key: InstallationKey, chosen: argparse.Namespace, jwk: Mapping[str, Any]) -> None:
    async with await Rooms.open(
        settings.database_url, key.reveal(), clock=lambda: datetime.now(UTC), on_commit=lambda _: None
    ) as rooms:
        if chosen.verb == "remove":
            await rooms.practice_systems.remove(chosen.name)
            print(f"{chosen.name} may speak to this server no longer.")
            return
        if chosen.verb == "list":
            for system in await rooms.practice_systems.list():
                print("\n".join(await _described(rooms, system)))
            return
        system = await rooms.practice_systems.add(
            chosen.name, jwk, chosen.clinics, webhook_url=chosen.webhook, webhook_cpr=chosen.webhook_cpr
        )
        print("\n".join(await _described(rooms, system)))
        print(f"  audience       {settings.origin}")
        if system.webhook_url is not None:
            print(f"  webhook secret {secret_text(key.webhook_secret(system.id))}")


async def _described(rooms: Rooms, system: PracticeSystem) -> list[str]:
    clinics = await rooms.practice_systems.clinics(system)
    told = system.webhook_url or "none"
    return [
        system.name,
        f"  issuer         {system.id}",
        f"  clinics        {', '.join(f'{each.name} ({each.ydernummer or each.sor_id})' for each in clinics)}",
        f"  webhook        {told}{' with CPR numbers' if system.webhook_cpr else ''}",
    ]


def _document(path: Path) -> Mapping[str, Any]:
    document = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(document, dict):
        raise ValueError(f"{path.name} is no JSON Web Key")
    return document


def _check_webhook(url: str) -> None:
    parts = urlsplit(url)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not safe or not parts.hostname or parts.username is not None:
        raise ValueError("a webhook's address is https://, without a password in it")
