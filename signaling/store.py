"""The connection to the live store: redis-py against a real Redis, or fakeredis inside the process when no URL is given.

What is kept there is rebuilt from the connected browsers if it is lost; nothing durable goes here.
"""

from __future__ import annotations

import fakeredis
from redis.asyncio import Redis


def connect(url: str | None) -> Redis:
    """A client for `redis://`, `rediss://` or `unix://`; without a URL, an embedded store for this process alone.

    Raises:
        ValueError: the URL's scheme is none of these.
    """
    if url is None:
        return fakeredis.FakeAsyncRedis(decode_responses=True)
    return Redis.from_url(url, decode_responses=True, socket_connect_timeout=2, health_check_interval=15)
