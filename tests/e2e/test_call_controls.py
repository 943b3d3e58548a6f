"""What one can do in a call, by mouse, by keyboard and on a phone, and how the other side meets it; axe-core on each state."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from .axe import Auditor
from .people import BOUND_S, PERSON, PHONE, Clinician, Patient, chromium, evaluates, media, media_flows, media_until
from .servers import Server
from .ways import Way, stands_free

HENRIK, JONAS = PERSON["henrik"].name, PERSON["jonas"].name

DRAFT = "Skriv en tekst"

DECODED = """async mid => {
    let frames = 0;
    for (const report of (await window.__venterumPeer.getStats()).values())
        if (report.type === 'inbound-rtp' && report.kind === 'video' && report.mid === mid) frames = report.framesDecoded;
    return frames;
}"""
"""How many pictures have been decoded on a section of the offer."""

CAMERA, SCREEN = "1", "2"
"""The sections of the first other's picture and of a shared screen."""


@pytest_asyncio.fixture(loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    # Of Chromium's fake cameras the first and the fourth give pictures in the same format; the second measures depth.
    async with chromium("--use-fake-device-for-media-stream=device-count=4,fps=8") as running:
        yield running


@dataclass
class InCall:
    """A clinician's tab and a patient's page on a phone, in one call."""

    henrik: Clinician
    jonas: Patient
    tab: Page

    @property
    def phone(self) -> Page:
        return self.jonas.page


async def in_call(server: Server, browser: Browser) -> InCall:
    henrik: Clinician = await Clinician.sits_down(browser, server.url)
    jonas: Patient = await Patient.sits_down(browser, server.url, PHONE)
    await henrik.goes_to_work("henrik", "202002")
    await henrik.adds(PERSON["jonas"].cpr)
    await henrik.opens_room()
    await jonas.logs_in("jonas")
    await jonas.joins("202002")
    await henrik.accepts("jonas")
    tab = await henrik.starts_video("jonas")
    await media_flows(tab, jonas.page)
    return InCall(henrik, jonas, tab)


def button(page: Page, name: str) -> Any:
    return page.get_by_role("button", name=name)


async def decoded(page: Page, mid: str, more_than: int) -> int:
    """Wait until more pictures than that have been decoded on a section; how many."""
    deadline = time.monotonic() + BOUND_S
    while (frames := await page.evaluate(DECODED, mid)) <= more_than:
        assert time.monotonic() < deadline, f"still {frames} pictures on section {mid}"
        await asyncio.sleep(0.1)
    return int(frames)


async def test_every_control_by_mouse_is_told_on_the_other_side(server: Server, browser: Browser) -> None:
    call = await in_call(server, browser)
    tab, phone = call.tab, call.phone
    axe = Auditor()

    # Muted, in words; and back.
    await button(phone, "Slå mikrofon fra").click()
    await expect(tab.get_by_text("Mikrofonen er slået fra")).to_be_visible()
    await expect(phone.get_by_text("Du kan ikke høres")).to_be_visible()
    await button(phone, "Slå kamera fra").click()
    await expect(tab.get_by_text("Kameraet er slået fra")).to_be_visible()
    await expect(phone.get_by_text("Du kan ikke ses")).to_be_visible()
    await axe.look(tab, "call-muted-other")
    await axe.look(phone, "call-muted-own")
    await button(phone, "Slå mikrofon til").click()
    await button(phone, "Slå kamera til").click()
    await expect(tab.get_by_text(re.compile("er slået fra"))).to_have_count(0)

    # Who speaks (the fake microphone beeps), the time, and how the connection is.
    await expect(tab.locator(".call-facts .speaks-now")).to_be_visible()
    await expect(tab.get_by_role("timer")).to_have_text(re.compile(r"^\d\d:\d\d$"))
    await expect(tab.get_by_text(re.compile("forbindelse", re.IGNORECASE)).first).to_be_visible()
    await expect(tab).to_have_title("Videokonsultation – Venterum")

    # Text as it is typed: on the other side before it is sent, by an opened panel and by none.
    await button(tab, "Skriv").click()
    await tab.get_by_label(DRAFT).press_sequentially("Hvor længe")
    await expect(phone.locator(".call-caption")).to_contain_text("Hvor længe")
    await axe.look(phone, "call-caption")
    await phone.locator(".call-caption").click()
    await expect(phone.get_by_text(f"{HENRIK} skriver:")).to_be_visible()
    await phone.get_by_label(DRAFT).press_sequentially("Siden i g")
    await expect(tab.get_by_text("Siden i g", exact=True)).to_be_visible()
    await axe.look(tab, "call-text-under-way")
    await axe.look(phone, "call-text-under-way")
    await tab.get_by_label(DRAFT).press("Enter")
    await phone.get_by_label(DRAFT).press_sequentially("år")
    await button(phone, "Send").click()
    for page, mine, theirs in ((tab, "Hvor længe", "Siden i går"), (phone, "Siden i går", "Hvor længe")):
        log = page.get_by_role("log", name="Sendte tekster")
        await expect(log.locator(".chat-mine")).to_contain_text(mine)
        await expect(log.get_by_role("listitem").filter(has_text=theirs)).not_to_have_class(re.compile("chat-mine"))
        await expect(page.get_by_text(re.compile("skriver:"))).to_have_count(0)
    await axe.look(tab, "call-texts")
    await axe.look(phone, "call-texts")

    # The browser's page is made anew: what was sent is there.
    await button(phone, "Luk").click()
    await phone.reload()
    await media_flows(tab, phone)
    await button(phone, "Skriv").click()
    await expect(phone.get_by_role("log").get_by_text("Hvor længe")).to_be_visible()
    await button(phone, "Luk").click()

    # A small window, and the whole screen.
    await button(tab, "Flere valg").click()
    await axe.look(tab, "call-more")
    await button(tab, "Lille vindue").click()
    await evaluates(tab, "document.pictureInPictureElement !== null")
    await button(tab, "Lille vindue").click()
    await evaluates(tab, "document.pictureInPictureElement === null")
    await button(tab, "Fuld skærm").click()
    await button(tab, "Forlad fuld skærm").click()
    await expect(button(tab, "Fuld skærm")).to_be_visible()

    # The language in the middle of it: the same connection goes on.
    await tab.evaluate("window.peerBefore = window.__venterumPeer")
    await button(tab, "English").click()
    await expect(button(tab, "Mute microphone")).to_be_visible()
    await expect(tab).to_have_title("Video consultation – Venterum")
    await media_flows(tab, phone)
    assert await tab.evaluate("window.peerBefore === window.__venterumPeer")
    await button(tab, "Dansk").click()
    await expect(button(tab, "Slå mikrofon fra")).to_be_visible()

    await button(tab, "Luk").click()

    # Enlarged to twice its size, on the narrowest phone, and on one that lies: every control has its place.
    for width, height in ((683, 384), (320, 640), (844, 390)):
        for page in (tab, phone):
            before = page.viewport_size
            assert before is not None
            await page.set_viewport_size({"width": width, "height": height})
            await stands_free(page)
            await button(page, "Skriv").click()
            await expect(page.get_by_label(DRAFT)).to_be_in_viewport()
            await button(page, "Luk").click()
            await page.set_viewport_size(before)

    # Nothing is said to end the call before it is confirmed.
    await button(tab, "Afslut").click()
    await axe.look(tab, "call-ending")
    await tab.keyboard.press("Escape")
    await media_flows(tab)
    assert axe.found == [], axe.found
    assert call.henrik.complaints == call.jonas.complaints == []


async def test_devices_and_screens_change_in_the_call(server: Server, browser: Browser) -> None:
    call = await in_call(server, browser)
    tab, phone = call.tab, call.phone
    axe = Auditor()

    await button(tab, "Flere valg").click()
    for kind in ("Kamera", "Mikrofon"):
        choice = tab.get_by_label(kind, exact=True)
        now = await choice.input_value()
        options = await choice.locator("option").evaluate_all("all => all.map(one => one.value)")
        other = [option for option in options if option != now][-1]
        await choice.select_option(other)
        await expect(choice).to_be_enabled()
        assert await choice.input_value() == other
        await media_flows(phone, tab)
    await expect(tab.get_by_label("Højttaler")).to_be_visible()

    # A device that goes away in the middle: another one takes its place, and it is said.
    before = await media(phone)
    await tab.evaluate(
        """() => {
            const track = window.__venterumPeer.getSenders().map(sender => sender.track).find(track => track?.kind === 'video');
            track.stop();
            track.dispatchEvent(new Event('ended'));
        }"""
    )
    await expect(tab.get_by_text(re.compile("er ikke tilsluttet længere. Nu bruges"))).to_be_visible()
    await media_until(phone, lambda now: now["framesDecoded"] > before["framesDecoded"] + 30)

    # Each side's screen is decoded on the other, one at a time.
    await button(tab, "Del skærm").click()
    await expect(phone.get_by_label(f"Skærm, som {HENRIK} deler")).to_be_visible()
    frames = await decoded(phone, SCREEN, 5)
    await expect(tab.get_by_text("Du deler din skærm")).to_be_visible()
    await axe.look(tab, "call-sharing")
    await axe.look(phone, "call-shared")
    await button(phone, "Del skærm").click()
    await expect(phone.get_by_text("En anden deler allerede sin skærm")).to_be_visible()
    await axe.look(phone, "call-share-taken")
    await decoded(phone, SCREEN, frames)
    await button(tab, "Stop deling").click()
    await expect(phone.get_by_label(f"Skærm, som {HENRIK} deler")).to_have_count(0)
    await button(phone, "Del skærm").click()
    await expect(tab.get_by_label(f"Skærm, som {JONAS} deler")).to_be_visible()
    await decoded(tab, SCREEN, 5)
    await axe.look(tab, "call-shared")
    await axe.look(phone, "call-sharing")
    for page in (tab, phone):
        await decoded(page, CAMERA, await page.evaluate(DECODED, CAMERA))

    # What is lost is said at once, and found again.
    await tab.evaluate("window.__venterumPeer.close(); window.__venterumPeer.onconnectionstatechange?.()")
    await media_until(tab, lambda now: now["connected"])
    await decoded(tab, CAMERA, 5)
    assert axe.found == [], axe.found
    assert call.henrik.complaints == call.jonas.complaints == []


async def test_the_main_controls_by_keyboard_alone(server: Server, browser: Browser) -> None:
    call = await in_call(server, browser)
    tab, phone = call.tab, call.phone
    keys = Way("keyboard", "da")
    await keys.press(button(tab, "Slå mikrofon fra"))
    await expect(phone.get_by_text("Mikrofonen er slået fra")).to_be_visible()
    await keys.press(button(tab, "Slå mikrofon til"))
    await keys.press(button(tab, "Skriv"))
    await expect(tab.get_by_label(DRAFT)).to_be_focused()
    await tab.keyboard.type("Tag blusen af")
    await expect(phone.locator(".call-caption")).to_contain_text("Tag blusen af")
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_role("log").get_by_text("Tag blusen af")).to_be_visible()
    await tab.keyboard.press("Escape")
    await expect(button(tab, "Skriv")).to_be_focused()
    await keys.press(button(tab, "Flere valg"))
    await tab.keyboard.press("Escape")
    await expect(button(tab, "Flere valg")).to_be_focused()
    await keys.press(button(tab, "Afslut"))
    await keys.press(button(tab.get_by_role("dialog"), "Afslut"))  # type: ignore[arg-type]  # a locator finds as a page does
    await expect(phone.get_by_text("Konsultationen er afsluttet")).to_be_visible()
