"""Checks read before aioice sees them, and DTLS records and allowances beside them: what is let through and what is not."""

from __future__ import annotations

from struct import pack

import pytest
from aioice.stun import Class, Message, Method
from hypothesis import given
from hypothesis import strategies as st

from media.allowance import Allowance
from media.dtls import holds_plain_alert
from media.stun import is_stun, read_check

PASSWORD = b"of the leg"


def attribute(kind: int, value: bytes, length: int | None = None) -> bytes:
    return pack("!HH", kind, len(value) if length is None else length) + value + bytes(-len(value) % 4)


def request(*attributes: bytes) -> bytes:
    body = b"".join(attributes)
    return pack("!HHI", 0x0001, len(body), 0x2112A442) + bytes(12) + body


def signed(username: str = "ours:theirs", password: bytes = PASSWORD) -> bytes:
    message = Message(Method.BINDING, Class.REQUEST, attributes={"USERNAME": username, "PRIORITY": 1})
    message.add_message_integrity(password)
    return bytes(message)


def test_a_signed_check_is_read_and_known_by_its_password() -> None:
    check = read_check(signed())
    assert check is not None
    assert check.username == "ours"
    assert check.authentic(PASSWORD)
    assert not check.authentic(b"another")


@pytest.mark.parametrize("position", range(20, 56))
def test_a_changed_byte_is_no_longer_signed(position: int) -> None:
    datagram = bytearray(signed())
    datagram[position] ^= 0x20
    check = read_check(bytes(datagram))
    assert check is None or not check.authentic(PASSWORD)


NAME, PRIORITY, SIGNATURE = attribute(6, b"ours:x"), attribute(0x24, bytes(4)), attribute(8, bytes(20))


@pytest.mark.parametrize(
    "datagram",
    [
        request(),
        request(NAME, PRIORITY),
        request(NAME, SIGNATURE),
        request(PRIORITY, SIGNATURE),
        request(SIGNATURE, NAME, PRIORITY),
        request(attribute(6, b"no colon"), PRIORITY, SIGNATURE),
        request(NAME, attribute(0x24, bytes(2)), SIGNATURE),
        request(NAME, PRIORITY, attribute(0x25, b"\1"), SIGNATURE),
        request(NAME, PRIORITY, attribute(0x8029, bytes(3)), SIGNATURE),
        request(NAME, PRIORITY, attribute(8, bytes(19))),
        request(NAME, PRIORITY, SIGNATURE, attribute(0x8028, bytes(5))),
        request(NAME, PRIORITY, SIGNATURE, attribute(0x8022, b"", length=65535)),
        request(NAME, PRIORITY, SIGNATURE, b"\0\0"),
    ],
)
def test_what_is_no_check_is_not_read(datagram: bytes) -> None:
    assert is_stun(datagram)
    assert read_check(datagram) is None


@given(st.binary(max_size=120))
def test_noise_is_no_stun_message_or_is_read_to_its_end(noise: bytes) -> None:
    datagram = request(noise)
    assert is_stun(datagram)
    read_check(datagram)
    assert not is_stun(datagram + b"\0")
    assert not is_stun(noise[:19])


def record(kind: int, epoch: int, body: bytes = b"\2\x28") -> bytes:
    return pack("!BHHHIH", kind, 0xFEFD, epoch, 0, 0, len(body)) + body


@pytest.mark.parametrize(
    ("datagram", "held"),
    [
        (record(21, 0), True),
        (record(22, 0, bytes(50)) + record(21, 0), True),
        (record(21, 0)[:-1], True),
        (record(21, 1), False),
        (record(22, 0, record(21, 0)), False),
        (record(21, 0)[:12], False),
        (b"", False),
    ],
)
def test_an_alert_in_the_clear_is_found_wherever_it_stands(datagram: bytes, held: bool) -> None:
    assert holds_plain_alert(datagram) is held


def test_an_allowance_is_a_burst_and_then_a_rate() -> None:
    allowance = Allowance(per_second=10, burst=3)
    assert [allowance.take(0) for _ in range(4)] == [True, True, True, False]
    assert not allowance.take(99)
    assert allowance.take(100)
    assert not allowance.take(50)  # a clock that goes back gives nothing
    assert [allowance.take(1e9) for _ in range(4)] == [True, True, True, False]
