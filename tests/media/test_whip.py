"""WHIP and WHEP (RFC 9725) as a foreign client meets them: what a token lets in, candidates, what is refused and how."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from aiortc import RTCSessionDescription
from hypothesis import given
from hypothesis import strategies as st

from media import trickle
from media.control import control_app
from media.node import MediaNode
from media.tokens import LONGEST_SECONDS, Grant, TokenRefused, mint, read

from .peers import Peer, call, live_leg, loopback_candidates, running_node, until

SECRET = "shared between the processes"
NOW_S = 1_800_000_000.0
ENCODER = Grant("room", "encoder", publishes=True, subscribes=True)


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with loopback_candidates(monkeypatch):
        yield


def token(grant: Grant = ENCODER, *, seconds: float = 60, secret: str = SECRET, now_s: float = NOW_S) -> str:
    return mint(secret, grant, now_s=now_s, seconds=seconds)


@asynccontextmanager
async def whip() -> AsyncIterator[tuple[MediaNode, aiohttp.ClientSession]]:
    """A node, and a session whose addresses are relative to its control interface."""
    async with (
        running_node() as node,
        TestServer(control_app(node, SECRET, clock=lambda: NOW_S)) as server,
        aiohttp.ClientSession(base_url=server.make_url("/")) as session,
    ):
        yield node, session


def bearer(value: str, content_type: str = "application/sdp") -> dict[str, str]:
    return {"Authorization": f"Bearer {value}", "Content-Type": content_type}


def test_a_token_says_what_it_was_minted_for_until_it_runs_out() -> None:
    minted = token(seconds=60)
    assert read(SECRET, minted, now_s=NOW_S + 59) == ENCODER
    for secret, now_s in ((SECRET, NOW_S + 60), ("another", NOW_S), (SECRET, NOW_S - LONGEST_SECONDS)):
        with pytest.raises(TokenRefused):
            read(secret, minted, now_s=now_s)
    for other in (minted[:-4], minted + "A" * 3000, "a.b.c", "", "eyJhbGciOiJub25lIn0." + minted.split(".")[1] + "."):
        with pytest.raises(TokenRefused):
            read(SECRET, other, now_s=NOW_S)


@pytest.mark.parametrize(
    ("grant", "seconds"), [(ENCODER, 0), (ENCODER, LONGEST_SECONDS + 1), (Grant("r", "p", False, False), 60)]
)
def test_a_token_for_nothing_or_for_ever_is_not_minted(grant: Grant, seconds: float) -> None:
    with pytest.raises(ValueError, match="a token"):
        token(grant, seconds=seconds)


async def test_a_token_lets_one_name_into_one_call_and_out_again() -> None:
    async with whip() as (node, session), call(node):
        peer, path = Peer("encoder"), "/rooms/room/participants/encoder"
        async with session.post(path, data=await peer.offer(), headers=bearer(token())) as response:
            assert response.status == 201
            assert response.content_type == "application/sdp"
            assert response.headers["Accept-Patch"] == trickle.CONTENT_TYPE
            location = response.headers["Location"]
            assert response.headers["ETag"] == f'"{location.rpartition("/")[2]}"'
            assert response.headers["Access-Control-Allow-Origin"] == "*"
            await peer.pc.setRemoteDescription(RTCSessionDescription(await response.text(), "answer"))
        await until(lambda: "encoder" in node.rooms()["room"])
        async with session.delete(location, headers=bearer(token())) as response:
            assert response.status == 204
        assert "encoder" not in node.rooms()["room"]
        async with session.delete(location, headers=bearer(token())) as response:
            assert (response.status, (await response.json())["code"]) == (404, "no_such_leg")
        await peer.close()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/rooms/room/participants/first", 403),
        ("POST", "/rooms/other/participants/encoder", 403),
        ("DELETE", "/rooms/room/participants/first/legs/x", 403),
        ("DELETE", "/rooms/room", 403),
        ("PUT", "/rooms/room/recording", 403),
        ("GET", "/rooms/room", 403),
        ("PUT", "/rooms/room/participants/encoder", 403),
        ("PUT", "/rooms/room/participants/encoder/admission", 403),
        ("DELETE", "/rooms/room/participants/encoder/screen", 403),
        ("POST", "/rooms/room/participants/encoder", 404),
    ],
)
async def test_a_token_is_good_for_nothing_else(method: str, path: str, status: int) -> None:
    async with whip() as (node, session):
        async with session.request(method, path, data=b"v=0", headers=bearer(token())) as response:
            assert response.status == status
        assert node.rooms() == {}


@pytest.mark.parametrize(
    "given", [token(now_s=NOW_S - 61), token(secret="another"), token() + "x", SECRET + "x", "", "\u00e6"]
)
async def test_without_a_token_that_holds_nothing_is_said(given: str) -> None:
    path = "/rooms/room/participants/encoder"
    async with whip() as (_, session), session.post(path, data=b"v=0", headers=bearer(given)) as response:
        assert response.status == 401
        assert response.headers["WWW-Authenticate"].startswith("Bearer")


async def test_who_may_only_publish_is_sent_nothing_and_who_may_only_subscribe_sends_nothing() -> None:
    async with whip() as (node, session), call(node):
        for publishes in (True, False):
            peer = Peer("encoder")
            minted = token(Grant("room", "encoder", publishes=publishes, subscribes=not publishes))
            path = "/rooms/room/participants/encoder"
            async with session.post(path, data=await peer.offer(), headers=bearer(minted)) as response:
                answer = await response.text()
            assert answer.count("a=recvonly" if publishes else "a=sendonly") == 2
            assert "a=sendrecv" not in answer
            await peer.close()


FRAGMENT = (
    "a=ice-ufrag:{0}\r\na=ice-pwd:{1}\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n"
    "a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1\r\n"
    "a=candidate:3471623853 1 udp 2122194687 fd00::1 61765 typ srflx raddr 0.0.0.0 rport 9\r\na=end-of-candidates\r\n"
)


async def test_candidates_are_taken_and_a_restart_is_told_what_to_do() -> None:
    async with whip() as (node, session), call(node):
        leg = live_leg(node, "room", "first")
        ours = leg.negotiated.ice_username, leg.negotiated.ice_password
        mine = token(Grant("room", "first", publishes=True, subscribes=True))
        sent = FRAGMENT.format(*ours)
        for body, tag, content_type, status in (
            (sent, f'"{leg.id}"', trickle.CONTENT_TYPE, 204),
            (sent, f'"x", "{leg.id}"', trickle.CONTENT_TYPE, 204),
            (sent, "*", trickle.CONTENT_TYPE, 204),
            (sent, None, trickle.CONTENT_TYPE, 428),
            (sent, '"x"', trickle.CONTENT_TYPE, 412),
            (sent + "a=candidate:x\r\n", f'"{leg.id}"', trickle.CONTENT_TYPE, 400),
            (sent + "a=ice-ufrag:another\r\n", f'"{leg.id}"', trickle.CONTENT_TYPE, 400),
            ("", f'"{leg.id}"', trickle.CONTENT_TYPE, 400),
            (FRAGMENT.format("new", "x" * 22), "*", trickle.CONTENT_TYPE, 422),
            (sent, f'"{leg.id}"', "application/sdp", 415),
        ):
            headers = bearer(mine, content_type) | ({"If-Match": tag} if tag else {})
            path = f"/rooms/room/participants/first/legs/{leg.id}"
            async with session.patch(path, data=body, headers=headers) as response:
                assert response.status == status, (body, tag)
        path = "/rooms/room/participants/first/legs/none"
        async with session.patch(path, data=sent, headers=bearer(mine, trickle.CONTENT_TYPE)) as response:
            assert response.status == 404
        assert node.rooms() == {"room": ("first", "second")}


async def test_a_page_of_another_origin_is_told_what_it_may_send() -> None:
    async with whip() as (_, session):
        for path, takes in (("", "Accept-Post"), ("/legs/x", "Accept-Patch")):
            async with session.options("/rooms/room/participants/encoder" + path) as response:
                assert response.status == 204
                assert takes in response.headers
                assert "PATCH" in response.headers["Access-Control-Allow-Methods"]
                assert "If-Match" in response.headers["Access-Control-Allow-Headers"]
        async with session.options("/rooms/room") as response:
            assert response.status in (401, 405)


@given(st.text(max_size=200))
def test_any_text_is_a_fragment_or_is_refused(text: str) -> None:
    with suppress(trickle.MalformedFragment):
        assert trickle.parse(text).candidates >= 0
