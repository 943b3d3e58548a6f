"""What a clinician and a patient feel: the time to the first picture and to full bitrate, in two real Chromium browsers."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.async_api import Page

from tests.e2e.people import PERSON, Clinician, Patient, chromium
from tests.e2e.servers import serving

from .films import film
from .table import Table

CALLS = 3

FIRST_FRAMES = ("first_frame_warm_ms", "first_frame_cold_ms", "ramp_1200kbps_s")

WATCH = """() => {
    window.__watched = {firstFrame: null, fullRate: null};
    let bytes = 0, at = 0;
    const look = async () => {
        const peer = window.__venterumPeer;
        for (const report of peer ? (await peer.getStats()).values() : []) {
            if (report.type === 'inbound-rtp' && report.kind === 'video') {
                if (report.framesDecoded > 0) window.__watched.firstFrame ??= Date.now();
                if (report.timestamp - at > 500) {
                    const rate = 8 * (report.bytesReceived - bytes) / (report.timestamp - at);
                    if (at > 0 && rate >= 1200) window.__watched.fullRate ??= Date.now();
                    bytes = report.bytesReceived;
                    at = report.timestamp;
                }
            }
        }
        setTimeout(look, 20);
    };
    void look();
}"""


async def first_frames(table: Table) -> None:
    """Medians over `CALLS` calls. Warm: from the click on Start video until the patient's long connected page shows the
    clinician. Cold: until the clinician's new tab shows the patient, with the tab's own loading and connecting in it."""
    warm: list[float] = []
    cold: list[float] = []
    ramp: list[float] = []
    with tempfile.TemporaryDirectory() as home, serving(Path(home)) as server:
        camera = Path(home) / "camera.y4m"
        film(camera)
        async with chromium(f"--use-file-for-fake-video-capture={camera}") as browser:
            henrik: Clinician = await Clinician.sits_down(browser, server.url)
            maja: Patient = await Patient.sits_down(browser, server.url)
            await henrik.goes_to_work("henrik", "202002")
            await henrik.adds(PERSON["maja"].cpr)
            await henrik.opens_room()
            await maja.logs_in("maja")
            for _ in range(CALLS):
                await henrik.page.bring_to_front()
                await maja.joins("202002")
                await henrik.accepts("maja")
                await maja.page.evaluate(WATCH)
                began = await henrik.page.evaluate("() => Date.now()")
                tab = await henrik.starts_video("maja")
                await tab.evaluate(WATCH)
                for page, into in ((maja.page, warm), (tab, cold)):
                    into.append(await _when(page, "firstFrame", 30_000) - began)
                full = [await _when(page, "fullRate", 30_000) for page in (maja.page, tab)]
                first = [await _when(page, "firstFrame", 30_000) for page in (maja.page, tab)]
                ramp += [(at - since) / 1000 for at, since in zip(full, first, strict=True)]
                await tab.get_by_role("button", name="Afslut", exact=True).click()
                await tab.get_by_role("dialog").get_by_role("button", name="Afslut", exact=True).click()
                await maja.page.get_by_text("Konsultationen er afsluttet").first.wait_for()
                await tab.close()
    table.show_all("first_frame_warm_ms", warm, "ms", "of the patient's connected page, from the click")
    table.show_all("first_frame_cold_ms", cold, "ms", "of the clinician's new tab, from the click")
    table.show_all("ramp_1200kbps_s", [r if r < 30 else None for r in ramp], "s", "from the first frame")


async def _when(page: Page, what: str, within_ms: int) -> float:
    """When it happened, by the page's clock in milliseconds; after the bound, then."""
    found: float = await page.evaluate(
        f"""async () => {{
            const until = Date.now() + {within_ms};
            while (window.__watched.{what} === null && Date.now() < until) await new Promise(r => setTimeout(r, 20));
            return window.__watched.{what} ?? Date.now();
        }}"""
    )
    return found
