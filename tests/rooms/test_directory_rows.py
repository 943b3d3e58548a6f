"""Directory files as they come: the register's quirks are read, and every bad row is told by its place and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rooms.cpr import DOTS
from rooms.directory_kinds import Kind
from rooms.directory_rows import in_order, read_file
from rooms.identifiers import SorId, Ydernummer

SAMPLES = Path(__file__).parent / "directory"
PRACTITIONERS = "clinic;cpr;name;authorisation_id\n"


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def problems(name: str, content: str | bytes) -> list[tuple[str, str]]:
    """Place and code of each problem; no number and no name is told."""
    read = read_file(name, content if isinstance(content, bytes) else content.encode())
    for problem in read.problems:
        assert "140377" not in repr(problem)
        assert "Sanne" not in repr(problem)
    return [(problem.where, problem.code) for problem in read.problems]


def test_the_samples_are_sound() -> None:
    for path in SAMPLES.iterdir():
        assert read_file(path.name, path.read_bytes()).problems == ()


def test_the_register_s_quirks_are_read() -> None:
    first, second = read_file("clinics.csv", sample("clinics.csv")).clinics
    assert (first.ydernummer, first.sor_id, first.phone) == ("303003", "9993031000016004", "75 50 30 30")
    assert (second.ydernummer, second.name) == (None, "Hudklinikken Aarhus C")
    assert read_file("practitioners.csv", sample("practitioners.csv")).practitioners[0].name == "Sanne Øland"
    assert read_file("employees.csv", sample("employees.csv")).employees[0].name == "Lund, Ditte"


def test_json_and_csv_say_the_same() -> None:
    read = read_file("everything.json", sample("everything.json"))
    (place,) = read.practitioners
    assert (place.clinic, place.authorisation_id, place.where) == (Ydernummer("404004"), "0XDS4", "practitioners[1]")
    assert (read.employees[0].active, read.employees[0].professional_id) == (True, None)
    assert [row.cpr for row in read.app_users] == [
        row.cpr for row in read_file("app_users.csv", sample("app_users.csv")).app_users
    ]


def test_a_number_prints_as_dots() -> None:
    assert DOTS in repr(read_file("app_users.csv", sample("app_users.csv")))
    assert "010190" not in repr(read_file("app_users.csv", sample("app_users.csv")))


def test_a_clinic_is_named_either_way() -> None:
    rows = PRACTITIONERS + '="9991011000016009";140377-1112;S;0XDS4\n101001;1403771112;S;0xds4\n'
    by_sor, by_number = read_file("practitioners.csv", rows.encode()).practitioners
    assert (by_sor.clinic, by_number.clinic) == (SorId("9991011000016009"), Ydernummer("101001"))
    assert by_sor.cpr == by_number.cpr
    assert by_number.authorisation_id == "0XDS4"


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("1010;140377-1112;Sanne;0XDS4", "clinic_identifier_malformed"),
        ("9991011000016008;140377-1112;Sanne;0XDS4", "sor_id_mistyped"),
        ("101001;140377-111;Sanne;0XDS4", "cpr_malformed"),
        ("101001;310277-1112;Sanne;0XDS4", "cpr_malformed"),
        ("101001;140377-1112;;0XDS4", "cell_empty"),
        ("101001;140377-1112;Sanne;0XDA4", "authorisation_id_malformed"),
        ("101001;140377-1112;Sanne;0XDS", "authorisation_id_malformed"),
        ("101001;140377-1112;Sanne;09YM8", "authorisation_id_placeholder"),
        ("101001;140377-1112;Sanne;09ymb", "authorisation_id_placeholder"),
        ("101001;140377-1112;Sanne", "cells_wrong"),
        ("101001;140377-1112;Sanne;0XDS4;", "cells_wrong"),
        (f"101001;140377-1112;{'Sanne' * 50};0XDS4", "cell_wrong"),
        ("101001;140377-1112;Sanne\x07;0XDS4", "cell_wrong"),
    ],
)
def test_a_bad_row_is_told_by_its_line(row: str, code: str) -> None:
    assert problems("practitioners.csv", PRACTITIONERS + "\n" + row + "\n") == [("line 3", code)]


def test_lines_are_counted_through_quoted_line_breaks() -> None:
    rows = 'cpr;name\n010190-2222;"Pia\nNybo"\n140377-1;Sanne\n140377-2;Sanne\n'
    assert problems("app_users.csv", rows) == [("line 4", "cpr_malformed"), ("line 5", "cpr_malformed")]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("people.csv", "cpr;name\n", "file_kind_unknown"),
        ("app_users.txt", "cpr;name\n", "file_kind_unknown"),
        ("app_users.csv", "", "file_empty"),
        ("app_users.csv", "140377-1112;Sanne\n", "columns_missing"),
        ("app_users.csv", "cpr;name;nmae\n", "columns_unknown"),
        ("app_users.csv", "cpr;name;name\n", "columns_twice"),
        ("app_users.csv", 'cpr;name\n140377-1112;"Sanne\n', "csv_broken"),
        ("x.json", "[]", "json_wrong"),
        ("x.json", '{"app_users": {}}', "json_wrong"),
        ("x.json", '{"patients": []}', "json_wrong"),
        ("x.json", '{"app_users": [', "json_broken"),
    ],
)
def test_a_file_that_makes_no_sense(name: str, content: str, code: str) -> None:
    assert problems(name, content) == [("the file", code)]


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ("Sanne", "item_wrong"),
        ({"cpr": 1403771112, "name": "Sanne"}, "item_wrong"),
        ({"cpr": "140377-1112", "name": ["Sanne"]}, "item_wrong"),
        ({"cpr": "140377-1112"}, "columns_missing"),
        ({"cpr": "140377-1112", "name": "Sanne", "shoe": "42"}, "columns_unknown"),
        ({"cpr": "140377-1112", "name": None}, "cell_empty"),
    ],
)
def test_a_bad_item_is_told_by_its_number(item: Any, code: str) -> None:
    good = {"cpr": "010190-2222", "name": "Pia"}
    assert problems("x.json", json.dumps({"app_users": [good, item]})) == [("app_users[2]", code)]


def test_yes_is_said_in_some_ways_and_no_others() -> None:
    rows = "clinic,cpr,name,active\n101001,140377-1112,S,ja\n101001,010190-2222,P,\n101001,050592-1234,D,maybe\n"
    read = read_file("employees.csv", rows.encode())
    assert [row.active for row in read.employees] == [True, False]
    assert [(each.where, each.code) for each in read.problems] == [("line 4", "cell_wrong")]


def test_guardian_and_child_are_two() -> None:
    rows = "guardian_cpr;child_cpr\n140377-1112;1403771112\n"
    assert problems("guardianships.csv", rows) == [("line 2", "guardian_is_child")]


def test_what_is_referred_to_comes_first() -> None:
    names = ["guardianships.csv", "employees.csv", "practitioners.csv", "app_users.csv", "clinics.csv"]
    files = in_order(read_file(name, sample(name)) for name in names)
    assert [file.name for file in files] == [f"{kind}.csv" for kind in Kind]
