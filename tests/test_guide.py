"""The table of the guide's rows names every row once, and tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROWS = ["0", "1", "1b", *(str(row) for row in range(2, 12))]


def test_every_row_has_its_tests() -> None:
    table = re.findall(r"^\| (\d+b?) \|.*\| (.*) \|$", (ROOT / "docs" / "guide.md").read_text(), flags=re.MULTILINE)
    assert [row for row, _ in table] == ROWS
    named = {row: set(re.findall(r"`([^`]+)`", tests)) for row, tests in table}
    for row, tests in named.items():
        assert tests, f"row {row} has no test"
        assert all((ROOT / test).is_file() for test in tests), f"row {row} names a test that is not there"
