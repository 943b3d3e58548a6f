"""How a patient's page is doing: connected or away, and what it said of its camera, microphone and line. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rooms.records import Visit

from .messages import DeviceReport


@dataclass(frozen=True, slots=True)
class Attendance:
    """A person's page, or all of them, as of now.

    `away_since_ms` is when the last page was heard of, milliseconds since 1970 UTC; None while connected, and where nothing is
    known. `devices` is the page's own report; None where it has not said.
    """

    connected: bool = False
    away_since_ms: int | None = None
    devices: DeviceReport | None = None


UNKNOWN = Attendance()


def by_visit(visits: Sequence[Visit], found: Mapping[str, Attendance]) -> Mapping[str, Attendance]:
    """The attendance of each visit's patient, by the visit's id, of what is known by person."""
    return {visit.id: found.get(visit.person_id, UNKNOWN) for visit in visits}
