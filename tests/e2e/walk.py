"""The guide walked from its first row to its last in one of the ways of using a page; who walks along looks at each state."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import Browser, Locator, Page, expect

from .people import CLINIC, PERSON, Dialogs, media_flows
from .practice_system import FOR_ANNE, PracticeSystem
from .servers import Server
from .ways import Way, fits
from .words import Words

YDERNUMMER = "101001"
CHILD = PERSON["oskar"]

Look = Callable[[Page, str], Awaitable[None]]
"""Told of each state, as `row-what`: `08-call`."""


class Walker:
    """Somebody at a browser, who does everything in one way and reads one language."""

    def __init__(self, page: Page, way: Way, words: Words, look: Look) -> None:
        self.page = page
        self.way = way
        self.words = words
        self._look = look

    @classmethod
    async def sits_down(cls, browser: Browser, way: Way, look: Look) -> Walker:
        """Open a fresh browser context for somebody."""
        context = await browser.new_context(**way.context, permissions=["camera", "microphone"])
        if way.hand == "touch":
            await context.add_init_script("delete MediaDevices.prototype.getDisplayMedia")  # no phone has it
        context.set_default_timeout(20_000)
        return cls(await context.new_page(), way, Words(way.language), look)

    def on(self, page: Page) -> Walker:
        """The same person on another tab."""
        return Walker(page, self.way, self.words, self._look)

    async def opens(self, address: str) -> None:
        """Open an address, and choose the language where that is done by a click."""
        await self.page.goto(address)
        if self.way.switches:
            english = self.page.get_by_role("button", name="English")
            danish = self.page.get_by_role("button", name="Dansk")
            await expect(english.or_(danish).first).to_be_visible()
            if await english.count():
                await self.way.press(english)
                await expect(danish).to_be_visible()

    def button(self, danish: str, *values: str, within: Locator | None = None) -> Locator:
        return (within or self.page).get_by_role("button", name=self.words(danish, *values))

    def link(self, danish: str) -> Locator:
        return self.page.get_by_role("link", name=self.words(danish))

    def field(self, danish: str, within: Locator | None = None) -> Locator:
        return (within or self.page).get_by_label(self.words(danish))

    def section(self, danish: str) -> Locator:
        return self.page.get_by_role("region", name=self.words(danish))

    def row(self, section: str, who: str) -> Locator:
        return self.section(section).get_by_role("listitem").filter(has_text=who)

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    async def presses(self, danish: str, *values: str, within: Locator | None = None) -> None:
        await self.way.press(self.button(danish, *values, within=within))

    async def confirms(self, danish: str) -> None:
        """Press the button of that name in the dialog, which goes away."""
        await self.presses(danish, within=self.dialog)
        await expect(self.dialog).to_have_count(0)

    async def writes(self, danish: str, text: str, within: Locator | None = None) -> None:
        await self.way.write(self.field(danish, within), text)

    async def reads(self, danish: str, *values: str, within: Locator | None = None) -> None:
        """Wait until the text stands there."""
        said = self.words(danish, *values, whole=False)
        await expect((within or self.page).get_by_text(said).first).to_be_visible()

    async def goes_to(self, danish: str) -> None:
        folded = self.button("Menu")
        if await folded.is_visible():
            await self.way.press(folded)
        await self.way.press(self.page.get_by_role("navigation").get_by_role("link", name=self.words(danish)))
        await expect(self.page.get_by_role("heading", level=1)).to_be_attached()

    async def shows(self, state: str) -> None:
        """Let whoever walks along look at the page; it is no wider than its window."""
        await fits(self.page)
        await self._look(self.page, state)

    # What is done more than once on the way.

    async def logs_in(self, person: str) -> None:
        await self.way.press(self.page.get_by_role("link", name=re.compile("MitID$")).last)
        await self.way.press(self.page.get_by_role("button", name=re.compile(re.escape(PERSON[person].name))))

    async def gives_clinic(self, identifier: str, declares: bool) -> None:
        await self.writes("Ydernummer eller SOR-ID", identifier)
        box = self.page.get_by_role("checkbox", name=self.words("Tro- og love-erklæring"))
        if declares:
            await self.way.press(box)
            await expect(box).to_be_checked()
        await self.presses("OK")

    async def chooses_practitioner(self, person: str) -> None:
        own = self.page.get_by_role("radio", name=re.compile(re.escape(PERSON[person].name)))
        await own.wait_for(state="attached")
        if not await own.is_checked():
            await self.way.press(own)
        await self.presses("Vælg behandler")

    async def adds(self, cpr: str, who: str) -> None:
        await self.writes("CPR-nummer", cpr)
        await self.presses("Tilføj patient")
        await self.reads("{0} er tilføjet.", who)

    async def accepts(self, who: str) -> None:
        await self.presses("Accepter", within=self.row("Patienter i kø", who))
        await expect(self.row("Igangværende konsultationer", who)).to_be_visible()

    async def starts_video(self, who: str) -> Walker:
        """Start video; oneself on the tab that it opens."""
        async with self.page.context.expect_page() as opened:
            await self.presses("Start video", within=self.row("Igangværende konsultationer", who))
        tab = await opened.value
        await tab.wait_for_url("**/calls/*")
        return self.on(tab)


async def walk(server: Server, staff: Browser, patients: Browser, home: Path, way: Way, look: Look) -> None:
    """Every row of the guide, in order; the patients' rows where they belong. `look` sees each state.

    Staff and patients may sit at the same browser, or at two with another camera each.
    """
    anne = await Walker.sits_down(staff, way, look)
    maja = await Walker.sits_down(patients, way, look)
    jonas = await Walker.sits_down(patients, way, look)
    await rows_1_to_3(server, anne)
    await row_6(server, staff, anne)
    await rows_4_5_and_0(server, anne, maja, jonas)
    await row_7(anne, maja, jonas)
    await rows_8_and_9(anne, maja)
    await row_11(anne, jonas)
    await row_10(anne, jonas)
    await row_1b(server, staff, home, anne)


async def rows_1_to_3(server: Server, anne: Walker) -> None:
    await anne.opens(server.url + "/")
    await anne.shows("01-login")
    await anne.presses("Log ind")
    await anne.shows("01-ways")
    await anne.logs_in("anne")
    await expect(anne.field("Ydernummer eller SOR-ID")).to_be_visible()
    await anne.shows("02-clinic")
    await anne.gives_clinic("1", declares=True)
    await expect(anne.page.get_by_role("alert")).to_be_visible()
    await anne.shows("02-refused")
    await anne.gives_clinic(YDERNUMMER, declares=False)
    await anne.reads("Vælg dit eget navn på listen")
    await anne.shows("03-practitioner")
    await anne.chooses_practitioner("anne")
    await expect(anne.section("Patienter i kø")).to_be_visible()
    await anne.reads("Behandler: {0}", PERSON["anne"].name)
    await anne.shows("03-empty")


async def row_6(server: Server, staff: Browser, anne: Walker) -> None:
    kirsten = PERSON["kirsten"].name
    await anne.goes_to("Administration af medarbejdere")
    employees = anne.section("Medarbejdere")
    await anne.presses("Aktivér {0}", kirsten, within=employees)
    await anne.reads("Har adgang", within=employees)
    await anne.shows("06-employees")
    employee = await Walker.sits_down(staff, anne.way, anne._look)
    await employee.opens(server.url + "/")
    await employee.presses("Log ind")
    await employee.logs_in("kirsten")
    await employee.gives_clinic(YDERNUMMER, declares=True)
    await employee.chooses_practitioner("anne")
    await expect(employee.section("Patienter i kø")).to_be_visible()
    await anne.presses("Deaktivér {0}", kirsten, within=employees)
    await anne.shows("06-deactivate")
    await anne.confirms("Deaktivér")
    await employee.reads("Din adgang til klinikken er ophørt")
    await employee.shows("06-revoked")
    await employee.page.context.close()
    for menu, state in (("Patienter", "10-patients"), ("Hændelseslog", "06-audit")):
        await anne.goes_to(menu)
        await anne.shows(state)
    await anne.goes_to("Venteværelse")


async def rows_4_5_and_0(server: Server, anne: Walker, maja: Walker, jonas: Walker) -> None:
    clinic = CLINIC[YDERNUMMER]
    await maja.opens(server.url + "/patient")
    await maja.shows("00-login")
    await maja.logs_in("maja")
    await maja.reads("Ingen klinikker har givet dig adgang")
    await maja.shows("00-none")

    await anne.writes("CPR-nummer", "310290-1234")
    await anne.presses("Tilføj patient")
    await anne.reads("CPR-nummeret er ikke gyldigt.")
    await anne.shows("04-refused")
    for key in ("maja", "jonas"):
        await anne.adds(PERSON[key].cpr, PERSON[key].name)
    await anne.adds(CHILD.cpr, CHILD.cpr)
    await anne.shows("04-added")
    card = maja.page.get_by_role("region", name=clinic.name).first
    await maja.reads("Lukket", within=card)
    await maja.shows("00-closed")

    await anne.writes("Åbningsbesked", "Video kræver en aftale med klinikken.")
    await anne.presses("Gem beskeder")
    await anne.reads("Beskederne er gemt.")
    await anne.presses("Vis kortet")
    await anne.shows("05-card")
    await anne.presses("Luk", within=anne.dialog)
    await anne.presses("Åbn venteværelse")
    await expect(anne.button("Luk (bevar kø)")).to_be_visible()
    await anne.shows("05-open")
    await expect(card).to_contain_text("Video kræver en aftale med klinikken.")
    await maja.shows("00-open")
    await jonas.opens(server.url + "/patient")
    await jonas.logs_in("jonas")
    await expect(jonas.page.get_by_role("region", name=clinic.name)).to_be_visible()


async def row_7(anne: Walker, maja: Walker, jonas: Walker) -> None:
    queue = "Patienter i kø"
    await jonas.presses("Stil dig i kø")
    await jonas.reads("Du er i kø")
    # A child by its number alone, refused with words that the parent reads.
    child = maja.page.get_by_role("region", name=CHILD.name)
    await maja.presses("Stil {0} i kø", CHILD.name, within=child)
    await expect(anne.row(queue, CHILD.cpr)).to_be_visible()
    await anne.presses("Afvis", within=anne.row(queue, CHILD.cpr))
    await anne.writes("Forklaring til patienten", "Ring til os først.", within=anne.dialog)
    await anne.shows("07-reject")
    await anne.confirms("Afvis")
    await expect(child.get_by_text("Ring til os først.")).to_be_visible()
    await maja.shows("07-rejected")

    await maja.presses("Stil dig i kø")
    await maja.reads("Du er i kø")
    await maja.shows("07-waiting")
    row = anne.row(queue, PERSON["maja"].name)
    await anne.presses("Note", within=row)
    await anne.writes("Note til kollegaer", "Har brug for tolk.", within=row)
    await anne.presses("Gem note", within=row)
    await expect(row).to_contain_text("Har brug for tolk.")
    await anne.reads("Tilsluttet", within=row)
    await anne.shows("07-queue")
    assert "tolk" not in await maja.page.content()


async def rows_8_and_9(anne: Walker, maja: Walker) -> None:
    name = PERSON["maja"].name
    await anne.accepts(name)
    await maja.reads("Det er din tur: {0}", PERSON["anne"].name)
    await anne.shows("08-accepted")
    await maja.shows("08-turn")
    tab = await anne.starts_video(name)
    await media_flows(tab.page, maja.page)
    await tab.shows("08-call")
    await maja.shows("08-patient")
    assert name not in await tab.page.title()

    await tab.presses("Afslut")
    await tab.shows("09-end")
    await tab.presses("Afslut", within=tab.dialog)
    await maja.reads("Konsultationen er afsluttet")
    await maja.shows("09-ended")
    await tab.page.close()
    await expect(anne.row("Afsluttede konsultationer", name)).to_be_visible()
    await anne.shows("09-list")

    # The other way: the tab is closed, and the dialog that follows accepted.
    await anne.presses("Genoptag", within=anne.row("Afsluttede konsultationer", name))
    tab = await anne.starts_video(name)
    await media_flows(tab.page, maja.page)
    await tab.presses("Slå kamera fra")  # Chromium asks only after a gesture on the page
    dialogs = Dialogs(tab.page)
    dialogs.accepts = True
    async with tab.page.expect_event("close"):
        await tab.page.close(run_before_unload=True)
    assert dialogs.seen == ["beforeunload"]
    await expect(anne.row("Afsluttede konsultationer", name)).to_be_visible()


async def row_11(anne: Walker, jonas: Walker) -> None:
    name = PERSON["jonas"].name
    await anne.presses("Luk (bevar kø)")
    await anne.shows("11-keep")
    await anne.confirms("Luk (bevar kø)")
    await expect(anne.row("Patienter i kø", name)).to_be_visible()
    await anne.shows("11-closed")
    await anne.presses("Åbn venteværelse")
    await anne.presses("Luk (afvis alle)")
    await anne.shows("11-reject")
    await anne.confirms("Luk (afvis alle)")
    await expect(anne.row("Patienter i kø", name)).to_have_count(0)
    await jonas.reads("Du er blevet afvist fra køen")
    await jonas.shows("11-rejected")


async def row_10(anne: Walker, jonas: Walker) -> None:
    name = PERSON["jonas"].name
    await anne.writes("Søg på CPR-nr. eller navn", PERSON["jonas"].cpr)
    await expect(anne.section("Patientliste").get_by_role("listitem")).to_have_count(1)
    await anne.shows("10-search")
    await anne.presses("Fjern adgang for {0}", name)
    await anne.shows("10-remove")
    await anne.confirms("Fjern adgang")
    await jonas.reads("Ingen klinikker har givet dig adgang")


async def row_1b(server: Server, staff: Browser, home: Path, anne: Walker) -> None:
    epj = PracticeSystem(server, home)
    again = await Walker.sits_down(staff, anne.way, anne._look)
    await again.opens(await epj.launch(FOR_ANNE | {"patient": {"cpr": PERSON["maja"].cpr, "reference": "4711"}}))
    await again.reads("Dit fagsystem har sendt dig hertil.")
    await again.shows("01b-launched")
    await again.logs_in("anne")
    await expect(again.section("Patienter i kø")).to_be_visible()
    await expect(again.page.locator("[aria-current=true]").filter(has_text=PERSON["maja"].name)).to_be_visible()
    await again.shows("01b-landed")
