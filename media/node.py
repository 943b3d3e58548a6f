"""A media node: one UDP socket, one certificate and the calls on it. How it is spoken to is `media/control.py`'s.

A node knows room and participant ids, never a patient.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from aiortc.rtcdtlstransport import RTCCertificate

from . import relay
from .errors import AlreadyRecording, NodeOverloaded, NodeUnavailable, NoSuchLeg
from .negotiation import limited, negotiate, write_answer
from .port import MediaSocket
from .recording.call import CallRecording
from .recording.news import RecordingNews
from .recording.recorders import Recorders
from .relay import Counters, Leg
from .room import Room
from .seam import SecureTransport
from .slots import RoomState
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
        recordings: the directory that recordings are kept in; without one, none is made.
        on_recording: called with a room's id and what there is to say of its recording, at every change.
        on_change: called with a room's id and its state, at every change; nobody is connected in one that is gone.

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
        recordings: Path | None = None,
        on_recording: Callable[[str, RecordingNews], None] = lambda room_id, news: None,
        on_change: Callable[[str, RoomState], None] = lambda room_id, state: None,
    ) -> None:
        self.id = secrets.token_hex(8)
        self.counters = Counters()
        self.socket = MediaSocket(host, port)
        self._addresses = addresses
        self._on_change = on_change
        self._certificate = RTCCertificate.generateCertificate()
        self._rooms: dict[str, Room] = {}
        self._recorders = Recorders(recordings)
        self._recordings: dict[str, CallRecording] = {}
        self._on_recording = on_recording
        self.strain = Strain(limits or Limits())
        self._measuring: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def compiled(self) -> bool:
        """Whether the way of a packet was compiled when this was installed; else each costs several times as much."""
        return not (relay.__file__ or "").endswith(".py")

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
            for room_id in list(self._rooms):
                self._look_after(room_id)
                # Packets come first: a call's turn is over before the next one's.
                await asyncio.sleep(0)

    def _look_after(self, room_id: str) -> None:
        room = self._rooms.get(room_id)
        if room is not None:
            for leg in room.live.values():
                leg.look_after(monotonic() * 1000)

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

    def states(self) -> dict[str, RoomState]:
        """Every room on the node, as it is."""
        return {room.id: room.state for room in self._rooms.values()}

    @property
    def calls(self) -> int:
        """How many rooms are calls: somebody has been admitted, and does not only wait."""
        return sum(bool(room.live) for room in self._rooms.values())

    async def join(
        self,
        room_id: str,
        participant_id: str,
        offer: str,
        *,
        screen_mid: str | None = None,
        admitted: bool = True,
        companion: bool = False,
        publishes: bool = True,
        subscribes: bool = True,
    ) -> Joined:
        """Answer an offer; a participant who is there already gets a new leg, which takes over when it is connected.

        Args:
            screen_mid: the section of the offer that is for a shared screen.
            admitted: False for somebody who is to be connected only, until `admit`. Who has been admitted stays so.
            companion: True for somebody who joins the two whose consultation it is: two places are kept for those.
            publishes: False for somebody of whom nothing is taken.
            subscribes: False for somebody who is sent nothing.

        Raises:
            MalformedSdp, RoomFull, TooManyOffers: nothing was changed.
            NodeOverloaded: it would be a new call, and there is no room for one.
            NodeUnavailable: the node is closed or closing.
        """
        if not self.alive:
            raise NodeUnavailable
        negotiated = limited(negotiate(offer, screen_mid), publishes=publishes, subscribes=subscribes)
        if room_id not in self._rooms and self.strain.overloaded:
            raise NodeOverloaded
        room = self._rooms.get(room_id) or Room(room_id, self._room_changed)
        room.enter(participant_id, companion=companion)
        self._rooms[room_id] = room
        transport = SecureTransport(self.socket, [(a, self.port) for a in self._addresses], self._certificate)
        leg = Leg(secrets.token_hex(8), transport, negotiated, self.socket.batch, self.counters)
        room.add(participant_id, leg)
        if admitted:
            room.admit(participant_id)
        local = await transport.describe()
        answer = write_answer(negotiated, local, leg.ssrcs(), secrets.randbits(62), leg.id)
        transport.start(negotiated.ice_username, negotiated.ice_password, negotiated.fingerprints, leg)
        return Joined(leg.id, answer)

    def admit(self, room_id: str, participant_id: str) -> None:
        """Open the gate for a participant: sound and picture go from and to them, beginning with a keyframe.

        Raises:
            NoSuchLeg: there is none by that name.
        """
        self._room(room_id).admit(participant_id)

    def share_screen(self, room_id: str, participant_id: str) -> None:
        """Show everybody in the room the screen that a participant sends.

        Raises:
            NoSuchLeg: there is none by that name, or it has nothing to send a screen on.
            ScreenTaken: somebody else's is shared.
        """
        self._room(room_id).share_screen(participant_id)

    def stop_sharing(self, room_id: str, participant_id: str) -> None:
        """Stop showing a participant's screen. Raises NoSuchLeg when there is no such room."""
        self._room(room_id).stop_sharing(participant_id)

    def ice_of(self, room_id: str, participant_id: str, leg_id: str) -> tuple[str, str]:
        """The ICE user name and password that a leg's offer gave. Raises NoSuchLeg when there is no such leg."""
        leg = self._room(room_id).leg(participant_id, leg_id)
        if leg is None:
            raise NoSuchLeg
        return leg.negotiated.ice_username, leg.negotiated.ice_password

    def _room(self, room_id: str) -> Room:
        room = self._rooms.get(room_id)
        if room is None:
            raise NoSuchLeg
        return room

    async def leave(self, room_id: str, participant_id: str, leg_id: str | None = None) -> None:
        """End a participant's leg, or all of them without `leg_id`.

        Raises:
            NoSuchLeg: there is none by that name.
        """
        room = self._rooms.get(room_id)
        if room is None or not room.remove(participant_id, leg_id):
            raise NoSuchLeg

    async def record(self, room_id: str, recording_id: str, key: bytes) -> None:
        """Record a call from now on; returns when the recorder has begun. The same order again changes nothing.

        Raises:
            NoSuchLeg: there is no such call.
            AlreadyRecording: it is being recorded under another id.
            RecordingFailed: it cannot be recorded.
            NodeUnavailable: the node is closed or closing.
        """
        if not self.alive:
            raise NodeUnavailable
        if room_id not in self._rooms:
            raise NoSuchLeg
        recording = self._recordings.get(room_id)
        if recording is None:
            recording = self._recordings[room_id] = CallRecording(
                recording_id, lambda news: self._recording_changed(room_id, news)
            )
            try:
                await recording.begin(self._recorders, key)
            except BaseException:
                self._recordings.pop(room_id, None)
                raise
            if room_id not in self._rooms:
                await recording.stop()
            else:
                recording.follow(self._rooms[room_id].live, self._rooms[room_id].sharing)
        elif recording.id != recording_id:
            raise AlreadyRecording

    async def stop_recording(self, room_id: str) -> None:
        """Stop recording a call; returns when the file is whole, or has failed. Nothing happens when there is none."""
        recording = self._recordings.get(room_id)
        if recording is not None:
            await recording.stop()

    def recordings(self) -> dict[str, RecordingNews]:
        """Every recording that goes on on the node, by its room."""
        return {room_id: recording.news for room_id, recording in self._recordings.items()}

    @property
    def recorder_pid(self) -> int | None:
        """The process that records this node's calls, while there is one."""
        return self._recorders.pid

    def _recording_changed(self, room_id: str, news: RecordingNews) -> None:
        if news.over:
            self._recordings.pop(room_id, None)
        self._on_recording(room_id, news)

    async def close_room(self, room_id: str) -> None:
        """End a whole call, and its recording; nothing happens when there is none."""
        await self.stop_recording(room_id)
        room = self._rooms.get(room_id)
        if room is not None:
            await room.close()

    def _room_changed(self, room: Room) -> None:
        if room.id in self._recordings:
            self._recordings[room.id].follow(room.live, room.sharing)
        self._on_change(room.id, room.state)
        if room.empty:
            self._rooms.pop(room.id, None)

    async def close(self) -> None:
        """End every call and close the socket. May be called twice."""
        self._closed = True
        if self._measuring is not None:
            self._measuring.cancel()
        await asyncio.gather(*(recording.stop() for recording in list(self._recordings.values())))
        for room in list(self._rooms.values()):
            await room.close()
        await self._recorders.close()
        self.socket.close()
