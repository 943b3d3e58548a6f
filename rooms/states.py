"""The state machines of a waiting room, of a visit, of a recording and of a guest: one enum and one table each. Pure.

A pair that a table does not name is refused. The diagrams in the documentation are generated from the tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from .errors import WrongState


class RoomState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"


class RoomVerb(StrEnum):
    """The last two are the ways to close: refuse everyone in the queue, or only take no new patients."""

    OPEN = "open"
    REJECT_ALL = "reject_all"
    KEEP_QUEUE = "keep_queue"


class VisitState(StrEnum):
    WAITING = "waiting"
    ACCEPTED = "accepted"
    IN_CALL = "in_call"
    ENDED = "ended"
    REJECTED = "rejected"
    LEFT = "left"


class VisitVerb(StrEnum):
    """`LEAVE` is the patient's; the others are the staff's."""

    ACCEPT = "accept"
    START = "start"
    END = "end"
    REJECT = "reject"
    LEAVE = "leave"
    PUT_BACK = "put_back"
    HAND_OVER = "hand_over"
    RESUME = "resume"


class RecordingState(StrEnum):
    """`AGREED` until the first packet is kept; `WITHDRAWN` by whoever asked, or by the call's end."""

    ASKED = "asked"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    AGREED = "agreed"
    RUNNING = "running"
    STOPPED = "stopped"
    FAILED = "failed"
    DELETED = "deleted"


class RecordingVerb(StrEnum):
    """`AGREE` and `REFUSE` are the patient's; `RUN` and `FAIL` are what the recorder tells."""

    AGREE = "agree"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    RUN = "run"
    STOP = "stop"
    FAIL = "fail"
    DELETE = "delete"


class GuestState(StrEnum):
    """`KNOCKING`: has typed the code and a name, and waits to be let in. The last three are out."""

    INVITED = "invited"
    KNOCKING = "knocking"
    ADMITTED = "admitted"
    REFUSED = "refused"
    REMOVED = "removed"
    LEFT = "left"


class GuestVerb(StrEnum):
    """`KNOCK` and `LEAVE` are the guest's; the others are the staff's."""

    KNOCK = "knock"
    ADMIT = "admit"
    REFUSE = "refuse"
    REMOVE = "remove"
    LEAVE = "leave"


ROOM: Mapping[tuple[RoomState, RoomVerb], RoomState] = MappingProxyType(
    {
        (RoomState.CLOSED, RoomVerb.OPEN): RoomState.OPEN,
        (RoomState.OPEN, RoomVerb.REJECT_ALL): RoomState.CLOSED,
        (RoomState.OPEN, RoomVerb.KEEP_QUEUE): RoomState.CLOSED,
    }
)

VISIT: Mapping[tuple[VisitState, VisitVerb], VisitState] = MappingProxyType(
    {
        (VisitState.WAITING, VisitVerb.ACCEPT): VisitState.ACCEPTED,
        (VisitState.WAITING, VisitVerb.REJECT): VisitState.REJECTED,
        (VisitState.WAITING, VisitVerb.LEAVE): VisitState.LEFT,
        (VisitState.ACCEPTED, VisitVerb.START): VisitState.IN_CALL,
        (VisitState.ACCEPTED, VisitVerb.PUT_BACK): VisitState.WAITING,
        (VisitState.ACCEPTED, VisitVerb.END): VisitState.ENDED,
        # The video tab is opened again: nothing changes, and no event is written.
        (VisitState.IN_CALL, VisitVerb.START): VisitState.IN_CALL,
        (VisitState.IN_CALL, VisitVerb.END): VisitState.ENDED,
        # Another practitioner has the patient from now on.
        (VisitState.ACCEPTED, VisitVerb.HAND_OVER): VisitState.ACCEPTED,
        (VisitState.IN_CALL, VisitVerb.HAND_OVER): VisitState.IN_CALL,
        # Ended by mistake: for a while after.
        (VisitState.ENDED, VisitVerb.RESUME): VisitState.ACCEPTED,
    }
)

