"""Two Chromium browsers at a media node, over paths that can be made narrow while they talk: how soon whoever sends gives way.

The node's address leads to a proxy in this process, which passes each browser's datagrams through a model of its path. Every
figure has its twin by REMB: the same browsers, their offers without transport-wide feedback.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from playwright.async_api import Browser, Page

from media.control import NodeClient
from tests.e2e.people import chromium
from tests.media.bottleneck import Bottleneck

from . import subjects
from .films import film
from .table import Table

PATHS = ("give_way_up_s", "give_way_down_s", "give_way_up_remb_s", "give_way_down_remb_s", "come_back_s")

PROXY_HOST = "127.0.0.2"
WIDE_BPS, NARROW_BPS = 20_000_000, 300_000
FULL_BPS = 1_100_000
GIVEN_WAY_BPS = 1.1 * NARROW_BPS
ROUNDS = 3
TURN = ((True, "", "up"), (True, "", "down"), (False, "_remb", "up"), (False, "_remb", "down"))
CALLS_WITHIN_S = 120.0

PAGE = "<!doctype html><meta charset=utf-8><title>path</title><video autoplay muted playsinline></video>"

SCRIPT = """() => {
window.joins = async (transportWide) => {
    const wanted = {video: {width: 1280, height: 720, frameRate: 30}, audio: true};
    const stream = await navigator.mediaDevices.getUserMedia(wanted);
    const peer = window.peer = new RTCPeerConnection();
    const lines = [peer.addTransceiver('audio'), peer.addTransceiver('video')];
    document.querySelector('video').srcObject = new MediaStream(lines.map((line) => line.receiver.track));
    window.attach = async () => {
        await lines[0].sender.replaceTrack(stream.getAudioTracks()[0]);
        await lines[1].sender.replaceTrack(stream.getVideoTracks()[0]);
    };
    await peer.setLocalDescription();
    let sdp = peer.localDescription.sdp;
    if (!transportWide) sdp = sdp.split('\\r\\n').filter((l) => !/transport-cc|transport-wide-cc/.test(l)).join('\\r\\n');
    await peer.setRemoteDescription({type: 'answer', sdp: await window.offered(sdp)});
    await new Promise((done) => {
        const look = () => peer.connectionState === 'connected' ? done() : setTimeout(look, 10);
        look();
    });
};
window.localPort = async () => {
    const reports = await window.peer.getStats();
    const {selectedCandidatePairId: pair} = [...reports.values()].find((report) => report.type === 'transport');
    return reports.get(reports.get(pair).localCandidateId).port;
};
window.bytes = async () => {
    const found = {at: performance.now(), sent: 0, received: 0, frames: 0, keyframes: 0, height: 0};
    for (const report of (await window.peer.getStats()).values()) {
        if (report.kind !== 'video') continue;
        if (report.type === 'outbound-rtp') {
            found.sent = report.bytesSent + report.headerBytesSent;
            found.keyframes = report.keyFramesEncoded;
        }
        if (report.type === 'inbound-rtp') {
            found.received = report.bytesReceived;
            found.frames = report.framesDecoded;
            found.height = report.frameHeight;
        }
    }
    return found;
};
}"""


class _End(asyncio.DatagramProtocol):
    """One end of the proxy: hands on what it gets by `passes`."""

    def __init__(self, passes: Callable[[bytes, Any], None]) -> None:
        self.passes = passes
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.passes(data, addr)


@dataclass
class Way:
    """The path of one browser, up and down."""

    up: Bottleneck = field(default_factory=lambda: Bottleneck(WIDE_BPS))
    down: Bottleneck = field(default_factory=lambda: Bottleneck(WIDE_BPS))
    far: _End | None = None


class Proxy:
    """Stands at `PROXY_HOST` on the node's port; each browser that comes has a path of its own."""

    def __init__(self, port: int) -> None:
        self._node = ("127.0.0.1", port)
        self._near = _End(self._from_browser)
        self._by_browser: dict[Any, Way] = {}

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self._near, local_addr=(PROXY_HOST, self._node[1]))

    def close(self) -> None:
        for path in self._by_browser.values():
            if path.far is not None:
                path.far.transport.close()
        self._near.transport.close()

    def path_of(self, port: int) -> Way:
        """The path of the browser that has this port; behind the proxy, a browser takes the proxy's for its own."""
        return next(
            path
            for (_, from_port), path in self._by_browser.items()
            if path.far is not None and port in (from_port, path.far.transport.get_extra_info("sockname")[1])
        )

    def _from_browser(self, data: bytes, browser: Any) -> None:
        path = self._by_browser.get(browser)
        if path is None:
            path = self._by_browser[browser] = Way()
            self._opening = asyncio.create_task(self._open_far(path, browser, data))
        elif path.far is not None:
            self._through(path.up, data, path.far, self._node)

    async def _open_far(self, path: Way, browser: Any, first: bytes) -> None:
        loop = asyncio.get_running_loop()
        way = _End(lambda data, _: self._through(path.down, data, self._near, browser))
        await loop.create_datagram_endpoint(lambda: way, local_addr=("127.0.0.1", 0))
        path.far = way
        self._through(path.up, first, way, self._node)

    def _through(self, path: Bottleneck, data: bytes, way: _End, to: Any) -> None:
        now_ms = time.monotonic() * 1000
        arrives_ms = path.arrival_ms(len(data) + 28, now_ms)
        if arrives_ms is not None:
            asyncio.get_running_loop().call_later((arrives_ms - now_ms) / 1000, self._deliver, data, way, to)

    def _deliver(self, data: bytes, way: _End, to: Any) -> None:
        if not way.transport.is_closing():
            way.transport.sendto(data, to)


