"""English by the browser's language and by a click, which is remembered; Danish without a detour."""

from __future__ import annotations

import re

from playwright.async_api import Browser, Page, expect

from .people import Clinician
from .servers import Server


async def in_english(page: Page) -> None:
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await expect(page.get_by_role("button", name="Dansk")).to_be_visible()


async def in_danish(page: Page) -> None:
    await expect(page.locator("html")).to_have_attribute("lang", "da")
    await expect(page.get_by_role("button", name="English")).to_be_visible()


async def test_a_foreign_browser_is_met_in_english_and_a_click_is_remembered(server: Server, browser: Browser) -> None:
    context = await browser.new_context(locale="en-GB")
    page = await context.new_page()
    await page.goto(server.url + "/patient")
    await expect(page.get_by_role("link", name="Log in with MitID")).to_be_visible()
    await expect(page).to_have_title("Video consultation with your clinic – Venterum")
    await in_english(page)

    other = await context.new_page()
    await other.goto(server.url + "/")
    await in_english(other)
    await page.get_by_role("button", name="Dansk").click()
    await expect(page.get_by_role("link", name="Log ind med MitID")).to_be_visible()
    await in_danish(page)
    await expect(page).to_have_title("Videokonsultation med din klinik – Venterum")
    # The other page of this browser follows, and a reload asks nothing anew.
    await in_danish(other)
    await page.reload()
    await in_danish(page)


async def test_a_danish_browser_loads_no_english_until_it_is_wanted(server: Server, browser: Browser) -> None:
    anne: Clinician = await Clinician.sits_down(browser, server.url)
    await anne.goes_to_work("anne", "101001")
    await in_danish(anne.page)
    assert not [url for url in anne.asked_for if re.search(r"/en-[^/]*\.js$", url)]
    await anne.button("English").click()
    await in_english(anne.page)
    await expect(anne.section("Patients in the queue")).to_be_visible()
    await expect(anne.page).to_have_title(re.compile("^Waiting room – "))
    assert [url for url in anne.asked_for if re.search(r"/en-[^/]*\.js$", url)]
    # A refusal of the server is said in the language of the page, and follows it.
    await anne.page.get_by_label("CPR number", exact=True).fill("123")
    await anne.button("Add patient").click()
    await expect(anne.page.get_by_text("The CPR number is not valid.")).to_be_visible()
    await anne.button("Dansk").click()
    await expect(anne.page.get_by_text("CPR-nummeret er ikke gyldigt.")).to_be_visible()
