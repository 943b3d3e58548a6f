"""Opens and closes the waiting rooms by the clock: every worker looks, and the rooms see to it that one of them does it."""

from __future__ import annotations

import asyncio
import contextlib

import structlog

from rooms.errors import NotFound
from rooms.opening import Opening

from .tasks import keep_looking, stop

LOOK_SECONDS = 1.0


class Openings:
    """Looks for rooms whose hour has come, until `close`."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._task: asyncio.Task[None] | None = None
        self._log = structlog.get_logger("signaling.openings")

    async def start(self) -> None:
        self._task = asyncio.create_task(keep_looking(self.look, LOOK_SECONDS, self._log))

    async def close(self) -> None:
        """Stop. May be called twice."""
        if self._task is not None:
            await stop([self._task])

    async def look(self) -> None:
        """Look once at every room whose hour has come."""
        for clinic_id in await self._opening.due():
            with contextlib.suppress(NotFound):  # taken out of the directory meanwhile
                if await self._opening.apply(clinic_id):
                    self._log.info("boundary_applied", clinic=clinic_id)
