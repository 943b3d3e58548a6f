"""Row 4: add patients, one and many, with a clear refusal for each that cannot be; the open page gets access at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

from playwright.async_api import Browser, Route, expect

from .axe import Auditor
from .people import PERSON, Clinician, Patient
from .servers import Server
from .test_whole_way import nothing_leaked


async def test_each_refusal_is_clear_and_the_open_page_gets_the_card(
    server: Server, browser: Browser, tmp_path: Path
) -> None:
    anne: Clinician = await Clinician.sits_down(browser, server.url)
    jonas: Patient = await Patient.sits_down(browser, server.url)
    await jonas.logs_in("jonas")
    await anne.goes_to_work("anne", "101001")
    panel = anne.section("Tilføj patient")
    for cpr, refusal in (
        ("310290-1234", "CPR-nummeret er ikke gyldigt."),
        ("010203-4567", "Ingen bruger af appen har det CPR-nummer."),
        (PERSON["morten"].cpr, "Ingen bruger af appen har det CPR-nummer."),
    ):
        await anne.adds(cpr)
        await expect(panel.get_by_role("alert")).to_contain_text(refusal)
    await expect(jonas.card("101001")).to_have_count(0)

    # On a slow line the button says that it is under way, and is not to be pressed again.
    through = asyncio.Event()

    async def later(route: Route) -> None:
        await through.wait()
        await route.continue_()

    await anne.page.route("**/patients", later)
    await anne.page.get_by_label("CPR-nummer").fill(PERSON["jonas"].cpr)
    await anne.button("Tilføj patient").click()
    await expect(panel.locator("[aria-busy=true]")).to_be_disabled()
    axe = Auditor()
    await axe.look(anne.page, "busy")
    assert axe.found == []
    through.set()
    await expect(jonas.card("101001")).to_be_visible()
    await anne.page.unroute("**/patients")
    await anne.adds(PERSON["jonas"].cpr)
    await expect(panel.get_by_role("alert")).to_contain_text("Patienten er allerede på klinikkens patientliste.")
    nothing_leaked(server, tmp_path, anne, jonas)


async def test_a_list_is_looked_through_before_it_is_added(server: Server, browser: Browser, tmp_path: Path) -> None:
    anne: Clinician = await Clinician.sits_down(browser, server.url)
    maja: Patient = await Patient.sits_down(browser, server.url)
    await maja.logs_in("maja")
    await anne.goes_to_work("anne", "101001")
    await anne.page.get_by_role("link", name="Patienter", exact=True).click()
    numbers = f"{PERSON['maja'].cpr}\n{PERSON['oskar'].cpr}\n{PERSON['maja'].cpr}\n123\n010203-4567\n"
    await anne.page.get_by_label("Liste af CPR-numre").fill(numbers)
    await anne.button("Gennemse").click()
    rows = anne.page.get_by_role("table").get_by_role("row")
    for place, outcome in enumerate(
        (
            "Kan tilføjes",
            "Kan tilføjes",
            "Står flere gange på listen",
            "Ikke et gyldigt CPR-nummer",
            "Bruger ikke appen",
        ),
        start=1,
    ):
        await expect(rows.nth(place)).to_contain_text(outcome)
    await expect(maja.card("101001")).to_have_count(0)
    await anne.button("Tilføj 2 patienter").click()
    await expect(rows.filter(has_text="Tilføjet")).to_have_count(2)
    await expect(maja.card("101001").first).to_be_visible()

    # A file, as a spreadsheet writes it.
    csv = f'CPR;Navn\n="{PERSON["jonas"].cpr.replace("-", "")}";Jonas\n{PERSON["maja"].cpr};Maja\n'
    await anne.page.get_by_label("Vælg CSV-fil").set_input_files(
        {"name": "patienter.csv", "mimeType": "text/csv", "buffer": csv.encode()}
    )
    await expect(rows.filter(has_text="Er allerede på patientlisten")).to_contain_text(PERSON["maja"].name)
    await anne.button("Tilføj 1 patient").click()
    await expect(rows.filter(has_text="Tilføjet")).to_contain_text(PERSON["jonas"].name)
    nothing_leaked(server, tmp_path, anne, maja)
