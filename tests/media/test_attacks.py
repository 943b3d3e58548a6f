"""Attacks on a call under way, by strangers and by a participant: the pictures go on during and after, and nothing grows.

What a stranger could send with the participant's address forged is sent here from the participant's own socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from struct import pack, unpack_from
from typing import Any

import pytest
from aioice.stun import Class, Message, Method, message_integrity
from aiortc import RTCSessionDescription

from media.errors import MalformedSdp, TooManyOffers
from media.ice import CHECKS_AT_ONCE, MAX_PAIRS
from media.negotiation import MAX_OFFER_BYTES, MAX_OFFER_LINES
from media.node import MediaNode
from media.relay import MAX_SOURCES, REPAIRS_AT_ONCE, Leg
from media.room import OFFERS_AT_ONCE

from .fuzzed import signed
from .impairment import Model, Path, by_way_of, impaired
from .peers import Peer, call, live_leg, loopback_candidates, own_agent, own_socket, running_node, until


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with loopback_candidates(monkeypatch):
        yield


class Attacked:
    """A call of two, with a stranger beside it."""

    def __init__(self, node: MediaNode, first: Peer, second: Peer, outside: socket.socket) -> None:
        self.node, self.first, self.second, self.outside = node, first, second, outside
        self.counters, self.dropped = node.counters, node.socket.counters

    @property
    def leg(self) -> Leg:
        """The first's, who is the attacker where an insider is one."""
        return live_leg(self.node, "room", "first")

    def from_stranger(self, datagram: bytes) -> None:
        with contextlib.suppress(BlockingIOError):
            self.outside.send(datagram)

    def from_inside(self, datagram: bytes) -> None:
        """From the first's address."""
        agent = own_agent(self.first)
        own_socket(self.first)._sock.sendto(datagram, agent._nominated[1].remote_addr)

    def encrypted(self, packet: bytes) -> None:
        """RTP as the first could write it with keys of its own."""
        self.from_inside(self._srtp.protect(packet))

    def encrypted_rtcp(self, compound: bytes) -> None:
        self.from_inside(self._srtp.protect_rtcp(compound))

    @property
    def _srtp(self) -> Any:
        return self.first.pc.getTransceivers()[0].sender.transport._tx_srtp

    async def while_(self, attack: Callable[[], None], has_come: Callable[[], bool]) -> None:
        """Attack until it has been noticed and both have decoded ten more pictures, and then see ten more."""

        def more(*before: int) -> bool:
            return all(now >= was + 10 for now, was in zip(self._received, before, strict=True))

        before = self._received

        def attacked() -> bool:
            attack()
            return more(*before) and has_come()

        await until(attacked)
        before = self._received
        await until(lambda: more(*before))

    @property
    def _received(self) -> tuple[int, int]:
        return self.first.received, self.second.received


@asynccontextmanager
async def attacked() -> AsyncIterator[Attacked]:
    """A call that must be as it was when the block ends: the same people, the same addresses, no more in any table."""
    broken: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: broken.append(context))
    async with running_node() as node, call(node) as (first, second):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outside:
            outside.setblocking(False)
            outside.connect(("127.0.0.1", node.port))
            legs = [live_leg(node, "room", name) for name in ("first", "second")]
            tables = node.socket._media, node.socket._handshakes, node.socket._usernames
            before = [leg.transport.remote_address for leg in legs], [list(table) for table in tables]
            yield Attacked(node, first, second, outside)
            assert node.rooms() == {"room": ("first", "second")}
            assert [live_leg(node, "room", name) for name in ("first", "second")] == legs
            assert ([leg.transport.remote_address for leg in legs], [list(table) for table in tables]) == before
    assert [context["message"] for context in broken] == []


def plain_alert(description: int) -> bytes:
    return bytes([21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, description])


def client_hello() -> bytes:
    hello = b"\xfe\xfd" + bytes(32) + b"\0\0" + b"\0\x02\xc0\x2b" + b"\1\0"
    handshake = b"\1" + len(hello).to_bytes(3, "big") + b"\0\0" + b"\0\0\0" + len(hello).to_bytes(3, "big") + hello
    return pack("!BHHHIH", 22, 0xFEFD, 0, 0, 0, len(handshake)) + handshake


UNREADABLE = (b"\xff" * 40, b"\x40" * 1200, b"\0", b"\0\1\0\0!\x12\xa4B" + bytes(12), bytes(1500))


async def test_datagrams_that_are_empty_too_long_or_nothing_at_all() -> None:
    async with attacked() as it:

        def attack() -> None:
            for datagram in (b"", bytes(4000), *UNREADABLE):
                it.from_stranger(datagram)
                it.from_inside(datagram)

        await it.while_(attack, lambda: min(it.dropped.empty, it.dropped.oversized, it.dropped.unreadable) > 50)


