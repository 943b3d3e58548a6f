"""Row 2: the declaration is asked for once per clinic; a new version asks again, also whoever was inside when it came."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from playwright.async_api import Browser, expect

from .people import CLINIC, Clinician
from .servers import serving

ANNOUNCED = {"declaration_version": "2", "declaration_text": "Jeg erklærer på tro og love det nye."}


async def test_it_is_asked_for_once_and_a_new_version_asks_again(browser: Browser, tmp_path: Path) -> None:
    with serving(tmp_path) as first:
        henrik: Clinician = await Clinician.sits_down(browser, first.url)
        box = henrik.page.get_by_role("checkbox", name="Tro- og love-erklæring")
        await henrik.logs_in("henrik")
        await expect(box).to_be_visible()
        await henrik.gives_clinic("202002")
        await expect(henrik.section("Patienter i kø")).to_be_visible()
        await henrik.button("Skift klinik").click()
        # The number typed anew, as the clinic's own or without its name: nothing is left to accept.
        await henrik.page.get_by_label("Ydernummer eller SOR-ID").fill("202002")
        await expect(henrik.page.get_by_text("Du har allerede accepteret tro- og love-erklæringen")).to_be_visible()
        await expect(box).to_have_count(0)
        await henrik.button("OK").click()
        await expect(henrik.section("Patienter i kø")).to_be_visible()
        port = int(first.url.rpartition(":")[2])
    with serving(tmp_path, "second", port=port, settings=ANNOUNCED):
        await henrik.page.reload()
        await henrik.button(CLINIC["202002"].name).click()
        await expect(henrik.page.get_by_text("det nye")).to_be_visible()
        await henrik.button("OK").click()
        await expect(henrik.page.get_by_role("alert")).to_contain_text("tro- og love-erklæringen")
        await henrik.gives_clinic("202002")
        await expect(henrik.section("Patienter i kø")).to_be_visible()
    with sqlite3.connect(tmp_path / "venterum.sqlite3") as database:
        told = database.execute(
            "SELECT actor_person_id, json_extract(data, '$.version'), length(json_extract(data, '$.sha256')) "
            "FROM events WHERE kind = 'declaration_accepted' ORDER BY number"
        ).fetchall()
    database.close()
    assert told == [("henrik", "1", 64), ("henrik", "2", 64)]
