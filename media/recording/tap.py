"""A tap on one call: takes every packet at once, and hands them over to the recorder without ever waiting for it.

What goes through it is gathered and handed over ten times a second, without blocking. A recorder that falls behind costs
packets of the recording, which are counted; one that stands still or dies ends the recording. The call goes on in any case.
"""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import Callable, Collection, Mapping
from functools import partial
from time import monotonic

from media.errors import RecordingFailed

from .news import Failure, RecordingNews, RecordingState
from .records import HEAD, MAX_BODY_BYTES, SENDER_REPORT, Begin, Kind, LegBegan, record

HAND_OVER_SECONDS = 0.1
BUFFER_BYTES = 2 * 1024 * 1024
"""What a tap holds while the recorder does not take it: about seven seconds of two people. Packets past that are dropped."""

_CONTROL_BYTES = 128 * 1024
"""Of those, kept free of packets for the records that say who is there and what was dropped."""

BEGIN_SECONDS = 8.0
STOP_SECONDS = 8.0


class Tap:
    """Takes what goes through one call. Every method returns at once; after the end of the recording they do nothing."""

    def __init__(self, recording_id: str, connection: socket.socket, on_news: Callable[[RecordingNews], None]) -> None:
        connection.setblocking(False)
        self.recording_id = recording_id
        self.news = RecordingNews(recording_id, RecordingState.STARTING)
        self.dropped = 0
        self.on_keyframe: Callable[[int], None] = lambda leg: None
        self.on_given_up: Callable[[], None] = lambda: None
        self._connection = connection
        self._on_news = on_news
        self._loop = asyncio.get_running_loop()
        self._begun: asyncio.Future[None] = self._loop.create_future()
        self._over: asyncio.Future[None] = self._loop.create_future()
        self._buffer = bytearray(BUFFER_BYTES)
        self._view = memoryview(self._buffer)
        self._filled = 0
        self._began = monotonic()
        self._untold_drops = 0
        self._said = b""
        self._ending = False
        self._loop.add_reader(connection, self._readable)
        # Taps hand over at different moments, so that a node with many does not stand still for all of them at once.
        self._timer = self._loop.call_later(HAND_OVER_SECONDS * (hash(recording_id) % 100) / 100, self._hand_over)

    # What is recorded.

    def packet(self, leg: int, packet: memoryview) -> None:
        """One RTP packet, decrypted."""
        size = len(packet)
        begin = self._filled
        after = begin + 9 + size
        if after > BUFFER_BYTES - _CONTROL_BYTES:
            self.dropped += 1
            self._untold_drops += 1
            return
        HEAD.pack_into(self._buffer, begin, 1, leg, size, int((monotonic() - self._began) * 1000))
        self._view[begin + 9 : after] = packet
        self._filled = after

    def sender_report(self, leg: int, ssrc: int, ntp: int, rtp_timestamp: int) -> None:
        self._add(Kind.SENDER_REPORT, leg, SENDER_REPORT.pack(ssrc, ntp, rtp_timestamp))

    def leg(self, number: int, began: LegBegan) -> None:
        """A participant's leg is live from now on, in place of any before it."""
        self._add(Kind.LEG, number, began.body())

    def gone(self, participant: str) -> None:
        self._add(Kind.GONE, 0, json.dumps({"participant": participant}).encode())

    # How it begins and ends.

    async def begin(self, key: bytes) -> None:
        """Wait until the recorder has made the file.

        Raises:
            RecordingFailed: it could not.
        """
        line = Begin(self.recording_id, base64.b64encode(key).decode()).line()
        self._buffer[: len(line)] = line
        self._filled = len(line)
        self._send()
        try:
            async with asyncio.timeout(BEGIN_SECONDS):
                await self._begun
        except TimeoutError:
            self._end(RecordingState.FAILED, Failure.TOO_SLOW)
        if self.news.reason is not None:
            raise RecordingFailed(self.news.reason)
        self._began = monotonic()

    async def stop(self) -> None:
        """End the recording, and wait until its file is whole. May be called twice."""
        if not self._ending and not self.news.over:
            self._ending = True
            self._tell_drops()
            self._add(Kind.END, 0, b"")
            self._send()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await asyncio.shield(self._over)
        except TimeoutError:
            self.give_up(Failure.TOO_SLOW)

    def _add(self, kind: Kind, leg: int, body: bytes) -> None:
        if self.news.over or len(body) > MAX_BODY_BYTES:
            return
        data = record(kind, leg, int((monotonic() - self._began) * 1000), body)
        after = self._filled + len(data)
        if after > BUFFER_BYTES:
            self.give_up(Failure.TOO_SLOW)
            return
        self._buffer[self._filled : after] = data
        self._filled = after

    def _tell_drops(self) -> None:
        dropped, self._untold_drops = self._untold_drops, 0
        if dropped:
            self._add(Kind.DROPPED, 0, json.dumps({"packets": dropped}).encode())

    def _hand_over(self) -> None:
        if self.news.over:
            return
        self._timer = self._loop.call_later(HAND_OVER_SECONDS, self._hand_over)
        if self._filled:
            self._send()

    def _send(self) -> None:
        try:
            sent = self._connection.send(self._view[: self._filled])
        except OSError:
            return  # full for now; or closed, which is read together with its reason
        left = self._filled - sent
        self._view[:left] = self._view[sent : self._filled]
        self._filled = left
        if self._untold_drops:
            self._tell_drops()

    # What the recorder says.

    def _readable(self) -> None:
        try:
            said = self._connection.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if not said:
            self._end(RecordingState.FAILED, Failure.RECORDER_DIED)
            return
        *lines, self._said = (self._said + said).split(b"\n")
        for line in lines:
            self._heard(json.loads(line))

    def _heard(self, message: Mapping[str, object]) -> None:
        if "begun" in message:
            if not self._begun.done():
                self._begun.set_result(None)
        elif "running" in message:
            self._tell(RecordingNews(self.recording_id, RecordingState.RUNNING))
        elif "keyframe" in message:
            self.on_keyframe(int(str(message["keyframe"])))
        elif "stopped" in message:
            self._end(RecordingState.STOPPED)
        elif "failed" in message:
            self._end(RecordingState.FAILED, Failure(str(message["failed"])))

    def give_up(self, reason: Failure) -> None:
        """End the recording here, whatever the recorder does with what it has."""
        if not self.news.over:
            self.on_given_up()
        self._end(RecordingState.FAILED, reason)

    def _end(self, state: RecordingState, reason: Failure | None = None) -> None:
        if self.news.over:
            return
        self._loop.remove_reader(self._connection)
        self._timer.cancel()
        self._connection.close()
        for future in (self._begun, self._over):
            if not future.done():
                future.set_result(None)
        self._tell(RecordingNews(self.recording_id, state, reason))

    def _tell(self, news: RecordingNews) -> None:
        self.news = news
        self._on_news(news)


class LegTap:
    """A call's tap, for one leg of it. What comes from an SSRC of `hidden` is nobody's to see, and not recorded."""

    __slots__ = ("_number", "_tap", "hidden", "packet")

    def __init__(self, tap: Tap, number: int) -> None:
        self._tap = tap
        self._number = number
        self.hidden: Collection[int] = ()
        self.packet = partial(tap.packet, number)

    def sender_report(self, ssrc: int, ntp: int, rtp_timestamp: int) -> None:
        self._tap.sender_report(self._number, ssrc, ntp, rtp_timestamp)
