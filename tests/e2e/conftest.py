"""One server for a test, and one Chromium for all of them; whoever sat at it is gone when a test ends."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser
from pytest_asyncio import is_async_test

from .morning import fill
from .people import chromium
from .servers import Server, serving


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These tests share an event loop, since the browser that they share lives in it."""
    for item in items:
        if Path(__file__).parent in item.path.parents and is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture
def empty_home(tmp_path: Path, sqlite_template: Path) -> Path:
    """Where a server keeps its state: a database that is migrated already, and empty."""
    shutil.copy(sqlite_template, tmp_path / "venterum.sqlite3")
    return tmp_path


@pytest.fixture
def server(empty_home: Path) -> Iterator[Server]:
    with serving(empty_home) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def started_browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def browser(started_browser: Browser) -> AsyncIterator[Browser]:
    yield started_browser
    for context in started_browser.contexts:
        await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def home(empty_home: Path) -> Path:
    await fill(empty_home)
    return empty_home


@pytest.fixture
def busy(home: Path) -> Iterator[Server]:
    """A server whose clinic has six waiting, two in video and three seen."""
    with serving(home) as running:
        yield running
