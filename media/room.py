"""Who is in one call and which of their legs is live; wires the legs to each other and says when that changes.

One way back for every loss: a participant who offers again gets a new leg beside the old one, and the new one takes over when
it is connected, so that a live picture is not cut for one that may never come. Closing goes from the outside in: the node closes
rooms, a room its participants' legs, a leg its transport.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic

from .allowance import Allowance
from .errors import RoomFull, TooManyOffers
from .relay import Leg

MAX_PARTICIPANTS = 2

OFFERS_PER_SECOND, OFFERS_AT_ONCE = 1.0, 10.0
"""New legs of one participant: each costs a handshake."""


class Participant:
    """One participant's legs: the live one and, while it connects, the one to follow it."""

    __slots__ = ("live", "offers", "pending")

    def __init__(self) -> None:
        self.live: Leg | None = None
        self.pending: Leg | None = None
        self.offers = Allowance(OFFERS_PER_SECOND, OFFERS_AT_ONCE)


class Room:
    """One call. `changed` is called whenever the set of connected participants may have changed."""

    def __init__(self, id: str, changed: Callable[[Room], None]) -> None:
        self.id = id
        self._changed = changed
        self._participants: dict[str, Participant] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> tuple[str, ...]:
        """The ids of the participants who are connected now."""
        return tuple(id for id, p in self._participants.items() if p.live is not None)

    @property
    def live(self) -> dict[str, Leg]:
        """The leg in use of each participant who is connected now."""
        return {id: p.live for id, p in self._participants.items() if p.live is not None}

    @property
    def empty(self) -> bool:
        return not self._participants

    def admit(self, participant_id: str) -> None:
        """Make a place for a participant who offers; who is there keeps it.

        Raises:
            RoomFull: every place is taken by somebody else.
            TooManyOffers: this one has offered too often just now.
        """
        if participant_id not in self._participants:
            if len(self._participants) >= MAX_PARTICIPANTS:
                raise RoomFull
            self._participants[participant_id] = Participant()
        if not self._participants[participant_id].offers.take(monotonic() * 1000):
            raise TooManyOffers

    def add(self, participant_id: str, leg: Leg) -> None:
        """Let a new leg of an admitted participant follow the live one as soon as it is connected."""
        participant = self._participants[participant_id]
        if participant.pending is not None:
            self._close(participant.pending)
        participant.pending = leg
        leg.transport.on_connected = lambda: self._leg_connected(participant_id, leg)
        leg.transport.on_closed = lambda: self._leg_closed(participant_id, leg)

    def remove(self, participant_id: str, leg_id: str | None = None) -> bool:
        """Take a participant's leg out, or all of them without `leg_id`. False when there was no such leg."""
        participant = self._participants.get(participant_id)
        if participant is None:
            return False
        legs = [leg for leg in (participant.live, participant.pending) if leg is not None and leg_id in (None, leg.id)]
        for leg in legs:
            self._leg_closed(participant_id, leg)
        return bool(legs)

    def _leg_connected(self, participant_id: str, leg: Leg) -> None:
        participant = self._participants[participant_id]
        if participant.live is not None:
            self._close(participant.live)
        participant.live, participant.pending = leg, None
        self._wire()
        for other_id, other in self._participants.items():
            if other_id != participant_id and other.live is not None:
                other.live.request_keyframe(at_once=True)
        self._changed(self)

    def _leg_closed(self, participant_id: str, leg: Leg) -> None:
        participant = self._participants.get(participant_id)
        if participant is not None:
            if participant.live is leg:
                participant.live = None
            if participant.pending is leg:
                participant.pending = None
            if participant.live is None and participant.pending is None:
                del self._participants[participant_id]
        self._close(leg)
        self._wire()
        self._changed(self)

    def _wire(self) -> None:
        live = [(id, p.live) for id, p in self._participants.items() if p.live is not None]
        for participant_id, leg in live:
            leg.wire(other for other_id, other in live if other_id != participant_id)

    def _close(self, leg: Leg) -> None:
        leg.wire(())
        task = asyncio.get_running_loop().create_task(leg.transport.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """End every leg, and wait until they are gone. May be called twice."""
        for participant_id in list(self._participants):
            self.remove(participant_id)
        await asyncio.gather(*self._closing)
