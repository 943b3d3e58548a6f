"""Transport-wide feedback read and written (draft-holmer-rmcat-transport-wide-cc-extensions-01). Pure.

Every packet on a transport carries a number in a header extension, whatever stream it is of; the receiver tells the sender when
each of them arrived, and the sender estimates the path from that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, repeat
from struct import Struct, unpack_from
from typing import Final

from librt.vecs import vec
from mypy_extensions import i64, u8

EXTENSION = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
"""The header extension's name, and that of its RTCP feedback below."""

FEEDBACK = ("transport-cc", None)
FORMAT = 15
"""Its feedback message type among transport-layer feedback (RTPFB)."""

TICK_NS: Final = 250_000
"""The unit of the deltas."""

REFERENCE_TICKS: Final = 256
"""The unit of the reference time, 64 ms, in ticks."""

MAX_STATUSES: Final = 512
"""The most packets that one report tells of, so that it fits in a datagram."""

MAX_GAP: Final = 4096
"""A leap in the numbers beyond this is a new beginning, and not that many lost packets."""

MAX_SEEN: Final = 1024
"""Arrivals remembered until they are reported, a tenth of a second at the most; one past that counts as lost."""

MAX_READ = 4096
"""The most packets that a report is read of; no browser tells of a tenth of that."""

MISSING: Final = -1
"""In place of the time when a packet arrived."""

_HEADER = Struct("!BBHIIHHI")
_RUN = 0x1FFF
_NONE: Final = 0
_SMALL: Final = 1
_LARGE: Final = 2

# What a report is put together in.
_SYMBOLS: Final = vec[i64]([0] * MAX_STATUSES)
_DELTAS: Final = vec[u8]([0] * (2 * MAX_STATUSES))


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

    def reports(self, sender_ssrc: int, media_ssrc: int) -> list[bytes]:
        """The RTCP packets that tell of everything seen since the last time.

        A packet that comes after a later one was reported is reported by itself; one that comes twice, as of the first time.
        """
        seen, numbers, times_ns = self.seen, self._numbers, self._times_ns
        self.came, self.came_bytes, self.lost = seen, self._bytes, 0
        self.seen, self._bytes = 0, 0
        if seen == 0:
            return []
        expected: i64 = self._next if self._next is not None else numbers[0]
        in_order: i64 = 0
        while in_order < seen and numbers[in_order] == (expected + in_order) & 0xFFFF:
            in_order += 1
        if in_order == seen:
            # One after the other and none missing: as most come.
            self._next = (expected + seen) & 0xFFFF
            return self._written(expected, times_ns, seen, sender_ssrc, media_ssrc)
        made: list[bytes] = []
        late: list[tuple[int, int]] = []
        times: dict[int, int] = {}
        for at in range(seen):
            number, at_ns = numbers[at], times_ns[at]
            ahead = (number - expected) & 0xFFFF
            if ahead >= 0x8000:
                late.append((number, at_ns))
            elif ahead not in times:
                if ahead > MAX_GAP + seen:
                    made += self._with_gaps(expected, times, sender_ssrc, media_ssrc)
                    expected, times, ahead = number, {}, 0
                times[ahead] = at_ns
        for number, at_ns in late:
            made += self._written(number, vec[i64]([at_ns]), 1, sender_ssrc, media_ssrc)
        made += self._with_gaps(expected, times, sender_ssrc, media_ssrc)
        self._next = (expected + max(times) + 1) & 0xFFFF if times else expected
        return made

    def _with_gaps(self, base: i64, times: dict[int, int], sender_ssrc: int, media_ssrc: int) -> list[bytes]:
        count = max(times) + 1 if times else 0
        self.lost += count - len(times)
        times_ns = vec[i64]([times.get(ahead, MISSING) for ahead in range(count)])
        return self._written(base, times_ns, count, sender_ssrc, media_ssrc)

    def _written(self, base: i64, times_ns: vec[i64], count: i64, sender_ssrc: int, media_ssrc: int) -> list[bytes]:
        made: list[bytes] = []
        begin: i64 = 0
        while begin < count:
            end = _reach(times_ns, begin, min(begin + MAX_STATUSES, count))
            made.append(self._report((base + begin) & 0xFFFF, times_ns, begin, end, sender_ssrc, media_ssrc))
            begin = end
        return made

    def _report(self, base: i64, times_ns: vec[i64], begin: i64, end: i64, sender_ssrc: int, media_ssrc: int) -> bytes:
        first = begin
        while first < end and times_ns[first] == MISSING:
            first += 1
        reference = times_ns[first] // TICK_NS // REFERENCE_TICKS if first < end else 0
        symbols, deltas = _SYMBOLS, _DELTAS
        before = reference * REFERENCE_TICKS
        filled: i64 = 0
        for at in range(begin, end):
            at_ns = times_ns[at]
            if at_ns == MISSING:
                symbols[at - begin] = _NONE
                continue
            ticks = at_ns // TICK_NS
            delta = ticks - before
            before = ticks
            if 0 <= delta < 256:
                symbols[at - begin] = _SMALL
            else:
                symbols[at - begin] = _LARGE
                deltas[filled] = u8(delta >> 8 & 0xFF)
                filled += 1
            deltas[filled] = u8(delta & 0xFF)
            filled += 1
        body = _chunks(symbols, end - begin) + bytes(deltas[:filled])
        size = _HEADER.size + len(body)
        words, self._count = (size + 3) // 4, self._count + 1
        tail = (reference & 0xFFFFFF) << 8 | (self._count - 1) & 0xFF
        header = _HEADER.pack(0x80 | FORMAT, 205, words - 1, sender_ssrc, media_ssrc, base, end - begin, tail)
        return header + body + bytes(4 * words - size)


def _reach(times_ns: vec[i64], begin: i64, end: i64) -> i64:
    """Up to which packet one report can go: as far as the times between them fit into its deltas."""
    before: i64 = MISSING
    for at in range(begin, end):
        at_ns = times_ns[at]
        if at_ns == MISSING:
            continue
        if before != MISSING and not -0x7FFF < (at_ns - before) // TICK_NS < 0x7FFF:
            return at
        before = at_ns
    return end


def _chunks(symbols: vec[i64], count: i64) -> bytes:
    """Runs where seven or more packets fared alike, or all that are left; else chunks of seven two-bit symbols."""
    chunks = b""
    position: i64 = 0
    while position < count:
        first, run = symbols[position], position
        while run < count and symbols[run] == first:
            run += 1
        if run - position >= 7 or run == count:
            chunk = first << 13 | (run - position)
            position = run
        else:
            chunk = 0xC000
            for place in range(min(count - position, 7)):
                chunk |= symbols[position + place] << (12 - 2 * place)
            position += 7
        chunks += int(chunk).to_bytes(2, "big")
    return chunks


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
