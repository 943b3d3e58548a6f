"""axe-core finds nothing at WCAG 2.2 AA on any page and state, at a desktop's and a phone's width."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from .people import DESKTOP, PERSON, PHONE, Clinician, Patient, media_flows
from .servers import Server

AXE = Path(__file__).parents[2] / "web" / "ui" / "node_modules" / "axe-core" / "axe.min.js"
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
MENU = ("Patienter", "Administration af medarbejdere", "Hændelseslog")


class Auditor:
    """Runs axe-core on pages as they stand, and keeps what it finds."""

    def __init__(self) -> None:
        self._script = AXE.read_text()
        self.found: list[str] = []

    async def look(self, page: Page, state: str) -> None:
        # Evaluated, not added as an element: the pages' content security policy lets no foreign script in.
        await page.evaluate(self._script)
        report = await page.evaluate("levels => axe.run(document, {runOnly: levels})", LEVELS)
        assert len(report["passes"]) > 3, state
        self.found += [f"{state}: {each['id']} in {each['nodes'][0]['html'][:200]}" for each in report["violations"]]


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_axe_finds_nothing(server: Server, browser: Browser, viewport: dict[str, int]) -> None:
    auditor = Auditor()
    anne: Clinician = await Clinician.sits_down(browser, server.url, viewport)
    maja: Patient = await Patient.sits_down(browser, server.url, viewport)

    await anne.page.goto(server.url + "/")
    await auditor.look(anne.page, "login")
    await anne.button("Log ind").click()
    await auditor.look(anne.page, "the ways to log in")
    await anne.page.get_by_role("link", name="Personligt MitID").click()
    await expect(anne.page.get_by_role("button", name=re.compile(PERSON["anne"].name))).to_be_visible()
    await auditor.look(anne.page, "the test identity provider")
    await anne.picks_name("anne")
    await expect(anne.page.get_by_label("Ydernummer eller SOR-ID")).to_be_visible()
    await auditor.look(anne.page, "the clinic's number")
    await anne.gives_clinic("1")
    await expect(anne.page.get_by_role("alert")).to_be_visible()
    await auditor.look(anne.page, "the clinic's number refused")
    await anne.gives_clinic("101001")
    await expect(anne.button("Vælg behandler")).to_be_visible()
    await auditor.look(anne.page, "the choice of practitioner")
    await anne.picks_practitioner("anne")
    await expect(anne.section("Patienter i kø")).to_be_visible()
    await auditor.look(anne.page, "the empty board")

    await anne.adds(PERSON["maja"].cpr)
    await anne.opens_room()
    await maja.page.goto(server.url + "/patient")
    await auditor.look(maja.page, "the patient's login")
    await maja.logs_in("maja")
    await expect(maja.card("101001")).to_be_visible()
    await auditor.look(maja.page, "the cards")
    await maja.joins("101001")
    await auditor.look(maja.page, "in the queue")
    await expect(anne.row("Patienter i kø", "maja")).to_be_visible()
    await auditor.look(anne.page, "the queue")
    await anne.button("Afvis", anne.row("Patienter i kø", "maja")).click()
    await expect(anne.page.get_by_role("dialog")).to_be_visible()
    await auditor.look(anne.page, "the refusal's dialog")
    await anne.page.keyboard.press("Escape")

    await anne.accepts("maja")
    await expect(maja.page.get_by_text(re.compile("Det er din tur"))).to_be_visible()
    await auditor.look(anne.page, "accepted, the board")
    await auditor.look(maja.page, "accepted, the patient")
    tab = await anne.starts_video("maja")
    await media_flows(tab, maja.page)
    await auditor.look(tab, "in call, the clinician")
    await auditor.look(maja.page, "in call, the patient")
    await anne.button("Afslut", tab).click()
    await auditor.look(tab, "the ending's dialog")
    await anne.button("Afslut", tab.get_by_role("dialog")).click()
    await expect(maja.page.get_by_text("Konsultationen er afsluttet")).to_be_visible()
    await auditor.look(maja.page, "ended, the patient")
    await anne.page.bring_to_front()
    await expect(anne.row("Afsluttede konsultationer", "maja")).to_be_visible()
    await auditor.look(anne.page, "ended, the board")
    for name in MENU:
        await anne.page.get_by_role("navigation").get_by_role("link", name=name, exact=True).click()
        await expect(anne.page.get_by_role("heading", level=1)).to_be_visible()
        await auditor.look(anne.page, name)

    assert auditor.found == []
