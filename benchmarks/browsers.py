"""What a clinician and a patient feel: the time to the first picture and to full bitrate, in two real Chromium browsers."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from playwright.async_api import Page

from tests.e2e.people import PERSON, Clinician, Patient, chromium, evaluates
from tests.e2e.servers import serving

from .films import film
from .table import Table

CALLS = 3
BOUND_MS = 15_000

FIRST_FRAMES = ("first_frame_warm_ms", "first_frame_cold_ms", "first_frame_felt_ms", "ramp_1200kbps_s")

WATCH = """() => {
    const seen = window.__watched = {made: null, connected: null, gate: null, firstFrame: null, fullRate: null};
    let peer = null, before = null, frames = 0, bytes = 0, at = 0;
    // The picture is to come anew: what was decoded until now does not count.
    seen.again = () => { frames = before ?? 0; seen.gate = seen.firstFrame = seen.fullRate = null; };
    const look = async () => {
        const now = Date.now();
        if (window.__venterumPeer !== peer) {
            peer = window.__venterumPeer;
            before = null;
            frames = bytes = at = 0;
            if (peer) Object.assign(seen, {made: now, connected: null, gate: null, firstFrame: null, fullRate: null});
        }
        if (peer) {
            if (peer.connectionState === 'connected') seen.connected ??= now;
            if (peer.getSenders().some((sender) => sender.track)) seen.gate ??= now;
            else seen.gate = null;
            let decoded = 0, received = 0, stamp = 0;
            for (const report of (await peer.getStats()).values()) {
                if (report.type !== 'inbound-rtp' || report.kind !== 'video') continue;
                decoded += report.framesDecoded;
                received += report.bytesReceived;
                stamp = report.timestamp;
            }
            before = decoded;
            if (decoded > frames) seen.firstFrame ??= Date.now();
            if (stamp - at > 500) {
                if (at > 0 && 8 * (received - bytes) / (stamp - at) >= 1200) seen.fullRate ??= Date.now();
                [bytes, at] = [received, stamp];
            }
        }
        setTimeout(look, 10);
    };
    void look();
}"""


async def first_frames(table: Table) -> None:
    """Either side first: the clinician's new tab comes to the patient's page, which has long been connected; then the patient
    loads the page anew, and comes to the clinician's.

    Warm: on the page that was there, from the moment at which both are connected and sending may begin to the first decoded
    frame. Cold: on the page that comes, from making the peer connection, with offer, ICE and DTLS in it. Felt: from the click on
    Start video to the first frame on the page that gets it later, with a tab that opens and its page that loads in it.
    """
    found = _Found()
    with tempfile.TemporaryDirectory() as home, serving(Path(home)) as server:
        camera = Path(home) / "camera.y4m"
        film(camera)
        async with chromium(f"--use-file-for-fake-video-capture={camera}") as browser:
            henrik: Clinician = await Clinician.sits_down(browser, server.url)
            maja: Patient = await Patient.sits_down(browser, server.url)
            for person in (henrik, maja):
                await person.context.add_init_script(f"({WATCH})()")
            await henrik.goes_to_work("henrik", "202002")
            await henrik.adds(PERSON["maja"].cpr)
            await henrik.opens_room()
            await maja.logs_in("maja")
            for _ in range(CALLS):
                await henrik.page.bring_to_front()
                await maja.joins("202002")
                await henrik.accepts("maja")
                await evaluates(maja.page, "() => window.__watched.connected !== null")
                clicked_ms = time.time() * 1000
                tab = await henrik.starts_video("maja")
                await found.take(there=maja.page, comes=tab, clicked_ms=clicked_ms)
                await maja.page.reload()
                await tab.evaluate("() => window.__watched.again()")
                await found.take(there=tab, comes=maja.page)
                await tab.get_by_role("button", name="Afslut", exact=True).click()
                await tab.get_by_role("dialog").get_by_role("button", name="Afslut", exact=True).click()
                await maja.page.get_by_text("Konsultationen er afsluttet").first.wait_for()
                await tab.close()
    table.show_all(
        "first_frame_warm_ms", found.warm_ms, "ms", "from both being connected, on the page that was there first"
    )
    table.show_all(
        "first_frame_cold_ms", found.cold_ms, "ms", "from the peer connection's making, on the page that comes"
    )
    table.show_all(
        "first_frame_felt_ms", found.felt_ms, "ms", "from the click on Start video, on the later of both pages"
    )
    table.show_all("ramp_1200kbps_s", found.ramp_s, "s", "from the first frame, on both pages")


class _Found:
    """What the rounds found; None where a page did not get there within the bound."""

    def __init__(self) -> None:
        self.warm_ms: list[float | None] = []
        self.cold_ms: list[float | None] = []
        self.felt_ms: list[float | None] = []
        self.ramp_s: list[float | None] = []

    async def take(self, there: Page, comes: Page, clicked_ms: float | None = None) -> None:
        first = [await _when(page, "firstFrame") for page in (there, comes)]
        full = [await _when(page, "fullRate") for page in (there, comes)]
        gates = [at for page in (there, comes) if (at := await _when(page, "gate")) is not None]
        made, connected = await _when(comes, "made"), await _when(comes, "connected")
        # The page that comes is told first that the other is there, and gets its tracks ready before it is connected itself.
        both = None if connected is None or not gates else max(connected, min(gates))
        self.warm_ms.append(_between(both, first[0]))
        self.cold_ms.append(_between(made, first[1]))
        if clicked_ms is not None:
            later = None if None in first else max(at for at in first if at is not None)
            self.felt_ms.append(_between(clicked_ms, later))
        for began, at in zip(first, full, strict=True):
            took = _between(began, at)
            self.ramp_s.append(None if took is None else took / 1000)


def _between(began: float | None, at: float | None) -> float | None:
    return None if began is None or at is None else max(at - began, 0.0)


async def _when(page: Page, what: str) -> float | None:
    """When it happened, by the page's clock in milliseconds; None when it does not within `BOUND_MS`."""
    found: float | None = await page.evaluate(
        f"""async () => {{
            const until = Date.now() + {BOUND_MS};
            while (window.__watched.{what} === null && Date.now() < until) await new Promise(r => setTimeout(r, 20));
            return window.__watched.{what};
        }}"""
    )
    return found
