"""What the paths of one leg carry, estimated from transport-wide numbers and feedback. Pure; bounded in memory.

The path up is the browser's to estimate, by the feedback it gets from here; `PathUp` only makes it brake at once when much is
lost on the way. The path down is estimated here, by delay and by loss (`PathDown`).

There is no limit until the path has shown itself too narrow: a queue that stands in it, or packets lost in number. Then the limit
is what came through, a little less while the queue drains, and it grows again while the path is calm. Sources are told the limit
(by REMB, in `media/relay.py`), so whoever sends follows the narrower of the two paths.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from librt.vecs import vec
from mypy_extensions import i64

from .transport_wide import Feedback

NUMBERS: Final = 1024
"""Packets remembered until they are reported: a second of four cameras. A power of two, so that numbers wrap onto slots."""

LEAST_BPS = 100_000
"""No limit goes below this: sound, and a few pictures a second."""

AMPLE_BPS = 3_000_000
"""A limit that has grown beyond this is none."""

QUEUE_MS = 60.0
"""A queue that stands (the least delay over `WINDOW_MS` above the least ever seen) for so long: the path is too narrow."""

CALM_MS = 25.0
"""With less of a queue than this, the limit may grow."""

LOST_SHARE = 0.15
LOST_LEAST = 6
"""Loss beyond this share, of no fewer packets than that, is the path's narrowness and not its weather."""

WINDOW_MS = 250.0
"""Over which delay, loss and throughput are taken: long enough to outlast a burst, short enough to give way in time."""

BACK_OFF = 0.85
"""Of what comes through, so that the queue drains."""

GROWTH = 1.08
GROWTH_BEYOND = 2.0
"""A second: near where the path was too narrow last; and well below it or well beyond it, where it has evidently widened."""

NEAR = (0.9, 1.15)
"""What is near, as shares of what came through when the path was too narrow last. What is at 0.85 of it has drained the queue."""

FORGOTTEN_MS = 15_000.0
"""A limit that nothing came near for so long is none."""

BASE_MS = 10_000.0
"""How long the least delay seen counts; a route that has become longer is a queue no longer than that."""

BRAKE_MS = 1500.0
"""How long after the last great loss a sender is held back; its own estimate has followed by then."""

SILENT_MS = 1000.0
"""Without any feedback for so long, though packets were sent, the limit halves."""


