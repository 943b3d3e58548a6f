"""Row 5: the messages on the patient's card, and the room that opens and closes by hand and by itself."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from playwright.async_api import Browser, expect

from .people import PERSON, Clinician, Patient
from .servers import Server

WEEKDAYS = ("Mandag", "Tirsdag", "Onsdag", "Torsdag", "Fredag", "Lørdag", "Søndag")


async def test_messages_hours_and_the_room_that_opens_by_itself(
    server: Server, browser: Browser, tmp_path: Path
) -> None:
    anne: Clinician = await Clinician.sits_down(browser, server.url)
    morten: Clinician = await Clinician.sits_down(browser, server.url)
    maja: Patient = await Patient.sits_down(browser, server.url)
    await anne.goes_to_work("anne", "101001")
    await morten.goes_to_work("morten", "101001")
    await anne.adds(PERSON["maja"].cpr)
    await maja.logs_in("maja")
    card = maja.card("101001")
    room = anne.section("Venteværelset")
    await expect(room).to_contain_text("Åbnes og lukkes i hånden")

    # What is typed is seen as the patient will see it, before it is saved.
    await anne.page.get_by_label("Lukkebesked").fill("Vi holder lukket i dag.")
    await anne.button("Vis kortet").click()
    preview = anne.page.get_by_role("dialog")
    await expect(preview.get_by_role("region").nth(1)).to_contain_text("Vi holder lukket i dag.")
    await expect(preview.get_by_role("region").nth(0)).to_contain_text("Åben")
    await expect(card).not_to_contain_text("Vi holder lukket i dag.")
    await anne.button("Luk", preview).click()
    await anne.button("Gem beskeder").click()
    await expect(card).to_contain_text("Vi holder lukket i dag.")

    # The hours: every day all day, opened and closed by the clock.
    await anne.button("Indstillinger").click()
    dialog = anne.page.get_by_role("dialog")
    await dialog.get_by_label("Venteværelset åbner og lukker af sig selv").check(force=True)
    await dialog.get_by_label("Mandag åbner kl.").fill("00:00")
    await dialog.get_by_label("Mandag lukker kl.").fill("23:59")
    await anne.button("Brug mandagens tider alle dage", dialog).click()
    for day in WEEKDAYS:
        await expect(dialog.get_by_label(f"{day} lukker kl.")).to_have_value("23:59")
    await anne.button("Gem indstillinger", dialog).click()
    await expect(dialog).to_have_count(0)
    for place in (room, card, morten.section("Venteværelset")):
        await expect(place).to_contain_text("Åbner igen i morgen kl. 00.00")

    # The hour of opening comes: every open page shows it, with nobody's hand in it.
    due(tmp_path)
    await expect(morten.button("Luk (bevar kø)")).to_be_visible()
    await expect(room).to_contain_text("Lukker af sig selv kl. 23.59")
    await expect(card).to_contain_text("Åben")
    await maja.joins("101001")

    # Closed by hand it stays closed; a single closed day moves the next opening on.
    await anne.closes_room("Luk (bevar kø)")
    await expect(card).to_contain_text("Lukket")
    await expect(card).to_contain_text("Åbner igen i morgen")


async def test_hours_that_make_no_sense_and_a_colleague_who_was_faster(server: Server, browser: Browser) -> None:
    anne: Clinician = await Clinician.sits_down(browser, server.url)
    morten: Clinician = await Clinician.sits_down(browser, server.url)
    await anne.goes_to_work("anne", "101001")
    await morten.goes_to_work("morten", "101001")
    for someone in (anne, morten):
        await someone.button("Indstillinger").click()
    dialog = anne.page.get_by_role("dialog")
    await dialog.get_by_label("Gul efter (minutter)").fill("30")
    await anne.button("Gem indstillinger", dialog).click()
    await expect(dialog.get_by_role("alert")).to_contain_text("Indstillingerne kan ikke bruges")
    await dialog.get_by_label("Gul efter (minutter)").fill("3")
    await anne.button("Gem indstillinger", dialog).click()
    await expect(dialog).to_have_count(0)
    late = morten.page.get_by_role("dialog")
    await late.get_by_label("Rød efter (minutter)").fill("30")
    await morten.button("Gem indstillinger", late).click()
    await expect(late.get_by_role("alert")).to_contain_text("En kollega har ændret indstillingerne")


def due(home: Path) -> None:
    """Let the clinic's hour have come: put its next boundary into the past, as if no worker had run since."""
    with sqlite3.connect(home / "venterum.sqlite3", timeout=60) as database:
        database.execute("UPDATE clinics SET due_at = datetime('now', '-2 days') WHERE id = 'oereklinikken'")
    database.close()
