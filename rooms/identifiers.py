"""What a clinic is known by: its ydernummer or its SOR-ID, read from what somebody typed. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from stdnum import verhoeff

from .errors import MalformedClinicIdentifier, MistypedSorId


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
