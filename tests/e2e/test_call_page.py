"""The call's tab where there is no call to take part in: it says why, and asks for nothing again and again."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from .people import PERSON, Clinician, Patient
from .servers import Server


async def test_a_call_tab_says_why_there_is_no_video(server: Server, browser: Browser) -> None:
    henrik: Clinician = await Clinician.sits_down(browser, server.url)
    jonas: Patient = await Patient.sits_down(browser, server.url)
    anne: Clinician = await Clinician.sits_down(browser, server.url)
    await henrik.goes_to_work("henrik", "202002")
    await henrik.adds(PERSON["jonas"].cpr)
    await henrik.opens_room()
    await jonas.logs_in("jonas")
    await jonas.joins("202002")
    await henrik.accepts("jonas")
    tab = await henrik.starts_video("jonas")
    address = tab.url

    # Somebody who is not logged in, and somebody of another clinic.
    await anne.page.goto(address)
    await expect(anne.page.get_by_role("heading", name="Din adgang er ophørt")).to_be_visible()
    await anne.goes_to_work("anne", "101001")
    await anne.page.goto(address)
    await expect(anne.page.get_by_role("heading", name="Konsultationen findes ikke")).to_be_visible()

    # The consultation is over, and its tab is opened again.
    await henrik.page.bring_to_front()
    await henrik.button("Afslut", henrik.row("Igangværende konsultationer", "jonas")).click()
    await henrik.button("Afslut", henrik.page.get_by_role("dialog")).click()
    await expect(henrik.row("Afsluttede konsultationer", "jonas")).to_be_visible()
    late = await henrik.context.new_page()
    asked: list[str] = []
    late.on("request", lambda request: asked.append(request.url))
    await late.goto(address)
    await expect(late.get_by_role("heading", name="Konsultationen er afsluttet")).to_be_visible()
    assert len([url for url in asked if url.endswith("/call/configuration")]) == 1
