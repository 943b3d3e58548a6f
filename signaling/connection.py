"""What every live connection does alike: sends typed messages, watches for its end, and runs until one side is through."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence

from aiohttp import WSCloseCode, WSMsgType, web

from .bus import Bus, login_topic
from .messages import CLOSE_REVOKED, CLOSE_UNREADABLE, MAX_MESSAGE_BYTES, Revoked, Wire
from .tasks import stop

PING_SECONDS = 10.0
"""How often a silent browser is pinged; one that does not answer within half of that is gone (RFC 6455 section 5.5.2)."""


class AccessEnded(Exception):
    """Raised inside a connection when whoever is at the other end has no right to it any longer."""


class Registry:
    """The connections open in this process, counted by kind, and closed together when the process stops."""

    def __init__(self, kinds: Sequence[str]) -> None:
        self.counts: Counter[str] = Counter(dict.fromkeys(kinds, 0))
        self._open: set[web.WebSocketResponse] = set()

    def opened(self, kind: str, socket: web.WebSocketResponse) -> Callable[[], None]:
        """Count a connection. Returns its own undo."""
        self.counts[kind] += 1
        self._open.add(socket)

        def undo() -> None:
            self.counts[kind] -= 1
            self._open.discard(socket)

        return undo

    async def close(self) -> None:
        """Tell every browser that the server is going away (RFC 6455 status 1001): it comes back by itself."""
        await asyncio.gather(*(s.close(code=WSCloseCode.GOING_AWAY) for s in list(self._open)), return_exceptions=True)


class Connection:
    """One browser's WebSocket.

    `still_allowed` is asked before anything is sent after a wake-up, and there is one when the login ends. None where the
    work begins with a look that says so itself.
    """

    def __init__(
        self,
        registry: Registry,
        kind: str,
        bus: Bus,
        login_id: str,
        still_allowed: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        self._registry = registry
        self._kind = kind
        self.socket = web.WebSocketResponse(heartbeat=PING_SECONDS, max_msg_size=MAX_MESSAGE_BYTES)
        self.wake = asyncio.Event()
        self._bus = bus
        self._still_allowed = still_allowed
        self._undo: dict[str, Callable[[], None]] = {}
        self._login_topic = login_topic(login_id)

    async def send(self, message: Wire) -> None:
        """Send one message; waits while the browser is slow to take it. Raises ConnectionError when it is gone."""
        await self.socket.send_str(message.model_dump_json())

    def listen(self, *topics: str) -> None:
        """Be woken by these topics, and by no others from now on."""
        for topic in self._undo.keys() - set(topics):
            self._undo.pop(topic)()
        for topic in set(topics) - self._undo.keys():
            self._undo[topic] = self._bus.listen(topic, self.wake)

    async def woken(self) -> None:
        """Wait until there may be something new to send.

        Raises:
            AccessEnded: there will be nothing more.
        """
        await self._bus.wait(self.wake)
        if self._still_allowed is not None and not await self._still_allowed():
            raise AccessEnded

    async def run(
        self,
        request: web.Request,
        work: Callable[[], Coroutine[None, None, None]],
        received: Callable[[str], Awaitable[None]] | None = None,
        *beside: Callable[[], Coroutine[None, None, None]],
    ) -> web.WebSocketResponse:
        """Serve the request until the browser goes, `work` returns, or access ends.

        `received` takes each text message; `beside` is further work, done at the same time.
        """
        await self.socket.prepare(request)
        undo_others = [
            self._registry.opened(self._kind, self.socket),
            self._bus.listen(self._login_topic, self.wake),
        ]
        reading = asyncio.create_task(self._read(received))
        tasks = (reading, *(asyncio.create_task(each()) for each in (work, *beside)))
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended = await stop(tasks)
            for undo in (*self._undo.values(), *undo_others):
                undo()
            self._undo.clear()
        await self._close(ended)
        return self.socket

    async def _read(self, received: Callable[[str], Awaitable[None]] | None) -> None:
        async for message in self.socket:
            if message.type is not WSMsgType.TEXT or received is None:
                await self.socket.close(code=CLOSE_UNREADABLE)
                return
            await received(message.data)

    async def _close(self, ended: Sequence[BaseException | None]) -> None:
        failures = [e for e in ended if e is not None]
        if any(isinstance(e, AccessEnded) for e in failures) and not self.socket.closed:
            await self.send(Revoked())
            await self.socket.close(code=CLOSE_REVOKED)
        await self.socket.close()
        for failure in failures:
            # The browser being gone is the ordinary end of a connection.
            if not isinstance(failure, AccessEnded | ConnectionError):
                raise failure
