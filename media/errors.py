"""What the media plane refuses, each with a stable code and a text that says what to do.

    MediaError
    ├── MalformedSdp       the offer could not be read, or asks for something that is no WebRTC call
    ├── RoomFull           the room has as many participants as it takes
    ├── TooManyOffers      a participant offers faster than any browser has reason to
    ├── ScreenTaken        somebody else shares a screen in this call
    ├── NoSuchLeg          there is no such room, participant or leg on this node
    ├── AlreadyRecording   the call is being recorded under another id
    ├── RecordingFailed    the call cannot be recorded; its code says why
    ├── NodeOverloaded     the node takes no new call just now; place it on another
    └── NodeUnavailable    the node did not answer, or is closing; place the call on another

No message holds a part of an SDP: it carries ICE passwords.
"""

from __future__ import annotations

from .recording.news import Failure


class MediaError(Exception):
    code = "media_error"


class MalformedSdp(MediaError):
    code = "sdp_malformed"

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"The session description is not an offer this node can answer: {what}.")


class RoomFull(MediaError):
    code = "room_full"

    def __init__(self) -> None:
        super().__init__("The call has all its participants already.")


class TooManyOffers(MediaError):
    code = "too_many_offers"

    def __init__(self) -> None:
        super().__init__("There were too many offers from this participant. Try again in a moment.")


class ScreenTaken(MediaError):
    code = "screen_taken"

    def __init__(self) -> None:
        super().__init__("Somebody else is sharing a screen. One can be shared at a time.")


class NoSuchLeg(MediaError):
    code = "no_such_leg"

    def __init__(self) -> None:
        super().__init__("There is no such room, participant or leg on this node.")


class NodeUnavailable(MediaError):
    code = "node_unavailable"

    def __init__(self) -> None:
        super().__init__("The media node does not answer. Try again in a moment.")


class NodeOverloaded(MediaError):
    code = "node_overloaded"

    def __init__(self) -> None:
        super().__init__("The media node has as much as it can carry. Try again in a moment.")


class AlreadyRecording(MediaError):
    code = "already_recording"

    def __init__(self) -> None:
        super().__init__("The call is being recorded already. Stop that recording first.")


class RecordingFailed(MediaError):
    """`code` is the failure's (`recording.news.Failure`): `disk_full`, `too_slow`, …"""

    def __init__(self, reason: Failure) -> None:
        self.reason = reason
        self.code = reason.value
        super().__init__(f"The call goes on, but it cannot be recorded: {_FAILURES[reason]}.")


_FAILURES = {
    Failure.DISK_FULL: "the disk for recordings is full",
    Failure.TOO_SLOW: "the disk for recordings, or the recorder, does not keep up",
    Failure.RECORDER_DIED: "the recorder ended",
    Failure.STORAGE_MISSING: "the directory for recordings is missing or cannot be written",
    Failure.RECORDED_BEFORE: "a recording by that id is there already; ask for another one",
    Failure.KEY_MISSING: "there is no key to encrypt it with",
    Failure.NODE_DIED: "the media node ended",
}
