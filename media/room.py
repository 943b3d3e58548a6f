"""Who is in one call, which of their legs is live, and who is sent what; wires the legs and says when any of that changes.

One way back for every loss: a participant who offers again gets a new leg beside the old one, and the new one takes over when
it is connected, so that a live picture is not cut for one that may never come. Closing goes from the outside in: the node closes
rooms, a room its participants' legs, a leg its transport.

The gate: a participant may be connected before being admitted. Nothing goes from or to such a leg, whatever it sends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from time import monotonic

from .allowance import Allowance
from .errors import NoSuchLeg, RoomFull, ScreenTaken, TooManyOffers
from .negotiation import Track
from .relay import Leg, Outgoing, wire
from .slots import Present, RoomState, Seen, seated

MAX_PARTICIPANTS = 6

KEPT_PLACES = 2
"""Of those, for the two whose consultation it is: companions never take the last ones."""

OFFERS_PER_SECOND, OFFERS_AT_ONCE = 1.0, 10.0
"""New legs of one participant: each costs a handshake."""


class Participant:
    """One participant's legs, the live one and, while it connects, the one to follow it; and who is seen on which slot."""

    __slots__ = ("admitted", "companion", "live", "offers", "pending", "seats")

    def __init__(self, *, companion: bool) -> None:
        self.admitted = False
        self.companion = companion
        self.live: Leg | None = None
        self.pending: Leg | None = None
        self.offers = Allowance(OFFERS_PER_SECOND, OFFERS_AT_ONCE)
        self.seats: tuple[str | None, ...] = ()


class Room:
    """One call. `changed` is called whenever something may have changed that `state` tells of."""

    def __init__(self, id: str, changed: Callable[[Room], None]) -> None:
        self.id = id
        self._changed = changed
        self._participants: dict[str, Participant] = {}
        self._sharing: str | None = None
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> tuple[str, ...]:
        """The ids of the participants who are connected now."""
        return tuple(id for id, p in self._participants.items() if p.live is not None)

    @property
    def live(self) -> dict[str, Leg]:
        """The leg in use of each participant who is connected and admitted."""
        return {id: p.live for id, p in self._participants.items() if p.live is not None and p.admitted}

    @property
    def sharing(self) -> str | None:
        """Whose screen is shared, if anybody's."""
        return self._sharing

    @property
    def empty(self) -> bool:
        return not self._participants

    @property
    def state(self) -> RoomState:
        """What there is to tell of this room."""
        return RoomState(
            {
                id: Present(p.live.id, p.admitted, tuple(self._seen(p.live, p.seats) if p.admitted else ()))
                for id, p in self._participants.items()
                if p.live is not None
            },
            self._sharing,
        )

    def _seen(self, leg: Leg, seats: Iterable[str | None]) -> Iterable[Seen]:
        for slot, who in zip(leg.negotiated.slots, seats, strict=False):
            if who in self._participants:
                yield Seen(who, slot.audio, slot.video)

    def enter(self, participant_id: str, *, companion: bool = False) -> None:
        """Make a place for a participant who offers; who is there keeps it. A `companion` joins the two in a consultation.

        Raises:
            RoomFull: every place is taken by somebody else, or kept for somebody else.
            TooManyOffers: this one has offered too often just now.
        """
        if participant_id not in self._participants:
            companions = sum(p.companion for p in self._participants.values())
            left = MAX_PARTICIPANTS - KEPT_PLACES - companions if companion else MAX_PARTICIPANTS
            if len(self._participants) >= MAX_PARTICIPANTS or left <= 0:
                raise RoomFull
            self._participants[participant_id] = Participant(companion=companion)
        if not self._participants[participant_id].offers.take(monotonic() * 1000):
            raise TooManyOffers

    def admit(self, participant_id: str) -> None:
        """Open the gate for a participant, connected or not: from now on there is sound and picture from and to them.

        Raises:
            NoSuchLeg: there is no such participant.
        """
        participant = self._participants.get(participant_id)
        if participant is None:
            raise NoSuchLeg
        if not participant.admitted:
            participant.admitted = True
            self._wire()
            self._changed(self)

    def add(self, participant_id: str, leg: Leg) -> None:
        """Let a new leg of a participant who has a place follow the live one as soon as it is connected."""
        participant = self._participants[participant_id]
        if participant.pending is not None:
            self._close(participant.pending)
        participant.pending = leg
        leg.transport.on_connected = lambda: self._leg_connected(participant_id, leg)
        leg.transport.on_closed = lambda: self._leg_closed(participant_id, leg)

    def leg(self, participant_id: str, leg_id: str) -> Leg | None:
        """One leg of a participant, live or to follow."""
        participant = self._participants.get(participant_id)
        legs = (participant.live, participant.pending) if participant is not None else ()
        return next((leg for leg in legs if leg is not None and leg.id == leg_id), None)

    def remove(self, participant_id: str, leg_id: str | None = None) -> bool:
        """Take a participant's leg out, or all of them without `leg_id`. False when there was no such leg."""
        participant = self._participants.get(participant_id)
        if participant is None:
            return False
        legs = [leg for leg in (participant.live, participant.pending) if leg is not None and leg_id in (None, leg.id)]
        for leg in legs:
            self._leg_closed(participant_id, leg)
        return bool(legs)

    def share_screen(self, participant_id: str) -> None:
        """Let everybody see the screen that a participant sends. Again: nothing happens.

        Raises:
            NoSuchLeg: there is no such participant, or none who is admitted and connected with a section to send it on.
            ScreenTaken: somebody else's is shared.
        """
        leg = self.live.get(participant_id)
        if leg is None or Track.SCREEN not in leg.incoming:
            raise NoSuchLeg
        if self._sharing not in (None, participant_id):
            raise ScreenTaken
        if self._sharing is None:
            self._sharing = participant_id
            self._wire()
            self._changed(self)

    def stop_sharing(self, participant_id: str) -> None:
        """Stop showing a participant's screen; nothing happens when it is not shown."""
        if self._sharing == participant_id:
            self._sharing = None
            self._wire()
            self._changed(self)

    def _leg_connected(self, participant_id: str, leg: Leg) -> None:
        participant = self._participants[participant_id]
        if participant.live is not None:
            self._close(participant.live)
        participant.live, participant.pending = leg, None
        self._wire()
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
        live = self.live
        if self._sharing is not None and self._sharing not in self._participants:
            self._sharing = None
        ways: list[tuple[Leg, Track, Outgoing]] = []
        for participant_id, leg in live.items():
            participant = self._participants[participant_id]
            others = [other for other in live if other != participant_id]
            participant.seats = seated(participant.seats, others, len(leg.negotiated.slots))
            sections: list[tuple[str | None, Track, str | None]] = [
                (self._sharing, Track.SCREEN, leg.negotiated.screen if self._sharing != participant_id else None)
            ]
            for slot, who in zip(leg.negotiated.slots, participant.seats, strict=True):
                sections += [(who, Track.AUDIO, slot.audio), (who, Track.VIDEO, slot.video)]
            ways += [
                (live[who], track, leg.outgoing[mid])
                for who, track, mid in sections
                if who in live and mid is not None and track in live[who].incoming
            ]
        wire(live.values(), ways)

    def _close(self, leg: Leg) -> None:
        leg.send_to({})
        task = asyncio.get_running_loop().create_task(leg.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """End every leg, and wait until they are gone. May be called twice."""
        for participant_id in list(self._participants):
            self.remove(participant_id)
        await asyncio.gather(*self._closing)
