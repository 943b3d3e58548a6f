"""The command line and composition root: `venterum serve` opens every part in order, and closes them in reverse."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import signal
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import uvloop
from aiohttp import web
from pydantic import ValidationError
from pydantic.json_schema import JsonSchemaMode, models_json_schema
from sqlalchemy.exc import DBAPIError

import signaling.messages
from media.recording.store import FileStore
from rooms.database import Database, parse_url
from rooms.demo import load_demo
from rooms.errors import RoomsError, StoreRefused
from rooms.log import Log
from rooms.records import Committed
from rooms.store import Rooms, migrate
from signaling.bus import Bus
from signaling.messages import Wire
from signaling.store import connect
from signaling.worker import Worker, announcer

from . import demonstration, directory_commands, logs, media_commands, practice_commands, recording_commands, schemas
from .app import create_app
from .health import Metrics
from .ice import TurnSecretRefused
from .keys import InstallationKey, KeyFileRefused, recording_keys
from .media import media_node, show_numbers
from .recordings import RecordingStorage
from .settings import Settings
from .webhooks import Webhooks

SHUTDOWN_SECONDS = 5.0
"""How long requests under way may take to finish when the server is asked to stop, in seconds."""


def main(arguments: list[str] | None = None) -> None:
    """Run a command; exits with 0, or with 1 and one line that says what to do about it."""
    os.umask(0o077)  # what is kept here, and the files the database makes beside it, are nobody else's to read
    parser = _parser()
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "schema":
            print(json.dumps(wire_schema(), indent=2, ensure_ascii=False))
            return
        settings = Settings()
        if chosen.command == "serve":
            logs.configure()
            uvloop.run(serve(settings))
        elif chosen.command == "media" and chosen.what == "token":
            media_commands.print_token(settings, chosen)
        elif chosen.command == "media":
            logs.configure()
            uvloop.run(serve_media(settings))
        elif chosen.command == "migrate":
            migrate(settings.database_url)
        elif chosen.command == "directory":
            sys.exit(directory_commands.run(settings, chosen))
        elif chosen.command == "audit":
            _be_there(settings)
            sys.exit(asyncio.run(verify_audit(settings)))
        elif chosen.command == "recording":
            _be_there(settings)
            sys.exit(recording_commands.run(settings, chosen))
        elif chosen.command == "practice-system":
            practice_commands.run(settings, chosen)
        elif chosen.command == "demo":
            _demo(settings, load=chosen.load, as_json=chosen.json)
    except ValidationError as error:
        sys.exit(f"venterum: {_settings_at_fault(error)}")
    except (KeyFileRefused, TurnSecretRefused, RoomsError, OSError, ValueError) as error:
        sys.exit(f"venterum: {error}")


async def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        KeyFileRefused, TurnSecretRefused, StoreRefused, OSError: a part cannot be opened; those opened before it are
            closed again.
    """
    stop = _stop_signal()
    log = logs.get_logger("web.cli")

    async with AsyncExitStack() as opened:
        key = InstallationKey.of(settings)
        await asyncio.to_thread(migrate, settings.database_url)
        redis = connect(settings.redis_url)
        opened.push_async_callback(redis.aclose)
        bus = Bus(redis)
        rooms = await open_rooms(settings, key, announcer(bus))
        opened.push_async_callback(rooms.close)
        await rooms.claim(shared=settings.shared)
        if settings.demo:
            await load_demo(rooms)
        await bus.start()
        opened.push_async_callback(bus.close)
        media_secret = key.media_secret.hex()
        node = None
        if settings.media_inside:
            node = await opened.enter_async_context(media_node(settings, redis, bus, media_secret))
        worker = await opened.enter_async_context(
            Worker(
                rooms=rooms,
                redis=redis,
                bus=bus,
                media_secret=media_secret,
                live_key=key.live_key,
                grace_seconds=settings.call_grace_seconds,
                recordings=FileStore(settings.recordings_directory),
            )
        )
        webhooks = Webhooks(rooms.outbox, rooms.log, bus, owner=secrets.token_hex(16), secret_of=key.webhook_secret)
        await webhooks.start()
        opened.push_async_callback(webhooks.close)
        metrics = Metrics(
            rooms.waiting_room.count_by_state, rooms.recordings.count_by_state, rooms.recordings.count_by_fault
        )
        show_numbers(metrics, worker.registry, node)

        app = create_app(
            settings,
            rooms,
            redis,
            worker,
            cookie_key=key.cookie_key,
            metrics=metrics,
            providers=demonstration.providers(settings, key) if settings.demo else None,
            test_identity=demonstration.identity_provider(settings, key, redis) if settings.demo else None,
            checks={
                "database": rooms.ping,
                "live_store": redis.ping,
                "media_node": worker.calls.state,
                "recordings": RecordingStorage(rooms.recordings, settings.recordings_directory).state,
            },
        )
        runner = web.AppRunner(app, access_log_class=logs.AccessLogger, shutdown_timeout=SHUTDOWN_SECONDS)
        await runner.setup()
        opened.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, settings.http_host, settings.http_port).start()

        log.info("test_identity_provider", on=settings.demo)
        log.info("serving", address=settings.origin, store="shared" if settings.shared else "this process alone")
        print(demonstration.announcement(settings) if settings.demo else settings.origin, flush=True)
        await stop.wait()
        log.info("stopping")
    log.info("stopped")


