"""`venterum directory import`: reads the files, takes them into the directory, and prints what changed or would have."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from rooms.directory_import import Change, Report, Verb
from rooms.directory_kinds import Kind
from rooms.directory_rows import DirectoryFile, read_file
from rooms.store import Rooms, migrate

from .keys import InstallationKey
from .settings import Settings

_SIGN = {Verb.ADDED: "+", Verb.CHANGED: "~", Verb.REMOVED: "-", Verb.KEPT: "="}
_NAME = {
    Kind.CLINICS: "clinic",
    Kind.APP_USERS: "app user",
    Kind.PRACTITIONERS: "practitioner",
    Kind.EMPLOYEES: "employee",
    Kind.GUARDIANSHIPS: "guardian",
}


def run(settings: Settings, chosen: argparse.Namespace) -> int:
    """Run `directory import`. 0 when every file was taken, else 1.

    Raises:
        KeyFileRefused, StoreRefused, OSError: the store or a file cannot be opened.
    """
    files = [read_file(path.name, path.read_bytes()) for path in chosen.files]
    key = InstallationKey.of(settings)
    migrate(settings.database_url)
    report = asyncio.run(_take(settings, key, files, chosen.replace, chosen.dry_run))
    show(report, dry_run=chosen.dry_run)
    return 1 if report.problems else 0


async def _take(
    settings: Settings, key: InstallationKey, files: Sequence[DirectoryFile], absent_removed: list[Kind], dry_run: bool
) -> Report:
    async with await Rooms.open(
        settings.database_url, key.reveal(), clock=lambda: datetime.now(UTC), on_commit=lambda _: None
    ) as rooms:
        return await rooms.directory_import.take(files, absent_removed=absent_removed, dry_run=dry_run)


def show(report: Report, *, dry_run: bool) -> None:
    """Print the changes to standard output and the problems to standard error."""
    for change in report.changes:
        print(_line(change))
    for problem in report.problems:
        print(f"{problem.file}: {problem.where}: {problem.text} ({problem.code})", file=sys.stderr)
    for name in dict.fromkeys(problem.file for problem in report.problems):
        print(f"{name}: nothing of this file was taken.", file=sys.stderr)
    counted = ", ".join(f"{sum(c.verb is verb for c in report.changes)} {verb}" for verb in Verb)
    print(f"{'Would be' if dry_run else 'Done'}: {counted}.")


def _line(change: Change) -> str:
    of = f" of {change.of}" if change.of is not None else ""
    why = f": {change.why}" if change.why is not None else ""
    return f"{_SIGN[change.verb]} {_NAME[change.kind]} {change.name}{of}{why}"
