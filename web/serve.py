"""`venterum serve`: opens every part of the server in order, and closes them in reverse. The composition root."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import AsyncExitStack

from aiohttp import web

from media.recording.store import FileStore
from rooms.demo import load_demo
from rooms.store import migrate
from signaling.bus import Bus
from signaling.store import connect
from signaling.worker import Worker, announcer

from . import collector, demo_login
from .access_log import AccessLogger
from .app import create_app
from .demonstration import announcement
from .health import Metrics
from .keys import InstallationKey
from .logs import get_logger
from .media import media_node, show_numbers
from .recordings import RecordingStorage
from .settings import Settings
from .stop import stop_signal
from .store import open_rooms
from .webhooks import Webhooks

SHUTDOWN_SECONDS = 5.0
"""How long requests under way may take to finish when the server is asked to stop, in seconds."""


async def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        KeyFileRefused, TurnSecretRefused, StoreRefused, OSError: a part cannot be opened; those opened before it are
            closed again.
    """
    stop = stop_signal()
    log = get_logger("web.serve")

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
            providers=demo_login.providers(settings, key) if settings.demo else None,
            test_identity=demo_login.identity_provider(settings, key, redis) if settings.demo else None,
            checks={
                "database": rooms.ping,
                "live_store": redis.ping,
                "media_node": worker.calls.state,
                "recordings": RecordingStorage(rooms.recordings, settings.recordings_directory).state,
            },
        )
        runner = web.AppRunner(app, access_log_class=AccessLogger, shutdown_timeout=SHUTDOWN_SECONDS)
        await runner.setup()
        opened.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, settings.http_host, settings.http_port).start()

        collector.begin()
        log.info("test_identity_provider", on=settings.demo)
        log.info("serving", address=settings.origin, store="shared" if settings.shared else "this process alone")
        print(announcement(settings) if settings.demo else settings.origin, flush=True)
        await stop.wait()
        log.info("stopping")
    log.info("stopped")
