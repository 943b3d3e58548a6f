"""About how long a patient has still to wait, from how long the clinic's own last consultations took. Pure.

It is a range, and honest: the bounds come from the shorter and the longer quarter of what was, they are rounded outwards to what
a person would say, and where there is too little to go by, or nobody at work, nothing is said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

LOOKED_AT = 20
"""How many consultations are looked at, the newest ones."""
LEAST = 5
"""With fewer than these nothing is said."""
AT_WORK = timedelta(hours=1)
"""Who has ended a consultation within this time counts as at work, beside whoever has a patient now."""
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(hours=3)
"""What was shorter or longer was no consultation, or nobody ended it."""
LONG = 60
"""In minutes: past it no range is said, only that it takes longer."""

_STEP = 5


@dataclass(frozen=True, slots=True)
class WaitRange:
    """In whole minutes, multiples of five. `to_minutes` is None when it takes longer than `from_minutes`, who knows how long."""

    from_minutes: int
    to_minutes: int | None


def wait_range(lengths: Sequence[timedelta], place: int, practitioners: int) -> WaitRange | None:
    """How long until somebody at this place in the queue is accepted.

    Args:
        lengths: how long the last consultations took from being accepted to the end, newest first.
        place: from 1 on.
        practitioners: how many are at work.
    """
    counted = sorted(length.total_seconds() / 60 for length in lengths[:LOOKED_AT] if SHORTEST <= length <= LONGEST)
    if len(counted) < LEAST or practitioners < 1:
        return None
    # Before whoever is at place p, p - 1 consultations begin and nearly p end, shared among those at work.
    shortest = _quantile(counted, 0.25) * (place - 1) / practitioners
    longest = _quantile(counted, 0.75) * place / practitioners
    from_minutes = math.floor(shortest / _STEP) * _STEP
    to_minutes = max(math.ceil(longest / _STEP) * _STEP, from_minutes + _STEP)
    if from_minutes >= LONG:
        return WaitRange(LONG, None)
    return WaitRange(from_minutes, to_minutes)


def _quantile(ordered: Sequence[float], share: float) -> float:
    """By the nearest two (Hyndman and Fan's type 7)."""
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
