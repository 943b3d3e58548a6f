"""The demonstration's people at their browsers: each step of the guide as a method, by roles and accessible names alone."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, BrowserContext, Dialog, Locator, Page, async_playwright, expect

from rooms.demo import demo_clinics, demo_people

PERSON = {person.key: person for person in demo_people()}
CLINIC = {clinic.ydernummer: clinic for clinic in demo_clinics()}

BOUND_S = 60.0
"""How long media may take to do what a test waits for, in seconds."""

# A machine that does several things at once takes its time; a test that passes does not wait for it.
expect.set_options(timeout=30_000)

DESKTOP = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}

WITHOUT = (
    # What Playwright switches off itself: the last such argument is the only one that counts.
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades", "LensOverlay"),
    *("HttpsFirstBalancedModeAutoEnable", "MediaRouter", "PaintHolding", "ThirdPartyStoragePartitioning"),
    *("OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch"),
    # Two pages that each window loads for its address bar, which nobody sees here: a third of what opening one costs.
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup"),
)

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    f"--disable-features={','.join(WITHOUT)}",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream=fps=8",  # a picture costs the machine a lot, and no test counts them a second
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
]


@asynccontextmanager
async def chromium(*more: str) -> AsyncIterator[Browser]:
    """Debian's Chromium with fake devices, its media on loopback; `more` are further arguments of its."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=[*CHROMIUM_ARGUMENTS, *more]
        )
        yield browser
        await browser.close()


