"""`venterum audit verify`: reads every chain of events, and says of each whether it is whole."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from sqlalchemy.exc import DBAPIError

from rooms.database import Database, must_be_there
from rooms.errors import StoreRefused
from rooms.log import Log

from .settings import Settings


def run(settings: Settings) -> int:
    """Run `audit verify`; 1 when a chain is not whole. Raises StoreRefused when the database cannot be read."""
    must_be_there(settings.database_url)
    return asyncio.run(_verify(settings))


async def _verify(settings: Settings) -> int:
    """Read every chain of events, and say of each whether it is whole; 1 when one is not. Reads only; a server may run.

    Raises:
        StoreRefused: it cannot be read.
    """
    database = Database(settings.database_url, clock=lambda: datetime.now(UTC), on_commit=lambda _: None)
    try:
        chains = await Log(database).verify_all()
    except DBAPIError:
        raise StoreRefused("The database cannot be read. Is it there, and migrated to this version?") from None
    finally:
        await database.close()
    for chain in chains:
        name = f"clinic {chain.name}" if chain.name else "the installation"
        if chain.broken_at is None:
            print(f"{name}: whole, {chain.events} events, the newest {chain.last_hash or 'none'}")
        else:
            print(f"{name}: BROKEN, event {chain.broken_at} is the first that was changed, removed or put in")
    return 1 if any(chain.broken_at is not None for chain in chains) else 0
