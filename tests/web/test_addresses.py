"""Whose request it is behind proxies: what a trusted one says, and nothing that anybody else wrote."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.addresses import Addresses

OURS = Addresses([ip_network("10.0.0.0/8"), ip_network("fd00::/8"), ip_network("127.0.0.1/32")])


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        ("198.51.100.7", [], "198.51.100.7"),
        # Whoever comes directly may write what they like.
        ("198.51.100.7", ["203.0.113.1"], "198.51.100.7"),
        ("10.0.0.1", ["203.0.113.1"], "203.0.113.1"),
        ("10.0.0.1", ["1.1.1.1, 203.0.113.1"], "203.0.113.1"),
        ("10.0.0.1", ["1.1.1.1, 203.0.113.1, 10.0.0.2"], "203.0.113.1"),
        ("10.0.0.1", ["1.1.1.1", "203.0.113.1 ,10.0.0.2"], "203.0.113.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.1, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["203.0.113.1:5123"], "203.0.113.1"),
        ("::ffff:10.0.0.1", ["2001:DB8::1"], "2001:db8::1"),
        ("fd00::1", ["[2001:db8::1]:443"], "2001:db8::1"),
        ("127.0.0.1", ["::ffff:203.0.113.1"], "203.0.113.1"),
        ("", ["203.0.113.1"], ""),
    ],
)
def test_the_right_most_that_is_no_trusted_proxy(peer: str, forwarded_for: list[str], client: str) -> None:
    assert OURS.client(peer, forwarded_for) == client


def test_nobody_is_trusted_unless_said() -> None:
    assert Addresses(()).client("127.0.0.1", ["203.0.113.1"]) == "127.0.0.1"


@given(st.text(max_size=200), st.lists(st.text(max_size=200), max_size=5))
def test_whatever_stands_before_it_changes_nothing(peer: str, written: list[str]) -> None:
    OURS.client(peer, written)
    assert OURS.client("10.0.0.1", [*written, "203.0.113.1"]) == "203.0.113.1"
