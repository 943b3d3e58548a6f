"""Calls of two real peers through the relay: both decode, a lost packet is repaired, either side can come back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import aioice.ice
import pytest
from aiortc import RTCRtpSender
from aiortc.rtp import RtcpRtpfbPacket

from media import rtcp
from media.batch import DatagramBatch
from media.errors import MalformedSdp, NoSuchLeg, RoomFull
from media.node import MediaNode
from media.port import Sink
from media.relay import Leg
from media.room import KEPT_PLACES, MAX_PARTICIPANTS
from media.rtp import NO_SOURCE

from .peers import Peer, call, live_leg, loopback_candidates, own_agent, running_node, until, video_to


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with loopback_candidates(monkeypatch):
        yield


def drop_video(node: MediaNode, room: str, participant: str, every: int) -> list[int]:
    """Lose every n-th video packet that a participant sends, before the relay sees it. Returns the list of those lost."""
    leg = live_leg(node, room, participant)
    video = leg.negotiated.section("video")
    assert video is not None
    payload_type = video.codecs[0].payload_type
    lossy = Lossy(node.socket.batch, leg, payload_type, every)
    assert leg.transport.remote_address is not None
    node.socket._media[node.socket.batch.key_of(leg.transport.remote_address)] = lossy
    return lossy.lost


class Lossy(Sink):
    """Takes a leg's packets in its place, and passes on all but every n-th of one payload type."""

    def __init__(self, batch: DatagramBatch, leg: Leg, payload_type: int, every: int) -> None:
        self.lost: list[int] = []
        self._batch, self._leg, self._payload_type, self._every = batch, leg, payload_type, every
        self._seen = 0

    def datagram_received(self, slot: int, size: int) -> None:
        datagram = self._batch.data(slot)
        if datagram[1] & 0x7F == self._payload_type and not rtcp.is_rtcp(datagram[1]):
            self._seen += 1
            if self._seen % self._every == 0:
                self.lost.append(int.from_bytes(datagram[2:4], "big"))
                return
        self._leg.datagram_received(slot, size)


async def test_both_sides_decode_and_the_counters_count() -> None:
    changes: list[tuple[str, ...]] = []
    async with running_node(on_change=lambda room, state: changes.append(tuple(state.participants))) as node:
        async with call(node) as (first, second):
            assert node.rooms() == {"room": ("first", "second")}
            before = node.counters.packets_forwarded
            decoded = first.received, second.received
            await until(lambda: first.received > decoded[0] + 10 and second.received > decoded[1] + 10)
            assert node.counters.packets_forwarded > before
            assert node.counters.bytes_forwarded > 0
            assert node.counters.decrypt == node.counters.encrypt == node.counters.malformed == 0
            for peer in ("first", "second"):
                assert live_leg(node, "room", peer).transport.srtp_profile == "SRTP_AEAD_AES_256_GCM"
        await until(lambda: not node.rooms())
    assert changes[-1] == ()
    assert ("first", "second") in changes


async def test_a_lost_packet_is_asked_for_and_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    handle = RTCRtpSender._handle_rtcp_packet

    async def spy(sender: RTCRtpSender, packet: Any) -> None:
        if isinstance(packet, RtcpRtpfbPacket):
            asked.extend(packet.lost)
        await handle(sender, packet)

    monkeypatch.setattr(RTCRtpSender, "_handle_rtcp_packet", spy)
    async with running_node() as node, call(node) as (_, second):
        lost = drop_video(node, "room", "first", every=7)
        await until(lambda: len(lost) >= 5 and set(lost[:5]) <= set(asked))
        assert node.counters.retransmitted == 0
        repaired = video_to(live_leg(node, "room", "second")).retransmission
        assert repaired is not None
        await until(lambda: repaired.source_ssrc != NO_SOURCE)
        decoded = second.received
        await until(lambda: second.received > decoded + 30)


