"""Ranges as RFC 9110 has them."""

from __future__ import annotations

import pytest

from web.ranges import RangeUnsatisfiable, wanted_range

ETAG = '"one"'


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-", (0, 100)),
        ("bytes=0-0", (0, 1)),
        ("bytes=10-19", (10, 20)),
        ("bytes=90-999", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-1000", (0, 100)),
        (None, None),
        ("bytes=-", None),
        ("bytes=9-3", None),
        ("bytes=0-1,5-6", None),
        ("items=0-1", None),
        ("bytes=0x1-2", None),
        ("bytes=" + "9" * 19 + "-", None),
    ],
)
def test_one_range_is_taken_and_what_is_none_is_passed_over(
    header: str | None, expected: tuple[int, int] | None
) -> None:
    assert wanted_range(header, None, ETAG, 100) == expected


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=999-1000", "bytes=-0"])
def test_a_range_past_the_end_is_refused(header: str) -> None:
    with pytest.raises(RangeUnsatisfiable):
        wanted_range(header, None, ETAG, 100)


def test_a_range_of_another_representation_is_the_whole() -> None:
    assert wanted_range("bytes=5-", ETAG, ETAG, 100) == (5, 100)
    assert wanted_range("bytes=5-", '"another"', ETAG, 100) is None
    assert wanted_range("bytes=5-", "Sat, 28 Nov 2026 12:00:00 GMT", ETAG, 100) is None
