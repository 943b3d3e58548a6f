"""The call socket: SDP to the media node and back, and the consultation's state to whoever takes part.

A lost socket is not the end of anything: the media goes on without it, and the browser makes a new one. The consultation ends
by its state alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from enum import StrEnum
from typing import Annotated

from aiohttp import web
from pydantic import Field, TypeAdapter, ValidationError

from media.errors import MediaError
from rooms.errors import NotFound
from rooms.records import Party, Visit
from rooms.states import OPEN_VISITS, VisitState

from .bus import Bus, call_topic, clinic_topic
from .calls import Calls
from .connection import AccessEnded, Connection, Registry
from .errors import NotYourTurn, SignalingError, UnreadableMessage
from .messages import Answer, CallState, HandedOver, Offer, Participants, Problem, RecordingMessage, SaidBy, Say
from .presence import Presence, clinician_subject
from .said import Said
from .views import chat_view, milliseconds_or_none

_from_browser: TypeAdapter[Offer | Say] = TypeAdapter(Annotated[Offer | Say, Field(discriminator="type")])


class Side(StrEnum):
    """Which end of the consultation a browser is; also the participant's name on the media node."""

    CLINICIAN = "clinician"
    PATIENT = "patient"


MAY_CONNECT = {
    Side.PATIENT: frozenset({VisitState.ACCEPTED, VisitState.IN_CALL}),
    Side.CLINICIAN: frozenset({VisitState.IN_CALL}),
}
"""In which states each side may offer. The patient connects as soon as accepted, so that the path is proven before the call."""


class CallConnection:
    """One browser's part in one consultation.

    Args:
        look: reads the visit as it is now; raises NotFound when whoever asks may see it no longer.
        other_name: the name of the other end, of a visit.
        recording: how the recording of a visit stands, as this end may know it.
        is_holder: whether this end is still this browser's, of a visit: it is not when a colleague has the patient by now.
    """

    def __init__(
        self,
        *,
        side: Side,
        visit_id: str,
        look: Callable[[], Awaitable[Visit]],
        other_name: Callable[[Visit], str],
        calls: Calls,
        said: Said,
        bus: Bus,
        registry: Registry,
        presence: Presence,
        login_id: str,
        recording: Callable[[Visit], Awaitable[RecordingMessage]],
        is_holder: Callable[[Visit], bool] = lambda _: True,
    ) -> None:
        self._recording = recording
        self._is_holder = is_holder
        self._side = side
        self._visit_id = visit_id
        self._look = look
        self._other_name = other_name
        self._calls = calls
        self._said = said
        self._presence = presence
        self._connection = Connection(registry, "call", bus, login_id, self._still_allowed)
        self._shown: tuple[CallState, Participants, RecordingMessage] | None = None
        self._heard: dict[str, SaidBy] = {}

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Serve the browser until it goes or the consultation is over."""
        async with AsyncExitStack() as present:
            if self._side is Side.CLINICIAN:
                await present.enter_async_context(self._presence.connected(clinician_subject(self._visit_id)))
            return await self._connection.run(request, self._work, self._received)

    async def _still_allowed(self) -> bool:
        try:
            await self._look()
        except NotFound:
            return False
        return True

    async def _work(self) -> None:
        visit = await self._look()
        self._connection.listen(clinic_topic(visit.clinic_id), call_topic(self._visit_id))
        while await self._show():
            await self._connection.woken()

    async def _show(self) -> bool:
        """Send what has changed. False when the consultation is over."""
        try:
            visit = await self._look()
        except NotFound:
            raise AccessEnded from None
        if not self._is_holder(visit):
            await self._connection.send(HandedOver(to_name=visit.practitioner_name or ""))
            return False
        connected = (await self._calls.room(self._visit_id)).participants
        state = CallState(
            state=visit.state.value,
            other_name=self._other_name(visit),
            started_at_ms=milliseconds_or_none(visit.started_at),
            chat=chat_view(visit.chat, Party.CLINIC if self._side is Side.CLINICIAN else Party.PATIENT),
        )
        participants = Participants(clinician=Side.CLINICIAN in connected, patient=Side.PATIENT in connected)
        recording = await self._recording(visit)
        was_state, was_participants, was_recording = self._shown or (None, None, None)
        if state != was_state:
            await self._connection.send(state)
        if participants != was_participants:
            await self._connection.send(participants)
        if recording != was_recording:
            await self._connection.send(recording)
        self._shown = (state, participants, recording)
        await self._show_what_others_say()
        return visit.state in OPEN_VISITS

    async def _show_what_others_say(self) -> None:
        for who, said in (await self._said.heard(self._visit_id)).items():
            message = SaidBy(participant=who, **said.model_dump(exclude={"type"}))
            if who != self._side.value and message != self._heard.get(who):
                await self._connection.send(message)
                self._heard[who] = message

    async def _received(self, text: str) -> None:
        try:
            answer = await self._answer(text)
        except (SignalingError, MediaError) as error:
            await self._connection.send(Problem(code=error.code, message=str(error)))
        except NotFound:
            raise AccessEnded from None
        else:
            if answer is not None:
                await self._connection.send(answer)

    async def _answer(self, text: str) -> Answer | None:
        try:
            message = _from_browser.validate_json(text)
        except ValidationError:
            raise UnreadableMessage from None
        visit = await self._look()
        if visit.state not in MAY_CONNECT[self._side] or not self._is_holder(visit):
            raise NotYourTurn
        if isinstance(message, Say):
            await self._said.say(self._visit_id, self._side.value, message)
            return None
        joined = await self._calls.join(self._visit_id, self._side.value, message.sdp)
        return Answer(sdp=joined.answer)
