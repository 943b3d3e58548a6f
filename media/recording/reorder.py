"""Puts the packets of one source back into order, within a bound of time and number. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from .losses import MAX_GAP, REORDER_MS

MAX_WAITING = 1024
"""Packets held for one that is missing; past that it is given up."""


T = TypeVar("T")


class Reorder(Generic[T]):
    """Takes items by their 16-bit sequence numbers; gives them back in order, with a word where some never came."""

    def __init__(self) -> None:
        self._next: int | None = None
        self._waiting: dict[int, tuple[int, T]] = {}

    def wants(self, sequence: int) -> bool:
        """Whether a packet of that number, sent again, would be of use."""
        if self._next is None or not self._waiting:
            return False
        return (sequence - self._next) & 0xFFFF < 0x8000 and sequence not in self._waiting

    def take(self, sequence: int, at_ms: int, item: T) -> Iterator[tuple[bool, T]]:
        """What can be given out now: whether something was lost before it, and the item."""
        if self._next is None:
            self._next = sequence
        ahead = (sequence - self._next) & 0xFFFF
        if ahead >= 0x8000:
            if 0x10000 - ahead <= MAX_GAP:
                return  # a copy, or one that was given up before
            yield from self.flush()  # a source that began anew
            self._next, ahead = sequence, 0
            yield True, item
            self._next = (sequence + 1) & 0xFFFF
            return
        if ahead > MAX_GAP:
            yield from self.flush()
            yield True, item
            self._next = (sequence + 1) & 0xFFFF
            return
        if sequence in self._waiting:
            return
        self._waiting[sequence] = at_ms, item
        yield from self._in_order(False)
        if self._waiting:
            yield from self._overdue(at_ms)

    def flush(self) -> Iterator[tuple[bool, T]]:
        """Give out all that waits: nothing more comes."""
        while self._waiting:
            yield from self._skip()

    def _in_order(self, lost: bool) -> Iterator[tuple[bool, T]]:
        while self._waiting and self._next in self._waiting:
            _, item = self._waiting.pop(self._next)
            self._next = (self._next + 1) & 0xFFFF
            yield lost, item
            lost = False

    def _overdue(self, now_ms: int) -> Iterator[tuple[bool, T]]:
        while self._waiting:
            oldest_ms = min(at_ms for at_ms, _ in self._waiting.values())
            if now_ms - oldest_ms < REORDER_MS and len(self._waiting) < MAX_WAITING:
                return
            yield from self._skip()

    def _skip(self) -> Iterator[tuple[bool, T]]:
        assert self._next is not None
        begin = self._next
        self._next = min(self._waiting, key=lambda sequence: (sequence - begin) & 0xFFFF)
        yield from self._in_order(True)
