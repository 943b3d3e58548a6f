"""The wake-up bus: tells every worker that something changed, and leaves it to them to read what, from the log.

A topic is a word and an opaque id (`clinic:…`, `person:…`, `call:…`); a wake-up carries nothing else, so no personal data passes
through Redis, and one that is lost or comes twice does no harm. Whoever listens reads the log again after `POLL_SECONDS` in any
case: with Redis gone, what is committed is seen a moment later instead of at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections import defaultdict
from collections.abc import Callable

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from .tasks import stop

POLL_SECONDS = 1.0
"""How long a listener waits for a wake-up before it looks by itself while the bus is down."""

IDLE_POLL_SECONDS = 5.0
"""The same while the bus is up: for what nobody announces, such as a worker that died."""

MAX_UNSENT = 1024
"""Announcements that wait to be published; past that the oldest is dropped, and the others' polling makes up for it."""

_CHANNEL = "venterum:wake"
_RETRY_SECONDS = 0.5
_LISTEN_SECONDS = 10.0


class Bus:
    """Wake-ups within this process at once, and to the other workers through Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._listeners: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._unsent: asyncio.Queue[str] = asyncio.Queue(MAX_UNSENT)
        self._tasks: list[asyncio.Task[None]] = []
        self._id = secrets.token_hex(8)
        self._log = structlog.get_logger("signaling.bus")
        self.up = False
        """Whether wake-ups of other workers arrive now."""

    async def start(self) -> None:
        """Begin to listen and to publish, until `close`."""
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._publish())]

    async def close(self) -> None:
        """Stop. May be called twice."""
        tasks, self._tasks = self._tasks, []
        await stop(tasks)

    def announce(self, topic: str) -> None:
        """Wake everyone who listens to a topic. Returns at once and never fails."""
        self._wake(topic)
        if self._unsent.full():
            self._unsent.get_nowait()
        self._unsent.put_nowait(topic)

    def listen(self, topic: str, event: asyncio.Event) -> Callable[[], None]:
        """Set `event` whenever the topic is announced, here or elsewhere. Returns its own undo."""
        self._listeners[topic].add(event)

        def undo() -> None:
            self._listeners[topic].discard(event)
            if not self._listeners[topic]:
                del self._listeners[topic]

        return undo

    async def wait(self, event: asyncio.Event) -> None:
        """Wait for a wake-up, or until it is time to look without one; clears the event."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), IDLE_POLL_SECONDS if self.up else POLL_SECONDS)
        event.clear()

    def _wake(self, topic: str) -> None:
        for event in self._listeners.get(topic, ()):
            event.set()

    def _wake_all(self) -> None:
        for events in self._listeners.values():
            for event in events:
                event.set()

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as subscription:
                    await subscription.subscribe(_CHANNEL)
                    self.up = True
                    self._wake_all()  # whatever was announced while nobody listened
                    while True:
                        message = await subscription.get_message(
                            ignore_subscribe_messages=True, timeout=_LISTEN_SECONDS
                        )
                        if message is not None:
                            origin, _, topic = str(message["data"]).partition(" ")
                            if origin != self._id:  # else everyone here was woken as it was announced
                                self._wake(topic)
            except (RedisError, OSError) as error:
                if self.up:
                    self._log.warning("bus_down", error=type(error).__name__)
                self.up = False
                self._wake_all()  # so that they wait no longer than they should without a bus
            await asyncio.sleep(_RETRY_SECONDS)

    async def _publish(self) -> None:
        while True:
            topic = await self._unsent.get()
            try:
                await self._redis.publish(_CHANNEL, f"{self._id} {topic}")
            except (RedisError, OSError):
                self.up = False


def clinic_topic(clinic_id: str) -> str:
    return f"clinic:{clinic_id}"


def person_topic(person_id: str) -> str:
    """Announced for every event about a person: as a patient, and as somebody of the staff who may work there or no longer."""
    return f"person:{person_id}"


def call_topic(visit_id: str) -> str:
    """Announced for every event of the visit, and whenever somebody comes into its call or goes."""
    return f"call:{visit_id}"


def said_topic(visit_id: str) -> str:
    """Announced whenever a page in the visit's call says something of itself: with every character that is typed there."""
    return f"said:{visit_id}"


def login_topic(login_id: str) -> str:
    """Announced when somebody logs out, for the other pages of the same login."""
    return f"login:{login_id}"
