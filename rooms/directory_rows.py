"""The rows of a directory file: CSV or JSON text in, typed rows and the problems of the others out. Pure.

What the columns mean is in `docs/directory.md`. A problem names the file, the place and what is wrong, never what stood there.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from types import MappingProxyType
from typing import Any

from .cpr import Cpr
from .directory_kinds import Kind
from .errors import DirectoryRowRefused, MalformedClinicIdentifier, RoomsError
from .identifiers import SorId, Ydernummer, parse_authorisation_id, parse_clinic_identifier

LONGEST_TEXT = 200
"""How long a name, a phone number or a professional id may be, in characters."""
LONGEST_MESSAGE = 1000
MAX_FILE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a file cannot be taken. `where` is a line, or in JSON a list's name and the item's number, from 1."""

    file: str
    where: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class ClinicRow:
    where: str
    name: str
    phone: str
    ydernummer: str | None
    sor_id: str | None
    open_message: str | None = field(repr=False)
    closed_message: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class AppUserRow:
    where: str
    cpr: Cpr
    name: str


@dataclass(frozen=True, slots=True)
class PractitionerRow:
    where: str
    clinic: Ydernummer | SorId
    cpr: Cpr
    name: str
    authorisation_id: str
    professional_id: str | None


@dataclass(frozen=True, slots=True)
class EmployeeRow:
    where: str
    clinic: Ydernummer | SorId
    cpr: Cpr
    name: str
    active: bool
    professional_id: str | None


@dataclass(frozen=True, slots=True)
class GuardianshipRow:
    where: str
    guardian: Cpr
    child: Cpr


@dataclass(frozen=True, slots=True)
class DirectoryFile:
    """One file as it was read. With a problem, nothing of it counts."""

    name: str
    problems: tuple[Problem, ...] = ()
    clinics: tuple[ClinicRow, ...] = ()
    app_users: tuple[AppUserRow, ...] = ()
    practitioners: tuple[PractitionerRow, ...] = ()
    employees: tuple[EmployeeRow, ...] = ()
    guardianships: tuple[GuardianshipRow, ...] = ()


def read_file(name: str, content: bytes) -> DirectoryFile:
    """Read a file by its name: `.csv`, whose name begins with what its rows are about, or `.json` with all kinds in it."""
    path = PurePath(name)
    problems: list[Problem] = []
    found: dict[Kind, list[Any]] = {kind: [] for kind in Kind}
    try:
        if len(content) > MAX_FILE_BYTES:
            raise DirectoryRowRefused("file_too_large", f"A file is at most {MAX_FILE_BYTES} bytes long.")
        if path.suffix.lower() == ".json":
            rows = _json_rows(content)
        elif path.suffix.lower() == ".csv":
            rows = _csv_rows(_kind_of(path.stem), content)
        else:
            raise DirectoryRowRefused("file_kind_unknown", "A directory file ends in .csv or .json.")
        for kind, where, cells in rows:
            try:
                if isinstance(cells, RoomsError):
                    raise cells
                found[kind].append(_READERS[kind](where, _Cells(kind, cells)))
            except RoomsError as refused:
                problems.append(Problem(path.name, where, refused.code, str(refused)))
    except DirectoryRowRefused as refused:
        problems.append(Problem(path.name, "the file", refused.code, str(refused)))
    return DirectoryFile(path.name, tuple(problems), **{kind.value: tuple(rows) for kind, rows in found.items()})


COLUMNS: Mapping[Kind, tuple[frozenset[str], frozenset[str]]] = MappingProxyType(
    {
        Kind.CLINICS: (
            frozenset({"name", "phone"}),
            frozenset({"ydernummer", "sor_id", "open_message", "closed_message"}),
        ),
        Kind.APP_USERS: (frozenset({"cpr", "name"}), frozenset()),
        Kind.PRACTITIONERS: (
            frozenset({"clinic", "cpr", "name", "authorisation_id"}),
            frozenset({"professional_id"}),
        ),
        Kind.EMPLOYEES: (frozenset({"clinic", "cpr", "name"}), frozenset({"active", "professional_id"})),
        Kind.GUARDIANSHIPS: (frozenset({"guardian_cpr", "child_cpr"}), frozenset()),
    }
)
"""The columns that each kind has to have, and those that it may have."""

