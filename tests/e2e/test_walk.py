"""The whole guide by mouse, by keyboard alone and by touch on a phone, in Danish and in English; axe-core on every state."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from .axe import Auditor
from .servers import Server
from .walk import walk
from .ways import WAYS, Way

IN_SHORT = {"mouse-da", "keyboard-en", "touch-da"}
"""What `make test` walks: each hand and each language; `make walk` walks every one of them in both."""


@pytest.mark.parametrize(
    "way", [pytest.param(way, id=way.id, marks=[pytest.mark.longer] * (way.id not in IN_SHORT)) for way in WAYS]
)
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
