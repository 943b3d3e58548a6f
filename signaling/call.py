"""The call socket: SDP to the media node and back, and the consultation's state to whoever takes part.

A lost socket is not the end of anything: the media goes on without it, and the browser makes a new one. The consultation ends
by its state alone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Annotated

from aiohttp import web
from pydantic import Field, TypeAdapter, ValidationError

from media.errors import MediaError, NoSuchLeg
from media.slots import RoomState
from rooms.errors import NotFound
from rooms.records import Party, Visit
from rooms.states import OPEN_VISITS, VisitState

from .bus import Bus, call_topic, said_topic
from .calls import Calls
from .connection import AccessEnded, Connection, Registry
from .errors import NoMediaNode, NotYourTurn, SignalingError, UnreadableMessage
from .messages import (
    Answer,
    CallState,
    Elsewhere,
    GuestsMessage,
    HandedOver,
    Offer,
    Participants,
    ParticipantView,
    Problem,
    RecordingMessage,
    SaidBy,
    Say,
    ShareScreen,
    StopSharing,
)
from .participants import MAY_CONNECT, Place, Side, is_let_in
from .presence import Presence, clinician_subject
from .said import Said
from .views import chat_view, milliseconds_or_none

FromBrowser = Offer | Say | ShareScreen | StopSharing

_from_browser: TypeAdapter[FromBrowser] = TypeAdapter(Annotated[FromBrowser, Field(discriminator="type")])

_KEPT_LEGS = 16
"""How many of its newest legs a connection knows for its own."""


class CallConnection:
    """One browser's part in one consultation.

    Args:
        place: whose part it is.
        look: reads the visit as it is now; raises NotFound when whoever asks may see it no longer.
        other_name: the name of the other end, of a visit.
        topics: what wakes it beside what happens in the visit.
        name_of: what another participant is called here, of a visit.
        recording: how the recording of a visit stands, as this end may know it.
        is_holder: whether this end is still this browser's, of a visit: it is not when a colleague has the patient by now.
        guests: who has knocked and who is let in, of a visit; None for an end that is not told.
        came, went: called when this browser has taken part for the first time, and when one that has is gone.
    """

    def __init__(
        self,
        *,
        place: Place,
        visit_id: str,
        look: Callable[[], Awaitable[Visit]],
        other_name: Callable[[Visit], str],
        calls: Calls,
        said: Said,
        bus: Bus,
        registry: Registry,
        presence: Presence,
        login_id: str,
        topics: Sequence[str] = (),
        name_of: Callable[[Place, Visit], Awaitable[str]],
        recording: Callable[[Visit], Awaitable[RecordingMessage]],
        is_holder: Callable[[Visit], bool] = lambda _: True,
        guests: Callable[[], Awaitable[GuestsMessage]] | None = None,
        came: Callable[[], Awaitable[None]] | None = None,
        went: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._topics = topics
        self._recording = recording
        self._is_holder = is_holder
        self._place = place
        self._name_of = name_of
        self._guests = guests
        self._shown_guests: GuestsMessage | None = None
        self._came = came
        self._went = went
        self._visit_id = visit_id
        self._look = look
        self._other_name = other_name
        self._calls = calls
        self._said = said
        self._presence = presence
        self._bus = bus
        self._connection = Connection(registry, "call", bus, login_id)
        self._seen: Visit | None = None
        self._shown: tuple[CallState, Participants, RecordingMessage] | None = None
        self._heard: dict[str, SaidBy] = {}
        self._spoken = asyncio.Event()
        self._legs: deque[str] = deque(maxlen=_KEPT_LEGS)
        self._was_live = False
        self._lost_access = False

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Serve the browser until it goes or the consultation is over."""
        async with AsyncExitStack() as present:
            if self._place.side is Side.CLINICIAN:
                await present.enter_async_context(self._presence.connected(clinician_subject(self._visit_id)))
            try:
                return await self._connection.run(request, self._work, self._received, self._hear)
            finally:
                # The media goes with the access: the browser is not relied on.
                if self._lost_access and self._legs:
                    with suppress(NoSuchLeg, NoMediaNode):
                        await self._calls.put_out(self._visit_id, self._place.id)
                if self._legs and self._went is not None:
                    await self._went()

    async def _work(self) -> None:
        self._connection.listen(call_topic(self._visit_id), *self._topics)
        while await self._show():
            await self._connection.woken()

    async def _hear(self) -> None:
        """Tell what the others say, from the first look on; a text under way waits for no look at everything else.

        Between two looks the last one holds: whatever ends the access wakes the next.
        """
        await self._spoken.wait()
        undo = self._bus.listen(said_topic(self._visit_id), self._spoken)
        try:
            while True:
                self._spoken.clear()
                for who, said in (await self._said.heard(self._visit_id)).items():
                    message = SaidBy(participant=who, **said.model_dump(exclude={"type"}))
                    if who != self._place.id and message != self._heard.get(who):
                        await self._connection.send(message)
                        self._heard[who] = message
                await self._spoken.wait()
        finally:
            undo()

    async def _show(self) -> bool:
        """Send what has changed. False when the consultation is over."""
        try:
            visit = await self._look()
        except NotFound:
            self._lost_access = True
            raise AccessEnded from None
        self._seen = visit
        if not self._is_holder(visit):
            await self._connection.send(HandedOver(to_name=visit.practitioner_name or ""))
            return False
        room = await self._calls.room(self._visit_id)
        if self._is_replaced(room):
            await self._connection.send(Elsewhere())
            return False
        await self._let_in(visit, room)
        state = CallState(
            state=visit.state.value,
            other_name=self._other_name(visit),
            started_at_ms=milliseconds_or_none(visit.started_at),
            chat=chat_view(visit.chat, Party.PATIENT if self._place.side is Side.PATIENT else Party.CLINIC),
        )
        participants = await self._participants(visit, room)
        recording = await self._recording(visit)
        was_state, was_participants, was_recording = self._shown or (None, None, None)
        if state != was_state:
            await self._connection.send(state)
        if participants != was_participants:
            await self._connection.send(participants)
        if recording != was_recording:
            await self._connection.send(recording)
        self._shown = (state, participants, recording)
        await self._show_guests()
        self._spoken.set()
        if visit.state in (VisitState.REJECTED, VisitState.LEFT):
            # The path that was made while the patient waited.
            await self._calls.end(self._visit_id)
        return visit.state in OPEN_VISITS

    def _is_replaced(self, room: RoomState) -> bool:
        """Whether another page of the same participant has taken this one's place on the node."""
        mine = room.participants.get(self._place.id)
        if mine is not None and mine.leg_id in self._legs:
            self._was_live = True
        return mine is not None and self._was_live and mine.leg_id not in self._legs

    async def _let_in(self, visit: Visit, room: RoomState) -> None:
        """Open the gate for everybody for whom it should be open. Whoever looks first does it; the rest find it done."""
        for id, present in room.participants.items():
            place = Place.named(id)
            if not present.admitted and place is not None and is_let_in(place, visit.state):
                with suppress(NoSuchLeg, NoMediaNode):  # gone meanwhile; whoever comes back is let in then
                    await self._calls.admit(self._visit_id, id)

    async def _participants(self, visit: Visit, room: RoomState) -> Participants:
        me = self._place.id
        mine = room.participants.get(me)
        seen = {each.id: each for each in mine.sees} if mine is not None else {}
        others: list[ParticipantView] = []
        for id in dict.fromkeys((Side.CLINICIAN.value, Side.PATIENT.value, *room.participants)):
            place, present, sections = Place.named(id), room.participants.get(id), seen.get(id)
            if place is None or id == me:
                continue
            others.append(
                ParticipantView(
                    id=id,
                    role=place.side.value,
                    name=await self._name_of(place, visit),
                    connected=present is not None and present.admitted,
                    audio_mid=sections.audio_mid if sections is not None else None,
                    video_mid=sections.video_mid if sections is not None else None,
                )
            )
        return Participants(
            clinician=Side.CLINICIAN in room.participants,
            patient=Side.PATIENT in room.participants,
            me=me,
            connected=mine is not None,
            others=tuple(others),
            sharing=room.sharing,
        )

    async def _show_guests(self) -> None:
        if self._guests is not None:
            guests = await self._guests()
            if guests != (self._shown_guests or GuestsMessage(guests=())):
                await self._connection.send(guests)
                self._shown_guests = guests

    async def _received(self, text: str) -> None:
        about: str | None = None
        try:
            try:
                message = _from_browser.validate_json(text)
            except ValidationError:
                raise UnreadableMessage from None
            about = message.type
            answer = await self._answer(message)
        except (SignalingError, MediaError) as error:
            await self._connection.send(Problem(about=about, code=error.code, message=str(error)))
        except NotFound:
            raise AccessEnded from None
        else:
            if answer is not None:
                await self._connection.send(answer)

    async def _answer(self, message: FromBrowser) -> Answer | None:
        # Every character typed comes here: whether its page may speak is known from the last look.
        known = self._seen if isinstance(message, Say) else None
        visit, me = known or await self._look(), self._place.id
        if visit.state not in MAY_CONNECT[self._place.side] or not self._is_holder(visit):
            raise NotYourTurn
        if visit.state is VisitState.WAITING and not isinstance(message, Offer):
            raise NotYourTurn  # connected while waiting, and no more than that
        match message:
            case Say():
                await self._said.say(self._visit_id, me, message)
            case ShareScreen():
                await self._calls.share_screen(self._visit_id, me)
            case StopSharing():
                await self._calls.stop_sharing(self._visit_id, me)
            case Offer():
                return await self._join(visit, message)
        return None

    async def _join(self, visit: Visit, offer: Offer) -> Answer:
        joined = await self._calls.join(
            self._visit_id,
            self._place.id,
            offer.sdp,
            screen_mid=offer.screen_mid,
            admitted=is_let_in(self._place, visit.state),
            companion=self._place.is_companion,
        )
        is_first = not self._legs
        self._legs.append(joined.leg_id)
        if is_first and self._came is not None:
            await self._came()
        return Answer(sdp=joined.answer)
