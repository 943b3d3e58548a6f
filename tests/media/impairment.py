"""A path that loses, delays, reorders and doubles datagrams by a seeded model: a UDP proxy on loopback.

The answer is rewritten to lead a peer to the proxy, which speaks to the node from a socket of its own.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Model:
    """Shares between 0 and 1; `delay_ms` is the most that a datagram is held, drawn anew for each, so that they overtake."""

    loss: float = 0.0
    duplication: float = 0.0
    delay_ms: float = 0.0


class _Side(asyncio.DatagramProtocol):
    def __init__(self, path: Path) -> None:
        self.path = path
        self.transport: Any = None
        self.peer: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.peer = addr
        self.path.passes(data, self)


class Path:
    """Both directions of one peer's path. `touched` counts what the model did to media."""

    def __init__(self, model: Model, seed: int, node_port: int) -> None:
        self._model = model
        self._random = random.Random(seed)
        self._node = ("127.0.0.1", node_port)
        self.near, self.far = _Side(self), _Side(self)
        self.lost = self.doubled = self.held = 0

    def passes(self, data: bytes, side: _Side) -> None:
        # The handshake passes as it is: what is tested is the media.
        if not data or not 127 < data[0] < 192:
            self._deliver(data, side)
            return
        if self._random.random() < self._model.loss:
            self.lost += 1
            return
        copies = 1
        if self._random.random() < self._model.duplication:
            self.doubled += 1
            copies = 2
        for _ in range(copies):
            delay_ms = self._random.random() * self._model.delay_ms
            if delay_ms:
                self.held += 1
                asyncio.get_running_loop().call_later(delay_ms / 1000, self._deliver, data, side)
            else:
                self._deliver(data, side)

    def _deliver(self, data: bytes, side: _Side) -> None:
        out = self.far if side is self.near else self.near
        address = self._node if side is self.near else self.near.peer
        if address is not None and not out.transport.is_closing():
            out.transport.sendto(data, address)


@asynccontextmanager
async def impaired(model: Model, seed: int, node_port: int) -> AsyncIterator[Path]:
    """A path to the node, until the block ends."""
    loop = asyncio.get_running_loop()
    path = Path(model, seed, node_port)
    await loop.create_datagram_endpoint(lambda: path.near, local_addr=("127.0.0.1", 0))
    await loop.create_datagram_endpoint(lambda: path.far, local_addr=("127.0.0.1", 0))
    try:
        yield path
    finally:
        path.near.transport.close()
        path.far.transport.close()


def by_way_of(path: Path, answer: str, node_port: int) -> str:
    """The answer with the proxy's port in place of the node's."""
    port = path.near.transport.get_extra_info("sockname")[1]
    return answer.replace(f" 127.0.0.1 {node_port} typ host", f" 127.0.0.1 {port} typ host")
