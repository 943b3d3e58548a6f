"""The whole guide by mouse, by keyboard alone and by touch on a phone, in Danish and in English; axe-core on every state."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from .axe import Auditor
from .servers import Server
from .walk import walk
from .ways import WAYS, Way


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.id)
async def test_every_row_of_the_guide(server: Server, browser: Browser, tmp_path: Path, way: Way) -> None:
    auditor = Auditor()
    passed: list[str] = []

    async def look(page: Page, state: str) -> None:
        passed.append(state)
        # By keyboard one sees what one sees by mouse.
        if way.hand != "keyboard":
            await auditor.look(page, state)

    await walk(server, browser, browser, tmp_path, way, look)
    assert auditor.found == []
    assert len(passed) > 30
