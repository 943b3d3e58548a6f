"""What clinics and practitioners are known by, read from what somebody typed: ydernummer, SOR-ID, authorisation ID. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stdnum import verhoeff

from .errors import (
    MalformedAuthorisationId,
    MalformedClinicIdentifier,
    MistypedSorId,
    PlaceholderAuthorisationId,
)


@dataclass(frozen=True, slots=True)
class Ydernummer:
    """A provider number under the health insurance agreement: six digits, the first of them often 0.

    OID 1.2.208.176.1.4.
    """

    value: str


@dataclass(frozen=True, slots=True)
class SorId:
    """An identifier from the Danish register of health organisations (SOR): digits that end with a check digit.

    OID 1.2.208.176.1.1. Text, never a number: the leading digits matter.
    """

    value: str


def parse_clinic_identifier(text: str) -> Ydernummer | SorId:
    """Read an identifier: 5 or 6 digits are a ydernummer, 11 to 18 a SOR-ID. Spaces around it do not matter.

    SOR-IDs have the form of SNOMED CT identifiers: at most 18 digits, the last by Verhoeff's method, which finds every
    single wrong digit and every swap of two neighbours.

    Raises:
        MalformedClinicIdentifier: it is neither.
        MistypedSorId: it could be a SOR-ID, but its check digit says that a digit is wrong.
    """
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit()):
        raise MalformedClinicIdentifier
    if 5 <= len(digits) <= 6:
        return Ydernummer(digits.zfill(6))
    if 11 <= len(digits) <= 18:
        if not verhoeff.is_valid(digits):
            raise MistypedSorId
        return SorId(digits)
    raise MalformedClinicIdentifier


_AUTHORISATION_ID = re.compile(r"[0-9B-DF-HJ-NP-TV-Z]{5}")
_PLACEHOLDERS = frozenset({"09YM8", "09YM9", "09YMB"})


def parse_authorisation_id(text: str) -> str:
    """Read an authorisation ID of the Danish register of health professionals: five digits and consonants, in capitals.

    Raises:
        MalformedAuthorisationId: it is none.
        PlaceholderAuthorisationId: it is one that systems fill in for "has none".
    """
    authorisation_id = text.strip().upper()
    if not _AUTHORISATION_ID.fullmatch(authorisation_id):
        raise MalformedAuthorisationId
    if authorisation_id in _PLACEHOLDERS:
        raise PlaceholderAuthorisationId
    return authorisation_id
