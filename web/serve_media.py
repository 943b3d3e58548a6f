"""`venterum media`: a media node in a process of its own, which the workers find by way of Redis."""

from __future__ import annotations

from contextlib import AsyncExitStack

from signaling.bus import Bus
from signaling.store import connect

from . import collector
from .keys import InstallationKey
from .logs import get_logger
from .media import media_node
from .settings import Settings
from .stop import stop_signal


async def serve_media(settings: Settings) -> None:
    """Run a media node by itself until SIGINT or SIGTERM.

    Raises:
        KeyFileRefused, OSError: a part cannot be opened; those opened before it are closed again.
        ValueError: there is no Redis to register in.
    """
    if settings.redis_url is None:
        raise ValueError("a media node of its own needs the workers' Redis: set VENTERUM_REDIS_URL")
    stop = stop_signal()
    log = get_logger("web.serve_media")
    async with AsyncExitStack() as opened:
        key = InstallationKey.of(settings, create=False)
        redis = connect(settings.redis_url)
        opened.push_async_callback(redis.aclose)
        bus = Bus(redis)
        await bus.start()
        opened.push_async_callback(bus.close)
        node = await opened.enter_async_context(media_node(settings, redis, bus, key.media_secret.hex()))
        collector.begin()
        log.info("media_node", udp_port=node.port, compiled=node.compiled)
        await stop.wait()
        log.info("stopping")
