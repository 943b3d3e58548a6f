"""A call under way, and what a fuzzer's bytes do at the node's port beside it. Who makes up the bytes is `fuzz.py`'s.

The bytes are read as a few datagrams, each with the way that it takes: from a stranger or from the participant's own address,
as it stands, as STUN with or without the right signature, as an answer to a check of the node's, as a DTLS record, and as RTP
or RTCP encrypted with the participant's own keys. After each input both must still hear each other, and no table may have grown.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from enum import IntEnum
from struct import pack
from typing import Any
from unittest.mock import patch

import aioice.ice
from aioice.stun import message_fingerprint, message_integrity

from media.allowance import Allowance
from media.ice import MAX_HANDSHAKE_DATAGRAMS, MAX_PAIRS, IceAgent
from media.node import MediaNode
from media.relay import MAX_SOURCES, MAX_STREAMS, Leg
from media.transport_wide import EXTENSION

from .peers import live_leg
from .raw import AUDIO_LEVEL, Line, RawPeer

DATAGRAMS = 8
"""Of one input, at the most: what comes after them is not looked at."""

HEARD_WITHIN_S = 10.0
"""For a packet from one to the other, over loopback; a machine that is busy with other things included."""

GROWN_OBJECTS = 20_000
"""More objects than after warming up by so many, and something is kept that should have been let go."""

_COOKIE = 0x2112A442
_LINES = (
    Line(
        "audio",
        {111: ("opus/48000/2", ""), 63: ("red/48000/2", "111/111")},
        extensions=((1, AUDIO_LEVEL), (3, EXTENSION)),
    ),
    Line(
        "video",
        {96: ("VP8/90000", ""), 97: ("rtx/90000", "apt=96"), 98: ("VP9/90000", "profile-id=0")},
        extensions=((3, EXTENSION),),
    ),
)


class Way(IntEnum):
    """How a datagram of the input goes to the port; the first byte of each says which."""

    STRANGER = 0
    OWN = 1
    STUN_STRANGER = 2
    STUN_SIGNED_OWN = 3
    STUN_SIGNED_STRANGER = 4
    STUN_ANSWER = 5
    DTLS_OWN = 6
    RTP = 7
    RTCP = 8


def written(*datagrams: tuple[Way, bytes]) -> bytes:
    """An input that is read as these."""
    return b"".join(bytes([way]) + len(body).to_bytes(2, "big") + body for way, body in datagrams)


def read(data: bytes) -> Iterator[tuple[Way, bytes]]:
    """The datagrams of an input: any bytes are one."""
    position = 0
    for _ in range(DATAGRAMS):
        if position + 3 > len(data):
            return
        size = int.from_bytes(data[position + 1 : position + 3], "big") % 2200
        yield Way(data[position] % len(Way)), data[position + 3 : position + 3 + size]
        position += 3 + size


class Disturbed(Exception):
    """Something outside the call had an effect on it, or on the node."""


class FuzzedCall:
    """Two participants without codecs in a call on a node, the first of which is fuzzed with. One event loop's, run by `run`."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda loop, context: self._broken.append(context))
        self._broken: list[dict[str, Any]] = []
        self._stack = AsyncExitStack()
        self._heard: list[bytes] = []
        self._runs = self._sequence = 0
        self._objects: int | None = None
        self._loop.run_until_complete(self._begin())

    async def _begin(self) -> None:
        self.node = MediaNode(host="127.0.0.1", port=0, addresses=["127.0.0.1"])
        self.node.start()
        self._stack.push_async_callback(self.node.close)
        self._outside = self._stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self._outside.setblocking(False)
        self._outside.connect(("127.0.0.1", self.node.port))
        self._first, self._second = RawPeer("first", _LINES), RawPeer("second", _LINES)
        for peer in (self._first, self._second):
            peer._dtls._handle_rtp_data = self._take  # type: ignore[method-assign]
            self._stack.push_async_callback(peer.close)
            with patch.object(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: ["127.0.0.1"]):
                await peer.join(self.node)
        await self._both_hear()
        self._addresses = [leg.transport.remote_address for leg in self._legs]
        self._tables = [len(table) for table in self._kept()]

    async def _take(self, data: bytes, arrival_time_ms: int) -> None:
        self._heard.append(data)

    @property
    def _legs(self) -> tuple[Leg, Leg]:
        return live_leg(self.node, "room", "first"), live_leg(self.node, "room", "second")

    def _kept(self) -> tuple[Any, ...]:
        node = self.node
        return node.socket._media, node.socket._handshakes, node.socket._usernames, node._rooms

    def run(self, data: bytes) -> None:
        """Send what an input says, and see that all is as it was.

        Raises:
            Disturbed: it is not.
        """
        self._loop.run_until_complete(self._run(data))

    async def _run(self, data: bytes) -> None:
        leg = self._legs[0]
        # An input is to be read, however many came before it in this second.
        leg._rtcp = Allowance(1e9, 1e9)
        self._agent._from_nominated, self._agent._from_others = Allowance(1e9, 1e9), Allowance(1e9, 1e9)
        for way, body in read(data):
            self._send(way, body)
        await self._both_hear()
        self._look()

    @property
    def _agent(self) -> IceAgent:
        return self._legs[0].transport._agent

    def _send(self, way: Way, body: bytes) -> None:
        own, stranger = self._from_own_address, self._from_stranger
        if way is Way.STRANGER:
            stranger(body)
        elif way is Way.OWN:
            # An alert in a record of one's own epoch could be a real one; no other datagram may end anything.
            own(body)
        elif way is Way.STUN_STRANGER:
            stranger(pack("!HHI", 0x0001, len(body), _COOKIE) + bytes(12) + body)
        elif way in (Way.STUN_SIGNED_OWN, Way.STUN_SIGNED_STRANGER):
            name = f"{self._agent.local_username}:{self._first._connection.local_username}".encode()
            body = pack("!HH", 0x0006, len(name)) + name + bytes(-len(name) % 4) + body
            body = pack("!HHI", 0x0024, 4, 1) + body
            if way is Way.STUN_SIGNED_STRANGER:
                # Whoever knows both passwords may take the call to another address: that is what nominating is for.
                body = body.replace(b"\x00\x25", b"\x00\x26")
            (own if way is Way.STUN_SIGNED_OWN else stranger)(signed(0x0001, bytes(12), body, self._agent.password))
        elif way is Way.STUN_ANSWER:
            kind = (0x0101, 0x0111)[body[0] & 1] if body else 0x0101
            password = self._first._connection.local_password.encode()
            for transaction in list(self.node.socket._checks):
                stranger(signed(kind, transaction, body[1:], password))
                own(signed(kind, transaction, body[1:], password))
        elif way is Way.DTLS_OWN:
            own(bytes([20 + body[0] % 44 if body else 22]) + body[1:])
        elif way is Way.RTP and len(body) > 3:
            own(self._rtp(body))
        elif way is Way.RTCP and len(body) > 7:
            own(self._rtcp(body))

    def _rtp(self, body: bytes) -> bytes:
        # Numbers go up, as libsrtp wants them of its own side; everything else is as it comes.
        self._sequence = (self._sequence + 1) & 0xFFFF
        first, second, which = 0x80 | body[0] & 0x3F, body[1] & 0x7F | body[2] & 0x80, body[2] & 7
        if 64 <= second & 0x7F < 96:
            second ^= 0x40
        header = pack("!BBHII", first, second, self._sequence, 3000, 0xF0220000 | which)
        return self._encrypted("protect", header + body[3:])

    def _rtcp(self, body: bytes) -> bytes:
        kind = 192 + body[1] % 32
        # A sender that the leg knows, so that it is read; and of what is spoken, what there is.
        ssrcs = [each.primary.ssrc for each in self._legs[0].outgoing.values()] + self._first.ssrcs
        about = pack("!I", ssrcs[body[0] % len(ssrcs)])
        return self._encrypted(
            "protect_rtcp",
            bytes([0x80 | body[0] & 0x3F, kind]) + body[2:4] + pack("!I", self._first.ssrcs[0]) + about + body[4:],
        )

    def _encrypted(self, how: str, packet: bytes) -> bytes:
        try:
            return bytes(getattr(self._first._dtls._tx_srtp, how)(packet[:1900]))
        except Exception:  # libsrtp will not write everything that somebody could send
            return b""

    def _from_stranger(self, datagram: bytes) -> None:
        with contextlib.suppress(OSError):
            self._outside.send(datagram)

    def _from_own_address(self, datagram: bytes) -> None:
        transport: Any = self._first._connection._protocols[0].transport
        with contextlib.suppress(OSError):
            transport._sock.sendto(datagram, ("127.0.0.1", self.node.port))

    async def _both_hear(self) -> None:
        self._runs += 1
        mark = b"mark" + self._runs.to_bytes(8, "big")
        for line, (peer, name) in enumerate(((self._first, b"1"), (self._second, b"2"))):
            await peer.send(line, mark + name)
        try:
            async with asyncio.timeout(HEARD_WITHIN_S):
                while sum(data[-13:-1] == mark for data in self._heard) < 2:
                    await asyncio.sleep(0)
        except TimeoutError:
            raise Disturbed(f"they do not hear each other: {self._state()}") from None
        self._heard.clear()
        for peer in (self._first, self._second):
            peer.feedback.clear()

    def _look(self) -> None:
        node, leg = self.node, self._legs[0]
        self._expect(not self._broken, lambda: str(self._broken))
        self._expect(node.rooms() == {"room": ("first", "second")}, lambda: str(node.rooms()))
        self._expect([each.transport.remote_address for each in self._legs] == self._addresses, lambda: "moved")
        self._expect([len(table) for table in self._kept()] == self._tables, self._state)
        self._expect(len(leg._streams) <= MAX_STREAMS and len(leg._sources) <= MAX_SOURCES, self._state)
        self._expect(
            len(self._agent._check_list) <= MAX_PAIRS and len(node.socket._checks) <= 2 * MAX_PAIRS, self._state
        )
        self._expect(self._agent._queue.qsize() <= MAX_HANDSHAKE_DATAGRAMS, self._state)
        if self._runs % 2000 == 0:
            gc.collect()
            count = len(gc.get_objects())
            self._objects = self._objects or count
            self._expect(count < self._objects + GROWN_OBJECTS, lambda: f"{count - (self._objects or 0)} more objects")

    def _expect(self, holds: bool, otherwise: Callable[[], str]) -> None:
        if not holds:
            raise Disturbed(otherwise())

    def _state(self) -> str:
        legs = [(leg.transport.connected, leg.transport.remote_address) for leg in self._legs]
        return (
            f"{legs} {self.node.counters} {self.node.socket.counters} {[len(t) for t in self._kept()]} {self._broken}"
        )

    def close(self) -> None:
        """End the call and the node."""
        self._loop.run_until_complete(self._stack.aclose())
        self._loop.close()


