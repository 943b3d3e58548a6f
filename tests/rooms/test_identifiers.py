"""Ydernummer and SOR-ID: every one-digit slip in a SOR-ID is told apart from an unknown clinic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import verhoeff

from rooms.errors import (
    MalformedAuthorisationId,
    MalformedClinicIdentifier,
    MistypedSorId,
    PlaceholderAuthorisationId,
)
from rooms.identifiers import SorId, Ydernummer, parse_authorisation_id, parse_clinic_identifier

sor_ids = st.from_regex(r"[1-9][0-9]{2,5}100001600", fullmatch=True).map(
    lambda body: body + verhoeff.calc_check_digit(body)
)


@given(sor_ids)
def test_a_sor_id_with_its_check_digit_is_read(text: str) -> None:
    assert parse_clinic_identifier(f"  {text}\t") == SorId(text)


@given(sor_ids, st.data())
def test_every_single_wrong_digit_is_found(text: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(text) - 1))
    for digit in set("0123456789") - {text[place]}:
        with pytest.raises(MistypedSorId):
            parse_clinic_identifier(text[:place] + digit + text[place + 1 :])


@given(sor_ids)
def test_every_swap_of_neighbours_is_found(text: str) -> None:
    for place in range(len(text) - 1):
        swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
        if swapped != text:
            with pytest.raises(MistypedSorId):
                parse_clinic_identifier(swapped)


@pytest.mark.parametrize(("text", "read"), [("101001", "101001"), ("10110", "010110"), (" 012345 ", "012345")])
def test_a_ydernummer_has_six_digits(text: str, read: str) -> None:
    assert parse_clinic_identifier(text) == Ydernummer(read)


@pytest.mark.parametrize(
    "text",
    ["", " ", "1010", "1010011", "1010011010", "9" * 19, "10100a", "-10100", "10 1001", "١٠١٠٠١", "²01001", "1e5555"],
)
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(MalformedClinicIdentifier):
        parse_clinic_identifier(text)


@given(st.text(max_size=20))
def test_anything_typed_is_read_or_refused(text: str) -> None:
    try:
        parsed = parse_clinic_identifier(text)
    except (MalformedClinicIdentifier, MistypedSorId):
        return
    assert parsed.value.isascii()
    assert parsed.value.isdigit()


@given(st.from_regex(r"[b-df-hj-np-tv-zB-DF-HJ-NP-TV-Z0-9]{5}", fullmatch=True))
def test_an_authorisation_id_is_read_in_capitals(text: str) -> None:
    if text.upper() in ("09YM8", "09YM9", "09YMB"):
        with pytest.raises(PlaceholderAuthorisationId):
            parse_authorisation_id(text)
    else:
        assert parse_authorisation_id(f" {text}\t") == text.upper()


@pytest.mark.parametrize("text", ["", "0XDA1", "0XD1", "0XDDD1", "0XD 1", "0XDÆ1", "٠XDB1"])
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(MalformedAuthorisationId):
        parse_authorisation_id(text)


@pytest.mark.parametrize("text", ["09YM8", "09ym9", "09YMB"])
def test_what_stands_for_having_none_is_refused(text: str) -> None:
    with pytest.raises(PlaceholderAuthorisationId):
        parse_authorisation_id(text)