_Row = tuple[Kind, str, Mapping[str, str] | RoomsError]


def _kind_of(stem: str) -> Kind:
    begins = stem.lower().replace("-", "_")
    for kind in Kind:
        if begins.startswith(kind):
            return kind
    raise DirectoryRowRefused(
        "file_kind_unknown", f"A CSV file's name begins with one of: {', '.join(Kind)}. Rename it to say what is in it."
    )


def _csv_rows(kind: Kind, content: bytes) -> Iterator[_Row]:
    text = _text(content)
    first = text.split("\n", 1)[0]
    delimiter = max(";,\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line, header = 1, None
    try:
        for cells in reader:
            where, line = f"line {line}", reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            values = [_unquoted(cell) for cell in cells]
            if header is None:
                header = [value.lower() for value in values]
                _check_columns(kind, header)
            elif len(values) != len(header):
                yield kind, where, DirectoryRowRefused("cells_wrong", f"The row has not {len(header)} cells.")
            else:
                yield kind, where, dict(zip(header, values, strict=True))
    except csv.Error:
        raise DirectoryRowRefused("csv_broken", f"The quotes do not match at line {line} or after it.") from None
    if header is None:
        raise DirectoryRowRefused("file_empty", "There is not even a line with the names of the columns.")


def _check_columns(kind: Kind, header: Sequence[str]) -> None:
    required, optional = COLUMNS[kind]
    missing = sorted(required - set(header))
    # A name that is nobody's column would let a mistyped one pass in silence. It is not repeated: it may be data.
    unknown = [str(number) for number, name in enumerate(header, 1) if name not in required | optional]
    if missing:
        raise DirectoryRowRefused("columns_missing", f"These columns are missing: {', '.join(missing)}.")
    if unknown:
        raise DirectoryRowRefused("columns_unknown", f"The name of column {', '.join(unknown)} is none of {kind}'s.")
    if len(set(header)) != len(header):
        raise DirectoryRowRefused("columns_twice", "A column is there twice.")


def _unquoted(cell: str) -> str:
    """Undo `="…"`, by which the register's files keep Excel from taking the leading zeros off."""
    stripped = cell.strip()
    guarded = re.fullmatch(r'="(.*)"', stripped, re.DOTALL)
    return guarded[1].strip() if guarded else stripped


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _json_rows(content: bytes) -> Iterator[_Row]:
    try:
        document = json.loads(_text(content))
    except ValueError:
        raise DirectoryRowRefused("json_broken", "It cannot be read as JSON.") from None
    if not isinstance(document, dict) or not all(isinstance(each, list) for each in document.values()):
        raise DirectoryRowRefused("json_wrong", "It is not an object of lists.")
    if not document.keys() <= set(Kind):
        raise DirectoryRowRefused("json_wrong", f"Its lists are named none but: {', '.join(Kind)}.")
    for kind in Kind:
        for number, item in enumerate(document.get(kind, ()), 1):
            yield kind, f"{kind}[{number}]", _json_cells(kind, item)


def _json_cells(kind: Kind, item: object) -> Mapping[str, str] | RoomsError:
    if not isinstance(item, dict):
        return DirectoryRowRefused("item_wrong", "It is not an object.")
    cells = {name: _JSON_WORDS.get(value, value) for name, value in item.items() if _is_word(value)}
    if not all(isinstance(value, str) for value in cells.values()) or len(cells) != len(item):
        return DirectoryRowRefused("item_wrong", "Its values are texts; active is true or false.")
    try:
        _check_columns(kind, list(cells))
    except DirectoryRowRefused as refused:
        return refused
    return {name: value.strip() for name, value in cells.items()}


_JSON_WORDS: Mapping[object, Any] = MappingProxyType({True: "yes", False: "no", None: ""})


def _is_word(value: object) -> bool:
    return isinstance(value, str | bool) or value is None


class _Cells:
    """One row's cells by column."""

    def __init__(self, kind: Kind, cells: Mapping[str, str]) -> None:
        self._kind = kind
        self._cells = cells

    def text(self, column: str, longest: int = LONGEST_TEXT) -> str:
        """Raises DirectoryRowRefused when the cell is empty, too long, or has characters that are none."""
        value = self.maybe(column, longest)
        if value is None:
            raise DirectoryRowRefused("cell_empty", f"{column} is empty.")
        return value

    def maybe(self, column: str, longest: int = LONGEST_TEXT) -> str | None:
        value = self._cells.get(column, "")
        if len(value) > longest or any(ord(character) < 32 and character not in "\n\r\t" for character in value):
            raise DirectoryRowRefused("cell_wrong", f"{column} is at most {longest} printable characters long.")
        return value or None

    def cpr(self, column: str) -> Cpr:
        return Cpr.parse(self.text(column))

    def clinic(self) -> Ydernummer | SorId:
        return parse_clinic_identifier(self.text("clinic"))

    def yes(self, column: str) -> bool:
        value = self.maybe(column)
        if value is None or value.casefold() in ("no", "nej", "0", "false"):
            return False
        if value.casefold() in ("yes", "ja", "1", "true"):
            return True
        raise DirectoryRowRefused("cell_wrong", f"{column} is yes or no.")


def _clinic(where: str, cells: _Cells) -> ClinicRow:
    ydernummer, sor_id = cells.maybe("ydernummer"), cells.maybe("sor_id")
    known = [parse_clinic_identifier(each) for each in (ydernummer, sor_id) if each is not None]
    numbers = [each.value for each in known if isinstance(each, Ydernummer)]
    sors = [each.value for each in known if isinstance(each, SorId)]
    if not known or len(numbers) != (ydernummer is not None) or len(sors) != (sor_id is not None):
        raise MalformedClinicIdentifier
    return ClinicRow(
        where,
        cells.text("name"),
        cells.text("phone"),
        next(iter(numbers), None),
        next(iter(sors), None),
        cells.maybe("open_message", LONGEST_MESSAGE),
        cells.maybe("closed_message", LONGEST_MESSAGE),
    )


def _app_user(where: str, cells: _Cells) -> AppUserRow:
    return AppUserRow(where, cells.cpr("cpr"), cells.text("name"))


def _practitioner(where: str, cells: _Cells) -> PractitionerRow:
    return PractitionerRow(
        where,
        cells.clinic(),
        cells.cpr("cpr"),
        cells.text("name"),
        parse_authorisation_id(cells.text("authorisation_id")),
        cells.maybe("professional_id"),
    )


def _employee(where: str, cells: _Cells) -> EmployeeRow:
    return EmployeeRow(
        where,
        cells.clinic(),
        cells.cpr("cpr"),
        cells.text("name"),
        cells.yes("active"),
        cells.maybe("professional_id"),
    )


def _guardianship(where: str, cells: _Cells) -> GuardianshipRow:
    guardian, child = cells.cpr("guardian_cpr"), cells.cpr("child_cpr")
    if guardian == child:
        raise DirectoryRowRefused("guardian_is_child", "Guardian and child are the same person.")
    return GuardianshipRow(where, guardian, child)


_READERS: Mapping[Kind, Callable[[str, _Cells], Any]] = MappingProxyType(
    {
        Kind.CLINICS: _clinic,
        Kind.APP_USERS: _app_user,
        Kind.PRACTITIONERS: _practitioner,
        Kind.EMPLOYEES: _employee,
        Kind.GUARDIANSHIPS: _guardianship,
    }
)


def in_order(files: Iterable[DirectoryFile]) -> list[DirectoryFile]:
    """The files in the order in which they can be taken: one that is referred to before those that refer to it."""

    def first_kind(file: DirectoryFile) -> int:
        return next((number for number, kind in enumerate(Kind) if getattr(file, kind.value)), len(Kind))

    return sorted(files, key=first_kind)
