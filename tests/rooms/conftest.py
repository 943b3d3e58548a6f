"""A store with the demonstration in it, on each database."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rooms.demo import load_demo
from rooms.records import Committed
from rooms.store import Rooms

from .cast import KEY, SettableClock


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """For what only SQLite has: a migrated, empty file."""
    return f"sqlite+aiosqlite:///{shutil.copy(sqlite_template, tmp_path / 'only.sqlite3')}"


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def announced() -> list[Committed]:
    """What `rooms` told its listener, in order."""
    return []


@pytest.fixture
async def rooms(database_url: str, clock: SettableClock, announced: list[Committed]) -> AsyncIterator[Rooms]:
    """A store with the demonstration loaded."""
    async with await Rooms.open(database_url, KEY, clock=clock, on_commit=announced.append) as rooms:
        await load_demo(rooms)
        yield rooms