class Someone:
    """Somebody at a browser of their own. Every URL that it asks for is kept, and every complaint of the page."""

    def __init__(self, context: BrowserContext, page: Page, url: str) -> None:
        self.context = context
        self.page = page
        self.url = url
        self.asked_for: list[str] = []
        self.complaints: list[str] = []
        context.on("request", lambda request: self.asked_for.append(request.url))
        context.on("page", self._hear)
        self._hear(page)

    def _hear(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("websocket", lambda socket: self.asked_for.append(socket.url))

    @classmethod
    async def sits_down(cls, browser: Browser, url: str, viewport: dict[str, int] = DESKTOP) -> Any:
        """Open a fresh browser context for somebody."""
        context = await browser.new_context(
            viewport=viewport,  # type: ignore[arg-type]  # playwright wants its own TypedDict
            locale="da-DK",
            permissions=["camera", "microphone"],
        )
        context.set_default_timeout(30_000)
        return cls(context, await context.new_page(), url)

    def button(self, name: str | re.Pattern[str], within: Locator | Page | None = None) -> Locator:
        return (within or self.page).get_by_role("button", name=name, exact=isinstance(name, str))

    async def picks_name(self, person: str) -> None:
        """On the test identity provider's page: one click on the name."""
        await self.page.get_by_role("button", name=re.compile(re.escape(PERSON[person].name))).click()


class Clinician(Someone):
    """Staff of a clinic."""

    async def logs_in(self, person: str, way: str = "Personligt MitID") -> None:
        await self.page.goto(self.url + "/")
        await self.button("Log ind").click()
        await self.page.get_by_role("link", name=way).click()
        await self.picks_name(person)
        await expect(self.page.get_by_label("Ydernummer eller SOR-ID")).to_be_visible()

    async def gives_clinic(self, identifier: str, declares: bool = True) -> None:
        await self.page.get_by_label("Ydernummer eller SOR-ID").fill(identifier)
        box = self.page.get_by_role("checkbox", name=re.compile("Tro- og love-erklæring"))
        if await box.count():  # asked for once
            await box.set_checked(declares, force=True)
        await self.button("OK").click()

    async def picks_practitioner(self, person: str) -> None:
        await self.page.get_by_role("radio", name=re.compile(re.escape(PERSON[person].name))).check(force=True)
        await self.button("Vælg behandler").click()

    async def goes_to_work(self, person: str, ydernummer: str) -> None:
        await self.logs_in(person)
        await self.gives_clinic(ydernummer)
        if len(CLINIC[ydernummer].practitioners) > 1:
            await self.picks_practitioner(person)
        await expect(self.section("Patienter i kø")).to_be_visible()

    def section(self, name: str) -> Locator:
        return self.page.get_by_role("region", name=name)

    def row(self, section: str, person: str) -> Locator:
        return self.section(section).get_by_role("listitem").filter(has_text=PERSON[person].name)

    async def adds(self, cpr: str) -> None:
        """Add a patient, and wait for the answer, whichever it is."""
        await self.page.get_by_label("CPR-nummer").fill(cpr)
        async with self.page.expect_response(lambda r: r.url.endswith("/patients") and r.request.method == "POST"):
            await self.button("Tilføj patient").click()

    async def opens_room(self) -> None:
        await self.button("Åbn venteværelse").click()
        await expect(self.button("Luk (bevar kø)")).to_be_visible()

    async def closes_room(self, way: str) -> None:
        """`way`: the button's name, which the dialog that tells whom it concerns has too."""
        await self.button(way).click()
        await self.button(way, self.page.get_by_role("dialog")).click()
        await expect(self.button("Åbn venteværelse")).to_be_visible()

    async def accepts(self, person: str) -> None:
        await self.button("Accepter", self.row("Patienter i kø", person)).click()
        await expect(self.row("Igangværende konsultationer", person)).to_be_visible()

    async def starts_video(self, person: str) -> Page:
        """Start video; the tab that it opens."""
        async with self.context.expect_page() as opened:
            await self.button("Start video", self.row("Igangværende konsultationer", person)).click()
        tab = await opened.value
        await tab.wait_for_url("**/calls/*")
        return tab


class Patient(Someone):
    """A user of the app."""

    async def logs_in(self, person: str) -> None:
        await self.page.goto(self.url + "/patient")
        await self.page.get_by_role("link", name="Log ind med MitID").click()
        await self.picks_name(person)
        await expect(self.page.get_by_role("heading", name="Dine klinikker")).to_be_visible()

    def card(self, ydernummer: str) -> Locator:
        return self.page.get_by_role("region", name=CLINIC[ydernummer].name)

    async def joins(self, ydernummer: str) -> None:
        await self.button("Stil dig i kø", self.card(ydernummer)).click()
        await expect(self.page.get_by_text("Du er i kø", exact=True)).to_be_visible()


MEDIA = """async () => {
    const found = {connected: window.__venterumPeer?.connectionState === 'connected'};
    if (!window.__venterumPeer) return found;
    const add = (name, value) => { if (value !== undefined) found[name] = (found[name] ?? 0) + value; };
    for (const report of (await window.__venterumPeer.getStats()).values()) {
        if (report.type === 'inbound-rtp' && report.kind === 'video') {
            for (const name of ['framesDecoded', 'nackCount', 'pliCount']) add(name, report[name]);
            if (report.framesDecoded > 10) add('pictures', 1);
            found.frameHeight = Math.max(found.frameHeight ?? 0, report.frameHeight ?? 0);
        }
        if (report.type === 'inbound-rtp' && report.kind === 'audio') {
            add('audioPackets', report.packetsReceived);
            add('audioEnergy', report.totalAudioEnergy);
            add('samplesReceived', report.totalSamplesReceived);
        }
        if (report.type === 'remote-inbound-rtp' && report.kind === 'video') found.roundTripTime ??= report.roundTripTime;
        if (report.type === 'transport') found.cipher = report.srtpCipher;
    }
    return found;
}"""
"""Over all sections: a browser has one for each participant who may come, and one for a shared screen."""


async def evaluates(page: Page, script: str, condition: Callable[[Any], bool] = bool) -> Any:
    """Wait until what a script finds in the page fulfils a condition. Fails after `BOUND_S`, with what it was then.

    Not by playwright's `wait_for_function`: it has the page itself evaluate an expression again, which the page's content
    security policy refuses, and takes the promise of an asynchronous function for its truth.
    """
    found = await page.evaluate(script)
    deadline = time.monotonic() + BOUND_S
    while not condition(found):
        if time.monotonic() > deadline:
            raise AssertionError(f"still {found}")
        await asyncio.sleep(0.1)
        found = await page.evaluate(script)
    return found


async def media(page: Page) -> dict[str, Any]:
    """What the page's peer connection has received so far (W3C webrtc-stats)."""
    found: dict[str, Any] = await page.evaluate(MEDIA)
    return found


async def media_until(page: Page, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Wait until what the page has received fulfils a condition. Fails after `BOUND_S`, with what it was then."""
    found: dict[str, Any] = await evaluates(page, MEDIA, condition)
    return found


async def media_flows(*pages: Page) -> None:
    """Wait until every page has decoded more picture and received more sound than it had."""
    for page in pages:
        before = await media_until(page, lambda now: now.get("framesDecoded", 0) > 0 and now.get("audioPackets", 0) > 0)
        await media_until(
            page,
            lambda now, before=before: (  # type: ignore[misc]  # mypy infers no type for a default
                now.get("framesDecoded", 0) > before["framesDecoded"] + 10
                and now.get("audioPackets", 0) > before["audioPackets"] + 10
                and now.get("audioEnergy", 0) > before["audioEnergy"]
            ),
        )


class Dialogs:
    """Answers the browser's own dialogs on a page: declined until told otherwise."""

    def __init__(self, page: Page) -> None:
        self.accepts = False
        self.seen: list[str] = []
        page.on("dialog", self._answer)

    async def _answer(self, dialog: Dialog) -> None:
        self.seen.append(dialog.type)
        await (dialog.accept() if self.accepts else dialog.dismiss())
