"""Row 0: every patient sees the clinics that have added them: the card, whether it is open, and its message."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from .people import CLINIC, PERSON, PHONE, Clinician, Patient
from .servers import Server


async def test_a_card_for_each_clinic_with_its_state_and_message(server: Server, browser: Browser) -> None:
    anne: Clinician = await Clinician.sits_down(browser, server.url)
    henrik: Clinician = await Clinician.sits_down(browser, server.url)
    maja: Patient = await Patient.sits_down(browser, server.url, PHONE)
    jonas: Patient = await Patient.sits_down(browser, server.url, PHONE)
    await maja.logs_in("maja")
    await jonas.logs_in("jonas")
    await anne.goes_to_work("anne", "101001")
    await henrik.goes_to_work("henrik", "202002")
    await anne.adds(PERSON["maja"].cpr)
    await henrik.adds(PERSON["maja"].cpr)
    await anne.opens_room()

    for ydernummer, state, message in (("101001", "Åben", "open_message"), ("202002", "Lukket", "closed_message")):
        card = maja.card(ydernummer)
        await expect(card).to_contain_text(state)
        await expect(card).to_contain_text(getattr(CLINIC[ydernummer], message))
        await expect(card).to_contain_text("Telefon")
    await expect(maja.button("Stil dig i kø", maja.card("101001"))).to_be_visible()
    await expect(maja.button("Stil dig i kø", maja.card("202002"))).to_have_count(0)

    # Whom no clinic has added sees none, and is told what to do.
    await expect(jonas.card("101001")).to_have_count(0)
    await expect(jonas.page.get_by_text("Bed din klinik om at tilføje dig.")).to_be_visible()

    # Nothing is wider than the phone.
    for patient in (maja, jonas):
        assert await patient.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert anne.complaints + henrik.complaints + maja.complaints + jonas.complaints == []