def lose_on_the_way_down(node: MediaNode, room: str, peer: Peer, every: int) -> list[int]:
    """Lose every n-th video packet on its way to a participant, after the relay has sent it. Returns those lost."""
    agent, ssrc = own_agent(peer), video_to(live_leg(node, room, peer.name)).primary.ssrc
    receive, lost, seen = agent.data_received, list[int](), 0

    def lossy(data: bytes, component: int) -> None:
        nonlocal seen
        if 127 < data[0] < 192 and int.from_bytes(data[8:12], "big") == ssrc:
            seen += 1
            if seen % every == 0:
                lost.append(int.from_bytes(data[2:4], "big"))
                return
        receive(data, component)

    agent.data_received = lossy
    return lost


async def test_a_packet_lost_on_the_way_down_is_sent_again_by_the_relay_itself() -> None:
    async with running_node() as node, call(node) as (first, second):
        lost = lose_on_the_way_down(node, "room", second, every=7)
        await until(lambda: len(lost) >= 5 and node.counters.retransmitted >= len(lost[:5]))
        decoded = second.received
        await until(lambda: second.received > decoded + 30)
        assert first.received > 0


async def test_a_receiver_who_comes_late_gets_a_keyframe_at_once() -> None:
    async with running_node() as node:
        first, second = Peer("first"), Peer("second")
        await first.join(node, "room")
        await until(lambda: node.counters.without_receiver > 30)
        await second.join(node, "room")
        await until(lambda: second.received > 5)
        assert node.counters.keyframes_requested >= 1
        await first.close()
        await second.close()


async def test_a_participant_who_comes_back_takes_over_and_the_stream_goes_on() -> None:
    async with running_node() as node, call(node) as (first, second):
        before = second.last_pts
        back = Peer("first")
        await back.join(node, "room")
        await until(lambda: live_leg(node, "room", "first").id == back.leg_id)
        decoded = second.received
        await until(lambda: second.received > decoded + 10 and back.received > 5)
        assert second.last_pts > before
        assert node.rooms() == {"room": ("first", "second")}
        await until(lambda: first.pc.connectionState == "closed")
        await back.close()


async def test_an_offer_that_never_connects_does_not_disturb_the_live_leg() -> None:
    async with running_node() as node, call(node) as (first, second):
        never = Peer("first")
        joined = await node.join("room", "first", await never.offer())
        decoded = second.received
        await until(lambda: second.received > decoded + 10)
        await node.leave("room", "first", joined.leg_id)
        assert node.rooms() == {"room": ("first", "second")}
        assert live_leg(node, "room", "first").id == first.leg_id
        await never.close()


async def test_what_is_refused_changes_nothing() -> None:
    async with running_node() as node, call(node):
        more = Peer("more")
        offer = await more.offer()
        with pytest.raises(MalformedSdp):
            await node.join("other", "third", "v=0")
        with pytest.raises(MalformedSdp):
            await node.join("room", "third", offer, screen_mid="7")
        for operation in (node.admit, node.share_screen):
            with pytest.raises(NoSuchLeg):
                operation("room", "third")
        with pytest.raises(NoSuchLeg):
            await node.leave("room", "third")
        assert node.rooms() == {"room": ("first", "second")}
        # Companions leave two places to those whose consultation it is.
        for number in range(MAX_PARTICIPANTS - KEPT_PLACES):
            await node.join("room", f"companion-{number}", offer, companion=True)
        with pytest.raises(RoomFull):
            await node.join("room", "companion-too-many", offer, companion=True)
        with pytest.raises(RoomFull):
            await node.join("room", "third", offer)
        await node.leave("room", "second")
        with pytest.raises(RoomFull):
            await node.join("room", "companion-too-many", offer, companion=True)
        await node.join("room", "second", offer)
        await more.close()


async def test_closing_a_room_ends_it_for_both_and_twice_is_once() -> None:
    async with running_node() as node, call(node) as (first, second):
        await node.close_room("room")
        await node.close_room("room")
        assert node.rooms() == {}
        await until(lambda: first.pc.connectionState == second.pc.connectionState == "closed")


async def test_a_call_over_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: ["::1"])
    async with running_node(host="::1") as node, call(node) as (first, second):
        decoded = first.received, second.received
        await until(lambda: first.received > decoded[0] + 10 and second.received > decoded[1] + 10)