async def test_forged_alerts_and_hellos_after_the_handshake() -> None:
    async with attacked() as it:

        def attack() -> None:
            for datagram in (plain_alert(0), plain_alert(40), client_hello(), client_hello() + plain_alert(80)):
                it.from_stranger(datagram)
                it.from_inside(datagram)

        await it.while_(attack, lambda: it.dropped.plain_alert > 50 and it.dropped.stranger > 50)


async def test_forged_alerts_from_the_nominated_address_during_the_handshake() -> None:
    async with running_node() as node:
        peer, other = Peer("first"), Peer("second")
        joining = asyncio.create_task(peer.join(node, "room"))
        while not node.rooms().get("room"):
            with contextlib.suppress(IndexError, AttributeError):
                own_socket(peer)._sock.sendto(plain_alert(40), ("127.0.0.1", node.port))
            await asyncio.sleep(0)
        await joining
        assert node.socket.counters.plain_alert > 0
        await other.join(node, "room")
        await until(lambda: peer.received > 3)
        await peer.close()
        await other.close()


def check(peer: Peer, *, password: str | None = None, username: str | None = None, **attributes: Any) -> bytes:
    """A nominating check as the participant would send it, or as somebody would who lacks something for it."""
    agent = own_agent(peer)
    message = Message(Method.BINDING, Class.REQUEST)
    message.attributes = {
        "USERNAME": username or f"{agent.remote_username}:{agent.local_username}",
        "PRIORITY": 2**31 - 1,
        "ICE-CONTROLLING": 1,
        "USE-CANDIDATE": None,
    } | attributes
    message.add_message_integrity((password or agent.remote_password).encode())
    return bytes(message)


def reformed(datagram: bytes, kind: int, value: bytes, password: str) -> bytes:
    """The same check with another value, of whichever length, in one attribute; signed anew."""
    position, kept = 20, b""
    while position < len(datagram):
        this, length = unpack_from("!HH", datagram, position)
        attribute = datagram[position : position + 4 + length + -length % 4]
        if this == kind:
            attribute = pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)
        if this not in (0x0008, 0x8028):
            kept += attribute
        position += 4 + length + -length % 4
    message = datagram[:2] + pack("!H", len(kept)) + datagram[4:20] + kept
    signed = message + pack("!HH", 8, 20) + message_integrity(message, password.encode())
    return signed[:2] + pack("!H", len(signed) - 20) + signed[4:]


async def test_checks_with_attributes_of_wrong_lengths_from_within_and_without() -> None:
    async with attacked() as it:
        password = own_agent(it.first).remote_password
        whole = check(it.first, LIFETIME=1, SOFTWARE="x")
        wrong = [
            reformed(whole, kind, bytes(n), password) for kind in (0x24, 0x25, 0x802A, 0x0D, 6) for n in (0, 1, 3, 9)
        ]
        wrong.append(reformed(whole, 0x8022, b"\xff\xfe", password))

        def attack() -> None:
            for datagram in wrong:
                it.from_stranger(datagram)
                it.from_inside(datagram)

        await it.while_(attack, lambda: it.dropped.unreadable > 200)


async def test_checks_for_nobody_and_checks_that_are_not_signed_are_not_answered() -> None:
    async with attacked() as it:

        def attack() -> None:
            it.from_stranger(check(it.first, password="guessed"))
            it.from_stranger(check(it.first, username="nobody:here"))
            it.from_inside(check(it.first, password="guessed"))

        await it.while_(attack, lambda: it.dropped.unsigned > 20 and it.dropped.stranger > 10)
        with pytest.raises(BlockingIOError):
            it.outside.recv(1)


def heard(outside: socket.socket) -> list[bytes]:
    datagrams: list[bytes] = []
    with contextlib.suppress(BlockingIOError):
        while True:
            datagrams.append(outside.recv(2048))
    return datagrams


async def test_a_caught_check_sent_again_from_elsewhere_draws_no_media() -> None:
    async with attacked() as it:
        caught = check(it.first)
        answers: list[bytes] = []

        def attack() -> None:
            it.from_stranger(caught)
            answers.extend(heard(it.outside))

        await it.while_(attack, lambda: len(answers) > 2)
        assert all(datagram[0] < 4 for datagram in answers)


