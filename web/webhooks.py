"""Tells practice systems what happens: reads the clinics' logs past each system's cursor, and POSTs what it finds, signed.

In order for each clinic, again and again until it is taken, by one worker at a time. Headers and signature are those of
Standard Webhooks 1.0 (https://www.standardwebhooks.com), so that a receiver need not write the check itself.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
from collections.abc import Callable

import aiohttp

from rooms.log import Log
from rooms.outbox import GIVEN_UP_AFTER, TOLD, Cursor, Outbox, Subject
from rooms.records import Event
from signaling.bus import Bus, clinic_topic
from signaling.tasks import stop
from signaling.views import milliseconds

from .logs import get_logger
from .schemas import WebhookEvent, WebhookVisit

TIMEOUT_SECONDS = 10.0
"""How long a receiver may take to answer, in seconds."""

SecretOf = Callable[[str], bytes]
"""The secret shared with a practice system, by its id."""


class Webhooks:
    """The worker's part in telling. Use `start` and `close`.

    Args:
        owner: names this worker in leases; no two may share it.
        secret_of: see `SecretOf`.
    """

    def __init__(self, outbox: Outbox, log: Log, bus: Bus, *, owner: str, secret_of: SecretOf) -> None:
        self._outbox = outbox
        self._events = log
        self._bus = bus
        self._owner = owner
        self._secret_of = secret_of
        self._session: aiohttp.ClientSession | None = None
        self._task: asyncio.Task[None] | None = None
        self._log = get_logger("web.webhooks")

    async def start(self) -> None:
        """Begin to tell, until `close`."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS))
        self._task = asyncio.create_task(self._keep_telling())

    async def close(self) -> None:
        """Stop; what is under way is told again later. May be called twice."""
        if self._task is not None:
            await stop([self._task])
        if self._session is not None:
            await self._session.close()

    async def _keep_telling(self) -> None:
        wake = asyncio.Event()
        listening: dict[str, Callable[[], None]] = {}
        try:
            while True:
                try:
                    await self.tell_due()
                    clinics = await self._outbox.clinic_ids()
                except Exception as error:  # a dead database must not end the telling
                    self._log.warning("could_not_tell", error=type(error).__name__)
                else:
                    for gone in listening.keys() - clinics:
                        listening.pop(gone)()
                    for new in clinics - listening.keys():
                        listening[new] = self._bus.listen(clinic_topic(new), wake)
                await self._bus.wait(wake)
        finally:
            for undo in listening.values():
                undo()

    async def tell_due(self) -> None:
        """Tell whatever may be told now; the cursors side by side, so that one slow receiver keeps nobody else waiting."""
        async with asyncio.TaskGroup() as group:
            for cursor in await self._outbox.due():
                group.create_task(self._tell(cursor))

    async def _tell(self, cursor: Cursor) -> None:
        if not await self._outbox.lease(cursor, self._owner):
            return
        try:
            attempts = cursor.attempts
            number = cursor.last_event
            while events := await self._events.since(cursor.clinic_id, number):
                for event in events:
                    if event.kind not in TOLD:
                        continue
                    if not await self._one(cursor, event, attempts):
                        return
                    attempts = 0
                number = events[-1].number
                # Most events are nobody's to be told: the cursor moves past them once a page, not once for each.
                if events[-1].kind not in TOLD and not await self._outbox.told(cursor, self._owner, number):
                    return
        finally:
            await self._outbox.release(cursor, self._owner)

    async def _one(self, cursor: Cursor, event: Event, attempts: int) -> bool:
        """Tell one event, and move the cursor past it. False when to go on another time."""
        subject = await self._outbox.subject(cursor, event)
        if subject is not None:
            status = await self._post(cursor, _event(event, subject))
            if status is None or not 200 <= status < 300:
                self._log.warning(
                    "webhook_failed",
                    system=cursor.system_id,
                    clinic=cursor.clinic_id,
                    number=event.number,
                    status=status,
                )
                if self._outbox.now() - event.at < GIVEN_UP_AFTER:
                    await self._outbox.failed(cursor, self._owner, attempts + 1)
                    return False
                self._log.error("webhook_given_up", system=cursor.system_id, number=event.number)
        return await self._outbox.told(cursor, self._owner, event.number)

    async def _post(self, cursor: Cursor, event: WebhookEvent) -> int | None:
        """The receiver's status; None when there was none."""
        assert self._session is not None, "started first"
        body = event.model_dump_json().encode()
        headers = {"Content-Type": "application/json"} | signature(
            self._secret_of(cursor.system_id), event.id, int(self._outbox.now().timestamp()), body
        )
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
            async with self._session.post(cursor.url, data=body, headers=headers, allow_redirects=False) as answer:
                return answer.status
        return None


def signature(secret: bytes, event_id: str, at_seconds: int, body: bytes) -> dict[str, str]:
    """The headers that let a receiver know whom a body is from, and that it is of now."""
    digest = hmac.digest(secret, f"{event_id}.{at_seconds}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(at_seconds),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _event(event: Event, subject: Subject) -> WebhookEvent:
    return WebhookEvent.model_validate(
        {
            "id": f"{event.clinic_id}.{event.number}",
            "type": TOLD[event.kind],
            "at_ms": milliseconds(event.at),
            "number": event.number,
            "clinic_id": event.clinic_id,
            "ydernummer": subject.ydernummer,
            "sor_id": subject.sor_id,
            "visit": WebhookVisit(
                visit_id=event.visit_id or "",
                patient_id=subject.patient_id,
                reference=subject.reference,
                cpr=None if subject.cpr is None else subject.cpr.reveal(),
                authorisation_id=subject.authorisation_id,
            ),
        }
    )
