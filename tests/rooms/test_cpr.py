"""CPR numbers: what is read, what is refused, and that they never show."""

from __future__ import annotations

import copy
import json
import logging
import pickle
from datetime import date

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticSerializationError

from rooms.cpr import Cpr, CprVault
from rooms.errors import MalformedCpr

SECRET = "260782-2906"


@given(
    st.dates(date(1937, 1, 1), date(1999, 12, 31)),
    st.integers(0, 9999).filter(lambda n: n // 1000 in (0, 1, 2, 3, 4, 9)),
)
def test_every_number_with_a_date_is_read_whatever_its_check_digit(born: date, sequence: int) -> None:
    written = f"{born:%d%m%y}-{sequence:04}"
    assert Cpr.parse(written).reveal() == written
    assert Cpr.parse(f" {written.replace('-', ' ')} ") == Cpr.parse(written.replace("-", ""))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "260782",
        "260782-290",
        "260782-29066",
        "310282-2906",
        "290281-2906",
        "001282-2906",
        "261382-2906",
        "2607822-A06",
        "260782–",
        "٢٦٠٧٨٢٢٩٠٦",
        "²607822906",
        "260782-2906\x00",
        "0x60782290",
    ],
)
def test_what_is_no_number_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(MalformedCpr) as refused:
        Cpr.parse(text)
    assert not text or text not in str(refused.value)


@given(st.text(max_size=14))
def test_anything_typed_is_read_or_refused(text: str) -> None:
    try:
        digits = Cpr.parse(text).digits
    except MalformedCpr:
        return
    assert len(digits) == 10
    assert digits.isascii()
    assert digits.isdigit()


def test_nobody_is_born_in_the_future() -> None:
    child = "020326-5001"  # 2 March 2026
    assert Cpr.parse(child, today=date(2026, 3, 2)).reveal() == child
    with pytest.raises(MalformedCpr):
        Cpr.parse(child, today=date(2026, 3, 1))


def test_it_prints_as_dots(caplog: pytest.LogCaptureFixture) -> None:
    cpr = Cpr.parse(SECRET)
    assert {repr(cpr), str(cpr), f"{cpr}", f"{cpr:>11}", "%s" % cpr} == {"••••••-••••"}  # noqa: UP031 - it must not show either
    logging.getLogger("test").warning("seen: %s %r", cpr, [cpr])
    assert "2607822906" not in caplog.text.replace("-", "")


def test_it_is_a_value_that_does_not_change() -> None:
    cpr = Cpr.parse(SECRET)
    assert {cpr, Cpr.parse("2607822906")} == {cpr}
    assert cpr != "2607822906"
    assert copy.deepcopy(cpr) is copy.copy(cpr) is cpr
    assert not hasattr(cpr, "__dict__")
    with pytest.raises(AttributeError):
        cpr._digits = "0101900000"
    with pytest.raises(AttributeError):
        del cpr._digits


def test_it_does_not_slip_out_by_a_serialiser() -> None:
    class Form(BaseModel):
        model_config = ConfigDict(arbitrary_types_allowed=True)
        cpr: Cpr

    cpr = Cpr.parse(SECRET)
    with pytest.raises(TypeError):
        json.dumps({"cpr": cpr})
    with pytest.raises(TypeError):
        pickle.dumps(cpr)
    with pytest.raises(PydanticSerializationError):
        Form(cpr=cpr).model_dump_json()


def test_the_vault_opens_what_it_sealed_and_nothing_else() -> None:
    vault, cpr = CprVault(b"k" * 32), Cpr.parse(SECRET)
    sealed = vault.seal(cpr)
    assert vault.open(sealed) == cpr
    assert vault.seal(cpr) != sealed
    with pytest.raises(InvalidTag):
        CprVault(b"l" * 32).open(sealed)
    for place in range(len(sealed)):
        with pytest.raises(InvalidTag):
            vault.open(sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :])


def test_the_lookup_is_the_same_for_one_key_and_one_number_alone() -> None:
    vault, cpr = CprVault(b"k" * 32), Cpr.parse(SECRET)
    assert vault.lookup(cpr) == CprVault(b"k" * 32).lookup(Cpr.parse(SECRET.replace("-", "")))
    assert vault.lookup(cpr) != CprVault(b"l" * 32).lookup(cpr)
    assert vault.lookup(cpr) != vault.lookup(Cpr.parse("260782-2907"))


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        CprVault(b"k" * length)
