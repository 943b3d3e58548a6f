"""What the patient's page weighs, and how soon it shows and answers on a mid-range phone with a slow line, in Chromium.

The phone is Chromium slowed four times; the line is the slower 4G of Lighthouse: 1.6 Mbit/s down, 750 kbit/s up, 150 ms.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.async_api import Page

from tests.e2e.people import PERSON, PHONE, Clinician, Patient, chromium
from tests.e2e.servers import serving

from .table import Table

PAGE = ("patient_page_kb", "patient_first_paint_s", "patient_touch_to_paint_ms")

RUNS = 3
SLOWED = 4
LINE = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1_600_000 / 8,
    "uploadThroughput": 750_000 / 8,
}
_WITHIN_S = 30.0

FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
TOUCHES = """() => {
    window.__touches = [];
    new PerformanceObserver(list => {
        for (const entry of list.getEntries()) if (entry.interactionId) window.__touches.push(entry.duration);
    }).observe({type: 'event', durationThreshold: 16});
}"""
"""How long it took from each touch to the next picture of the page (W3C Event Timing)."""


async def page(table: Table) -> None:
    """The patient's page from an empty cache, logged in, to the queue: three times."""
    weights: list[float | None] = []
    paints: list[float | None] = []
    touches: list[float | None] = []
    with tempfile.TemporaryDirectory() as home, serving(Path(home)) as server:
        async with chromium() as browser:
            henrik: Clinician = await Clinician.sits_down(browser, server.url)
            await henrik.goes_to_work("henrik", "202002")
            await henrik.adds(PERSON["maja"].cpr)
            await henrik.opens_room()
            for _ in range(RUNS):
                maja: Patient = await Patient.sits_down(browser, server.url, PHONE)
                await maja.logs_in("maja")
                loaded = await _slowed(maja)
                await maja.page.goto(server.url + "/patient")
                join = maja.button("Stil dig i kø", maja.card("202002"))
                await join.wait_for()
                paints.append(await _soon(maja.page, FIRST_PAINT))
                await maja.page.evaluate(TOUCHES)
                await join.click()
                await maja.page.get_by_text("Du er i kø", exact=True).wait_for()
                touches.append(await _soon(maja.page, "window.__touches.length ? Math.max(...window.__touches) : null"))
                weights.append(sum(loaded) / 1000)
                await maja.button("Forlad køen").click()
                await join.wait_for()
                await maja.context.close()
    in_seconds = [None if paint is None else paint / 1000 for paint in paints]
    table.show_all("patient_page_kb", weights, "kB", "all that came over the line, from an empty cache; at most 200")
    table.show_all("patient_first_paint_s", in_seconds, "s", "first contentful paint")
    table.show_all("patient_touch_to_paint_ms", touches, "ms", "from the touch of the button to the next picture")


async def _slowed(someone: Patient) -> list[float]:
    """Make a phone on a slow line of somebody's page, its cache empty; the bytes of each response that comes from now on."""
    session = await someone.context.new_cdp_session(someone.page)
    loaded: list[float] = []

    def finished(event: dict[str, Any]) -> None:
        loaded.append(event["encodedDataLength"])

    session.on("Network.loadingFinished", finished)
    await session.send("Network.enable")
    await session.send("Network.clearBrowserCache")
    await session.send("Network.emulateNetworkConditions", LINE)
    await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
    return loaded


async def _soon(page: Page, expression: str) -> float | None:
    """What the page says once it says something; None when it never does."""
    deadline = time.monotonic() + _WITHIN_S
    said: float | None = await page.evaluate(expression)
    while said is None and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
        said = await page.evaluate(expression)
    return said
