"""One call's recording on its node: a tap on the live leg of each participant, whoever comes, goes or comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from media.negotiation import Negotiated, Track

from .news import RecordingNews, RecordingState
from .recorders import Recorders
from .records import Coding, LegBegan
from .tap import LegTap, Tap

if TYPE_CHECKING:
    from media.relay import Leg

MAX_LEGS = 0xFFFF


class CallRecording:
    """Records one call under one id. `on_news` is called at each change of its state once it has begun."""

    def __init__(self, recording_id: str, on_news: Callable[[RecordingNews], None]) -> None:
        self.id = recording_id
        self._on_news = on_news
        self._tap: Tap | None = None
        self._legs: dict[str, Leg] = {}
        self._numbered: dict[int, Leg] = {}
        self._count = 0
        self._unwanted = False

    @property
    def news(self) -> RecordingNews:
        return self._tap.news if self._tap is not None else RecordingNews(self.id, RecordingState.STARTING)

    async def begin(self, recorders: Recorders, key: bytes) -> None:
        """Raises RecordingFailed. One that was stopped meanwhile has ended when this returns."""
        self._tap = await recorders.begin(self.id, key, self._told)
        self._tap.on_keyframe = self._keyframe_wanted
        if self._unwanted:
            await self._tap.stop()

    def follow(self, live: Mapping[str, Leg], sharing: str | None) -> None:
        """Record these legs, by participant, from now on, and no others; of screens that of `sharing` alone."""
        if self._tap is None or self._tap.news.over:
            return
        for participant, leg in list(self._legs.items()):
            if live.get(participant) is not leg:
                self._let_go(participant)
                if participant not in live:
                    self._tap.gone(participant)
        for participant, leg in live.items():
            if participant not in self._legs:
                number = self._count = (self._count + 1) % MAX_LEGS
                self._legs[participant] = self._numbered[number] = leg
                self._tap.leg(number, leg_began(participant, leg.negotiated))
                leg.tap = LegTap(self._tap, number)
                leg.request_keyframe(at_once=True)
            screen = leg.negotiated.sent.get(Track.SCREEN)
            if leg.tap is not None:
                leg.tap.hidden = screen.ssrcs if screen is not None and participant != sharing else ()

    async def stop(self) -> None:
        """End it, and wait until the file is whole or has failed. May be called twice, and while it begins."""
        self._unwanted = True
        for participant in list(self._legs):
            self._let_go(participant)
        if self._tap is not None:
            await self._tap.stop()

    def _let_go(self, participant: str) -> None:
        leg = self._legs.pop(participant)
        leg.tap = None
        for number in [number for number, each in self._numbered.items() if each is leg]:
            del self._numbered[number]

    def _keyframe_wanted(self, number: int) -> None:
        leg = self._numbered.get(number)
        if leg is not None:
            leg.request_keyframe()

    def _told(self, news: RecordingNews) -> None:
        if news.over:
            for participant in list(self._legs):
                self._let_go(participant)
        self._on_news(news)


def leg_began(participant: str, negotiated: Negotiated) -> LegBegan:
    """What a recording has to know of a leg to read its packets."""
    codings: dict[int, Coding] = {}
    sources: dict[int, str] = {}
    for track, section in negotiated.sent.items():
        sources.update(dict.fromkeys(section.ssrcs, track.value))
        for codec in section.codecs:
            name = codec.rtpmap.partition("/")[0].lower()
            # Of RED, `fmtp` names what it repeats (RFC 2198 section 5).
            of = int(codec.fmtp.partition("/")[0]) if name == "red" else None
            codings.setdefault(codec.payload_type, Coding(track.value, name, codec.clock_rate_hz, of))
            if codec.rtx_payload_type is not None:
                again = Coding(track.value, "rtx", codec.clock_rate_hz, codec.payload_type)
                codings.setdefault(codec.rtx_payload_type, again)
    return LegBegan(participant, codings, sources)
