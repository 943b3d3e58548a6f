"""Transport-wide feedback read and written (draft-holmer-rmcat-transport-wide-cc-extensions-01). Pure.

Every packet on a transport carries a number in a header extension, whatever stream it is of; the receiver tells the sender when
each of them arrived, and the sender estimates the path from that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, repeat
from operator import sub
from struct import Struct, unpack_from
from typing import Final

from librt.vecs import vec
from mypy_extensions import i64

EXTENSION = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
"""The header extension's name, and that of its RTCP feedback below."""

FEEDBACK = ("transport-cc", None)
FORMAT = 15
"""Its feedback message type among transport-layer feedback (RTPFB)."""

TICK_NS = 250_000
"""The unit of the deltas."""

REFERENCE_TICKS = 256
"""The unit of the reference time, 64 ms, in ticks."""

MAX_STATUSES = 512
"""The most packets that one report tells of, so that it fits in a datagram."""

MAX_GAP = 4096
"""A leap in the numbers beyond this is a new beginning, and not that many lost packets."""

MAX_SEEN: Final = 1024
"""Arrivals remembered until they are reported, a tenth of a second at the most; one past that counts as lost."""

MAX_SPAN_NS = 8_000_000_000
"""Times further apart than this may not fit into the deltas."""

MAX_READ = 4096
"""The most packets that a report is read of; no browser tells of a tenth of that."""

_HEADER = Struct("!BBHIIHHI")
_RUN = 0x1FFF
_SMALL, _LARGE = 1, 2


@dataclass(slots=True)
class Feedback:
    """What a receiver tells of the packets numbered from `base` on: when each arrived in its own clock, None if it did not.

    The clock begins anywhere and goes around every 12 days; it is good for differences.
    """

    base: int
    arrivals_ms: Sequence[float | None]


