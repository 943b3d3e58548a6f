"""Byte ranges of an answer, as a player in a browser asks for them: RFC 9110, section 14, one range at a time. Pure."""

from __future__ import annotations

import re

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class RangeUnsatisfiable(Exception):
    """The range begins past the end."""


def wanted_range(header: str | None, if_range: str | None, etag: str, size: int) -> tuple[int, int] | None:
    """Where the range begins, and where it stops; None when the whole is to be sent.

    Several ranges, and what cannot be read as one, are passed over, as section 14.2 allows. So is a range of another
    representation than the one by `etag` (section 13.1.5; a date never matches).

    Raises:
        RangeUnsatisfiable: to be answered with 416.
    """
    found = _RANGE.fullmatch(header.strip()) if header is not None else None
    if found is None or (if_range is not None and if_range.strip() != etag):
        return None
    first, last = found.groups()
    if first:
        start, stop = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None
    elif last:
        start, stop = max(size - int(last), 0), size
    else:
        return None
    if start >= size or start >= stop:
        raise RangeUnsatisfiable
    return start, stop
