"""Row 2: the clinic by ydernummer or exact SOR-ID, the declaration, OK; a near miss is refused, and says what is wrong."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from .people import CLINIC, Clinician
from .servers import Server

SOR_ID = CLINIC["202002"].sor_id or ""
MISTYPED = SOR_ID[:-3] + str((int(SOR_ID[-3]) + 1) % 10) + SOR_ID[-2:]


@pytest.mark.parametrize("identifier", ["202002", SOR_ID])
async def test_both_identifiers_lead_into_the_clinic(server: Server, browser: Browser, identifier: str) -> None:
    henrik: Clinician = await Clinician.sits_down(browser, server.url)
    await henrik.logs_in("henrik")
    await henrik.gives_clinic(identifier)
    await expect(henrik.section("Patienter i kø")).to_be_visible()
    await expect(henrik.page.get_by_text(CLINIC["202002"].name)).to_be_visible()


async def test_what_is_refused_says_why_and_lets_one_try_again(server: Server, browser: Browser) -> None:
    henrik: Clinician = await Clinician.sits_down(browser, server.url)
    await henrik.logs_in("henrik")
    alert = henrik.page.get_by_role("alert")
    for identifier, says in (
        ("202003", "Ingen klinik her har det ydernummer eller SOR-ID."),
        ("12", "Skriv klinikkens ydernummer"),
        (MISTYPED, "kontrolcifferet passer ikke"),
        ("101001", "Du har ikke adgang til den klinik."),
    ):
        await henrik.gives_clinic(identifier)
        await expect(alert).to_contain_text(says)
    await henrik.gives_clinic("202002", declares=False)
    await expect(alert).to_contain_text("tro- og love-erklæringen")
    await henrik.gives_clinic("202002")
    await expect(henrik.section("Patienter i kø")).to_be_visible()
    assert henrik.complaints == []
