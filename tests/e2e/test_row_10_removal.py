"""Row 10: search by CPR number, click the cross, confirm: access is gone at once, also for who waits on an open page."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from playwright.async_api import Browser, expect

from .people import PERSON, Clinician, Patient
from .servers import Server
from .test_whole_way import nothing_leaked

QUEUE = "Patienter i kø"


async def test_a_removed_patient_is_out_of_the_queue_and_of_the_list(
    server: Server, browser: Browser, tmp_path: Path
) -> None:
    anne: Clinician = await Clinician.sits_down(browser, server.url)
    jonas: Patient = await Patient.sits_down(browser, server.url)
    await anne.goes_to_work("anne", "101001")
    for key in ("jonas", "fatima"):
        await anne.adds(PERSON[key].cpr)
        await expect(anne.page.get_by_text(f"{PERSON[key].name} er tilføjet.")).to_be_visible()
    await anne.opens_room()
    await jonas.logs_in("jonas")
    await jonas.joins("101001")
    found = anne.section("Patientliste").get_by_role("listitem")
    await anne.page.get_by_label("Søg på CPR-nr. eller navn").fill(PERSON["jonas"].cpr[4:])
    await expect(found).to_have_count(1)
    await anne.button(f"Fjern adgang for {PERSON['jonas'].name}").click()
    await anne.button("Annullér", anne.page.get_by_role("dialog")).click()
    await expect(anne.row(QUEUE, "jonas")).to_be_visible()
    await anne.button(f"Fjern adgang for {PERSON['jonas'].name}").click()
    await anne.button("Fjern adgang", anne.page.get_by_role("dialog")).click()
    await expect(anne.row(QUEUE, "jonas")).to_have_count(0)
    await expect(jonas.page.get_by_text("Ingen klinikker har givet dig adgang")).to_be_visible()
    await expect(found).to_have_count(0)
    nothing_leaked(server, tmp_path, anne, jonas)


async def test_who_was_not_seen_for_long_is_suggested_and_removed_with_one_click(
    server: Server, browser: Browser, tmp_path: Path
) -> None:
    anne: Clinician = await Clinician.sits_down(browser, server.url)
    await anne.goes_to_work("anne", "101001")
    for key in ("jonas", "fatima"):
        await anne.adds(PERSON[key].cpr)
        await expect(anne.page.get_by_text(f"{PERSON[key].name} er tilføjet.")).to_be_visible()
    with sqlite3.connect(tmp_path / "venterum.sqlite3", timeout=60) as database:
        database.execute("UPDATE patients SET added_at = '2020-01-01 00:00:00.000000' WHERE person_id = 'jonas'")
    database.close()
    await anne.page.reload()
    await anne.page.get_by_role("link", name="1 patient er ikke set længe").click()
    due = anne.section("Ikke set længe").get_by_role("listitem")
    await expect(due).to_contain_text("Aldrig set")
    await anne.page.get_by_label("Påmind efter (dage)").fill("3000")
    await anne.button("Gem påmindelse").click()
    await expect(due).to_have_count(0)
    await anne.page.get_by_label("Påmind efter (dage)").fill("90")
    await anne.button("Gem påmindelse").click()
    await anne.button(f"Fjern adgang for {PERSON['jonas'].name}", due).click()
    await expect(
        anne.page.get_by_text("Alle på patientlisten er set eller tilføjet inden for 90 dage.")
    ).to_be_visible()
    await anne.page.get_by_role("link", name="Venteværelse", exact=True).click()
    patients = anne.section("Patientliste").get_by_role("listitem")
    await expect(patients).to_have_count(1)
    await expect(patients).to_contain_text(PERSON["fatima"].name)
