"""A media node: one UDP socket, one certificate and the calls on it. How it is spoken to is `media/control.py`'s.

A node knows room and participant ids, never a patient.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aiortc.rtcdtlstransport import RTCCertificate

from .errors import NodeOverloaded, NodeUnavailable, NoSuchLeg
from .negotiation import negotiate, write_answer
from .relay import Counters, Leg
from .room import Room
from .seam import MediaSocket, SecureTransport
from .strain import Limits, Strain

MEASURE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Joined:
    """An answered offer. The leg is not connected yet."""

    leg_id: str
    answer: str


class MediaNode:
    """Answers offers and relays between those who joined the same room.

    Args:
        host, port: where the UDP socket is bound, an IP address of either family; port 0 takes a free one.
        addresses: the IP addresses offered to browsers, best first; a router may map them to `host`.
        limits: past which the node takes no new call; the defaults when not given. Participants of a call that is there
            are always let back in.
        on_change: called with a room's id and who is connected in it, at every change; an empty tuple when it is gone.

    Raises:
        OSError: the address or port cannot be had.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        addresses: Sequence[str],
        limits: Limits | None = None,
        on_change: Callable[[str, tuple[str, ...]], None] = lambda room_id, connected: None,
    ) -> None:
        self.id = secrets.token_hex(8)
        self.counters = Counters()
        self.socket = MediaSocket(host, port)
        self._addresses = addresses
        self._on_change = on_change
        self._certificate = RTCCertificate.generateCertificate()
        self._rooms: dict[str, Room] = {}
        self.strain = Strain(limits or Limits())
        self._measuring: asyncio.Task[None] | None = None
        self._closed = False

    def start(self) -> None:
        """Begin to take datagrams, in the running event loop."""
        self.socket.start()
        self._measuring = asyncio.create_task(self._measure())

    async def _measure(self) -> None:
        now = asyncio.get_running_loop().time
        while True:
            due = now() + MEASURE_SECONDS
            await asyncio.sleep(MEASURE_SECONDS)
            self.strain.measure(self.counters.packets_received, now() * 1000, (now() - due) * 1000)

    @property
    def port(self) -> int:
        """The UDP port in use."""
        return self.socket.port

    @property
    def alive(self) -> bool:
        """Whether the socket is open and takes calls."""
        return not self._closed and self.socket.alive

    def rooms(self) -> dict[str, tuple[str, ...]]:
        """Every room on the node, with who is connected in it."""
        return {room.id: room.connected for room in self._rooms.values()}

    async def join(self, room_id: str, participant_id: str, offer: str) -> Joined:
        """Answer an offer; a participant who is there already gets a new leg, which takes over when it is connected.

        Raises:
            MalformedSdp, RoomFull: nothing was changed.
            NodeOverloaded: it would be a new call, and there is no room for one.
            NodeUnavailable: the node is closed or closing.
        """
        if not self.alive:
            raise NodeUnavailable
        negotiated = negotiate(offer)
        if room_id not in self._rooms and self.strain.overloaded:
            raise NodeOverloaded
        room = self._rooms.get(room_id) or Room(room_id, self._room_changed)
        room.admit(participant_id)
        self._rooms[room_id] = room
        transport = SecureTransport(self.socket, [(a, self.port) for a in self._addresses], self._certificate)
        leg = Leg(secrets.token_hex(8), transport, negotiated, self.socket.batch, self.counters)
        room.add(participant_id, leg)
        local = await transport.describe()
        answer = write_answer(negotiated, local, leg.ssrcs(), secrets.randbits(62), leg.id)
        transport.start(negotiated.ice_username, negotiated.ice_password, negotiated.fingerprints, leg)
        return Joined(leg.id, answer)

    async def leave(self, room_id: str, participant_id: str, leg_id: str | None = None) -> None:
        """End a participant's leg, or all of them without `leg_id`.

        Raises:
            NoSuchLeg: there is none by that name.
        """
        room = self._rooms.get(room_id)
        if room is None or not room.remove(participant_id, leg_id):
            raise NoSuchLeg

    async def close_room(self, room_id: str) -> None:
        """End a whole call; nothing happens when there is none."""
        room = self._rooms.get(room_id)
        if room is not None:
            await room.close()

    def _room_changed(self, room: Room) -> None:
        self._on_change(room.id, room.connected)
        if room.empty:
            self._rooms.pop(room.id, None)

    async def close(self) -> None:
        """End every call and close the socket. May be called twice."""
        self._closed = True
        if self._measuring is not None:
            self._measuring.cancel()
        for room in list(self._rooms.values()):
            await room.close()
        self.socket.close()
