"""Background tasks: those that look again and again, and how every one is ended for certain."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable

from structlog.stdlib import BoundLogger

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


async def keep_looking(
    look: Callable[[], Awaitable[None]], seconds: float, log: BoundLogger, wake: asyncio.Event | None = None
) -> None:
    """Call `look` again and again, for ever. While it fails that is logged once, and once more when it is over.

    `wake` lets it look at once.
    """
    woken = wake or asyncio.Event()
    failing = False
    while True:
        try:
            await look()
        except Exception as error:  # a dead database or live store must not end the looking
            if not failing:
                log.warning("could_not_look", error=type(error).__name__)
            failing = True
        else:
            if failing:
                log.info("looks_again")
            failing = False
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(woken.wait(), seconds)
        woken.clear()
