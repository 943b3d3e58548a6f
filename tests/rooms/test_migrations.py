"""Migrations forward on a filled database: whatever the first version held is there afterwards, whole and in use."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from rooms.clinic_settings import ClinicSettings
from rooms.cpr import Cpr, CprVault
from rooms.database import create_engine, immediate, parse_url
from rooms.log import chain_hash
from rooms.records import Actor, Event, Role
from rooms.states import VisitState
from rooms.store import Rooms, migrate, newest_version
from tests.conftest import new_database

from .cast import ANNE, DECLARATION, EAR, KEY, MAJA_CPR

FIRST = "0001"
AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
PEOPLE = {"anne": "210984-3360", "kirsten": "110566-1328", "maja": MAJA_CPR, "oskar": "190417-5623"}
VERSIONS = [
    script.revision
    for script in reversed(list(ScriptDirectory(str(Path("rooms/migrations").resolve())).walk_revisions()))
]


@pytest.fixture(params=["sqlite", "postgres"])
def old_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of the first version, with something in each of its tables."""
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path / 'old.sqlite3'}"
    else:
        name = f"old_{abs(hash(request.node.nodeid)):x}"
        url = new_database(request.getfixturevalue("postgres_server"), name)
    upgrade(url, FIRST)
    asyncio.run(_in_one_transaction(url, fill))
    return url


def upgrade(url: str, revision: str) -> None:
    """As `migrate` does it, and not to the end."""

    def to(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", "rooms:migrations")
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    asyncio.run(_in_one_transaction(url, to))


async def _in_one_transaction(url: str, work: Callable[[Connection], object]) -> None:
    engine = create_engine(parse_url(url))
    try:
        async with immediate(engine).begin() as connection:
            await connection.run_sync(work)
    finally:
        await engine.dispose()


def fill(connection: Connection) -> None:
    """What a clinic of the first version had: people, an open room, a patient in the queue, and three events."""
    vault = CprVault(KEY)

    def put(table: str, **row: Any) -> None:
        columns, places = ", ".join(row), ", ".join(f":{name}" for name in row)
        connection.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({places})"), row)

    at = AT if connection.dialect.name == "postgresql" else AT.strftime("%Y-%m-%d %H:%M:%S.%f")
    for person, cpr in PEOPLE.items():
        number = Cpr.parse(cpr)
        put(
            "people",
            id=person,
            name=person,
            cpr_sealed=vault.seal(number),
            cpr_lookup=vault.lookup(number),
            app_user=True,
        )
    put("logins", issuer="https://id.example", subject="s-1", person_id="anne")
    put("guardianships", guardian_id="maja", child_id="oskar")
    put(
        "clinics",
        id=EAR,
        name="Øreklinikken",
        phone="1",
        ydernummer="101001",
        sor_id=None,
        room="open",
        open_message="Åben",
        closed_message="Lukket",
        last_event=3,
    )
    put("practitioners", id="oere-anne", clinic_id=EAR, person_id="anne", authorisation_id="0XDA1")
    put("employees", clinic_id=EAR, person_id="kirsten", active=False)
    put("declarations", clinic_id=EAR, person_id="anne", version="2", accepted_at=at)
    put("patients", id="p1", clinic_id=EAR, person_id="maja", added_at=at, removed_at=None)
    put("visits", id="v1", clinic_id=EAR, patient_id="p1", person_id="maja", state="waiting", joined_at=at)
    previous = ""
    for place, (kind, visit, concerned) in enumerate(
        [("patient_added", None, "maja"), ("room_opened", None, None), ("visit_joined", "v1", "maja")], start=1
    ):
        actor = Actor("maja", Role.PATIENT) if visit else ANNE
        event = Event(EAR, place, AT, kind, actor, visit, concerned, {"state": "x"}, "")
        previous = chain_hash(event, previous)
        put(
            "events",
            clinic_id=EAR,
            number=place,
            at=at,
            kind=kind,
            actor_person_id=actor.person_id,
            actor_role=actor.role.value,
            actor_practitioner_id=actor.practitioner_id,
            visit_id=visit,
            person_id=concerned,
            data=json.dumps({"state": "x"}),
            hash=previous,
        )


def test_each_version_follows_the_one_before() -> None:
    assert sorted(set(VERSIONS)) == VERSIONS


def test_the_newest_is_known_without_asking_alembic() -> None:
    assert newest_version() == VERSIONS[-1]


def test_each_step_runs_on_a_filled_database_and_nothing_is_lost(old_database: str) -> None:
    for revision in VERSIONS[1:]:
        upgrade(old_database, revision)
    migrate(old_database)  # nothing is left to do
    asyncio.run(at_work(old_database))


async def at_work(database_url: str) -> None:
    """What was there is there, and the clinic goes on."""
    async with await Rooms.open(database_url, KEY, clock=lambda: datetime.now(UTC), on_commit=lambda _: None) as rooms:
        clinic = await rooms.directory.clinic(EAR)
        assert clinic.settings == ClinicSettings()  # the usual hours
        assert clinic.due_at is not None
        assert clinic.due_at > datetime.now(UTC)
        assert await rooms.log.verify(EAR) is None
        assert [event.kind for event in await rooms.log.since(EAR, 0)] == [
            "patient_added",
            "room_opened",
            "visit_joined",
        ]
        assert (await rooms.directory.enter_clinic("anne", "101001", DECLARATION, None)).role is Role.PRACTITIONER
        assert [(each.person_id, each.active) for each in await rooms.employees.list(ANNE, EAR)] == [
            ("anne", True),
            ("kirsten", False),
        ]
        (patient,) = await rooms.patients.search(ANNE, EAR, MAJA_CPR)
        assert (patient.id, patient.cpr.reveal()) == ("p1", MAJA_CPR)
        assert [each.person_id for each in await rooms.family.profiles("maja")] == ["maja", "oskar"]
        person = await rooms.directory.person_by_login("https://id.example", "s-1", None)
        assert person is not None
        assert person.id == "anne"
        assert (await rooms.waiting_room.accept(ANNE, EAR, "v1")).state is VisitState.ACCEPTED
        await rooms.audit.outside("logged_in", Actor("anne", Role.STAFF), {})
        assert [(chain.name, chain.events, chain.broken_at) for chain in await rooms.log.verify_all()] == [
            ("", 1, None),
            (EAR, 4, None),
        ]
