"""Transport-wide numbers and feedback through a real node, between two bare clients that send what Chrome sends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from struct import pack
from typing import Any

from benchmarks.legs import AUDIO, TRANSPORT_WIDE, VIDEO, VIDEO_PACKETS_PER_SECOND, Leg
from media import rtcp
from media.node import MediaNode
from media.rtp import value_offset
from media.transport_wide import Feedback, read_feedback

from .peers import live_leg, running_node, until

RTX = 97
SECONDS = 0.5
FIRST_NUMBER = 65_500


class Client:
    """A connected leg: keeps what it receives, decrypted."""

    def __init__(self, leg: Leg) -> None:
        self.leg = leg
        self.media: list[bytes] = []
        self.reports: list[bytes] = []
        self._socket = leg.take_socket()
        connection: Any = leg._connection
        self._handshake = connection.data_received
        connection.data_received = self._received

    @property
    def _srtp(self) -> Any:
        return self.leg._dtls

    def _received(self, data: bytes, component: int) -> None:
        if not 127 < data[0] < 192:
            self._handshake(data, component)
        elif rtcp.is_rtcp(data[1]):
            self.reports.append(self._srtp._rx_srtp.unprotect_rtcp(data))
        else:
            self.media.append(self._srtp._rx_srtp.unprotect(data))

    def sends(self, packet: bytes) -> None:
        self._socket.sendto(packet, self.leg.remote_address)

    def sends_rtcp(self, compound: bytes) -> None:
        self.sends(self._srtp._tx_srtp.protect_rtcp(compound))

    def sends_media(self) -> list[int]:
        """Half a second of sound and picture, at once; the payload types in the order they go."""
        self.leg._sequences.setdefault(TRANSPORT_WIDE, FIRST_NUMBER)
        made = [each for each in self.leg.prepare(SECONDS, 0.0) if each[2] in (AUDIO, VIDEO)]
        for _, packet, _, _ in made:
            self.sends(packet)
        return [payload_type for _, _, payload_type, _ in made]

    def feedback(self) -> list[Feedback]:
        return [read_feedback(report[12:]) for report in self.reports if report[:2] == b"\x8f\xcd"]

    def remb_bps(self) -> list[int]:
        parsed = [packet for report in self.reports for packet in rtcp.parse(report)]
        return [packet.bitrate_bps for packet in parsed if isinstance(packet, rtcp.Remb)]

    async def close(self) -> None:
        self._socket.close()
        await self.leg.close()


@asynccontextmanager
async def two(node: MediaNode) -> AsyncIterator[tuple[Client, Client]]:
    clients = []
    for name in ("first", "second"):
        leg = Leg("AES-256-GCM")
        await leg.connect((await node.join("room", name, await leg.describe())).answer)
        clients.append(Client(leg))
    await until(lambda: len(node.rooms().get("room", ())) == 2)
    try:
        yield clients[0], clients[1]
    finally:
        for client in clients:
            await client.close()


def timestamp_of(packet: bytes) -> int:
    return int.from_bytes(packet[4:8], "big")


def timestamp_at(number: int) -> int:
    """What a client's video packet by that sequence number has for a timestamp."""
    return number * 90_000 // VIDEO_PACKETS_PER_SECOND


def number_of(packet: bytes) -> int:
    place = value_offset(packet, 3)
    assert place is not None
    return int.from_bytes(packet[place : place + 2], "big")


async def test_packets_are_numbered_anew_and_what_arrived_is_reported_to_who_sent_it() -> None:
    async with running_node() as node, two(node) as (first, second):
        sent = first.sends_media()
        await until(lambda: len(second.media) == len(sent))
        assert [number_of(packet) for packet in second.media] == list(range(len(sent)))
        assert [packet[1] & 0x7F for packet in second.media] == sent
        # The sound's level, which stands behind the number, came through.
        assert {packet[20] for packet in second.media if packet[1] & 0x7F == AUDIO} == {0x80 | 40}

        def told() -> set[int]:
            return {
                (feedback.base + place) & 0xFFFF
                for feedback in first.feedback()
                for place, at_ms in enumerate(feedback.arrivals_ms)
                if at_ms is not None
            }

        await until(lambda: len(told()) == len(sent))
        assert told() == {(FIRST_NUMBER + n) & 0xFFFF for n in range(len(sent))}
        assert second.feedback() == []


async def test_a_source_is_told_at_once_what_its_receivers_path_carries() -> None:
    async with running_node() as node, two(node) as (first, second):
        base, clock = 0, 0

        def goes_on(lost: int) -> None:
            """A tenth of a second in which every packet came, or all but the last few that were `lost`."""
            nonlocal base, clock
            count = len(first.sends_media())
            clock += 2
            statuses = pack("!HH", 0x2000 | count - lost, lost) if lost else pack("!H", 0x2000 | count)
            body = pack("!IIHHI", 1, 1, base, count, clock << 8) + statuses + bytes(count - lost)
            body += bytes(-len(body) % 4)
            second.sends_rtcp(pack("!BBH", 0x8F, 205, len(body) // 4) + body)
            base = (base + count) & 0xFFFF

        for _ in range(6):
            goes_on(lost=0)
        assert first.remb_bps() == []

        def narrow() -> bool:
            goes_on(lost=60)
            return any(bps < 5_000_000 for bps in first.remb_bps())

        await until(narrow)
        assert second.remb_bps() == []


async def test_what_a_publisher_who_came_back_sends_again_bears_the_time_of_what_it_repeats() -> None:
    async with running_node() as node, two(node) as (first, second):
        sent = first.sends_media()
        await until(lambda: len(second.media) == len(sent))
        leg = Leg("AES-256-GCM")
        joined = await node.join("room", "first", await leg.describe())
        await leg.connect(joined.answer)
        back = Client(leg)
        await until(lambda: live_leg(node, "room", "first").id == joined.leg_id)
        before = len(second.media)
        made = [each for each in leg.prepare(SECONDS, 0.0) if each[2] == VIDEO]
        lost = made.pop(1)
        for _, packet, _, _ in made:
            back.sends(packet)
        await until(lambda: len(second.media) == before + len(made))
        # Another header, and the lost packet's own number before its payload (RFC 4588 section 4).
        header = pack("!BBHII", 0x80, RTX, 1, timestamp_at(lost[3]), 4_000_000_000)
        back.sends(leg._dtls._tx_srtp.protect(header + pack("!H", lost[3]) + bytes(20)))
        await until(lambda: len(second.media) == before + len(made) + 1)
        first_back, repeated = second.media[before], second.media[-1]
        assert repeated[1] & 0x7F == RTX
        step = timestamp_at(lost[3]) - timestamp_at(made[0][3])
        assert (timestamp_of(repeated) - timestamp_of(first_back)) & 0xFFFFFFFF == step
        assert int.from_bytes(repeated[12:14], "big") == (int.from_bytes(first_back[2:4], "big") + 1) & 0xFFFF
        await back.close()
