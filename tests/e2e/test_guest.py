"""An interpreter comes into a call by a code: refused, let in, three with sound and picture each way, and removed."""

from __future__ import annotations

from playwright.async_api import Browser, Page, expect

from .axe import Auditor
from .people import PERSON, Clinician, Patient, Someone, media, media_flows, media_until
from .servers import Server


async def goes_on(page: Page) -> None:
    """Wait until a page has decoded more pictures than before, whoever's."""
    before = (await media(page))["framesDecoded"]
    await media_until(page, lambda now: now.get("framesDecoded", 0) > before + 10)


class Guest(Someone):
    """Somebody with a telephone, on which the clinic has told them a code."""

    async def knocks(self, code: str, name: str) -> None:
        await self.page.get_by_label("Kode").fill(code)
        await self.page.get_by_label("Dit navn").fill(name)
        await self.page.get_by_role("button", name="Bed om at komme ind").click()


async def invites(tab: Page, axe: Auditor) -> str:
    """The clinician makes a code; what is shown."""
    await tab.get_by_role("button", name="Invitér").click()
    dialog = tab.get_by_role("dialog")
    await axe.look(tab, "invite")
    await dialog.get_by_role("button", name="Lav en kode").click()
    code: str = await dialog.get_by_label("Kode til gæsten").inner_text()
    await axe.look(tab, "invite-code")
    await dialog.get_by_role("button", name="Luk").click()
    return code


async def test_an_interpreter_is_let_in_by_a_code_and_removed(server: Server, browser: Browser) -> None:
    anne: Clinician = await Clinician.sits_down(browser, server.url)
    maja: Patient = await Patient.sits_down(browser, server.url)
    tove: Guest = await Guest.sits_down(browser, server.url)
    axe = Auditor()
    await anne.goes_to_work("anne", "101001")
    await anne.adds(PERSON["maja"].cpr)
    await anne.opens_room()
    await maja.logs_in("maja")
    await maja.joins("101001")
    await anne.accepts("maja")
    tab = await anne.starts_video("maja")
    await media_flows(tab, maja.page)

    await tove.page.goto(server.url + "/guest")
    await tove.knocks("0000 0000", "Tolk Tove")
    await expect(tove.page.get_by_text("Koden findes ikke")).to_be_visible()
    await axe.look(tove.page, "guest-refused")
    code = await invites(tab, axe)
    await tove.knocks(code, "Tolk Tove")
    await expect(tove.page.get_by_role("heading", name="Vent på at blive lukket ind")).to_be_visible()
    await tab.get_by_text("Tolk Tove vil gerne ind").wait_for()
    await axe.look(tove.page, "guest-waits")
    await axe.look(tab, "guest-knocks")
    await tab.get_by_role("button", name="Afvis gæst").click()
    await expect(tove.page.get_by_role("heading", name="Du blev ikke lukket ind")).to_be_visible()

    await tove.page.get_by_role("button", name="Skriv en anden kode").click()
    await tove.knocks(code, "Tolk Tove")
    await expect(tove.page.get_by_text("Koden findes ikke")).to_be_visible()
    await tove.knocks(await invites(tab, axe), "Tolk Tove")
    await tab.get_by_role("button", name="Luk ind").click()
    for page in (tove.page, tab, maja.page):
        await media_until(page, lambda now: now.get("pictures", 0) >= 2)
    there = tove.page.get_by_role("list", name="Hvem der er i samtalen")
    for name in (PERSON["anne"].name, "Patienten", "Tolk Tove (dig)"):
        await expect(there.get_by_text(name)).to_be_visible()
    assert PERSON["maja"].name not in await tove.page.content()
    for page in (tove.page, tab, maja.page):
        await axe.look(page, "guest-in-call")

    await tab.get_by_role("button", name="Fjern gæst").click()
    await expect(tove.page.get_by_role("heading", name="Du er ikke med i samtalen længere")).to_be_visible()
    await axe.look(tove.page, "guest-removed")
    assert axe.found == []
    for page in (tab, maja.page):
        await goes_on(page)
    assert not any("code" in url or code.replace(" ", "") in url for url in tove.asked_for)
    assert tove.complaints == []
