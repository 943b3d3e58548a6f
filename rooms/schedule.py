"""When a waiting room opens and closes by itself: hours per weekday, in Danish time through summer time's changes. Pure.

Hours are written in local time and become moments in UTC here. A local time that the clocks jump over (02:30 on the last
Sunday of March) is the moment of the jump; one that comes twice (02:30 on the last Sunday of October) is the first of the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, pairwise
from zoneinfo import ZoneInfo

from .states import RoomState

DANISH_TIME = ZoneInfo("Europe/Copenhagen")

MOST_HOURS = 6
"""How many times a room may open in one day: each break makes one more."""
MOST_CLOSED_DAYS = 400

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """From when to when the room is open, in local time of one day."""

    opens: time
    closes: time


Day = tuple[Hours, ...]
"""One weekday's hours, in order; what lies between two of them is a break. Empty: closed all day."""

USUAL: Day = (Hours(time(7, 30), time(21, 0)),)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A clinic's opening hours. `week` begins on Monday; on `closed_days` the room does not open by itself."""

    automatic: bool = True
    week: tuple[Day, ...] = (USUAL,) * 7
    closed_days: tuple[date, ...] = ()

    def of(self, day: date) -> Day:
        """The hours of one date."""
        return () if day in self.closed_days else self.week[day.weekday()]


@dataclass(frozen=True, slots=True)
class Boundary:
    """The moment, in UTC, at which the room goes to `state` by itself."""

    at: datetime
    state: RoomState


def fault(schedule: Schedule) -> str | None:
    """What is wrong with a schedule, in English; None when it is sound."""
    if len(schedule.week) != 7:
        return "A week has seven days."
    if len(schedule.closed_days) > MOST_CLOSED_DAYS or len(set(schedule.closed_days)) < len(schedule.closed_days):
        return f"At most {MOST_CLOSED_DAYS} closed days, each named once."
    for day in schedule.week:
        if len(day) > MOST_HOURS:
            return f"A room opens at most {MOST_HOURS} times a day."
        moments = [moment for hours in day for moment in (hours.opens, hours.closes)]
        if any(later <= earlier for earlier, later in pairwise(moments)):
            return "Hours end after they begin, and those of one day follow each other with a break between."
        if any(moment.second or moment.microsecond or moment.tzinfo for moment in moments):
            return "Hours are local times in whole minutes."
    return None


def boundaries(schedule: Schedule, after: datetime) -> Iterator[Boundary]:
    """Every boundary later than `after`, in order of time, without an end; none where the room never opens by itself."""
    if not schedule.automatic or not any(schedule.week):
        return
    first = local_date(after) - _DAY
    for days in count():  # the closed days are few, so hours come again in the end
        day = first + days * _DAY
        yield from (each for each in _of_day(schedule.of(day), day) if each.at > after)


def next_boundary(schedule: Schedule, now: datetime) -> Boundary | None:
    """The first boundary later than `now`; None when the room never opens by itself."""
    return next(boundaries(schedule, now), None)


def next_opening(schedule: Schedule, now: datetime) -> datetime | None:
    """The first moment later than `now` at which the room opens by itself."""
    return next((each.at for each in boundaries(schedule, now) if each.state is RoomState.OPEN), None)


def next_closing(schedule: Schedule, now: datetime) -> datetime | None:
    """The first moment later than `now` at which the room closes by itself."""
    return next((each.at for each in boundaries(schedule, now) if each.state is RoomState.CLOSED), None)


def state_at(schedule: Schedule, now: datetime) -> RoomState:
    """What the hours alone say of a moment; at a boundary, what it leads to. Closed where nothing is automatic."""
    if not schedule.automatic:
        return RoomState.CLOSED
    day = local_date(now)
    passed = [
        each.state for date_ in (day - _DAY, day) for each in _of_day(schedule.of(date_), date_) if each.at <= now
    ]
    return passed[-1] if passed else RoomState.CLOSED


def local_date(now: datetime) -> date:
    """The date in Denmark."""
    return now.astimezone(DANISH_TIME).date()


def day_begins(day: date) -> datetime:
    """The moment, in UTC, at which a date begins in Denmark."""
    return _moment(day, time())


def _of_day(hours: Day, day: date) -> Iterator[Boundary]:
    for each in hours:
        opens, closes = _moment(day, each.opens), _moment(day, each.closes)
        if opens < closes:  # hours that the clocks jump over altogether do not come
            yield Boundary(opens, RoomState.OPEN)
            yield Boundary(closes, RoomState.CLOSED)


def _moment(day: date, at: time) -> datetime:
    local = datetime.combine(day, at, DANISH_TIME)
    moment = local.astimezone(UTC)
    if moment.astimezone(DANISH_TIME).replace(tzinfo=None) == local.replace(tzinfo=None):
        return moment
    # The clocks jump over this time. Before the jump lies what its later reading would have been; the jump is between.
    before, after = local.replace(fold=1).astimezone(UTC), moment
    offset = after.astimezone(DANISH_TIME).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) / 2
        if middle.astimezone(DANISH_TIME).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after.replace(microsecond=0)