@pytest.mark.parametrize("kind", [0x0101, 0x0111])
async def test_a_browser_that_gives_the_nomination_away_does_not_have_its_media_sent_elsewhere(kind: int) -> None:
    async with attacked() as it:
        agent, answered = own_agent(it.first), 0
        name = f"{agent.remote_username}:{agent.local_username}".encode()
        attributes = pack("!HH", 6, len(name)) + name + bytes(-len(name) % 4) + pack("!HHI", 0x24, 4, 1)
        handing_over = signed(1, bytes(12), attributes + pack("!HHQ", 0x8029, 8, 0), agent.remote_password.encode())
        role_conflict = pack("!HHHBB", 9, 4, 0, 4, 87)

        def attack() -> None:
            nonlocal answered
            it.from_stranger(handing_over)
            it.from_inside(handing_over)
            for datagram in heard(it.outside):
                if datagram[:2] == b"\0\1":
                    host, port = it.outside.getsockname()
                    mapped = pack("!HHBBH4s", 1, 8, 0, 1, port, socket.inet_aton(host))
                    body = mapped if kind == 0x0101 else role_conflict
                    it.from_stranger(signed(kind, datagram[8:20], body, agent.local_password.encode()))
                    answered += 1

        await it.while_(attack, lambda: answered > 0)
        assert answered < 100
        assert not it.leg.transport._agent.ice_controlling


async def test_a_caught_check_from_many_addresses_fills_nothing() -> None:
    async with attacked() as it, contextlib.AsyncExitStack() as stack:
        caught, agent = check(it.first), it.leg.transport._agent
        sockets = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(60)]

        def attack() -> None:
            for outside in sockets:
                outside.sendto(caught, ("127.0.0.1", it.node.port))

        await it.while_(attack, lambda: it.dropped.crowded > 100)
        assert len(agent.remote_candidates) <= MAX_PAIRS
        assert len(agent._check_list) <= MAX_PAIRS
        assert len(it.node.socket._checks) <= 2 * (MAX_PAIRS + 1)


async def test_a_flood_of_caught_checks_is_cut_short() -> None:
    async with attacked() as it:
        caught = check(it.first)

        def attack() -> None:
            for _ in range(40):
                it.from_stranger(caught)

        await it.while_(attack, lambda: it.dropped.crowded > 5 * CHECKS_AT_ONCE)


