"""The contract with aiortc and aioice as pinned, and who may say what at the node's port."""

from __future__ import annotations

import asyncio
import inspect
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

import aioice
import pytest
from aiortc import RTCSessionDescription
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcicetransport import RTCIceGatherer, RTCIceTransport

from media.node import MediaNode

from .peers import Peer, call, live_leg, loopback_candidates, running_node, until


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with loopback_candidates(monkeypatch):
        yield


def test_the_private_parts_are_where_the_seam_expects_them() -> None:
    connection = aioice.Connection(ice_controlling=False)
    for name in (
        "_local_candidates",
        "_local_candidates_start",
        "_local_candidates_end",
        "_check_list",
        "_nominated",
        "_protocols",
        "_queue",
        "_remote_candidates",
    ):
        assert hasattr(connection, name), name
    for source, uses in (
        (aioice.Connection.check_complete, "self._nominated[pair.component] = pair"),
        (aioice.Connection.check_incoming, "pair.state == CandidatePair.State.WAITING"),
        (aioice.Connection.check_start, "pair.protocol.request("),
        (aioice.Connection.query_consent, "pair.protocol.request("),
        (RTCIceTransport.__init__, "self._connection.recv"),
        (RTCDtlsTransport._setup_srtp, "self._rx_srtp = Session"),
        (RTCDtlsTransport._setup_srtp, "self._tx_srtp = Session"),
        (RTCDtlsTransport._set_role, "self._role = role"),
        (RTCDtlsTransport.start, 'if self._role == "server"'),
    ):
        assert uses in inspect.getsource(source), uses
    assert RTCIceGatherer(iceServers=[])._connection.ice_controlling is False


@contextmanager
def stranger(node: MediaNode) -> Iterator[socket.socket]:
    """Somebody with a socket of their own; asyncio's transports would swallow an empty datagram."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outside:
        outside.setblocking(False)
        outside.connect(("127.0.0.1", node.port))
        yield outside


DTLS_ALERT = bytes([21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 40])


async def test_a_stranger_cannot_touch_a_call() -> None:
    async with running_node() as node, call(node) as (first, second), AsyncExitStack() as stack:
        outside = stack.enter_context(stranger(node))
        forged = bytes([0x80, 96, 0, 1]) + bytes(60)
        attacks = (b"", DTLS_ALERT, forged, b"\xff" * 50, b"\x00\x01\x00\x00!\x12\xa4B" + bytes(12), bytes(1500))
        for attack in attacks * 10:
            outside.send(attack)
        counters = node.socket.counters
        await until(lambda: counters.empty >= 10 and counters.stranger >= 20 and counters.unreadable >= 30)
        decoded = first.received, second.received
        await until(lambda: first.received > decoded[0] + 10 and second.received > decoded[1] + 10)
        assert node.rooms() == {"room": ("first", "second")}
        with pytest.raises(BlockingIOError):
            outside.recv(1)


async def test_alerts_from_a_stranger_do_not_stop_a_handshake() -> None:
    async with running_node() as node:
        peer, other = Peer("first"), Peer("second")
        joining = asyncio.create_task(peer.join(node, "room"))
        with stranger(node) as outside:
            while not node.rooms().get("room"):
                outside.send(DTLS_ALERT)
                outside.send(b"")
                await asyncio.sleep(0)
        await joining
        await other.join(node, "room")
        await until(lambda: peer.received > 3)
        await peer.close()
        await other.close()


async def test_another_certificate_than_the_offer_named_is_refused() -> None:
    async with running_node() as node:
        peer = Peer("first")
        offer = await peer.offer()
        lines = [
            line[:-2] + ("00" if line[-2:] != "00" else "11") if line.startswith("a=fingerprint:sha-256") else line
            for line in offer.split("\r\n")
        ]
        joined = await node.join("room", "first", "\r\n".join(lines))
        await peer.pc.setRemoteDescription(RTCSessionDescription(joined.answer, "answer"))
        await until(lambda: "room" not in node.rooms())
        assert node.counters.packets_received == 0
        await peer.close()


async def test_nothing_is_left_behind_by_a_call_that_ended() -> None:
    async with running_node() as node:
        async with call(node):
            assert len(node.socket._media) == len(node.socket._usernames) == 2
            assert live_leg(node, "room", "first").transport.connected
        await until(lambda: not node.rooms())
        left = node.socket
        await until(lambda: not (left._media or left._usernames or left._checks or left._handshakes))
