"""Reads a pasted list of patients, or a CSV file: one CPR number a line, wherever it stands in the line. Pure.

Spreadsheets quote a number as `"…"` or `="…"` and put others around it; all that is looked for is what has its form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .errors import ListTooLong

MOST_ROWS = 1000
"""The most rows of one list."""

_NUMBER = re.compile(r"(?<!\d)\d{6}[- ]?\d{4}(?!\d)")
_CELLS = re.compile(r"[;,\t]")
_SHOWN_CHARACTERS = 40


@dataclass(frozen=True, slots=True)
class PastedRow:
    """One row: its line, from 1, and the text in the place of the number, which may be none."""

    line: int
    text: str = field(repr=False)


def rows_of(text: str) -> tuple[PastedRow, ...]:
    """The rows of a list. Empty lines do not count, nor does a head: a first line without a single digit.

    Raises:
        ListTooLong: it has more than MOST_ROWS rows.
    """
    rows: list[PastedRow] = []
    for line, content in enumerate(text.lstrip("\ufeff").splitlines(), start=1):
        if not content.strip(' \t;,"='):
            continue
        if not rows and not any(character.isdigit() for character in content):
            continue
        rows.append(PastedRow(line, _number_in(content)))
        if len(rows) > MOST_ROWS:
            raise ListTooLong(MOST_ROWS)
    return tuple(rows)


def _number_in(content: str) -> str:
    found = _NUMBER.search(content)
    if found is not None:
        return found[0]
    cells = (cell.strip(' "=') for cell in _CELLS.split(content))
    return next((cell for cell in cells if any(c.isdigit() for c in cell)), content.strip())[:_SHOWN_CHARACTERS]
