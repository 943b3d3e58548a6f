"""Ends background tasks for certain."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

_AGAIN_SECONDS = 0.1


async def stop(tasks: Iterable[asyncio.Task[None]]) -> list[BaseException | None]:
    """Cancel tasks and wait until they have ended; returns what each ended with, None for an ordinary end.

    A cancellation can be lost where `asyncio.wait_for` is under way and its result arrives at the same moment (CPython
    issue 86296, mended in 3.12), and both redis clients wait that way; so it is repeated.
    """
    every = list(tasks)
    pending = set(every)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_AGAIN_SECONDS)
    return [None if task.cancelled() else task.exception() for task in every]