async def serve_media(settings: Settings) -> None:
    """Run a media node by itself until SIGINT or SIGTERM.

    Raises:
        KeyFileRefused, OSError: a part cannot be opened; those opened before it are closed again.
        ValueError: there is no Redis to register in.
    """
    if settings.redis_url is None:
        raise ValueError("a media node of its own needs the workers' Redis: set VENTERUM_REDIS_URL")
    stop = _stop_signal()
    log = logs.get_logger("web.cli")
    async with AsyncExitStack() as opened:
        key = InstallationKey.of(settings, create=False)
        redis = connect(settings.redis_url)
        opened.push_async_callback(redis.aclose)
        bus = Bus(redis)
        await bus.start()
        opened.push_async_callback(bus.close)
        node = await opened.enter_async_context(media_node(settings, redis, bus, key.media_secret.hex()))
        log.info("media_node", udp_port=node.port, compiled=node.compiled)
        await stop.wait()
        log.info("stopping")


async def open_rooms(
    settings: Settings, key: InstallationKey, on_commit: Callable[[Committed], None] = lambda _: None
) -> Rooms:
    """The waiting room's store, with the time of day as its clock."""
    return await Rooms.open(
        settings.database_url,
        key.reveal(),
        clock=lambda: datetime.now(UTC),
        on_commit=on_commit,
        recording_keys=recording_keys(settings, key),
        recording_days=settings.recording_days,
    )


def _be_there(settings: Settings) -> None:
    """Opening an SQLite file would make it. Raises StoreRefused when there is none."""
    url = parse_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        raise StoreRefused("There is no database there.")


async def verify_audit(settings: Settings) -> int:
    """Read every chain of events, and say of each whether it is whole; 1 when one is not. Reads only; a server may run.

    Raises:
        StoreRefused: it cannot be read.
    """
    database = Database(settings.database_url, clock=lambda: datetime.now(UTC), on_commit=lambda _: None)
    try:
        chains = await Log(database).verify_all()
    except DBAPIError:
        raise StoreRefused("The database cannot be read. Is it there, and migrated to this version?") from None
    finally:
        await database.close()
    for chain in chains:
        name = f"clinic {chain.name}" if chain.name else "the installation"
        if chain.broken_at is None:
            print(f"{name}: whole, {chain.events} events, the newest {chain.last_hash or 'none'}")
        else:
            print(f"{name}: BROKEN, event {chain.broken_at} is the first that was changed, removed or put in")
    return 1 if any(chain.broken_at is not None for chain in chains) else 0


def _stop_signal() -> asyncio.Event:
    """Set by SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


def wire_schema() -> dict[str, object]:
    """The JSON Schema of every type on the wire, in `$defs`: the browser's TypeScript types are made from it."""
    types = {
        value
        for module in (signaling.messages, schemas)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Wire) and value is not Wire
    }
    mode: JsonSchemaMode = "serialization"
    wanted = [(each, mode) for each in sorted(types, key=lambda each: each.__name__)]
    _, schema = models_json_schema(wanted, title="Venterum's wire types")
    return schema


def _demo(settings: Settings, *, load: bool, as_json: bool) -> None:
    if load:
        key = InstallationKey.of(settings)
        migrate(settings.database_url)
        asyncio.run(_load(settings, key))
    if as_json:
        print(json.dumps(demonstration.listing(settings), indent=2, ensure_ascii=False))
    else:
        print(demonstration.announcement(settings))


async def _load(settings: Settings, key: InstallationKey) -> None:
    async with await open_rooms(settings, key) as rooms:
        await load_demo(rooms)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="venterum",
        description="Virtual waiting room and video consultations. Settings are read from VENTERUM_* variables.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="migrate the database and serve until SIGINT or SIGTERM")
    media_commands.add_parser(commands)
    commands.add_parser("migrate", help="bring the database to the newest version")
    directory_commands.add_parser(commands)
    audit = commands.add_parser("audit", help="look after the event logs")
    audit.add_argument("what", choices=["verify"], help="verify: read every chain, and find what was changed by hand")
    practice_commands.add_parser(commands)
    recording_commands.add_parser(commands)
    demo = commands.add_parser("demo", help="list the demonstration's fictitious clinics and people")
    demo.add_argument("--json", action="store_true", help="for programs")
    demo.add_argument("--load", action="store_true", help="put them into the database first")
    commands.add_parser("schema", help="print the JSON Schema of every type on the wire")
    return parser


def _settings_at_fault(error: ValidationError) -> str:
    """Which settings cannot be read and why, without what was in them."""
    problems = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(
        f"{'VENTERUM_' + str(problem['loc'][0]).upper() if problem['loc'] else 'the settings'}: {problem['msg']}"
        for problem in problems
    )