class Arrivals:
    """What has arrived from a sender and was not reported yet.

    Attributes:
        seen: how many have arrived since the last reports.
        came, came_bytes, lost: what the last reports told of.
    """

    def __init__(self) -> None:
        self.seen: i64 = 0
        self._numbers: vec[i64] = vec[i64]([0] * MAX_SEEN)
        self._times_ns: vec[i64] = vec[i64]([0] * MAX_SEEN)
        self._bytes: i64 = 0
        self.came = self.came_bytes = self.lost = 0
        self._next: int | None = None
        self._count = 0

    def note(self, number: i64, at_ns: i64, size: i64) -> None:
        """A packet by this number, of so many bytes, arrived then."""
        seen = self.seen
        if seen == MAX_SEEN:
            return
        self._numbers[seen] = number
        self._times_ns[seen] = at_ns
        self._bytes += size
        self.seen = seen + 1

    def reports(self, sender_ssrc: int, media_ssrc: int) -> Iterator[bytes]:
        """The RTCP packets that tell of everything seen since the last time.

        A packet that comes after a later one was reported is reported by itself; one that comes twice, as of the first time.
        """
        seen = int(self.seen)
        self.came, self.came_bytes, self.lost = seen, int(self._bytes), 0
        self.seen, self._bytes = 0, 0
        if not seen:
            return
        numbers = [int(self._numbers[at]) for at in range(seen)]
        times_ns = [int(self._times_ns[at]) for at in range(seen)]
        expected = self._next if self._next is not None else numbers[0]
        late: list[tuple[int, int]] = []
        times: dict[int, int] = {}
        for number, at_ns in zip(numbers, times_ns, strict=True):
            ahead = (number - expected) & 0xFFFF
            if ahead >= 0x8000:
                late.append((number, at_ns))
            elif ahead not in times:
                if ahead > MAX_GAP + seen:
                    yield from self._written(expected, times, sender_ssrc, media_ssrc)
                    expected, times, ahead = number, {}, 0
                times[ahead] = at_ns
        for number, at_ns in late:
            yield self._report(number, [at_ns], sender_ssrc, media_ssrc)
        yield from self._written(expected, times, sender_ssrc, media_ssrc)
        self._next = (expected + max(times) + 1) & 0xFFFF if times else expected

    def _written(self, base: int, times: dict[int, int], sender_ssrc: int, media_ssrc: int) -> Iterator[bytes]:
        if not times:
            return
        count = max(times) + 1
        self.lost += count - len(times)
        if count == len(times) and list(times) == list(range(count)):
            statuses: list[int | None] = list(times.values())
        else:
            statuses = [times.get(ahead) for ahead in range(count)]
        begin = 0
        while begin < count:
            end = self._reach(statuses, begin)
            yield self._report((base + begin) & 0xFFFF, statuses[begin:end], sender_ssrc, media_ssrc)
            begin = end

    def _reach(self, statuses: list[int | None], begin: int) -> int:
        """Up to which status one report can go: as far as the times between packets fit into its deltas."""
        end = min(begin + MAX_STATUSES, len(statuses))
        before: int | None = None
        for at in range(begin, end):
            now_ns = statuses[at]
            if now_ns is None:
                continue
            if before is not None and not -0x7FFF < (now_ns - before) // TICK_NS < 0x7FFF:
                return at
            before = now_ns
        return end

    def _report(self, base: int, statuses: Sequence[int | None], sender_ssrc: int, media_ssrc: int) -> bytes:
        ticks = [at_ns // TICK_NS for at_ns in statuses if at_ns is not None]
        reference = ticks[0] // REFERENCE_TICKS if ticks else 0
        deltas = [*map(sub, ticks, chain((reference * REFERENCE_TICKS,), ticks))]
        if len(ticks) == len(statuses) and max(deltas) < 256 and min(deltas) >= 0:
            body = (0x2000 | len(statuses)).to_bytes(2, "big") + bytes(deltas)
        else:
            body = _chunks_and_deltas(statuses, deltas)
        size = _HEADER.size + len(body)
        words, self._count = (size + 3) // 4, self._count + 1
        tail = (reference & 0xFFFFFF) << 8 | (self._count - 1) & 0xFF
        header = _HEADER.pack(0x80 | FORMAT, 205, words - 1, sender_ssrc, media_ssrc, base, len(statuses), tail)
        return header + body + bytes(4 * words - size)


def _chunks_and_deltas(statuses: Sequence[int | None], deltas: list[int]) -> bytes:
    """The general case: runs where seven or more packets fared alike, else chunks of seven two-bit symbols."""
    of_arrived = iter(deltas)
    written = bytearray()
    symbols: list[int] = []
    for at_ns in statuses:
        if at_ns is None:
            symbols.append(0)
            continue
        delta = next(of_arrived)
        symbols.append(_SMALL if 0 <= delta < 256 else _LARGE)
        written += delta.to_bytes(1, "big") if 0 <= delta < 256 else delta.to_bytes(2, "big", signed=True)
    chunks = bytearray()
    position = 0
    while position < len(symbols):
        first, run = symbols[position], position
        while run < len(symbols) and symbols[run] == first:
            run += 1
        length = run - position
        if length >= 7 or run == len(symbols):
            chunks += (first << 13 | length).to_bytes(2, "big")
            position = run
            continue
        chunk = 0xC000
        for place, symbol in enumerate(symbols[position : position + 7]):
            chunk |= symbol << (12 - 2 * place)
        chunks += chunk.to_bytes(2, "big")
        position += 7
    return bytes(chunks + written)


def read_feedback(body: bytes | memoryview) -> Feedback:
    """Read what follows the two SSRCs of a feedback packet, without its padding.

    Raises:
        ValueError, struct.error: it is cut short, or tells of more packets than it has room for.
    """
    base, count, tail = unpack_from("!HHI", body)
    if count > MAX_READ:
        raise ValueError("too many packets")
    reference_ms = (tail >> 8) * 64
    chunk = int.from_bytes(body[8:10], "big")
    if chunk == 0x2000 | count and len(body) >= 10 + count:
        # Everything arrived, and shortly after each other: most reports are so.
        return Feedback(base, [reference_ms + ticks / 4 for ticks in accumulate(body[10 : 10 + count])])
    symbols: list[int] = []
    position = 8
    while len(symbols) < count:
        chunk = unpack_from("!H", body, position)[0]
        position += 2
        left = count - len(symbols)
        if not chunk & 0x8000:
            symbols.extend(repeat(chunk >> 13 & 3, min(chunk & _RUN, left)))
            if not chunk & _RUN:
                raise ValueError("an empty run")
        elif chunk & 0x4000:
            symbols.extend([chunk >> shift & 3 for shift in range(12, -1, -2)][:left])
        else:
            symbols.extend([chunk >> shift & 1 for shift in range(13, -1, -1)][:left])
    arrivals_ms: list[float | None] = []
    ticks = 0
    for symbol in symbols:
        if symbol == _SMALL:
            ticks += body[position]
            position += 1
        elif symbol == _LARGE:
            ticks += unpack_from("!h", body, position)[0]
            position += 2
        arrivals_ms.append(reference_ms + ticks / 4 if symbol in (_SMALL, _LARGE) else None)
    return Feedback(base, arrivals_ms)
