"""A recording as both meet it: asked, refused, agreed, stopped by either side, and told when it fails; the call goes on."""

from __future__ import annotations

import os
import re
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Locator, Page, expect

from .axe import Auditor
from .people import PERSON, PHONE, Clinician, Patient, media_flows
from .servers import Server

QUESTION = "Må konsultationen optages?"


@dataclass(slots=True)
class Talk:
    """Anne and Maja in a call: the clinician's tab, the patient's page."""

    anne: Clinician
    maja: Patient
    tab: Page

    @property
    def pages(self) -> tuple[Page, Page]:
        return self.tab, self.maja.page

    async def asks(self) -> Locator:
        """Anne asks; the question on Maja's page."""
        await self.tab.get_by_role("button", name="Optag", exact=True).click()
        await expect(self.tab.get_by_text("Venter på patientens svar")).to_be_visible()
        question = self.maja.page.get_by_role("dialog", name=QUESTION)
        await expect(question).to_be_visible()
        return question

    async def records(self) -> None:
        """Asked and agreed to, and the sign is on both pages."""
        question = await self.asks()
        await question.get_by_role("button", name="Ja", exact=True).click()
        for page in self.pages:
            await expect(sign(page)).to_be_visible()


def sign(page: Page) -> Locator:
    return page.get_by_role("region", name="Optages")


async def in_call(server: Server, browser: Browser, patients_browser: Browser | None = None) -> Talk:
    anne: Clinician = await Clinician.sits_down(browser, server.url)
    maja: Patient = await Patient.sits_down(patients_browser or browser, server.url, viewport=PHONE)
    await anne.goes_to_work("anne", "101001")
    await anne.adds(PERSON["maja"].cpr)
    await anne.opens_room()
    await maja.logs_in("maja")
    await maja.joins("101001")
    await anne.accepts("maja")
    tab = await anne.starts_video("maja")
    await media_flows(tab, maja.page)
    return Talk(anne, maja, tab)


async def test_asked_refused_agreed_and_stopped_by_either(server: Server, browser: Browser) -> None:
    talk = await in_call(server, browser)
    axe = Auditor()
    # A no, and nothing is recorded.
    question = await talk.asks()
    await expect(question).to_contain_text("Klinikken vil gerne optage jeres videokonsultation")
    await axe.look(talk.maja.page, "recording-question")
    await axe.look(talk.tab, "recording-asked")
    await question.get_by_role("button", name="Nej", exact=True).click()
    await expect(talk.tab.get_by_text("Patienten sagde nej til optagelse.")).to_be_visible()
    await expect(question).to_have_count(0)
    # Asked again, put aside by the keyboard, and withdrawn.
    question = await talk.asks()
    await talk.maja.page.keyboard.press("Escape")
    await expect(question).to_have_count(0)
    await axe.look(talk.maja.page, "recording-put-aside")
    await talk.maja.button("Svar").click()
    await expect(question).to_be_visible()
    await talk.tab.get_by_role("button", name="Fortryd").click()
    await expect(question).to_have_count(0)
    await expect(talk.maja.button("Svar")).to_have_count(0)
    assert server.metric('venterum_recordings{state="running"}') == 0

    # A yes, by the keyboard; the sign stands on both pages, after a reload of either too.
    question = await talk.asks()
    await question.get_by_role("button", name="Ja", exact=True).focus()
    await talk.maja.page.keyboard.press("Enter")
    for page in talk.pages:
        await expect(sign(page)).to_be_visible()
        await expect(sign(page).get_by_role("timer")).to_have_text(re.compile(r"00:(0[1-9]|[1-5]\d)"))
        await expect(page.get_by_role("status").filter(has_text="Optages").first).to_be_attached()
        await axe.look(page, "recording-runs")
    await expect(talk.tab.get_by_role("button", name="Optag", exact=True)).to_have_count(0)
    await talk.maja.page.reload()
    await expect(sign(talk.maja.page)).to_be_visible()
    talk.tab.on("dialog", lambda dialog: dialog.accept())
    await talk.tab.reload()
    await expect(sign(talk.tab)).to_be_visible()
    await media_flows(talk.tab, talk.maja.page)
    await talk.maja.button("Stop optagelse").click()
    for page in talk.pages:
        await expect(page.get_by_text("Optagelsen er stoppet af patienten.")).to_be_visible()
        await expect(sign(page)).to_have_count(0)

    await talk.records()
    await talk.tab.get_by_role("button", name="Stop optagelse").click()
    for page in talk.pages:
        await expect(page.get_by_text("Optagelsen er stoppet af klinikken.")).to_be_visible()
        await axe.look(page, "recording-stopped")
    assert axe.found == []

    # It stops with the consultation.
    await talk.records()
    await talk.tab.get_by_role("button", name="Afslut").click()
    await talk.tab.get_by_role("dialog").get_by_role("button", name="Afslut").click()
    await expect(talk.maja.page.get_by_text("Konsultationen er afsluttet")).to_be_visible()
    assert server.metric('venterum_recordings{state="stopped"}') == 3
    assert server.metric('venterum_recordings{state="refused"}') == 1
    assert server.codecs.read_text() == ""


async def test_a_recorder_killed_and_a_directory_gone_are_told_and_the_call_goes_on(
    server: Server, browser: Browser, tmp_path: Path
) -> None:
    talk = await in_call(server, browser)
    await talk.records()
    os.kill(recorder_of(server.process.pid), signal.SIGKILL)
    for page in talk.pages:
        await expect(page.get_by_text("Optagelsen stoppede: optageren gik ned. Samtalen fortsætter.")).to_be_visible()
        await expect(sign(page)).to_have_count(0)
    await media_flows(*talk.pages)
    # It can be asked for again, and a new recorder does it.
    await talk.records()
    shutil.rmtree(tmp_path / "recordings")
    for page in talk.pages:
        gone = page.get_by_text("Optagelsen stoppede: stedet, optagelser gemmes, mangler. Samtalen fortsætter.")
        await expect(gone).to_be_visible()
    await media_flows(*talk.pages)
    await talk.tab.get_by_role("button", name="Optag", exact=True).click()
    await expect(talk.tab.get_by_role("dialog", name="Optag")).to_contain_text("Der kan ikke optages lige nu")
    log = server.log.read_text()
    assert '"reason": "recorder_died"' in log
    assert '"reason": "storage_missing"' in log
    assert server.metric('venterum_recordings_failed{reason="recorder_died"}') == 1
    assert '"recordings": "storage_missing"' in server.get("/readyz")[1]


def recorder_of(pid: int) -> int:
    """The process id of the recorder beside a server."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = int(process.joinpath("stat").read_text().rpartition(")")[2].split()[1])
            command = process.joinpath("cmdline").read_bytes()
        except (OSError, IndexError):
            continue
        if parent == pid and b"media.recording.recorder" in command:
            return int(process.name)
    raise AssertionError("no recorder runs")
