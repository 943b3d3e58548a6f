"""`venterum audit verify`, on copies of a database that somebody changed by hand."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rooms.demo import load_demo
from rooms.records import Actor, Role
from rooms.store import Rooms

ANNE = Actor("anne", Role.PRACTITIONER, "oere-anne")


@pytest.fixture
async def kept(migrated: Path, tmp_path: Path) -> Path:
    """A database with four events of one clinic and one of the installation."""
    file = Path(shutil.copy(migrated, tmp_path / "kept.sqlite3"))
    url = f"sqlite+aiosqlite:///{file}"
    async with await Rooms.open(url, bytes(32), clock=lambda: datetime.now(UTC), on_commit=lambda _: None) as rooms:
        await load_demo(rooms)
        for _ in range(2):
            await rooms.waiting_room.open(ANNE, "oereklinikken")
            await rooms.waiting_room.close(ANNE, "oereklinikken", keep_queue=True)
        await rooms.audit.outside("logged_in", Actor("anne", Role.STAFF), {"login": "1"})
    return file


def verify(file: Path) -> subprocess.CompletedProcess[str]:
    outside = {name: value for name, value in os.environ.items() if not name.startswith("VENTERUM_")}
    return subprocess.run(
        [Path(sys.executable).with_name("venterum"), "audit", "verify"],
        env=outside | {"VENTERUM_DATABASE_URL": f"sqlite+aiosqlite:///{file}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_every_chain_is_whole(kept: Path) -> None:
    told = verify(kept)
    assert (told.returncode, told.stderr) == (0, "")
    with sqlite3.connect(kept) as connection:
        (newest,) = connection.execute("SELECT hash FROM events WHERE number = 4").fetchone()
        (own,) = connection.execute("SELECT hash FROM installation_events").fetchone()
    assert told.stdout.splitlines() == [
        f"the installation: whole, 1 events, the newest {own}",
        "clinic hudklinikken: whole, 0 events, the newest none",
        f"clinic oereklinikken: whole, 4 events, the newest {newest}",
    ]


@pytest.mark.parametrize(
    ("tampering", "told"),
    [
        ("UPDATE events SET actor_person_id = 'morten' WHERE number = 2", "clinic oereklinikken: BROKEN, event 2"),
        ("DELETE FROM events WHERE number = 3", "clinic oereklinikken: BROKEN, event 3"),
        ("DELETE FROM events WHERE number = 4", "clinic oereklinikken: BROKEN, event 4"),
        (
            "INSERT INTO events SELECT clinic_id, 5, at, kind, actor_person_id, actor_role, actor_practitioner_id, "
            "visit_id, person_id, data, hash FROM events WHERE number = 4",
            "clinic oereklinikken: BROKEN, event 5",
        ),
        ("UPDATE installation_events SET kind = 'logged_out'", "the installation: BROKEN, event 1"),
    ],
)
def test_a_change_by_hand_is_found_and_named(kept: Path, tmp_path: Path, tampering: str, told: str) -> None:
    changed = Path(shutil.copy(kept, tmp_path / "changed.sqlite3"))
    with sqlite3.connect(changed) as connection:
        assert connection.execute(tampering).rowcount == 1
    found = verify(changed)
    assert found.returncode == 1
    assert f"{told} is the first that was changed, removed or put in" in found.stdout.splitlines()
    assert verify(kept).returncode == 0


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    told = verify(tmp_path / "none.sqlite3")
    assert (told.returncode, told.stderr) == (1, "venterum: There is no database there.\n")
    assert list(tmp_path.iterdir()) == []
