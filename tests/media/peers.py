"""aiortc as the browser: a call of two real peers through a real node on 127.0.0.1, and the faults one can put in the way."""

from __future__ import annotations

import asyncio
import fractions
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import aioice.ice
import pytest
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import VideoFrame
from av.frame import Frame

from media.node import Joined, MediaNode
from media.relay import Leg, Outgoing
from media.slots import RoomState

BOUND_S = 60.0
"""How long a condition may take to come true before the test fails."""


async def until(condition: Callable[[], bool]) -> None:
    """Wait until `condition` holds; fails after `BOUND_S`."""
    async with asyncio.timeout(BOUND_S):
        while not condition():
            await asyncio.sleep(0.01)


@contextmanager
def loopback_candidates(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let aioice in the test's own peers offer 127.0.0.1 alone, so that no packet leaves the machine."""
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: ["127.0.0.1"])
    yield


class NumberedVideo(VideoStreamTrack):
    """Thirty small frames a second, each one shade brighter than the last, so that a frame can be told from another."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0

    async def recv(self) -> Frame:
        pts, time_base = await self.next_timestamp()
        frame = VideoFrame(width=64, height=48, format="yuv420p")
        for i, plane in enumerate(frame.planes):
            shade = 16 + self._count % 64 * 3 if i == 0 else 128
            plane.update(bytes([shade]) * plane.buffer_size)
        self._count += 1
        frame.pts, frame.time_base = pts, fractions.Fraction(time_base)
        return frame


class Peer:
    """One participant: sends numbered video, and counts what it decodes."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.pc = RTCPeerConnection()
        self.received = 0
        self.last_pts = -1
        self.leg_id = ""
        self._readers: list[asyncio.Task[None]] = []
        self.pc.on("track", self._track)

    def _track(self, track: MediaStreamTrack) -> None:
        if track.kind == "video":
            self._readers.append(asyncio.create_task(self._read(track)))

    async def _read(self, track: MediaStreamTrack) -> None:
        try:
            while True:
                frame = await track.recv()
                self.received += 1
                self.last_pts = frame.pts or 0
        except MediaStreamError:
            pass

    async def offer(self) -> str:
        self.pc.addTransceiver("audio", direction="sendrecv")
        self.pc.addTransceiver(NumberedVideo(), direction="sendrecv")
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return self.pc.localDescription.sdp

    async def join(self, node: MediaNode, room: str) -> Joined:
        joined = await node.join(room, self.name, await self.offer())
        self.leg_id = joined.leg_id
        await self.pc.setRemoteDescription(RTCSessionDescription(joined.answer, "answer"))
        return joined

    async def close(self) -> None:
        await self.pc.close()
        for reader in self._readers:
            reader.cancel()


@asynccontextmanager
async def running_node(
    host: str = "127.0.0.1", on_change: Callable[[str, RoomState], None] = lambda room, state: None
) -> AsyncIterator[MediaNode]:
    node = MediaNode(host=host, port=0, addresses=[host], on_change=on_change)
    node.start()
    try:
        yield node
    finally:
        await node.close()


@asynccontextmanager
async def call(node: MediaNode, room: str = "room") -> AsyncIterator[tuple[Peer, Peer]]:
    """Two peers in one room, both decoding the other's picture."""
    first, second = Peer("first"), Peer("second")
    try:
        await first.join(node, room)
        await second.join(node, room)
        await until(lambda: first.received > 5 and second.received > 5)
        yield first, second
    finally:
        await first.close()
        await second.close()


def own_socket(peer: Peer) -> Any:
    """The participant's own datagram transport: what it sends comes from the nominated address."""
    return own_agent(peer)._protocols[0].transport


def own_agent(peer: Peer) -> Any:
    """The participant's own ICE agent, which knows its passwords."""
    return peer.pc.getTransceivers()[0].sender.transport.transport._connection


def live_leg(node: MediaNode, room: str, participant: str) -> Leg:
    """The leg in use; a look inside, for tests that count what happens there."""
    leg = node._rooms[room]._participants[participant].live
    assert leg is not None
    return leg


def video_to(leg: Leg, slot: int = 0) -> Outgoing:
    """The picture that a leg is sent on a slot."""
    mid = leg.negotiated.slots[slot].video
    assert mid is not None
    return leg.outgoing[mid]
