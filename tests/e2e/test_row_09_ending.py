"""Row 9, past the ending: resumed when it was a mistake, listed under its day, and looked up on a later one."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.async_api import Browser, expect

from rooms.schedule import local_date

from .people import PERSON, Clinician, Patient, media_flows
from .servers import Server

QUEUE, ONGOING, ENDED = "Patienter i kø", "Igangværende konsultationer", "Afsluttede konsultationer"


async def test_ended_by_mistake_and_resumed(server: Server, browser: Browser, tmp_path: Path) -> None:
    anne: Clinician = await Clinician.sits_down(browser, server.url)
    maja: Patient = await Patient.sits_down(browser, server.url)
    await anne.goes_to_work("anne", "101001")
    await anne.adds(PERSON["maja"].cpr)
    await anne.opens_room()
    await maja.logs_in("maja")
    await maja.joins("101001")
    await anne.accepts("maja")
    tab = await anne.starts_video("maja")
    await media_flows(tab, maja.page)
    await anne.page.bring_to_front()
    await ends(anne)
    await expect(maja.page.get_by_text("Konsultationen er afsluttet")).to_be_visible()
    await tab.close()

    await anne.button("Genoptag", anne.row(ENDED, "maja")).click()
    await expect(anne.row(ENDED, "maja")).to_have_count(0)
    await expect(maja.page.get_by_text("Det er din tur").first).to_be_visible()
    again = await anne.starts_video("maja")
    await media_flows(again, maja.page)
    await anne.page.bring_to_front()
    await ends(anne)
    await again.close()

    # Too long ago: the button is gone, and a page that has it still is told so.
    await anne.page.reload()
    await expect(anne.button("Genoptag", anne.row(ENDED, "maja"))).to_be_visible()
    ended_before(tmp_path, "-20 minutes")
    await anne.button("Genoptag", anne.row(ENDED, "maja")).click()
    await expect(anne.page.get_by_role("alert")).to_contain_text("Det er for længe siden")
    await anne.page.reload()
    await expect(anne.row(ENDED, "maja")).to_be_visible()
    await expect(anne.button("Genoptag", anne.row(ENDED, "maja"))).to_have_count(0)

    # Two days later it is found by its date.
    ended_before(tmp_path, "-2 days")
    await anne.page.reload()
    await expect(anne.section(ENDED)).to_contain_text("Ingen afsluttede konsultationer i dag.")
    day = local_date(datetime.now(UTC) - timedelta(days=2))
    field = anne.section(ENDED).get_by_label("Dag", exact=True)
    await field.fill(f"{day:%d-%m-%Y}")
    await expect(anne.row(ENDED, "maja")).to_contain_text(f"Behandler: {PERSON['anne'].name}")
    await field.fill(f"{day - timedelta(days=1):%d.%m.%y}")  # read when one is through typing
    await field.press("Enter")
    await expect(anne.section(ENDED)).to_contain_text("Ingen afsluttede konsultationer")
    await expect(field).to_have_value(f"{day - timedelta(days=1):%d-%m-%Y}")
    await field.fill("31-02-2026")
    await field.press("Enter")
    await expect(anne.section(ENDED).get_by_role("alert")).to_contain_text("Skriv en dato, der findes")
    await anne.button("Vis i dag", anne.section(ENDED)).click()
    await expect(anne.section(ENDED)).to_contain_text("Ingen afsluttede konsultationer i dag.")


async def ends(anne: Clinician) -> None:
    afslut = anne.button("Afslut", anne.row(ONGOING, "maja"))
    # A key that is held down finds the way back in the dialog, and ends nothing.
    await afslut.press("Enter")
    await expect(anne.button("Annullér", anne.page.get_by_role("dialog"))).to_be_focused()
    await anne.page.keyboard.press("Enter")
    await expect(anne.page.get_by_role("dialog")).to_have_count(0)
    await afslut.click()
    await anne.button("Afslut", anne.page.get_by_role("dialog")).click()
    await expect(anne.row(ENDED, "maja")).to_be_visible()


def ended_before(home: Path, ago: str) -> None:
    """Move the ends of the consultations back, as if the time had passed since."""
    with sqlite3.connect(home / "venterum.sqlite3", timeout=60) as database:
        database.execute(
            "UPDATE visits SET ended_at = strftime('%Y-%m-%d %H:%M:%S.000000', 'now', ?) WHERE state = 'ended'", (ago,)
        )
    database.close()