class PathDown:
    """Numbers the packets that a leg is sent, and estimates from what it reports. Times are in milliseconds.

    Attributes:
        next_number: what the next packet is numbered.
        limit_bps: what the path carries; None while it has not shown a limit.
    """

    def __init__(self) -> None:
        self.next_number: i64 = 0
        self._at_ms: vec[float] = vec[float]([0.0] * NUMBERS)
        self._sizes: vec[i64] = vec[i64]([0] * NUMBERS)
        self.limit_bps: int | None = None
        self._until: i64 = 0
        self._base = self._base_before = float("inf")
        self._base_since_ms = 0.0
        self._narrow_bps = 0
        self._grown_ms = self._near_ms = 0.0
        self._heard_ms: float | None = None
        self._repeats_ms = float("-inf")
        """Up to when the repeated packets fill their share."""
        self._reports: deque[tuple[float, float, int, int, int]] = deque(maxlen=64)
        """When the last of it arrived there, the least delay in it, bytes and packets that arrived, and packets that did not."""

    def sent(self, size: i64, now_ms: float) -> i64:
        """Count a packet on its way; its number."""
        number = self.next_number
        self.next_number = (number + 1) & 0xFFFF
        slot = number % NUMBERS
        self._at_ms[slot] = now_ms
        self._sizes[slot] = size
        return number

    def heard(self, feedback: Feedback, now_ms: float) -> None:
        """Take what the leg reports, and move the limit."""
        base: i64 = feedback.base
        arrivals = feedback.arrivals_ms
        count: i64 = len(arrivals)
        # Nothing that was not sent, and nothing so old that its slot is another packet's by now.
        if (self.next_number - base - 1) & 0xFFFF >= NUMBERS or not 0 < count <= NUMBERS:
            return
        # What an earlier report has counted already, for instance as lost, counts no more.
        known = (self._until - base) & 0xFFFF
        if known >= 0x8000:
            known = 0
        least, last_ms = float("inf"), float("-inf")
        came: i64 = 0
        came_bytes: i64 = 0
        lost: i64 = 0
        for place, arrived_ms in enumerate(arrivals):
            slot = (base + place) % NUMBERS
            if arrived_ms is not None:
                least = min(least, arrived_ms - self._at_ms[slot])
                last_ms = max(last_ms, arrived_ms)
                came_bytes += self._sizes[slot]
                came += 1
            elif place >= known:
                lost += 1
        if (base + count - self._until) & 0xFFFF < 0x8000:
            self._until = (base + count) & 0xFFFF
        if came == 0:
            return
        self._heard_ms = now_ms
        self._note_base(least, now_ms)
        self._reports.append((last_ms, least, came_bytes, came, lost))
        if lost or self.limit_bps is not None or least - min(self._base, self._base_before) > QUEUE_MS:
            self._judge(now_ms)

    def _note_base(self, delay: float, now_ms: float) -> None:
        # The two clocks have nothing in common, and a leap of either begins anew.
        if abs(delay - self._base) > 10 * BASE_MS:
            self._base = self._base_before = delay
            self._base_since_ms = now_ms
            self._reports.clear()
        if now_ms - self._base_since_ms > BASE_MS:
            self._base_before, self._base, self._base_since_ms = self._base, delay, now_ms
        self._base = min(self._base, delay)

    def _judge(self, now_ms: float) -> None:
        recent: list[tuple[float, float, int, int, int]] = []
        last_ms = self._reports[-1][0]
        for report in reversed(self._reports):
            if last_ms - report[0] >= WINDOW_MS:
                break
            recent.append(report)
        else:
            return
        came = sum(each[3] for each in recent)
        lost = sum(each[4] for each in recent)
        came_bps = int(8000 * sum(each[2] for each in recent) / (last_ms - report[0]))
        queue_ms = min(each[1] for each in recent) - min(self._base, self._base_before)
        lossy = lost >= LOST_LEAST and lost > LOST_SHARE * (came + lost)
        if queue_ms > QUEUE_MS or lossy:
            self._narrow(came_bps, lossy and queue_ms <= QUEUE_MS, now_ms)
        elif self.limit_bps is not None:
            self._grow(came_bps, queue_ms, now_ms)

    def _narrow(self, came_bps: int, by_loss: bool, now_ms: float) -> None:
        limit = max(int(BACK_OFF * came_bps), LEAST_BPS)
        if by_loss:
            # Weather loses packets at any rate, and must not drive the limit to the ground.
            limit = max(limit, 2 * LEAST_BPS)
        if self.limit_bps is None or limit < self.limit_bps:
            self.limit_bps = limit
            self._narrow_bps = max(came_bps, limit)
        self._grown_ms = self._near_ms = now_ms

    def _grow(self, came_bps: int, queue_ms: float, now_ms: float) -> None:
        assert self.limit_bps is not None
        elapsed_ms, self._grown_ms = min(now_ms - self._grown_ms, 500.0), now_ms
        if came_bps > 0.5 * self.limit_bps:
            self._near_ms = now_ms
            if queue_ms < CALM_MS:
                near = NEAR[0] * self._narrow_bps <= self.limit_bps <= NEAR[1] * self._narrow_bps
                growth = GROWTH if near else GROWTH_BEYOND
                self.limit_bps = int(self.limit_bps * growth ** (elapsed_ms / 1000)) + 1
        if self.limit_bps > AMPLE_BPS or now_ms - self._near_ms > FORGOTTEN_MS:
            self.limit_bps = None

    def may_repeat(self, size: int, share: float, now_ms: float) -> bool:
        """Whether a packet may be sent again: over a narrow path no more than a share of what it carries."""
        if self.limit_bps is None:
            return True
        filled = max(self._repeats_ms, now_ms - WINDOW_MS)
        if filled > now_ms:
            return False
        self._repeats_ms = filled + 8000 * size / (share * self.limit_bps)
        return True

    def silent(self, now_ms: float) -> None:
        """Called now and then: packets on their way of which nothing is heard mean a path that is full, or broken."""
        if self._heard_ms is None or now_ms - self._heard_ms < SILENT_MS or self._until == self.next_number:
            return
        self._heard_ms = now_ms
        self.limit_bps = max((self.limit_bps or AMPLE_BPS) // 2, LEAST_BPS)
        self._grown_ms = self._near_ms = now_ms


class PathUp:
    """Notices when much of what a leg sends is lost on its way here: its own estimate takes seconds to follow.

    Attributes:
        limit_bps: what came through while that lasts; None otherwise.
    """

    def __init__(self) -> None:
        self.limit_bps: int | None = None
        self._until_ms = 0.0
        self._recent: deque[tuple[float, int, int, int]] = deque()
        """Arrivals noted at one time: when, packets, bytes, and packets that are missing before them."""
        self._came = self._came_bytes = self._lost = 0
        """The sums of all but the first, which is where the window begins: what it holds came before."""

    def noted(self, came: int, came_bytes: int, lost: int, now_ms: float) -> None:
        """Take what arrived since the last time, and what did not."""
        recent = self._recent
        if recent:
            self._came += came
            self._came_bytes += came_bytes
            self._lost += lost
        recent.append((now_ms, came, came_bytes, lost))
        while len(recent) > 2 and now_ms - recent[1][0] >= WINDOW_MS:
            recent.popleft()
            _, came, came_bytes, lost = recent[0]
            self._came -= came
            self._came_bytes -= came_bytes
            self._lost -= lost
        span_ms = now_ms - recent[0][0]
        if span_ms < WINDOW_MS / 2:
            return
        came, lost = self._came, self._lost
        if lost >= LOST_LEAST and lost > LOST_SHARE * (came + lost):
            came_bps = int(8000 * self._came_bytes / span_ms)
            limit = max(int(BACK_OFF * came_bps), 2 * LEAST_BPS)
            self.limit_bps = limit if self.limit_bps is None else min(limit, self.limit_bps)
            self._until_ms = now_ms + BRAKE_MS
        elif now_ms > self._until_ms:
            self.limit_bps = None
