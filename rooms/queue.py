"""What somebody in the queue is told of it: the place, and about how long it takes, as far as the clinic wants it told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from .records import Clinic, QueueNews, Visit
from .states import VisitState
from .tables import visits
from .waits import AT_WORK, LOOKED_AT, wait_range

_OF_LATE = timedelta(days=30)
"""Older consultations say nothing about how long they take now."""
_HAVE_PATIENT = (VisitState.ACCEPTED.value, VisitState.IN_CALL.value)


async def queue_of(connection: AsyncConnection, clinic: Clinic, visit: Visit, now: datetime) -> QueueNews | None:
    """What the patient of a waiting visit is told; None for any other visit."""
    if visit.state is not VisitState.WAITING:
        return None
    settings = clinic.settings
    if not settings.show_place and not settings.show_wait:
        return QueueNews()
    place = await _place(connection, visit)
    told = QueueNews(place=place) if settings.show_place else QueueNews()
    if not settings.show_wait:
        return told
    at_work = await _at_work(connection, clinic.id, now)
    lengths = await _lengths(connection, clinic.id, at_work, now)
    return QueueNews(place=told.place, wait=wait_range(lengths, place, len(at_work)))


async def _place(connection: AsyncConnection, visit: Visit) -> int:
    earlier = or_(
        visits.c.joined_at < visit.joined_at, and_(visits.c.joined_at == visit.joined_at, visits.c.id < visit.id)
    )
    before = select(func.count()).where(
        visits.c.clinic_id == visit.clinic_id, visits.c.state == VisitState.WAITING.value, earlier
    )
    return int(await connection.scalar(before) or 0) + 1


async def _at_work(connection: AsyncConnection, clinic_id: str, now: datetime) -> Sequence[str]:
    """The practitioners who have a patient now, or had one until a moment ago."""
    query = (
        select(visits.c.practitioner_id)
        .distinct()
        .where(
            visits.c.clinic_id == clinic_id,
            visits.c.practitioner_id.is_not(None),
            or_(visits.c.state.in_(_HAVE_PATIENT), visits.c.ended_at > now - AT_WORK),
        )
    )
    return [str(each) for each in await connection.scalars(query)]


async def _lengths(
    connection: AsyncConnection, clinic_id: str, practitioners: Sequence[str], now: datetime
) -> Sequence[timedelta]:
    """How long their last consultations took, newest first."""
    query = (
        select(visits.c.accepted_at, visits.c.ended_at)
        .where(
            visits.c.clinic_id == clinic_id,
            visits.c.state == VisitState.ENDED.value,
            visits.c.started_at.is_not(None),
            visits.c.accepted_at.is_not(None),
            visits.c.ended_at > now - _OF_LATE,
            visits.c.practitioner_id.in_(practitioners),
        )
        .order_by(visits.c.ended_at.desc())
        .limit(LOOKED_AT)
    )
    return [row.ended_at - row.accepted_at for row in await connection.execute(query)] if practitioners else []
