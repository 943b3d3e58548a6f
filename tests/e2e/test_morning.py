"""The practitioner's morning on one screen, the next patient by one key, and the cover over a screen that nobody touches."""

from __future__ import annotations

import re

from playwright.async_api import Browser, Page, expect

from rooms.demo import demo_people

from .morning import NAMES
from .people import DESKTOP, PERSON, Clinician, Patient
from .servers import Server

QUEUE, ONGOING, ENDED = "Patienter i kø", "Igangværende konsultationer", "Afsluttede konsultationer"
CPR = {person.key: person.cpr for person in demo_people()}

HIDDEN = """() => [...document.querySelectorAll('.desk-visits, .desk-visits > .panel, .desk-through, .desk-room')]
    .filter((part) => getComputedStyle(part).overflowY === 'auto' && part.scrollHeight > part.clientHeight + 1)
    .map((part) => `${part.className} ${part.scrollHeight} > ${part.clientHeight}`)"""


async def test_a_morning_stands_on_one_screen(browser: Browser, busy: Server) -> None:
    anne = await Clinician.sits_down(browser, busy.url, DESKTOP)
    await anne.goes_to_work("anne", "101001")
    for section, count in ((QUEUE, 6), (ONGOING, 2), (ENDED, 3)):
        await expect(anne.section(section).locator(".rows > li")).to_have_count(count)
    assert await anne.page.evaluate("document.documentElement.scrollHeight") <= DESKTOP["height"]
    assert await anne.page.evaluate("document.documentElement.scrollWidth") <= DESKTOP["width"]
    assert await anne.page.evaluate(HIDDEN) == []


async def test_the_next_patient_is_one_key_away(browser: Browser, busy: Server) -> None:
    """The key takes the longest-waiting one who is ready, not one whose page is closed; and it can be turned off."""
    anne = await Clinician.sits_down(browser, busy.url)
    await anne.goes_to_work("anne", "101001")
    await anne.adds(CPR["maja"])
    # On the list at once: the confirmation and the row come with one answer.
    await expect(anne.section("Patientliste").get_by_text(PERSON["maja"].name)).to_be_visible(timeout=300)
    await anne.page.locator("body").press("n")
    await expect(anne.page.get_by_text(re.compile("Ingen i køen er klar"))).to_be_visible()
    maja = await Patient.sits_down(browser, busy.url)
    await maja.logs_in("maja")
    await maja.joins("101001")
    waiting = anne.row(QUEUE, "maja")
    await expect(waiting.locator("[aria-keyshortcuts=n]")).to_be_visible()
    await expect(anne.section(QUEUE).locator("[aria-keyshortcuts=n]")).to_have_count(1)
    await anne.page.get_by_label("CPR-nummer").fill("")
    await anne.page.get_by_label("CPR-nummer").press("n")  # typed, not meant for the page
    await expect(anne.page.get_by_label("CPR-nummer")).to_have_value("n")
    await anne.button("Genvejstaster").click()
    await anne.page.get_by_role("checkbox", name="Brug genvejstaster").set_checked(False, force=True)
    await anne.button("Luk", anne.page.get_by_role("dialog")).click()
    await anne.page.locator("body").press("n")
    await expect(waiting).to_be_visible()
    await expect(anne.section(QUEUE).locator("[aria-keyshortcuts=n]")).to_have_count(0)
    await anne.button("Genvejstaster").click()
    await anne.page.get_by_role("checkbox", name="Brug genvejstaster").set_checked(True, force=True)
    await anne.button("Luk", anne.page.get_by_role("dialog")).click()
    await anne.page.locator("body").press("n")
    await expect(anne.row(ONGOING, "maja")).to_be_visible()
    await expect(anne.section(QUEUE).locator(".rows > li")).to_have_count(6)
    assert anne.complaints == maja.complaints == []


async def test_colleagues_see_what_the_other_did(browser: Browser, busy: Server) -> None:
    anne = await Clinician.sits_down(browser, busy.url)
    morten = await Clinician.sits_down(browser, busy.url)
    await anne.goes_to_work("anne", "101001")
    await morten.goes_to_work("morten", "101001")
    first = anne.section(QUEUE).get_by_role("listitem").filter(has_text=NAMES[5])
    await anne.button("Accepter", first).click()
    news = f"{NAMES[5]}: accepteret af {PERSON['anne'].name}"
    await expect(morten.page.get_by_role("status", name="Det sidste nye")).to_have_text(news)
    await expect(anne.page.get_by_text(news)).to_have_count(0)  # one knows what one did oneself


async def covered(page: Page) -> None:
    await expect(page.get_by_role("dialog", name="Skærmen er dækket")).to_be_visible()
    await expect(page.get_by_text(NAMES[5]).first).to_be_hidden()
    assert NAMES[5] not in str(await page.locator("body").aria_snapshot())


async def test_a_forgotten_screen_is_covered_and_what_uncovers_it_does_nothing_else(
    browser: Browser, busy: Server
) -> None:
    anne = await Clinician.sits_down(browser, busy.url)
    await anne.page.clock.install()
    await anne.goes_to_work("anne", "101001")
    await anne.adds(CPR["maja"])
    maja = await Patient.sits_down(browser, busy.url)
    await maja.logs_in("maja")
    await maja.joins("101001")
    await expect(anne.row(QUEUE, "maja").locator("[aria-keyshortcuts=n]")).to_be_visible()
    await anne.page.clock.fast_forward("11:00")
    await covered(anne.page)
    await anne.page.keyboard.press("n")
    await expect(anne.row(QUEUE, "maja")).to_be_visible()
    await expect(anne.section(ONGOING).locator(".rows > li")).to_have_count(2)
    # Nor does a click, wherever it lands, nor Enter on what had the focus, nor the key that covers.
    accept = anne.button("Accepter", anne.row(QUEUE, "maja"))
    place = await accept.bounding_box()
    assert place is not None
    await accept.focus()
    for uncover in ("click", "Enter", "Space", "Escape"):
        await anne.page.keyboard.press("s")
        await covered(anne.page)
        if uncover == "click":
            await anne.page.mouse.click(place["x"] + 5, place["y"] + 5)
        else:
            await anne.page.keyboard.press(uncover)
        await expect(anne.row(QUEUE, "maja")).to_be_visible()
        await expect(accept).to_be_focused()
    # A command would have been answered by now, as one that is asked for is.
    await accept.click()
    await expect(anne.row(ONGOING, "maja")).to_be_visible()
    events = anne.page.get_by_role("region", name=ONGOING).locator(".rows > li")
    await expect(events).to_have_count(3)
    assert anne.complaints == []
