"""Each version of the database moves on to the newest one with everything in it, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from rooms.database import create_engine, immediate, parse_url
from rooms.store import Rooms, migrate
from rooms.tables import metadata

from .cast import ANNE, EAR, KEY, SettableClock

FILLED_AT = "0001"
"""The version that the rows below are of: the first that anybody had."""

ROWS = (
    "INSERT INTO people (id, name, cpr_sealed, cpr_lookup, app_user) VALUES ('anne', 'Anne', '1', '1', false)",
    "INSERT INTO people (id, name, cpr_sealed, cpr_lookup, app_user) VALUES ('maja', 'Maja', '2', '2', true)",
    "INSERT INTO clinics (id, name, phone, ydernummer, sor_id, room, open_message, closed_message, last_event)"
    " VALUES ('oereklinikken', 'Øre', '1', '101001', NULL, 'open', 'Åbent', 'Lukket', 0)",
    "INSERT INTO practitioners (id, clinic_id, person_id, authorisation_id)"
    " VALUES ('oere-anne', 'oereklinikken', 'anne', '0XDB1')",
    "INSERT INTO employees (clinic_id, person_id, active) VALUES ('oereklinikken', 'maja', true)",
    "INSERT INTO patients (id, clinic_id, person_id, added_at)"
    " VALUES ('p', 'oereklinikken', 'maja', '2026-03-02 08:00:00.000000')",
    "INSERT INTO visits (id, clinic_id, patient_id, person_id, state, joined_at, practitioner_id)"
    " VALUES ('v', 'oereklinikken', 'p', 'maja', 'accepted', '2026-03-02 08:00:00.000000', 'oere-anne')",
)


def config(connection: Connection | None = None) -> Config:
    made = Config()
    made.set_main_option("script_location", "rooms:migrations")
    made.attributes["connection"] = connection
    return made


@pytest.fixture
async def emptied(database_url: str) -> str:
    """The database as if no version had ever been there."""

    def empty(connection: Connection) -> None:
        metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))

    await on(database_url, empty)
    return database_url


async def on(database_url: str, work: Callable[[Connection], None]) -> None:
    engine = create_engine(parse_url(database_url))
    try:
        async with immediate(engine).begin() as connection:
            await connection.run_sync(work)
    finally:
        await engine.dispose()


@pytest.fixture
async def filled(emptied: str) -> str:
    """A database of the first version, with something of everything in it."""

    def fill(connection: Connection) -> None:
        command.upgrade(config(connection), FILLED_AT)
        for row in ROWS:
            connection.execute(text(row))

    await on(emptied, fill)
    return emptied


async def test_a_filled_database_moves_on_version_by_version(filled: str) -> None:
    def step(connection: Connection) -> None:
        command.upgrade(config(connection), "+1")

    def same(connection: Connection) -> None:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []

    for _ in range(len(list(ScriptDirectory.from_config(config()).walk_revisions())) - 1):
        await on(filled, step)
    await on(filled, same)
    async with await Rooms.open(filled, KEY, clock=SettableClock(), on_commit=lambda _: None) as rooms:
        clinic = await rooms.directory.clinic(EAR)
        assert (clinic.open_message, clinic.last_event) == ("Åbent", 0)
        assert (await rooms.directory.practitioner(EAR, "oere-anne")).authorisation_id == "0XDB1"
        await rooms.waiting_room.close(ANNE, EAR, keep_queue=True)
        assert await rooms.log.verify(EAR) is None


async def test_it_moves_on_in_one_go_as_well(filled: str) -> None:
    await asyncio.to_thread(migrate, filled)
    await asyncio.to_thread(migrate, filled)
    async with await Rooms.open(filled, KEY, clock=SettableClock(), on_commit=lambda _: None) as rooms:
        assert (await rooms.directory.clinic(EAR)).ydernummer == "101001"