class Call:
    """Two pages in one room, by name, with their paths."""

    def __init__(self, browser: Browser, client: NodeClient, url: str, room: str, proxy: Proxy) -> None:
        self._browser = browser
        self._client = client
        self._url = url
        self._room = room
        self._proxy = proxy
        self.pages: list[Page] = []
        self.paths: list[Way] = []

    async def joins(self, name: str, *, transport_wide: bool) -> Page:
        """Connect one more page, its tracks not attached yet."""
        context = await self._browser.new_context(permissions=["camera", "microphone"])
        page = await context.new_page()
        await page.route("http://localhost/", lambda route: route.fulfill(body=PAGE, content_type="text/html"))
        await page.goto("http://localhost/")

        async def offered(offer: str) -> str:
            return (await self._client.join(self._url, self._room, name, offer)).answer

        await page.expose_function("offered", offered)
        await page.evaluate(SCRIPT)
        await page.evaluate(f"() => window.joins({'true' if transport_wide else 'false'})")
        self.pages.append(page)
        self.paths.append(self._proxy.path_of(await page.evaluate("() => window.localPort()")))
        return page

    async def close(self) -> None:
        await self._client.close_room(self._url, self._room)
        for page in self.pages:
            await page.context.close()


@asynccontextmanager
async def calls(browser: Browser) -> AsyncIterator[Callable[[bool], Any]]:
    """A node behind the proxy; what is yielded makes a call of two whose pictures run at full rate."""
    secret = "benchmark"
    command = [sys.executable, "-m", "benchmarks.relay_process", PROXY_HOST]
    with subjects.process(command, env=os.environ | {"SECRET": secret}) as running:
        url, port = subjects.said(running), int(subjects.said(running))
        proxy = Proxy(port)
        await proxy.open()
        made: list[Call] = []
        async with aiohttp.ClientSession() as session:

            async def call(transport_wide: bool) -> Call:
                new = Call(browser, NodeClient(session, secret), url, f"room{len(made)}", proxy)
                made.append(new)
                for name in ("first", "second"):
                    await new.joins(name, transport_wide=transport_wide)
                for page in new.pages:
                    await page.evaluate("() => window.attach()")
                return new

            try:
                yield call
            finally:
                proxy.close()


class Meter:
    """The rate at which a page sends or receives video, over the last half second."""

    def __init__(self, page: Page, what: str) -> None:
        self._page = page
        self._what = what
        self._seen: list[tuple[float, float]] = []

    async def rate_bps(self) -> float | None:
        found = await self._page.evaluate("() => window.bytes()")
        self._seen.append((found["at"], found[self._what]))
        while len(self._seen) > 2 and self._seen[-1][0] - self._seen[1][0] >= 500:
            self._seen.pop(0)
        span_ms = self._seen[-1][0] - self._seen[0][0]
        return 8000 * (self._seen[-1][1] - self._seen[0][1]) / span_ms if span_ms >= 450 else None

    async def until(self, condition: Callable[[float], bool], within_s: float) -> float | None:
        """Seconds until the rate fulfils a condition, counted to the middle of the half second; None when it does not."""
        began = time.monotonic()
        while (passed := time.monotonic() - began) < within_s:
            rate = await self.rate_bps()
            if rate is not None and condition(rate):
                return passed
            await asyncio.sleep(0.05)
        return None


async def paths(table: Table) -> None:
    """Up: the path of the one who sends is narrowed. Down: that of the one who receives; the sender's stays wide."""
    found: dict[str, list[float | None]] = {name: [] for name in PATHS}
    with tempfile.TemporaryDirectory() as home:
        camera = Path(home) / "camera.y4m"
        film(camera)
        async with chromium(f"--use-file-for-fake-video-capture={camera}") as browser, calls(browser) as call:
            began = time.monotonic()
            for transport_wide, twin, direction in TURN * ROUNDS:
                # On a slow machine one round is all there is time for.
                if time.monotonic() - began > CALLS_WITHIN_S:
                    break
                took, back = await _gives_way(await call(transport_wide), direction)
                found[f"give_way_{direction}{twin}_s"].append(took)
                if transport_wide and direction == "down":
                    found["come_back_s"].append(back)
    for name, values in found.items():
        note = "to 1.1 Mbit/s after the path down is wide again" if name == "come_back_s" else "to 330 kbit/s sent"
        table.show_all(name, values, "s", note)


async def _gives_way(call: Any, direction: str) -> tuple[float | None, float | None]:
    sender, path = call.pages[0], call.paths[0] if direction == "up" else call.paths[1]
    meter = Meter(sender, "sent")
    try:
        await meter.until(lambda rate: rate >= FULL_BPS, 10)
        getattr(path, direction).rate_bps = NARROW_BPS
        took = await meter.until(lambda rate: rate <= GIVEN_WAY_BPS, 10)
        if direction == "up":
            return took, None
        await asyncio.sleep(3)
        path.down.rate_bps = WIDE_BPS
        return took, await meter.until(lambda rate: rate >= FULL_BPS, 20)
    finally:
        await call.close()