class Moved(asyncio.DatagramProtocol):
    """Another far side of a path, as when a telephone changes networks."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.path.near.transport.sendto(data, self.path.near.peer)


async def test_an_address_that_changed_is_followed_and_the_old_one_cannot_take_it_back() -> None:
    async with running_node() as node, impaired(Model(), 1, node.port) as path:
        first, second = Peer("first"), Peer("second")
        joined = await node.join("room", "first", await first.offer())
        await first.pc.setRemoteDescription(RTCSessionDescription(by_way_of(path, joined.answer, node.port), "answer"))
        await second.join(node, "room")
        await until(lambda: first.received > 5 and second.received > 5)
        old, leg = path.far, live_leg(node, "room", "first")
        _, moved = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: Moved(path), local_addr=("127.0.0.1", 0)
        )
        path.far = moved  # type: ignore[assignment]
        old.path = None  # type: ignore[assignment]
        old.datagram_received = lambda data, addr: None  # type: ignore[method-assign]
        nominating = check(first)
        moved.transport.sendto(nominating, ("127.0.0.1", node.port))
        address = moved.transport.get_extra_info("sockname")
        await until(lambda: leg.transport.remote_address == address)
        counts = first.received, second.received
        await until(lambda: first.received > counts[0] + 10 and second.received > counts[1] + 10)

        old.transport.sendto(nominating, ("127.0.0.1", node.port))
        counts = first.received, second.received
        await until(lambda: first.received > counts[0] + 10 and second.received > counts[1] + 10)
        assert leg.transport.remote_address == address
        await first.close()
        await second.close()
        moved.transport.close()


async def test_media_sent_again_and_media_of_strangers() -> None:
    async with attacked() as it:
        transport, caught = own_socket(it.first), list[bytes]()
        send = transport.sendto

        def catching(data: bytes, address: Any = None) -> None:
            if 127 < data[0] < 192 and len(caught) < 200:
                caught.append(bytes(data))
            send(data, address)

        transport.sendto = catching
        await until(lambda: len(caught) > 10)

        def attack() -> None:
            for datagram in caught[:50]:
                it.from_stranger(datagram)
                it.from_inside(datagram)

        await it.while_(attack, lambda: it.counters.decrypt > 50 and it.dropped.stranger > 50)


def rtp(payload_type: int, sequence: int, ssrc: int, rest: bytes = bytes(40), first: int = 0x80) -> bytes:
    return pack("!BBHII", first, payload_type, sequence & 0xFFFF, 1, ssrc) + rest


async def test_packets_that_lie_about_their_own_form() -> None:
    one_byte = b"\xbe\xde\0\1"
    lying = (
        rtp(97, 1, 7, b"", first=0x8F),
        rtp(97, 1, 7, one_byte, first=0x90),
        rtp(97, 1, 7, b"\xbe\xde\xff\xff" + bytes(40), first=0x90),
        rtp(97, 1, 7, b"", first=0xB0),
    )
    number = 0
    async with attacked() as it:
        # The sound is spoilt and nothing else: aiortc does not ask for a keyframe when it cannot decode a picture.
        payload_types = [c.payload_type for c in it.leg.negotiated.sections[0].codecs]

        def attack() -> None:
            nonlocal number
            for datagram in lying:
                it.from_inside(datagram + bytes(16))
            for payload_type in (*payload_types, 0, 127):
                number += 1
                # One element runs past its block; padding is said to be longer than the packet; nothing stands in it at all.
                it.encrypted(rtp(payload_type, number, 8, one_byte + b"\x1f\0\0\0" + b"\xff" * 30, first=0x90))
                it.encrypted(rtp(payload_type, number, 9, b"\xff" * 30, first=0xA0))
                it.encrypted(rtp(payload_type, number, 10, b""))

        await it.while_(attack, lambda: it.counters.decrypt > 20 and it.counters.without_receiver > 10)


async def test_more_sources_than_anybody_has_and_another_ones_source() -> None:
    number = 0
    async with attacked() as it:
        others = [o.primary.ssrc for o in live_leg(it.node, "room", "second").outgoing.values()]

        def attack() -> None:
            nonlocal number
            for ssrc in (*others, *(number + i for i in range(50))):
                number += 1
                it.encrypted(rtp(126, number, ssrc))

        await it.while_(attack, lambda: it.counters.crowded > 100)
        assert len(it.leg._sources) == MAX_SOURCES


def feedback(count: int, kind: int, body: bytes, length: int | None = None) -> bytes:
    return pack("!BBH", 0x80 | count, kind, len(body) // 4 if length is None else length) + body


async def test_hostile_feedback() -> None:
    async with attacked() as it:
        outgoing = list(it.leg.outgoing.values())[-1]
        ssrc = outgoing.primary.ssrc
        own = pack("!I", 1)
        storm = b"".join(pack("!HH", (n * 17) & 0xFFFF, 0xFFFF) for n in range(300))
        hostile = (
            feedback(31, 201, own),
            feedback(31, 200, own + bytes(20)),
            feedback(31, 202, own),
            feedback(1, 205, own + pack("!I", ssrc) + storm),
            feedback(1, 206, own + pack("!I", ssrc)) * 100,
            feedback(4, 206, own + bytes(4) + pack("!II", ssrc, 0) * 100),
            feedback(15, 206, own + bytes(4) + b"REMB" + b"\xff\0\0\0"),
            feedback(15, 206, own + bytes(4) + b"REMB" + b"\1\0\0\0" + pack("!I", ssrc)),
            feedback(15, 206, own + bytes(4) + b"REMB" + b"\1\xff\xff\xff" + pack("!I", ssrc)),
            feedback(0, 201, own) * 150,
            feedback(0, 203, own, length=65535),
            feedback(0, 250, own),
            feedback(0x20, 201, own + b"\0\0\0\xff"),
        )

        def attack() -> None:
            for compound in hostile:
                it.encrypted_rtcp(compound)

        asked, again = it.counters.keyframes_requested, it.counters.retransmitted
        await it.while_(attack, lambda: it.counters.malformed > 20 and it.counters.crowded > REPAIRS_AT_ONCE)
        assert it.counters.keyframes_requested - asked < 200
        assert it.counters.retransmitted - again < it.counters.crowded


async def test_offers_that_are_too_long_and_too_many() -> None:
    async with attacked() as it:
        third = Peer("third")
        offer = await third.offer()
        await third.close()
        for text in (
            offer + "a=" + "x" * MAX_OFFER_BYTES,
            offer + "a=x\r\n" * 10_000,
            "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n" * (MAX_OFFER_LINES - 1),
            offer.replace("a=mid:0", "a=mid:0\r\na=candidate:x"),
        ):
            with pytest.raises(MalformedSdp):
                await it.node.join("room", "first", text)
        legs: list[str] = []

        async def offer_often() -> None:
            for _ in range(10 * int(OFFERS_AT_ONCE)):
                legs.append((await it.node.join("room", "first", offer)).leg_id)

        with pytest.raises(TooManyOffers):
            await offer_often()
        await it.while_(lambda: None, lambda: len(it.node.socket._usernames) == 3)
        await it.node.leave("room", "first", legs[-1])
        await until(lambda: len(it.node.socket._usernames) == 2)
