"""`venterum demo`: lists the demonstration's fictitious clinics and people, and puts them into the database."""

from __future__ import annotations

import argparse
import asyncio
import json

from rooms.demo import load_demo
from rooms.store import migrate

from .demonstration import announcement, listing
from .keys import InstallationKey
from .settings import Settings
from .store import open_rooms


def run(settings: Settings, chosen: argparse.Namespace) -> None:
    """Run `demo`.

    Raises:
        KeyFileRefused, StoreRefused, OSError: the store cannot be opened.
    """
    if chosen.load:
        key = InstallationKey.of(settings)
        migrate(settings.database_url)
        asyncio.run(_load(settings, key))
    print(json.dumps(listing(settings), indent=2, ensure_ascii=False) if chosen.json else announcement(settings))


async def _load(settings: Settings, key: InstallationKey) -> None:
    async with await open_rooms(settings, key) as rooms:
        await load_demo(rooms)
