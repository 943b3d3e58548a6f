"""Rows 4 and 7: a child is added by its own number, comes through a parent's profile, and staff know it by the number alone."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.async_api import Browser, expect

from .people import PERSON, PHONE, Clinician, Patient, media_flows
from .servers import Server
from .test_whole_way import nothing_leaked

OSKAR = PERSON["oskar"]


async def test_a_child_comes_through_a_parents_profile(server: Server, browser: Browser, tmp_path: Path) -> None:
    henrik: Clinician = await Clinician.sits_down(browser, server.url)
    maja: Patient = await Patient.sits_down(browser, server.url, viewport=PHONE)
    await maja.logs_in("maja")
    child = maja.page.get_by_role("region", name=OSKAR.name)
    await expect(child).to_contain_text("Ingen klinikker har tilføjet barnet endnu.")

    await henrik.goes_to_work("henrik", "202002")
    await henrik.adds(OSKAR.cpr)
    await expect(henrik.page.get_by_text(f"{OSKAR.cpr} er tilføjet.")).to_be_visible()
    await henrik.opens_room()
    await maja.button(f"Stil {OSKAR.name} i kø", child).click()
    await expect(maja.page.get_by_text(f"{OSKAR.name} er i kø")).to_be_visible()

    queue = henrik.section("Patienter i kø").get_by_role("listitem")
    await expect(queue).to_contain_text(OSKAR.cpr)
    await expect(queue).to_contain_text("Barn")
    await expect(queue).to_contain_text("Tilsluttet")
    await henrik.button("Accepter", queue).click()
    await expect(maja.page.get_by_text(re.compile(f"Det er nu, {OSKAR.name} skal ind"))).to_be_visible()
    ongoing = henrik.section("Igangværende konsultationer").get_by_role("listitem")
    async with henrik.context.expect_page() as opened:
        await henrik.button("Start video", ongoing).click()
    tab = await opened.value
    await tab.wait_for_url("**/calls/*")
    await media_flows(tab, maja.page)
    await expect(tab.get_by_text(OSKAR.cpr).first).to_be_visible()
    for page in (henrik.page, tab):
        assert "Oskar" not in await page.content()
    await henrik.page.bring_to_front()
    await henrik.button("Afslut", ongoing).click()
    await henrik.button("Afslut", henrik.page.get_by_role("dialog")).click()
    await expect(child.get_by_text("Konsultationen er afsluttet")).to_be_visible()
    nothing_leaked(server, tmp_path, henrik, maja)
