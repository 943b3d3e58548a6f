"""The audit as people meet it: a practitioner searches the clinic's log, a patient reads the look-ups in their own data."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.async_api import Browser, expect

from .people import PERSON, PHONE, Clinician, Patient
from .servers import Server
from .test_whole_way import nothing_leaked

MAJA = PERSON["maja"]


async def test_who_looked_when_and_what_for(server: Server, browser: Browser, tmp_path: Path) -> None:
    anne: Clinician = await Clinician.sits_down(browser, server.url)
    maja: Patient = await Patient.sits_down(browser, server.url, viewport=PHONE)
    await anne.goes_to_work("anne", "101001")
    await anne.adds(MAJA.cpr)
    await expect(anne.page.get_by_text(f"{MAJA.name} er tilføjet.")).to_be_visible()
    await anne.adds(MAJA.cpr)
    await expect(anne.page.get_by_text("Patienten er allerede på klinikkens patientliste.")).to_be_visible()
    found = anne.section("Patientliste").get_by_role("listitem")
    await anne.page.get_by_label("Søg på CPR-nr. eller navn").fill(MAJA.cpr)
    await expect(found).to_have_count(1)
    # What was searched for is told a moment after it was typed.
    async with anne.page.expect_response(re.compile("/patients/search$")):
        await anne.page.get_by_label("Søg på CPR-nr. eller navn").fill(MAJA.cpr[:4])

    await anne.page.get_by_role("link", name="Hændelseslog").click()
    rows = anne.page.get_by_role("table", name="Hændelseslog").get_by_role("row")
    await expect(rows.filter(has_text="Tilføjede patient")).to_contain_text(MAJA.name)
    await expect(rows.filter(has_text="Blev afvist")).to_contain_text("allerede på klinikkens patientliste")
    searched = rows.filter(has_text="Søgte på patientlisten").filter(has_text="»••••«")
    await expect(searched).to_contain_text("Anne Bruun Lindqvist (behandler)")
    await expect(searched).to_contain_text("Behandling")

    await anne.page.get_by_label("Person (navn eller CPR-nr.)").fill(MAJA.cpr)
    await anne.page.get_by_label("Slags").select_option(label="Patientlisten")
    await anne.button("Søg").click()
    await expect(rows).to_have_count(2)  # the head, and the one
    await anne.page.get_by_label("Fra dato", exact=True).fill("01-01-2001")
    await anne.page.get_by_label("Til og med dato", exact=True).fill("31-12-2001")
    await anne.button("Søg").click()
    await expect(anne.page.get_by_text("Ingen hændelser passer på søgningen.")).to_be_visible()

    await maja.logs_in("maja")
    await maja.page.get_by_text("Opslag i dine oplysninger").click()
    mine = maja.page.get_by_role("group").filter(has_text="Opslag i dine oplysninger").get_by_role("listitem")
    await expect(mine.filter(has_text="Tilføjet som patient")).to_contain_text("Formål: Behandling")
    await expect(mine.filter(has_text="Fundet ved søgning").first).to_be_visible()
    assert PERSON["anne"].name not in await maja.page.content()
    nothing_leaked(server, tmp_path, anne, maja)
