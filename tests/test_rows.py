"""The table of the guide's rows names every row once, tests that are there, and every file that is named after a row."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROWS = ["0", "1", "1b", *(str(row) for row in range(2, 12))]
DOCUMENT = (ROOT / "docs" / "rows.md").read_text(encoding="utf-8")
LINES = {found[1]: found[0] for found in re.finditer(r"^\| (\d+b?) \|.*$", DOCUMENT, re.MULTILINE)}


def functions(path: Path) -> set[str]:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return {each.name for each in body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_row_is_there_once() -> None:
    assert list(LINES) == ROWS
    assert len(re.findall(r"^\| \d+b? \|", DOCUMENT, re.MULTILINE)) == len(ROWS)


def test_every_test_that_is_named_is_there() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", DOCUMENT)
    assert named
    for file, test in named:
        assert (ROOT / file).is_file(), f"{file} is not there"
        assert not test or test in functions(ROOT / file), f"{file}::{test} is not there"


def test_every_row_is_walked_by_a_file_of_its_name_and_no_such_file_is_left_out() -> None:
    files = {row: set[str]() for row in ROWS}
    for path in (ROOT / "tests" / "e2e").glob("test_row_*.py"):
        found = re.match(r"test_row_0?(\d+b?)_", path.name)
        assert found, path.name
        files[found[1]].add(f"`tests/e2e/{path.name}`")
    for row, names in files.items():
        assert names, f"no browser test is named after row {row}"
        assert all(name in LINES[row] for name in names), f"row {row} leaves one of {sorted(names)} out"


def test_the_user_guide_has_a_section_for_every_row_with_its_pictures_on_both_widths() -> None:
    guide = ROOT / "docs" / "guide"
    sections = re.split(r"^## ", (guide / "README.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    assert [section.partition(".")[0] for section in sections] == ROWS
    for row, section in zip(ROWS, sections, strict=True):
        pictures = re.findall(r'src="([^"]+)"', section)
        assert {name.rpartition("-")[2] for name in pictures} == {"desktop.webp", "phone.webp"}, row
        assert all((guide / name).is_file() for name in pictures), row
