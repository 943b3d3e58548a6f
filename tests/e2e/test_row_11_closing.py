"""Row 11: both ways to close tell exactly whom they concern before it happens, and no consultation is cut off."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from .people import PERSON, Clinician, Patient
from .servers import Server

QUEUE, ONGOING = "Patienter i kø", "Igangværende konsultationer"


async def test_closing_tells_whom_it_concerns(server: Server, browser: Browser) -> None:
    anne: Clinician = await Clinician.sits_down(browser, server.url)
    await anne.goes_to_work("anne", "101001")
    patients: dict[str, Patient] = {}
    for key in ("maja", "jonas", "fatima"):
        patients[key] = await Patient.sits_down(browser, server.url)
        await anne.adds(PERSON[key].cpr)
        await patients[key].logs_in(key)
    await anne.opens_room()
    await patients["fatima"].joins("101001")
    await anne.accepts("fatima")
    await patients["maja"].joins("101001")
    await expect(anne.row(QUEUE, "maja")).to_be_visible()

    # Somebody joins while the dialog stands open, and is in it at once.
    await anne.button("Luk (bevar kø)").click()
    dialog = anne.page.get_by_role("dialog")
    await expect(dialog.get_by_role("listitem")).to_have_count(1)
    await patients["jonas"].joins("101001")
    await expect(dialog.get_by_role("listitem")).to_have_count(2)
    await expect(dialog).to_contain_text(PERSON["jonas"].cpr)
    await expect(dialog).to_contain_text("Konsultationen, der er i gang, fortsætter.")
    await expect(dialog).not_to_contain_text(PERSON["fatima"].name)

    # Thought better of: nothing has happened.
    await anne.button("Annullér", dialog).click()
    await expect(anne.button("Luk (bevar kø)")).to_be_visible()

    await anne.closes_room("Luk (bevar kø)")
    for key in ("maja", "jonas"):
        await expect(anne.row(QUEUE, key)).to_be_visible()
        await expect(patients[key].page.get_by_text("Du er i kø", exact=True)).to_be_visible()
    await anne.opens_room()
    await anne.button("Luk (afvis alle)").click()
    await expect(dialog).to_contain_text("Disse 2 patienter afvises")
    await anne.button("Luk (afvis alle)", dialog).click()
    await expect(anne.section(QUEUE).get_by_role("listitem")).to_have_count(0)
    for key in ("maja", "jonas"):
        await expect(patients[key].page.get_by_text("Du er blevet afvist fra køen")).to_be_visible()
    await expect(anne.row(ONGOING, "fatima")).to_be_visible()
