"""A node driven over HTTP, as another process or curl would."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from aiortc import RTCSessionDescription

from media.control import NodeClient, control_app
from media.errors import MalformedSdp, NodeUnavailable, NoSuchLeg, RoomFull
from media.negotiation import MAX_OFFER_BYTES
from media.node import MediaNode
from media.room import MAX_PARTICIPANTS

from .peers import Peer, loopback_candidates, running_node, until

SECRET = "shared between the processes"


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with loopback_candidates(monkeypatch):
        yield


@asynccontextmanager
async def controlled() -> AsyncIterator[tuple[MediaNode, NodeClient, aiohttp.ClientSession, str]]:
    async with (
        running_node() as node,
        TestServer(control_app(node, SECRET)) as server,
        aiohttp.ClientSession() as session,
    ):
        yield node, NodeClient(session, SECRET), session, str(server.make_url("")).rstrip("/")


async def test_a_call_is_made_and_ended_over_http() -> None:
    async with controlled() as (node, client, _, url):
        peers = Peer("first"), Peer("second")
        for peer in peers:
            joined = await client.join(url, "room", peer.name, await peer.offer())
            await peer.pc.setRemoteDescription(RTCSessionDescription(joined.answer, "answer"))
            peer.leg_id = joined.leg_id
        await until(lambda: all(peer.received > 3 for peer in peers))
        await client.leave(url, "room", "first", peers[0].leg_id)
        assert node.rooms() == {"room": ("second",)}
        with pytest.raises(NoSuchLeg):
            await client.leave(url, "room", "first", peers[0].leg_id)
        await client.close_room(url, "room")
        assert node.rooms() == {}
        for peer in peers:
            await peer.close()


async def test_refusals_come_across_as_they_were_raised() -> None:
    async with controlled() as (node, client, _, url):
        with pytest.raises(MalformedSdp, match="it cannot be parsed"):
            await client.join(url, "room", "first", "m=audio nine")
        peers = [Peer(f"participant-{number}") for number in range(MAX_PARTICIPANTS + 1)]
        for peer in peers[:-1]:
            await client.join(url, "room", peer.name, await peer.offer())
        with pytest.raises(RoomFull):
            await client.join(url, "room", "one-more", await peers[-1].offer())
        await node.close()
        with pytest.raises(NodeUnavailable):
            await client.join(url, "other", "first", await peers[0].offer())
        for peer in peers:
            await peer.close()


async def test_a_node_that_is_gone_is_unavailable() -> None:
    async with controlled() as (_, _, _, url):
        pass
    async with aiohttp.ClientSession() as session:
        with pytest.raises(NodeUnavailable):
            await NodeClient(session, SECRET).close_room(url, "room")


@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "Basic " + SECRET, "Bearer \u00e6"])
async def test_without_the_secret_nothing_is_said(authorization: str | None) -> None:
    async with controlled() as (node, _, session, url):
        headers = {"Authorization": authorization} if authorization else {}
        for method, path in (("POST", "/rooms/r/participants/p"), ("DELETE", "/rooms/r"), ("GET", "/rooms/r")):
            async with session.request(method, url + path, headers=headers) as response:
                assert response.status == 401
        assert node.rooms() == {}


@pytest.mark.parametrize(
    ("path", "body", "content_type", "status"),
    [
        ("/rooms/r/participants/p", b"v=0", "text/plain", 415),
        ("/rooms/r/participants/p", b"v" * (MAX_OFFER_BYTES + 1), "application/sdp", 413),
        ("/rooms/r/participants/p%20q", b"v=0", "application/sdp", 404),
        ("/rooms/" + "r" * 65 + "/participants/p", b"v=0", "application/sdp", 404),
    ],
)
async def test_unreadable_requests_change_nothing(path: str, body: bytes, content_type: str, status: int) -> None:
    async with controlled() as (node, _, session, url):
        headers = {"Authorization": f"Bearer {SECRET}", "Content-Type": content_type}
        async with session.post(url + path, data=body, headers=headers) as response:
            assert response.status == status
        assert node.rooms() == {}
