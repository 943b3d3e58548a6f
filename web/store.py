"""Opens the waiting room's store as the settings and the installation's key say: for the server, and for each command."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from rooms.records import Committed
from rooms.store import Rooms

from .keys import InstallationKey, recording_keys
from .settings import Settings


async def open_rooms(
    settings: Settings, key: InstallationKey, on_commit: Callable[[Committed], None] = lambda _: None
) -> Rooms:
    """The waiting room's store, with the time of day as its clock."""
    return await Rooms.open(
        settings.database_url,
        key.reveal(),
        clock=lambda: datetime.now(UTC),
        on_commit=on_commit,
        recording_keys=recording_keys(settings, key),
        recording_days=settings.recording_days,
    )
