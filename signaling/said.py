"""What each page in a call says of itself: microphone, camera, line, and the text that is being typed. Live state, sealed.

Text under way is kept so that it reaches a page at another worker, and a page that comes back; it lives for seconds, and the
live store holds nothing that can be read without the installation's key. What is finished becomes a message of the visit.
With the live store gone nothing is told here, and the call goes on.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from redis.asyncio import Redis
from redis.exceptions import RedisError

from .bus import Bus, said_topic
from .messages import Say

EXPIRY_SECONDS = 90
"""How long what a page said holds. A page says it anew every half minute, so that it outlives the page by little."""

_NONCE_BYTES = 12
_AT_BYTES = 8


class Said:
    """Keeps what was said last by each participant of each call.

    Args:
        key: 32 bytes, the same in every worker.
    """

    def __init__(self, redis: Redis, bus: Bus, key: bytes) -> None:
        self._redis = redis
        self._bus = bus
        self._aead = AESGCM(key)

    async def say(self, visit_id: str, participant: str, said: Say) -> None:
        """Put it in place of what the participant said before, and wake the others' pages."""
        sealed = self._seal(_context(visit_id, participant), said)
        try:
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.hset(_key(visit_id), participant, sealed)
            pipeline.expire(_key(visit_id), EXPIRY_SECONDS)
            await pipeline.execute()
        except (RedisError, OSError):
            return
        self._bus.announce(said_topic(visit_id))

    async def heard(self, visit_id: str) -> Mapping[str, Say]:
        """What holds now, by participant; nothing when the live store does not answer."""
        try:
            found = await self._redis.hgetall(_key(visit_id))
        except (RedisError, OSError):
            return {}
        said = {}
        for who, sealed in ((str(who), str(sealed)) for who, sealed in found.items()):
            opened = self._open(_context(visit_id, who), sealed)
            if opened is not None:
                said[who] = opened
        return said

    async def forget(self, visit_id: str) -> None:
        """Take away what was said: the call is over."""
        try:
            await self._redis.delete(_key(visit_id))
        except (RedisError, OSError):
            return  # it expires

    def _seal(self, context: bytes, said: Say) -> str:
        nonce = os.urandom(_NONCE_BYTES)
        at = round(time.time()).to_bytes(_AT_BYTES, "big")
        return (nonce + self._aead.encrypt(nonce, at + said.model_dump_json().encode(), context)).hex()

    def _open(self, context: bytes, sealed: str) -> Say | None:
        """None for what has expired, and for what another installation sealed."""
        raw = bytes.fromhex(sealed)
        try:
            plain = self._aead.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], context)
        except InvalidTag:
            return None
        if int.from_bytes(plain[:_AT_BYTES], "big") + EXPIRY_SECONDS < time.time():
            return None
        return Say.model_validate_json(plain[_AT_BYTES:])


def _key(visit_id: str) -> str:
    return f"venterum:call:{visit_id}:said"


def _context(visit_id: str, participant: str) -> bytes:
    """What was said in one call by one participant opens as nothing else."""
    return f"{visit_id} {participant}".encode()
