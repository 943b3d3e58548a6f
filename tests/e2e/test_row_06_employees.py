"""Row 6: a practitioner gives an employee access and takes it away; the employee's open page loses it at once."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.async_api import Browser, expect

from .people import CLINIC, PERSON, Clinician
from .servers import Server
from .test_whole_way import nothing_leaked

KIRSTEN = PERSON["kirsten"].name


async def test_an_employee_gets_access_and_loses_it_on_the_open_page(
    server: Server, browser: Browser, tmp_path: Path
) -> None:
    anne: Clinician = await Clinician.sits_down(browser, server.url)
    kirsten: Clinician = await Clinician.sits_down(browser, server.url)
    await kirsten.logs_in("kirsten")
    await kirsten.gives_clinic("101001")
    await expect(kirsten.page.get_by_role("alert")).to_contain_text("En behandler i klinikken kan give dig adgang")

    await anne.goes_to_work("anne", "101001")
    await anne.page.get_by_role("link", name="Administration af medarbejdere").click()
    employees = anne.section("Medarbejdere")
    await expect(employees.get_by_role("listitem")).to_contain_text("Ingen adgang")
    await anne.button(f"Aktivér {KIRSTEN}", employees).click()
    await expect(employees.get_by_role("listitem")).to_contain_text("Har adgang")

    # The employee logs in with personal MitID, works, and is told who may administer.
    await kirsten.gives_clinic("101001")
    await kirsten.picks_practitioner("anne")
    await expect(kirsten.section("Patienter i kø")).to_be_visible()
    await kirsten.page.get_by_role("link", name="Administration af medarbejdere").click()
    await expect(kirsten.page.get_by_text("Kun klinikkens behandlere kan give og fjerne adgang.")).to_be_visible()
    await kirsten.page.get_by_role("link", name="Venteværelse").click()

    # The cross, and the confirmation; the open page is shut at once.
    await anne.button(f"Deaktivér {KIRSTEN}", employees).click()
    await anne.button("Annullér", anne.page.get_by_role("dialog")).click()
    await expect(kirsten.section("Patienter i kø")).to_be_visible()
    await anne.button(f"Deaktivér {KIRSTEN}", employees).click()
    await anne.button("Deaktivér", anne.page.get_by_role("dialog")).click()
    await expect(kirsten.page.get_by_text(re.compile("Din adgang til klinikken er ophørt"))).to_be_visible()
    await expect(kirsten.section("Patienter i kø")).to_have_count(0)
    await kirsten.gives_clinic("101001")
    await expect(kirsten.page.get_by_text("Du har ikke adgang til den klinik.")).to_be_visible()
    nothing_leaked(server, tmp_path, anne, kirsten)


async def test_the_last_practitioner_stays(server: Server, browser: Browser, tmp_path: Path) -> None:
    henrik: Clinician = await Clinician.sits_down(browser, server.url)
    await henrik.goes_to_work("henrik", "202002")
    await henrik.page.get_by_role("link", name="Administration af medarbejdere").click()
    await henrik.button(f"Deaktivér {PERSON['henrik'].name}").click()
    dialog = henrik.page.get_by_role("dialog")
    await henrik.button("Deaktivér", dialog).click()
    await expect(dialog.get_by_role("alert")).to_contain_text("klinikkens sidste behandler")
    await henrik.button("Annullér", dialog).click()

    # Somebody of the directory who is not on the clinic's list yet, by CPR number.
    await henrik.page.get_by_label("Medarbejderens CPR-nummer").fill("010203-1234")
    await henrik.button("Tilføj medarbejder").click()
    await expect(henrik.page.get_by_text("Klinikregistret kender ingen med det CPR-nummer.")).to_be_visible()
    await henrik.page.get_by_label("Medarbejderens CPR-nummer").fill(PERSON["kirsten"].cpr)
    await henrik.button("Tilføj medarbejder").click()
    await expect(henrik.section("Medarbejdere").get_by_role("listitem")).to_contain_text(KIRSTEN)
    nothing_leaked(server, tmp_path, henrik)


async def test_one_works_in_two_clinics_and_switches_without_declaring_again(server: Server, browser: Browser) -> None:
    kirsten: Clinician = await Clinician.sits_down(browser, server.url)
    for person, ydernummer in (("anne", "101001"), ("henrik", "202002")):
        someone: Clinician = await Clinician.sits_down(browser, server.url)
        await someone.goes_to_work(person, ydernummer)
        await someone.page.get_by_role("link", name="Administration af medarbejdere").click()
        await someone.page.get_by_label("Medarbejderens CPR-nummer").fill(PERSON["kirsten"].cpr)
        await someone.button("Tilføj medarbejder").click()
        await expect(someone.section("Medarbejdere").get_by_role("listitem")).to_contain_text("Har adgang")
    await kirsten.logs_in("kirsten")
    await kirsten.gives_clinic("101001")
    await kirsten.picks_practitioner("anne")
    await kirsten.button("Skift klinik").click()
    await kirsten.gives_clinic("202002")
    await expect(kirsten.section("Patienter i kø")).to_be_visible()
    await kirsten.button("Skift klinik").click()
    # 2: a clinic once entered is offered, and asks for no declaration.
    await kirsten.button(CLINIC["202002"].name).click()
    await expect(kirsten.page.get_by_text(CLINIC["202002"].name)).to_be_visible()
    await expect(kirsten.section("Patienter i kø")).to_be_visible()
