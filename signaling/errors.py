"""What signalling refuses, beyond what the rooms and the media plane do."""

from __future__ import annotations


class SignalingError(Exception):
    code = "signaling_error"


class NoMediaNode(SignalingError):
    """No media node is alive, or the live store that knows them does not answer."""

    code = "no_media_node"

    def __init__(self) -> None:
        super().__init__("No media node can take the call just now. Try again in a moment.")


class NotYourTurn(SignalingError):
    """An offer before the consultation is ready for it, or after its end."""

    code = "call_not_open"

    def __init__(self) -> None:
        super().__init__("The consultation is not open for video now.")


class UnreadableMessage(SignalingError):
    """A message that is none of the protocol's."""

    code = "message_unreadable"

    def __init__(self) -> None:
        super().__init__("The message is not one of the protocol's, or its fields do not fit.")
