"""A page in Chromium and GStreamer's webrtcbin in one call, each by WHIP and a token; run by `test_whip.py`."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from media.control import control_app
from media.node import MediaNode
from media.tokens import Grant, mint

from .people import chromium

SECRET = "shared between the processes"
BOUND_S = 60.0
DECODED = 30
CLIENT = Path(__file__).with_name("gstreamer_whip.py")

JOIN = """async ([url, token]) => {
    const peer = (globalThis.peer = new RTCPeerConnection());
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 240 } });
    for (const track of stream.getTracks()) peer.addTransceiver(track, { direction: "sendrecv", streams: [stream] });
    await peer.setLocalDescription();
    const headers = { Authorization: `Bearer ${token}` };
    const answer = await fetch(url, {
        method: "POST", body: peer.localDescription.sdp, headers: { ...headers, "Content-Type": "application/sdp" },
    });
    const leg = new URL(answer.headers.get("Location"), url);
    peer.onicecandidate = ({ candidate }) => (globalThis.trickled ??= []).push(candidate);
    await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
    const sdp = peer.localDescription.sdp;
    const fragment = ["ice-ufrag", "ice-pwd"].map((name) => sdp.match(new RegExp(`a=${name}:.*`))[0]);
    const patched = await fetch(leg, {
        method: "PATCH", body: fragment.join("\\r\\n") + "\\r\\n",
        headers: { ...headers, "If-Match": answer.headers.get("ETag"), "Content-Type": "application/trickle-ice-sdpfrag" },
    });
    return [answer.status, patched.status];
}"""

FRAMES = """async () => {
    let frames = 0;
    for (const each of (await peer.getStats()).values()) if (each.type === "inbound-rtp") frames += each.framesDecoded ?? 0;
    return frames;
}"""


def token(participant: str) -> str:
    return mint(SECRET, Grant("room", participant, publishes=True, subscribes=True), now_s=time.time(), seconds=300)


@asynccontextmanager
async def gstreamer(url: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The client, which leaves by DELETE when the block ends."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec("/usr/bin/python3", str(CLIENT), url, stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    process.stdin.write(token("encoder").encode() + b"\n")
    try:
        yield process
    finally:
        process.stdin.close()
        await process.wait()


async def bare_page(request: web.Request) -> web.Response:
    return web.Response(text="<title>A call</title>", content_type="text/html")


async def both_ways(address: str) -> None:
    node = MediaNode(host=address, port=0, addresses=[address])
    node.start()
    bare = web.Application()
    bare.router.add_get("/", bare_page)
    async with TestServer(control_app(node, SECRET)) as control, TestServer(bare) as origin, chromium() as browser:
        page = await browser.new_page()
        await page.goto(str(origin.make_url("/")))
        participants = str(control.make_url("/rooms/room/participants/"))
        # Who comes with a token comes into a call that is there.
        await node.join("room", "clinician", await page.evaluate(OFFER))
        assert await page.evaluate(JOIN, [participants + "page", token("page")]) == [201, 204]
        async with gstreamer(participants + "encoder") as client, asyncio.timeout(BOUND_S):
            assert client.stdout is not None
            frames = 0
            async for line in client.stdout:
                decoded = json.loads(line)
                frames = await page.evaluate(FRAMES)
                if frames >= DECODED and decoded["video"] >= DECODED and decoded["audio"] >= DECODED:
                    break
            else:
                raise AssertionError("GStreamer has ended")
            assert "encoder" in node.rooms()["room"]
        assert client.returncode == 0
        assert "encoder" not in node.rooms()["room"]
    await node.close()


OFFER = """async () => {
    const first = (globalThis.first = new RTCPeerConnection());
    first.addTransceiver("audio");
    await first.setLocalDescription();
    return first.localDescription.sdp;
}"""


if __name__ == "__main__":
    asyncio.run(both_ways(sys.argv[1]))
