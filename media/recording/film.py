"""Films out of recordings, by PyAV and without transcoding: one of everybody, or one of each participant for a browser.

A film of VP8, VP9 or AV1 and Opus is WebM; with H.264 in it, it is Matroska. Every frame is muxed as its sender encoded it.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from io import RawIOBase
from typing import Any, BinaryIO

import av
from av.container import OutputContainer
from av.packet import Packet

from .depacketise import opus_duration_ms
from .errors import NothingToPlay
from .records import Record, records
from .tracks import Found, Frames, Survey, TrackName

WEBM, MATROSKA = "webm", "matroska"
MIME = {WEBM: "video/webm", MATROSKA: "video/x-matroska"}
PLAYABLE = frozenset({"vp8", "vp9", "av1", "h264", "opus"})

_BARE = {"h264": ("h264", b""), "av1": ("obu", b"\x12\x00")}
"""How frames by themselves are read as a file, and what has to stand before the first: for AV1, a temporal delimiter."""

_MS = Fraction(1, 1000)


@dataclass(frozen=True, slots=True)
class Film:
    """What was made: `begins_ms` is the recording's time at which the film's own time is 0."""

    format: str
    begins_ms: float
    tracks: tuple[TrackName, ...]

    @property
    def mime(self) -> str:
        return MIME[self.format]


def make_film(chunks: Callable[[], Iterable[bytes]], out: BinaryIO | RawIOBase, participant: str | None = None) -> Film:
    """Write the film of one participant, or of all of them, to `out`, which may be seekable or not.

    Args:
        chunks: gives the plain chunks of the recording, as often as it is called.

    Raises:
        NothingToPlay: there is no frame of anybody asked for.
        ChunkDamaged: the recording is not what was written.
    """
    survey = Survey()
    for record in _records(chunks()):
        survey.look(record)
    tracks = [
        track
        for track in survey.tracks()
        if track.name.codec in PLAYABLE and participant in (None, track.name.participant)
    ]
    if not tracks:
        raise NothingToPlay
    begins_ms = 0.0 if participant is None else min(track.began_ms for track in tracks)
    format = MATROSKA if any(track.name.codec == "h264" for track in tracks) else WEBM
    with contextlib.closing(av.open(out, "w", format=format, buffer_size=1 << 16)) as container:
        streams = {track.name: _stream(container, track) for track in tracks}
        for frame in _frames(chunks(), survey):
            stream = streams.get(frame.name)
            if stream is None:
                continue
            packet = Packet(frame.data)
            packet.stream = stream
            packet.time_base = _MS
            packet.pts = packet.dts = max(round(frame.at_ms - begins_ms), 0)
            packet.is_keyframe = frame.keyframe
            if frame.name.codec == "opus":
                packet.duration = round(opus_duration_ms(frame.data))
            container.mux(packet)
    return Film(format, begins_ms, tuple(streams))


def _records(chunks: Iterable[bytes]) -> Iterator[Record]:
    for chunk in chunks:
        yield from records(chunk)


def _frames(chunks: Iterable[bytes], survey: Survey) -> Iterator[Any]:
    frames = Frames(survey.timeline)
    for record in _records(chunks):
        yield from frames.of(record)
    yield from frames.rest()


def _stream(container: OutputContainer, track: Found) -> Any:
    name, first = track.name, track.first
    if name.codec in ("vp8", "vp9"):
        stream = container.add_mux_stream(name.codec, width=first.width, height=first.height)
    elif name.codec in _BARE:
        # Read once by PyAV as a file of its own, for what the container wants to know of it.
        format, before = _BARE[name.codec]
        with av.open(io.BytesIO(before + first.data), format=format) as template:
            stream = container.add_stream_from_template(template.streams.video[0], opaque=True)
    else:
        # The encoder is opened for its header alone; nothing is encoded.
        stream = container.add_stream("libopus", rate=48_000)
    stream.time_base = _MS
    stream.metadata["title"] = f"{name.participant} {name.track}"
    return stream
