"""Row 3: one's own name from the list and "Vælg behandler", where there are several; the name stands on what follows."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from .people import PERSON, Clinician, Patient
from .servers import Server


async def test_several_are_asked_and_the_name_stands_on_what_follows(server: Server, browser: Browser) -> None:
    morten: Clinician = await Clinician.sits_down(browser, server.url)
    maja: Patient = await Patient.sits_down(browser, server.url)
    await morten.logs_in("morten")
    await morten.gives_clinic("101001")
    choices = morten.page.get_by_role("radio")
    await expect(choices).to_have_count(2)
    await morten.picks_practitioner("morten")
    name = PERSON["morten"].name
    await expect(morten.page.get_by_text(f"Behandler: {name}")).to_be_visible()

    await morten.adds(PERSON["maja"].cpr)
    await morten.opens_room()
    await maja.logs_in("maja")
    await maja.joins("101001")
    await morten.accepts("maja")
    await expect(morten.row("Igangværende konsultationer", "maja")).to_contain_text(name)
    await expect(maja.page.get_by_text(f"Det er din tur: {name}")).to_be_visible()


async def test_a_single_one_is_not_asked(server: Server, browser: Browser) -> None:
    henrik: Clinician = await Clinician.sits_down(browser, server.url)
    await henrik.logs_in("henrik")
    await henrik.gives_clinic("202002")
    await expect(henrik.section("Patienter i kø")).to_be_visible()
    await expect(henrik.page.get_by_text(f"Behandler: {PERSON['henrik'].name}")).to_be_visible()
    await expect(henrik.page.get_by_role("radio")).to_have_count(0)
