"""What the media plane refuses, each with a stable code and a text that says what to do.

    MediaError
    ├── MalformedSdp       the offer could not be read, or asks for something that is no WebRTC call
    ├── RoomFull           the room has as many participants as it takes
    ├── NoSuchLeg          there is no such room, participant or leg on this node
    ├── NodeOverloaded     the node takes no new call just now; place it on another
    └── NodeUnavailable    the node did not answer, or is closing; place the call on another

No message holds a part of an SDP: it carries ICE passwords.
"""

from __future__ import annotations


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
