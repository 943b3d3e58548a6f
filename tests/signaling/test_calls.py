"""Calls placed on real nodes, driven over real HTTP, by entries in the live store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp.test_utils import BaseTestServer, TestServer
from aiortc import RTCSessionDescription
from redis.asyncio import Redis

from media.control import NodeClient, control_app
from media.errors import MalformedSdp, NodeOverloaded
from media.node import MediaNode
from media.strain import LAGS
from signaling.bus import Bus
from signaling.calls import Calls, Heartbeat
from signaling.errors import NoMediaNode
from tests.media.peers import Peer, loopback_candidates, running_node, until

SECRET = "shared between the processes"


@dataclass
class Registered:
    node: MediaNode
    heartbeat: Heartbeat
    server: BaseTestServer


@asynccontextmanager
async def registered_node(redis: Redis, bus: Bus) -> AsyncIterator[Registered]:
    heartbeat = Heartbeat(redis, bus)
    async with running_node(on_change=heartbeat.changed) as node, TestServer(control_app(node, SECRET)) as server:
        await heartbeat.start(node, str(server.make_url("")).rstrip("/"))
        try:
            yield Registered(node, heartbeat, server)
        finally:
            await heartbeat.close()


@pytest.fixture
async def calls(redis: Redis) -> AsyncIterator[Calls]:
    async with aiohttp.ClientSession() as session:
        yield Calls(redis, NodeClient(session, SECRET))


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    with loopback_candidates(monkeypatch):
        return


async def test_without_a_node_there_is_no_call(calls: Calls) -> None:
    with pytest.raises(NoMediaNode):
        await calls.state()
    with pytest.raises(NoMediaNode):
        await calls.join("visit", "clinician", "v=0")
    await calls.end("visit")


async def test_both_participants_come_to_the_same_node_and_are_seen(redis: Redis, bus: Bus, calls: Calls) -> None:
    async with registered_node(redis, bus) as one, registered_node(redis, bus) as two:
        assert await calls.state() is None
        peers = Peer("clinician"), Peer("patient")
        for peer in peers:
            joined = await calls.join("visit", peer.name, await peer.offer())
            await peer.pc.setRemoteDescription(RTCSessionDescription(joined.answer, "answer"))
        await until(lambda: all(peer.received > 3 for peer in peers))
        assert sorted(len(r.node.rooms()) for r in (one, two)) == [0, 1]
        async with asyncio.timeout(60):
            while set((await calls.room("visit")).participants) != {"clinician", "patient"}:
                await asyncio.sleep(0.01)
        await calls.end("visit")
        await until(lambda: not one.node.rooms() and not two.node.rooms())
        for peer in peers:
            await peer.close()


async def test_a_second_call_goes_to_the_less_loaded_node(redis: Redis, bus: Bus, calls: Calls) -> None:
    async with registered_node(redis, bus) as one, registered_node(redis, bus) as two:
        peers = Peer("clinician"), Peer("clinician")
        await calls.join("first", "clinician", await peers[0].offer())
        for each in (one, two):
            await each.heartbeat._beat(each.node, str(each.server.make_url("")).rstrip("/"))
        await calls.join("second", "clinician", await peers[1].offer())
        assert [len(r.node.rooms()) for r in (one, two)] == [1, 1]
        for peer in peers:
            await peer.close()


async def test_a_call_moves_when_its_node_is_gone(redis: Redis, bus: Bus, calls: Calls) -> None:
    first, again = Peer("clinician"), Peer("clinician")
    async with registered_node(redis, bus) as stays, registered_node(redis, bus) as goes:
        await redis.set("venterum:call:visit:node", goes.node.id)
        await calls.join("visit", "clinician", await first.offer())
        assert list(goes.node.rooms()) == ["visit"]
        # As when it is killed: its entry is still there.
        await goes.server.close()
        await calls.join("visit", "clinician", await again.offer())
        assert list(stays.node.rooms()) == ["visit"]
    await first.close()
    await again.close()


async def test_a_refused_offer_is_refused_as_the_node_said(redis: Redis, bus: Bus, calls: Calls) -> None:
    async with registered_node(redis, bus) as one:
        with pytest.raises(MalformedSdp):
            await calls.join("visit", "clinician", "v=0")
        assert one.node.rooms() == {}


async def test_places_taken_at_once_agree(redis: Redis, bus: Bus, calls: Calls) -> None:
    async with registered_node(redis, bus), registered_node(redis, bus):
        placed = await asyncio.gather(*(calls._place("visit") for _ in range(20)))
        assert len(set(placed)) == 1


async def test_an_overloaded_node_gets_no_new_call_and_lets_participants_back_in(
    redis: Redis, bus: Bus, calls: Calls
) -> None:
    async with registered_node(redis, bus) as only:
        peers = [Peer("clinician") for _ in range(3)]
        await calls.join("there", "clinician", await peers[0].offer())
        for at_ms in range(LAGS):
            only.node.strain.measure(packets=0, at_ms=at_ms, lag_ms=10_000.0)
        # Refused by the node itself, as long as its heartbeat has not told.
        with pytest.raises(NodeOverloaded):
            await calls.join("new", "clinician", await peers[1].offer())
        await only.heartbeat._beat(only.node, str(only.server.make_url("")).rstrip("/"))
        assert await calls.state() == "overloaded"
        with pytest.raises(NodeOverloaded):
            await calls.join("new", "clinician", await peers[1].offer())
        await calls.join("there", "clinician", await peers[2].offer())
        assert list(only.node.rooms()) == ["there"]
        for peer in peers:
            await peer.close()
