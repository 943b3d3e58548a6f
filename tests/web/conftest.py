"""A server of each test's own, on either database and either live store, looked through for CPR numbers at the end."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path

import pytest
from aiohttp import web

from media.recording.store import FileStore
from rooms.demo import load_demo
from rooms.store import Rooms
from signaling.bus import Bus
from signaling.store import connect
from signaling.worker import Worker, announcer
from tests.services import redis_server
from web import demo_login, logs
from web.access_log import AccessLogger
from web.app import create_app
from web.health import Metrics
from web.identity_providers import IdentityProvider
from web.keys import InstallationKey, recording_keys
from web.media import media_node
from web.settings import Settings

from .house import Browser, Heard, House, ShiftedClock


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have settings of their own."""
    for name in [name for name in os.environ if name.startswith("VENTERUM_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def migrated(sqlite_template: Path) -> Path:
    """A migrated, empty SQLite file to copy."""
    return sqlite_template


@pytest.fixture(scope="session")
def real_redis() -> Iterator[str]:
    with redis_server() as url:
        yield url


@pytest.fixture
def redis_url(request: pytest.FixtureRequest) -> str | None:
    """The live store: None is the embedded one; a real one where a test asks for it by `on_either_store`."""
    if getattr(request, "param", "embedded") == "embedded":
        return None
    url: str = request.getfixturevalue("real_redis")
    return url


@pytest.fixture
def heard() -> Iterator[Heard]:
    """Everything logged, asked and refused; without a CPR number when the test is over."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    heard = Heard()
    logs.configure(heard.log, logging.DEBUG)
    # The browser's side of a call is played by aiortc, whose decoder gives its error by a number of ten digits.
    decoder = logging.getLogger("aiortc.rtcrtpreceiver")
    decoder.disabled = True
    yield heard
    decoder.disabled = False
    root.handlers[:], root.level = handlers, level
    heard.assert_no_cpr()


@pytest.fixture
def bound() -> Iterator[socket.socket]:
    """A bound socket: the server's address has to be known before it is made."""
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        yield opened


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test of the house runs on both databases; one that names its live stores has a database for each of them."""
    names_stores = any("redis_url" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "database_url" in metafunc.fixturenames and not names_stores:
        metafunc.parametrize("database_url", ["sqlite", "postgres"], indirect=True)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, redis_url: str | None, fresh_database: Callable[[str], str]) -> str:
    """PostgreSQL with a real Redis, as several workers need them, and SQLite with the embedded live store."""
    kind: str = getattr(request, "param", "sqlite" if redis_url is None else "postgres")
    return fresh_database(kind)


@pytest.fixture
async def house(
    database_url: str,
    migrated: Path,
    tmp_path: Path,
    redis_url: str | None,
    heard: Heard,
    bound: socket.socket,
) -> AsyncIterator[House]:
    """A demonstration server with everybody in the directory."""
    async with serving(migrated, tmp_path, redis_url, heard, bound, database_url=database_url) as house:
        await load_demo(house.rooms)
        yield house


@pytest.fixture
async def empty_house(
    database_url: str,
    migrated: Path,
    tmp_path: Path,
    redis_url: str | None,
    heard: Heard,
    bound: socket.socket,
) -> AsyncIterator[House]:
    """A demonstration server whose directory is empty: nobody who logs in is known."""
    async with serving(migrated, tmp_path, redis_url, heard, bound, database_url=database_url) as house:
        yield house


@pytest.fixture
async def browser(house: House) -> AsyncIterator[Browser]:
    async with house.browser() as browser:
        yield browser


@pytest.fixture
async def ear(house: House) -> AsyncIterator[Browser]:
    """Anne's browser, at work in the clinic with two practitioners."""
    async with house.browser() as browser:
        yield await browser.go_to_work("anne", "101001", "oere-anne")


@pytest.fixture
async def skin(house: House) -> AsyncIterator[Browser]:
    """Henrik's browser, at work in the clinic with one practitioner."""
    async with house.browser() as browser:
        yield await browser.go_to_work("henrik", "202002")


@pytest.fixture
async def maja(house: House) -> AsyncIterator[Browser]:
    """A patient's browser, logged in."""
    async with house.browser() as browser:
        assert await browser.log_in("maja", "patient") == "/patient"
        yield browser


@asynccontextmanager
async def serving(
    migrated: Path,
    home: Path,
    redis_url: str | None,
    heard: Heard,
    bound: socket.socket,
    identity_providers: tuple[IdentityProvider, ...] = (),
    *,
    database_url: str | None = None,
) -> AsyncIterator[House]:
    """Open every part, serve, and close in reverse: what `venterum serve` does, on an address already bound.

    Without a database's URL it serves a copy of the SQLite file `migrated`.
    """
    if database_url is None:
        database_url = f"sqlite+aiosqlite:///{shutil.copy(migrated, home / 'venterum.sqlite3')}"
    settings = Settings(
        http_port=bound.getsockname()[1],
        database_url=database_url,
        redis_url=redis_url,
        demo=True,
        identity_providers=identity_providers,
        recordings_directory=home / "recordings",
        trusted_proxies=(ip_network("127.0.0.1/32"),),
    )
    key = InstallationKey(secrets.token_bytes(32))
    redis = connect(redis_url)
    await redis.flushdb()
    bus = Bus(redis)
    await bus.start()
    clock = ShiftedClock()
    rooms = await Rooms.open(
        settings.database_url,
        key.reveal(),
        clock=clock,
        on_commit=announcer(bus),
        recording_keys=recording_keys(settings, key),
    )
    secret = key.media_secret.hex()
    async with (
        rooms,
        media_node(settings, redis, bus, secret),
        Worker(
            rooms=rooms,
            redis=redis,
            bus=bus,
            media_secret=secret,
            live_key=key.live_key,
            grace_seconds=settings.call_grace_seconds,
            recordings=FileStore(settings.recordings_directory),
        ) as worker,
    ):
        app = create_app(
            settings,
            rooms,
            redis,
            worker,
            cookie_key=key.cookie_key,
            metrics=Metrics(
                rooms.waiting_room.count_by_state, rooms.recordings.count_by_state, rooms.recordings.count_by_fault
            ),
            providers=demo_login.providers(settings, key),
            test_identity=demo_login.identity_provider(settings, key, redis),
            checks={"database": rooms.ping, "live_store": redis.ping},
            built=home / "dist",
        )
        runner = web.AppRunner(app, access_log_class=AccessLogger, shutdown_timeout=1)
        await runner.setup()
        await web.SockSite(runner, bound).start()
        try:
            yield House(settings, key, rooms, redis, heard, worker, clock)
        finally:
            await runner.cleanup()
            await bus.close()
            await redis.aclose()
