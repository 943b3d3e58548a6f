"""Row 1b: a signed link from a practice system lands the clinician in the right clinic, with the right patient."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Browser, expect

from .people import PERSON, Clinician
from .practice_system import FOR_ANNE, PracticeSystem
from .servers import Server


async def test_the_shortcut_leads_to_the_clinic_and_the_patient(
    server: Server, browser: Browser, tmp_path: Path
) -> None:
    epj = PracticeSystem(server, tmp_path)
    anne: Clinician = await Clinician.sits_down(browser, server.url)
    patient = {"cpr": PERSON["maja"].cpr, "reference": "4711"}
    address = await epj.launch(FOR_ANNE | {"patient": patient})
    await anne.page.goto(address)

    # The login is asked for, with the ways at hand; the first time the declaration too, for the clinic filled in.
    await expect(anne.page.get_by_text("Dit fagsystem har sendt dig hertil.")).to_be_visible()
    await anne.page.get_by_role("link", name="Personligt MitID").click()
    await anne.picks_name("anne")
    await expect(anne.page.get_by_label("Ydernummer eller SOR-ID")).to_have_value("101001")
    await anne.gives_clinic("101001")

    # At work as oneself, though the clinic has several practitioners; the patient is there, and marked.
    await expect(anne.page.get_by_text(f"Behandler: {PERSON['anne'].name}")).to_be_visible()
    marked = anne.page.locator("[aria-current=true]").filter(has_text=PERSON["maja"].name)
    await expect(marked).to_be_visible()
    await expect(marked).to_be_in_viewport()

    # The second time nothing is asked for but the login.
    await anne.page.goto(await epj.launch(FOR_ANNE))
    await anne.page.get_by_role("link", name="Personligt MitID").click()
    await anne.picks_name("anne")
    await expect(anne.section("Patienter i kø")).to_be_visible()

    # An address is used once, and no CPR number stood in any.
    await anne.page.goto(address)
    await expect(anne.page.get_by_text("er brugt eller udløbet")).to_be_visible()
    number = PERSON["maja"].cpr
    assert not [url for url in anne.asked_for if number in url or number.replace("-", "") in url]
    assert anne.complaints == []


async def test_another_person_than_the_one_sent_gets_nowhere(server: Server, browser: Browser, tmp_path: Path) -> None:
    epj = PracticeSystem(server, tmp_path)
    morten: Clinician = await Clinician.sits_down(browser, server.url)
    await morten.page.goto(await epj.launch(FOR_ANNE))
    await morten.page.get_by_role("link", name="Personligt MitID").click()
    await morten.picks_name("morten")
    await expect(morten.page.get_by_role("alert")).to_contain_text("som en anden end den")
    await morten.page.goto(server.url + "/")
    await expect(morten.button("Log ind")).to_be_visible()
