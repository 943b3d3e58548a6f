"""Pages enlarged to 200 %, on the narrowest phone, and on one that lies: nothing is cut off, covered, or moves under a finger."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, expect

from .people import PERSON, PHONE, Clinician, Patient
from .servers import Server
from .ways import stands_free

QUEUE = "Patienter i kø"

SMALL: dict[str, dict[str, Any]] = {
    "enlarged to 200 %": {"viewport": {"width": 683, "height": 384}, "device_scale_factor": 2},
    "320 pixels wide": {"viewport": {"width": 320, "height": 640}},
    "a phone that lies": {"viewport": {"width": 844, "height": 390}, "has_touch": True, "is_mobile": True},
    "a phone that stands": {"viewport": PHONE, "has_touch": True, "is_mobile": True},
}


async def test_nothing_is_cut_off_or_covered(browser: Browser, busy: Server) -> None:
    anne = await Clinician.sits_down(browser, busy.url)
    await anne.goes_to_work("anne", "101001")
    await anne.adds(PERSON["maja"].cpr)
    maja = await Patient.sits_down(browser, busy.url)
    await maja.logs_in("maja")
    await maja.joins("101001")
    for window in SMALL.values():
        async with await opened(browser, window, anne) as context:
            await looks_at_the_clinic(await context.new_page(), busy.url)
        async with await opened(browser, window, maja) as context:
            page = await context.new_page()
            await page.goto(busy.url + "/patient")
            await expect(page.get_by_label("Skriv en besked")).to_be_visible()
            await stands_free(page)
        async with await browser.new_context(**window, locale="da-DK") as context:
            page = await context.new_page()
            for address, first in (("/", "Log ind"), ("/patient", "Log ind med MitID"), ("/guest", "Kode")):
                await page.goto(busy.url + address)
                await page.get_by_text(first, exact=True).first.wait_for()
                await stands_free(page)


async def opened(browser: Browser, window: dict[str, Any], someone: Clinician | Patient) -> BrowserContext:
    """The same person's browser in another window."""
    state = await someone.context.storage_state()
    return await browser.new_context(
        **window, locale="da-DK", permissions=["camera", "microphone"], storage_state=state
    )


async def looks_at_the_clinic(page: Page, url: str) -> None:
    await page.goto(url + "/")
    row = page.get_by_role("region", name=QUEUE).get_by_role("listitem").filter(has_text=PERSON["maja"].name)
    await row.get_by_role("button", name="Beskeder").click()
    await row.get_by_role("button", name="Note").click()
    await stands_free(page)
    for name in ("Indstillinger", "Vis kortet", "Luk (bevar kø)"):
        await page.get_by_role("button", name=name, exact=True).click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        await stands_free(page)
        await page.keyboard.press("Escape")
    for item in ("Patienter", "Administration af medarbejdere", "Optagelser", "Hændelseslog"):
        menu = page.get_by_role("button", name="Menu")
        if await menu.is_visible():
            await menu.click()
            await stands_free(page)
        await page.get_by_role("link", name=item, exact=True).click()
        await expect(page.get_by_role("heading", level=1, name=item)).to_be_visible()
        await stands_free(page)


async def test_rows_keep_still_under_a_finger(browser: Browser, server: Server) -> None:
    """A row's buttons are where they were while its patient connects, tries the devices, becomes the next and writes."""
    anne = await Clinician.sits_down(browser, server.url)
    await anne.goes_to_work("anne", "101001")
    await anne.opens_room()
    await anne.adds(PERSON["maja"].cpr)
    async with await opened(browser, SMALL["a phone that stands"], anne) as context:
        phone = await context.new_page()
        await phone.goto(server.url + "/")
        maja = await Patient.sits_down(browser, server.url)
        await maja.logs_in("maja")
        await maja.button("Stil dig i kø", maja.card("101001")).click()
        rows = [page.get_by_role("region", name=QUEUE).get_by_role("listitem").first for page in (phone, anne.page)]
        buttons = [row.get_by_role("button", name=name) for row in rows for name in ("Accepter", "Afvis")]
        places = [await button.bounding_box() for button in buttons]
        for row in rows:
            await expect(row.get_by_text("Kamera og mikrofon virker")).to_be_visible()
            await expect(row.locator("[aria-keyshortcuts=n]")).to_have_count(1)
        assert [await button.bounding_box() for button in buttons] == places
        await maja.page.get_by_label("Skriv en besked").fill("Jeg er lidt forsinket")
        await maja.page.get_by_label("Skriv en besked").press("Enter")
        for row in rows:
            await expect(row.get_by_role("button", name="ulæst")).to_be_visible()
        assert [await button.bounding_box() for button in buttons] == places
