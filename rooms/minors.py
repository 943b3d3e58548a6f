"""Who is a minor by the CPR number, and so may have somebody to act for them. Pure."""

from __future__ import annotations

from datetime import date

from .cpr import Cpr

AGE_OF_MAJORITY = 18
"""In years: until then a child has somebody with custody (forældreansvarsloven, section 1)."""


def is_minor(cpr: Cpr, today: date) -> bool:
    """Whether whoever has the number is not of age yet; a child born on 29 February is on 1 March."""
    born = cpr.born
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return years < AGE_OF_MAJORITY
