"""The whole guide by mouse, by keyboard alone and by touch on a phone, in Danish and in English; axe-core on every state."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser

from .axe import Auditor
from .servers import Server
from .walk import walk
from .ways import WAYS, Way


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.id)
async def test_every_row_of_the_guide(server: Server, browser: Browser, tmp_path: Path, way: Way) -> None:
    auditor = Auditor()
    await walk(server, browser, browser, tmp_path, way, auditor.look)
    assert auditor.found == []
    assert len(auditor.states) > 30
