"""The import into a directory that is in use: what it adds, changes and takes out, and what it never touches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from rooms.directory_import import IMPORT, Report
from rooms.directory_kinds import Kind
from rooms.directory_rows import DirectoryFile, read_file
from rooms.errors import NotFound
from rooms.records import Committed, Role
from rooms.store import Rooms

from .cast import ANNE, DECLARATION, EAR, MAJA_CPR, SKIN, every_row

SAMPLES = Path(__file__).parent / "directory"
EVERY_KIND = [f"{kind}.csv" for kind in reversed(Kind)]


def samples(*names: str) -> list[DirectoryFile]:
    return [read_file(name, (SAMPLES / name).read_bytes()) for name in names]


def csv(kind: str, *lines: str) -> DirectoryFile:
    return read_file(f"{kind}.csv", "\n".join(lines).encode())


def told(report: Report) -> list[str]:
    return [f"{change.verb} {change.kind} {change.name}" for change in report.changes]


def codes(report: Report) -> list[tuple[str, str]]:
    return [(problem.where, problem.code) for problem in report.problems]


async def test_the_samples_get_everybody_in(rooms: Rooms) -> None:
    report = await rooms.directory_import.take(samples(*EVERY_KIND))
    assert report.problems == ()
    assert told(report) == [
        "added clinics Øjenklinikken Ribe",
        "changed clinics Hudklinikken Aarhus C",
        "added app_users Pia Nybo",
        "added app_users Nor Nybo",
        "added practitioners Sanne Øland",
        "added employees Lund, Ditte",
        "added guardianships Pia Nybo",
    ]
    person = await rooms.directory.person_by_login("https://id.example", "s", None, "pid-sanne")
    assert person is not None
    entry = await rooms.directory.enter_clinic(person.id, "9993031000016004", DECLARATION, "2")
    assert entry.role is Role.PRACTITIONER
    assert [each.authorisation_id for each in entry.practitioners] == ["0XDS4"]
    assert (await rooms.directory.clinic(SKIN)).name == "Hudklinikken Aarhus C"
    assert (await rooms.patients.add(ANNE, EAR, "010190-2222")).name == "Pia Nybo"


async def test_a_second_time_nothing_changes(rooms: Rooms, database_url: str) -> None:
    await rooms.directory_import.take(samples(*EVERY_KIND))
    before = await every_row(database_url)
    assert await rooms.directory_import.take(samples(*EVERY_KIND), absent_removed=[Kind.EMPLOYEES]) == Report((), ())
    assert await every_row(database_url) == before


async def test_json_gets_in_whole(rooms: Rooms) -> None:
    report = await rooms.directory_import.take(samples("everything.json"))
    assert (len(report.changes), report.problems) == (6, ())


async def test_a_dry_run_says_the_same_and_changes_nothing(
    rooms: Rooms, database_url: str, announced: list[Committed]
) -> None:
    before = await every_row(database_url)
    dry = await rooms.directory_import.take(samples(*EVERY_KIND), dry_run=True)
    assert await every_row(database_url) == before
    assert announced == []
    assert await rooms.directory_import.take(samples(*EVERY_KIND)) == dry
    assert announced


async def test_every_change_in_a_clinic_stands_on_its_log(rooms: Rooms, announced: list[Committed]) -> None:
    await rooms.directory_import.take(
        [
            csv("clinics", "ydernummer;name;phone", "101001;Øreklinikken;1"),
            csv("practitioners", "clinic;cpr;name;authorisation_id", "101001;140377-1112;Sanne;0XDS4"),
        ]
    )
    events = await rooms.log.since(EAR, 0)
    assert [event.kind for event in events] == ["clinic_changed", "practitioner_added"]
    assert {event.actor for event in events} == {IMPORT}
    assert await rooms.log.verify(EAR) is None
    assert [(each.clinic_id, each.number) for each in announced] == [(EAR, 1), (EAR, 2)]


@pytest.mark.parametrize(
    ("kind", "rows", "problem"),
    [
        (
            "practitioners",
            ["clinic;cpr;name;authorisation_id", "101001;140377-1112;Sanne;0XDS4", "909009;010190-2222;Pia;0XDP5"],
            ("line 3", "clinic_unknown"),
        ),
        (
            "practitioners",
            ["clinic;cpr;name;authorisation_id", "101001;140377-1112;Sanne;0XDM2"],
            ("line 2", "authorisation_id_taken"),
        ),
        (
            "practitioners",
            ["clinic;cpr;name;authorisation_id", "101001;140377-1112;A;0XDS4", "202002;010190-2222;B;0XDS4"],
            ("line 3", "authorisation_id_taken"),
        ),
        (
            "employees",
            ["clinic;cpr;name", "101001;140377-1112;Sanne", "101001;1403771112;Sanne"],
            ("line 3", "listed_twice"),
        ),
        (
            "employees",
            ["clinic;cpr;name;professional_id", "101001;140377-1112;A;p", "101001;010190-2222;B;p"],
            ("line 3", "professional_id_taken"),
        ),
        (
            "clinics",
            ["ydernummer;sor_id;name;phone", "101001;9992021000016005;Mixed;1"],
            ("line 2", "clinics_mixed"),
        ),
        (
            "guardianships",
            ["guardian_cpr;child_cpr", f"{MAJA_CPR};020220-4333"],
            ("line 2", "child_unknown"),
        ),
        (
            "guardianships",
            ["guardian_cpr;child_cpr", f"140377-1112;{MAJA_CPR}"],
            ("line 2", "guardian_unknown"),
        ),
    ],
)
async def test_a_file_with_a_problem_changes_nothing(
    rooms: Rooms, database_url: str, kind: str, rows: list[str], problem: tuple[str, str]
) -> None:
    before = await every_row(database_url)
    report = await rooms.directory_import.take([csv(kind, *rows)])
    assert (codes(report), report.changes) == ([problem], ())
    assert await every_row(database_url) == before


async def test_the_other_files_are_taken_all_the_same(rooms: Rooms) -> None:
    bad = csv("employees", "clinic;cpr;name", "909009;140377-1112;Sanne")
    report = await rooms.directory_import.take([bad, *samples("app_users.csv")])
    assert codes(report) == [("line 2", "clinic_unknown")]
    assert told(report) == ["added app_users Pia Nybo", "added app_users Nor Nybo"]


async def test_what_a_clinic_says_for_itself_stays(rooms: Rooms) -> None:
    await rooms.waiting_room.set_messages(ANNE, EAR, open_message="Velkommen", closed_message="Farvel")
    await rooms.employees.deactivate(ANNE, EAR, "morten")
    report = await rooms.directory_import.take(
        [
            csv("clinics", "ydernummer;name;phone;open_message", "101001;Øreklinikken;1;Ny besked"),
            csv("practitioners", "clinic;cpr;name;authorisation_id", "101001;020479-2285;Morten S;0XDM2"),
            csv("employees", "clinic;cpr;name;active", "101001;110566-1328;Kirsten Dahl;yes"),
        ]
    )
    assert told(report) == ["changed clinics Øreklinikken", "changed practitioners Morten S"]
    assert (await rooms.directory.clinic(EAR)).open_message == "Velkommen"
    for person in ("morten", "kirsten"):
        with pytest.raises(NotFound):
            await rooms.directory.staff(person, EAR)


def listed_only(kind: str) -> Sequence[DirectoryFile]:
    """Files with one row each, that leave everybody else out."""
    return {
        "practitioners": [
            csv("practitioners", "clinic;cpr;name;authorisation_id", "101001;020479-2285;Morten Skovgaard;0XDM2")
        ],
        "employees": [csv("employees", "clinic;cpr;name", "101001;140377-1112;Sanne")],
        "app_users": [csv("app_users", "cpr;name", f"{MAJA_CPR};Maja Elkjær Holm")],
        "guardianships": [csv("guardianships", "guardian_cpr;child_cpr", f"{MAJA_CPR};080975-1238")],
    }[kind]


@pytest.mark.parametrize("kind", ["practitioners", "employees", "app_users", "guardianships"])
async def test_nobody_is_taken_out_unless_it_is_said(rooms: Rooms, kind: str) -> None:
    report = await rooms.directory_import.take(listed_only(kind))
    assert not [each for each in told(report) if each.startswith("removed")]


async def test_who_is_left_out_is_taken_out_where_it_is_said(rooms: Rooms) -> None:
    files = [file for kind in ("practitioners", "employees", "app_users") for file in listed_only(kind)]
    await rooms.directory.enter_clinic("anne", "101001", DECLARATION, "2")
    report = await rooms.directory_import.take(
        files, absent_removed=[Kind.PRACTITIONERS, Kind.EMPLOYEES, Kind.APP_USERS]
    )
    assert [each for each in told(report) if not each.startswith("added")] == [
        "removed app_users Fatima Nygaard Said",
        "removed app_users Jonas Brandt Toft",
        "removed app_users Oskar Elkjær Holm",
        "removed practitioners Anne Bruun Lindqvist",
        "removed employees Kirsten Dahl",
    ]
    with pytest.raises(NotFound):
        await rooms.directory.staff("anne", EAR)
    assert (await rooms.directory.practitioner(SKIN, "hud-henrik")).name == "Henrik Juul Vestergaard"
    assert [event.kind for event in await rooms.log.since(EAR, 1)] == [
        "practitioner_removed",
        "employee_added",
        "employee_removed",
    ]


async def test_nobody_is_taken_out_of_a_consultation(rooms: Rooms) -> None:
    await rooms.directory.enter_clinic("anne", "101001", DECLARATION, "2")
    await rooms.patients.add(ANNE, EAR, "150391-1475")
    await rooms.waiting_room.open(ANNE, EAR)
    visit = await rooms.waiting_room.join("jonas", EAR)
    await rooms.waiting_room.accept(ANNE, EAR, visit.id)
    await rooms.waiting_room.start(ANNE, EAR, visit.id)
    files = [file for kind in ("practitioners", "app_users") for file in listed_only(kind)]
    absent = [Kind.PRACTITIONERS, Kind.APP_USERS]
    report = await rooms.directory_import.take(files, absent_removed=absent)
    kept = [(each.name, each.why) for each in report.changes if each.verb == "kept"]
    assert kept == [("Jonas Brandt Toft", "in a consultation"), ("Anne Bruun Lindqvist", "in a consultation")]
    await rooms.directory.staff("anne", EAR)
    await rooms.waiting_room.end(ANNE, EAR, visit.id)
    report = await rooms.directory_import.take(files, absent_removed=absent)
    assert "removed practitioners Anne Bruun Lindqvist" in told(report)


async def test_a_guardian_stays_while_the_child_is_in_a_consultation(rooms: Rooms) -> None:
    await rooms.patients.add(ANNE, EAR, "190417-5623")
    await rooms.waiting_room.open(ANNE, EAR)
    visit = await rooms.waiting_room.join("oskar", EAR)
    await rooms.waiting_room.accept(ANNE, EAR, visit.id)
    file = listed_only("guardianships")
    report = await rooms.directory_import.take(file, absent_removed=[Kind.GUARDIANSHIPS])
    assert [each.why for each in report.changes if each.verb == "kept"] == ["in a consultation"]
    await rooms.waiting_room.end(ANNE, EAR, visit.id)
    report = await rooms.directory_import.take(file, absent_removed=[Kind.GUARDIANSHIPS])
    assert told(report) == ["removed guardianships Maja Elkjær Holm"]


async def test_the_last_one_with_access_stays(rooms: Rooms) -> None:
    await rooms.employees.deactivate(ANNE, EAR, "morten")
    report = await rooms.directory_import.take(listed_only("practitioners"), absent_removed=[Kind.PRACTITIONERS])
    assert [(each.name, each.why) for each in report.changes] == [
        ("Anne Bruun Lindqvist", "nobody else there has access")
    ]


async def test_thousands_of_rows_are_taken(rooms: Rooms) -> None:
    rows = [f"{day:02}{month:02}{year:02}-{number};P {number}" for number in range(1100, 1104) for year in range(50, 60)
            for month in range(1, 13) for day in range(1, 6)]  # fmt: skip
    report = await rooms.directory_import.take([csv("app_users", "cpr;name", *rows)])
    assert len(report.changes) == len(rows) == 2400
    assert await rooms.directory_import.take([csv("app_users", "cpr;name", *rows)]) == Report((), ())
