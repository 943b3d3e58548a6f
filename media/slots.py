"""Who stands on which slot of whose leg, and what a node tells of a room. Pure.

A slot is what a leg is sent one other participant on (`media/negotiation.py`). A place is kept by whoever has it, over any
number of new legs and while they are away, for as long as nobody else needs it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


def seated(before: Sequence[str | None], present: Sequence[str], slots: int) -> tuple[str | None, ...]:
    """Who has which slot now.

    Args:
        before: who had which one; somebody who is away keeps it until the last free one is taken.
        present: who is there to be seen, in the order in which they came.
        slots: how many there are. Who finds none is not seen.
    """
    seats = [*before[:slots], *[None] * (slots - len(before))]
    for who in present:
        if who in seats:
            continue
        place = next((n for n, holder in enumerate(seats) if holder is None), None)
        if place is None:
            place = next((n for n, holder in enumerate(seats) if holder not in present), None)
        if place is None:
            break
        seats[place] = who
    return tuple(seats)


@dataclass(frozen=True, slots=True)
class Seen:
    """Another participant, and the sections (mids) of this leg that carry them; None where this leg has none."""

    id: str
    audio_mid: str | None
    video_mid: str | None


@dataclass(frozen=True, slots=True)
class Present:
    """One participant who is connected: by which leg, whether admitted, and whom that leg is sent."""

    leg_id: str
    admitted: bool
    sees: tuple[Seen, ...] = ()


@dataclass(frozen=True, slots=True)
class RoomState:
    """A room as its node tells it: who is connected, by id, and who shares a screen."""

    participants: Mapping[str, Present] = field(default_factory=dict)
    sharing: str | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> RoomState:
        return cls(
            {
                id: Present(each["leg_id"], each["admitted"], tuple(Seen(**seen) for seen in each["sees"]))
                for id, each in told["participants"].items()
            },
            told["sharing"],
        )

    def is_call(self) -> bool:
        """Whether anybody has been let in: a room in which people only wait is none yet."""
        return any(each.admitted for each in self.participants.values())

    def others(self, id: str) -> Collection[str]:
        return [other for other in self.participants if other != id]