def signed(kind: int, transaction: bytes, attributes: bytes, password: bytes) -> bytes:
    """A STUN message with MESSAGE-INTEGRITY and FINGERPRINT at its end."""
    message = pack("!HHI", kind, len(attributes) + 24, _COOKIE) + transaction + attributes
    message += pack("!HH", 0x0008, 20) + message_integrity(message, password)
    message = message[:2] + pack("!H", len(message) + 8 - 20) + message[4:]
    return message + pack("!HHI", 0x8028, 4, message_fingerprint(message))


def seeds() -> list[bytes]:
    """One input for each thing that is spoken at the port, to begin from."""
    hello = b"\xfe\xfd" + bytes(32) + b"\0\0" + b"\0\x02\xc0\x2b" + b"\1\0"
    handshake = b"\1" + len(hello).to_bytes(3, "big") + b"\0\0" + b"\0\0\0" + len(hello).to_bytes(3, "big") + hello
    one_byte = b"\xbe\xde\0\1" + b"\x31\0\1\0"
    nack, pli = bytes([1, 205 - 192, 0, 3]) + pack("!HH", 1, 0xFFFF), bytes([1, 206 - 192, 0, 2])
    remb = bytes([15, 206 - 192, 0, 5]) + b"REMB" + b"\1\xff\xff\xff" + pack("!I", 1)
    wide = bytes([15, 205 - 192, 0, 5]) + pack("!HHI", 0, 2, 1 << 8) + b"\x20\2" + b"\4\4"
    report = bytes([1, 200 - 192, 0, 12]) + bytes(20) + bytes(24)
    return [
        written((Way.STRANGER, bytes(20)), (Way.STRANGER, b""), (Way.OWN, b"\xff" * 40)),
        written((Way.STUN_STRANGER, pack("!HH", 6, 3) + b"a:b\0" + pack("!HHI", 0x24, 4, 1))),
        written((Way.STUN_SIGNED_OWN, pack("!HHQ", 0x802A, 8, 1) + pack("!HH", 0x25, 0))),
        written(
            (Way.STUN_SIGNED_STRANGER, pack("!HHQ", 0x802A, 8, 1)),
            (Way.STUN_ANSWER, b"\0" + pack("!HHBBHI", 0x20, 8, 0, 1, 0, 0)),
            (Way.STUN_ANSWER, b"\1" + pack("!HHHBB", 9, 4, 0, 4, 87)),
        ),
        written((Way.DTLS_OWN, b"\2" + pack("!HHHIH", 0xFEFD, 0, 0, 0, len(handshake)) + handshake)),
        written((Way.DTLS_OWN, b"\1" + pack("!HHHIH", 0xFEFD, 1, 0, 9, 40) + bytes(40))),
        written((Way.RTP, b"\x00\x6f\0" + b"sound"), (Way.RTP, b"\x10\x60\1" + one_byte + b"\x10\0picture")),
        written(
            (Way.RTP, b"\x10\x3f\2" + one_byte + b"\xef\0\0\4\x6f1234now"),
            (Way.RTP, b"\x30\x61\1" + one_byte + b"\0\2x\1"),
        ),
        written((Way.RTCP, nack), (Way.RTCP, pli), (Way.RTCP, remb)),
        written((Way.RTCP, wide), (Way.RTCP, report), (Way.RTCP, bytes([0, 203 - 192, 0, 1]) + bytes(4))),
    ]
