"""The places in a call: their sides, their names on a media node, who may come when, and when the gate is open. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rooms.states import VisitState


class Side(StrEnum):
    """What somebody in a consultation is. The others join the first two, and may be several."""

    CLINICIAN = "clinician"
    PATIENT = "patient"
    COLLEAGUE = "colleague"
    GUEST = "guest"
    DEVICE = "device"


COMPANIONS = frozenset({Side.COLLEAGUE, Side.GUEST, Side.DEVICE})

MAY_CONNECT = {
    Side.PATIENT: frozenset({VisitState.WAITING, VisitState.ACCEPTED, VisitState.IN_CALL}),
    Side.CLINICIAN: frozenset({VisitState.IN_CALL}),
    Side.COLLEAGUE: frozenset({VisitState.IN_CALL}),
    Side.GUEST: frozenset({VisitState.IN_CALL}),
}
"""In which states each side may offer. The patient's path is made and proven while the patient waits; a device comes by WHIP."""


@dataclass(frozen=True, slots=True)
class Place:
    """One participant's place. `of`: whose it is, an id, where there may be several on a side."""

    side: Side
    of: str = ""

    @property
    def id(self) -> str:
        """The participant's name on the media node and on the wire."""
        return f"{self.side}-{self.of}" if self.of else self.side.value

    @classmethod
    def named(cls, id: str) -> Place | None:
        """The place by that name; None when it is none."""
        side, _, of = id.partition("-")
        return cls(Side(side), of) if side in set(Side) else None

    @property
    def is_companion(self) -> bool:
        return self.side in COMPANIONS


def is_let_in(place: Place, state: VisitState) -> bool:
    """Whether the gate is open: until the clinician starts the video, whoever is connected is silent and sees nothing."""
    return state is VisitState.IN_CALL