RECORDING: Mapping[tuple[RecordingState, RecordingVerb], RecordingState] = MappingProxyType(
    {
        (RecordingState.ASKED, RecordingVerb.AGREE): RecordingState.AGREED,
        (RecordingState.ASKED, RecordingVerb.REFUSE): RecordingState.REFUSED,
        (RecordingState.ASKED, RecordingVerb.WITHDRAW): RecordingState.WITHDRAWN,
        (RecordingState.AGREED, RecordingVerb.RUN): RecordingState.RUNNING,
        (RecordingState.AGREED, RecordingVerb.STOP): RecordingState.STOPPED,
        (RecordingState.AGREED, RecordingVerb.FAIL): RecordingState.FAILED,
        (RecordingState.RUNNING, RecordingVerb.STOP): RecordingState.STOPPED,
        (RecordingState.RUNNING, RecordingVerb.FAIL): RecordingState.FAILED,
        # The key is destroyed, and the media with it.
        (RecordingState.STOPPED, RecordingVerb.DELETE): RecordingState.DELETED,
        (RecordingState.FAILED, RecordingVerb.DELETE): RecordingState.DELETED,
    }
)

GUEST: Mapping[tuple[GuestState, GuestVerb], GuestState] = MappingProxyType(
    {
        (GuestState.INVITED, GuestVerb.KNOCK): GuestState.KNOCKING,
        (GuestState.INVITED, GuestVerb.REFUSE): GuestState.REFUSED,
        (GuestState.KNOCKING, GuestVerb.ADMIT): GuestState.ADMITTED,
        (GuestState.KNOCKING, GuestVerb.REFUSE): GuestState.REFUSED,
        (GuestState.KNOCKING, GuestVerb.LEAVE): GuestState.LEFT,
        (GuestState.ADMITTED, GuestVerb.REMOVE): GuestState.REMOVED,
        (GuestState.ADMITTED, GuestVerb.LEAVE): GuestState.LEFT,
    }
)

OPEN_GUESTS = frozenset({GuestState.INVITED, GuestState.KNOCKING, GuestState.ADMITTED})
"""The states of a guest who may still come in, or is there; the end of the call is the end of all of them."""

OPEN_VISITS = frozenset({VisitState.WAITING, VisitState.ACCEPTED, VisitState.IN_CALL})
"""The states in which a visit is under way; a patient has at most one such visit per clinic."""

OPEN_RECORDINGS = frozenset({RecordingState.ASKED, RecordingState.AGREED, RecordingState.RUNNING})
"""The states in which a recording is asked for or made; a visit has at most one such recording."""

KEPT_RECORDINGS = frozenset({RecordingState.STOPPED, RecordingState.FAILED})
"""The states of a recording that is over and there to be seen, as far as it got."""

_State = TypeVar("_State", bound=StrEnum)
_Verb = TypeVar("_Verb", bound=StrEnum)


def next_room(state: RoomState, verb: RoomVerb) -> RoomState:
    """The room's state after `verb`. Raises WrongState where the table has no entry."""
    return _next(ROOM, state, verb)


def next_visit(state: VisitState, verb: VisitVerb) -> VisitState:
    """The visit's state after `verb`. Raises WrongState where the table has no entry."""
    return _next(VISIT, state, verb)


def next_recording(state: RecordingState, verb: RecordingVerb) -> RecordingState:
    """The recording's state after `verb`. Raises WrongState where the table has no entry."""
    return _next(RECORDING, state, verb)


def next_guest(state: GuestState, verb: GuestVerb) -> GuestState:
    """The guest's state after `verb`. Raises WrongState where the table has no entry."""
    return _next(GUEST, state, verb)


def diagram(table: Mapping[tuple[_State, _Verb], _State]) -> str:
    """The table as Mermaid text (`stateDiagram-v2`), one arrow an entry, in the table's order."""
    arrows = [f"    {state} --> {after}: {verb}" for (state, verb), after in table.items()]
    return "\n".join(["stateDiagram-v2", *arrows]) + "\n"


def _next(table: Mapping[tuple[_State, _Verb], _State], state: _State, verb: _Verb) -> _State:
    try:
        return table[state, verb]
    except KeyError:
        raise WrongState(state, verb) from None
