"""A call of two real peers through bad paths: the picture keeps coming, lost packets are repaired, doubled ones do no harm."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest
from aiortc import RTCSessionDescription

from .impairment import Model, by_way_of, impaired
from .peers import Peer, loopback_candidates, running_node, until

LOSSY = Model(loss=0.05)
JITTERY = Model(delay_ms=30)
DOUBLING = Model(duplication=0.2)
ALL = Model(loss=0.03, duplication=0.05, delay_ms=20)

pytestmark = pytest.mark.alone


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with loopback_candidates(monkeypatch):
        yield


@pytest.mark.parametrize(("model", "seed"), [(LOSSY, 1), (JITTERY, 2), (DOUBLING, 3), (ALL, 4), (ALL, 5)])
async def test_the_picture_comes_through(model: Model, seed: int) -> None:
    async with running_node() as node, AsyncExitStack() as stack:
        peers, paths = (Peer("first"), Peer("second")), []
        for position, peer in enumerate(peers):
            path = await stack.enter_async_context(impaired(model, seed * 10 + position, node.port))
            joined = await node.join("room", peer.name, await peer.offer())
            answer = by_way_of(path, joined.answer, node.port)
            await peer.pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
            stack.push_async_callback(peer.close)
            paths.append(path)
        await until(lambda: all(peer.received > 5 for peer in peers))
        decoded = [peer.received for peer in peers]
        await until(lambda: all(peer.received > before + 60 for peer, before in zip(peers, decoded, strict=True)))
        if model.loss:
            await until(lambda: sum(path.lost for path in paths) > 5 and node.counters.retransmitted > 0)
        if model.duplication:
            # The second copy of a packet is refused by the replay check (RFC 3711 section 3.3.2) and goes no further.
            assert sum(path.doubled for path in paths) > 5
            assert node.counters.decrypt > 0
        if model.delay_ms:
            assert sum(path.held for path in paths) > 50
        assert node.rooms() == {"room": ("first", "second")}
