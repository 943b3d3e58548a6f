"""What the command line takes: every command of `venterum`, with its arguments. What they do is in a module of each one's own."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rooms.directory_kinds import REPLACEABLE, Kind


def parser() -> argparse.ArgumentParser:
    """The whole command line; `command` is which one was chosen."""
    whole = argparse.ArgumentParser(
        prog="venterum",
        description="Virtual waiting room and video consultations. Settings are read from VENTERUM_* variables.",
    )
    commands = whole.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="migrate the database and serve until SIGINT or SIGTERM")
    _add_media(commands)
    commands.add_parser("migrate", help="bring the database to the newest version")
    _add_directory(commands)
    audit = commands.add_parser("audit", help="look after the event logs")
    audit.add_argument("what", choices=["verify"], help="verify: read every chain, and find what was changed by hand")
    _add_practice_system(commands)
    _add_recording(commands)
    demo = commands.add_parser("demo", help="list the demonstration's fictitious clinics and people")
    demo.add_argument("--json", action="store_true", help="for programs")
    demo.add_argument("--load", action="store_true", help="put them into the database first")
    commands.add_parser("schema", help="print the JSON Schema of every type on the wire")
    return whole


def _add_media(commands: Any) -> None:
    """`venterum media`, which runs a node, and what can be done about nodes instead; `commands` is argparse's."""
    parser = commands.add_parser("media", help="run a media node by itself until SIGINT or SIGTERM, or make a token")
    token = parser.add_subparsers(dest="what").add_parser(
        "token", help="print a token with which a device joins one call by WHIP (RFC 9725) or WHEP"
    )
    token.add_argument("--visit", required=True, help="the id of the visit whose call it is")
    token.add_argument("--device", required=True, help="its name in the call, which is prefixed with device-")
    token.add_argument("--only", choices=["publish", "subscribe"], help="both when not given")
    token.add_argument("--minutes", type=float, default=60, help="60 when not given, a working day at most")


def _add_directory(commands: Any) -> None:
    directory = commands.add_parser("directory", help="the clinics and people that this installation knows")
    verbs = directory.add_subparsers(dest="verb", required=True)
    parser = verbs.add_parser("import", help="take in CSV or JSON files (docs/directory.md)")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--dry-run", action="store_true", help="only list what would change")
    parser.add_argument(
        "--replace",
        action="append",
        default=[],
        type=Kind,
        choices=REPLACEABLE,
        metavar="KIND",
        help=f"take out who of that kind is not in the file: {', '.join(REPLACEABLE)}",
    )


def _add_practice_system(commands: Any) -> None:
    verbs = commands.add_parser(
        "practice-system", help="the practice systems that may speak to this server (docs/practice-systems.md)"
    ).add_subparsers(dest="verb", required=True)
    add = verbs.add_parser("add", help="register one by its public key")
    add.add_argument("name")
    add.add_argument("--jwk", type=Path, required=True, metavar="FILE", help="its public key, a JSON Web Key")
    add.add_argument("--clinics", nargs="+", required=True, metavar="ID", help="ydernumre or SOR-IDs")
    add.add_argument("--webhook", metavar="URL", help="where it is told what happens")
    add.add_argument("--webhook-cpr", action="store_true", help="tell it the patients' CPR numbers there")
    verbs.add_parser("list", help="those that are registered")
    remove = verbs.add_parser("remove", help="end a registration")
    remove.add_argument("name")


def _add_recording(commands: Any) -> None:
    verbs = commands.add_parser("recording", help="look after recordings (docs/recordings.md)").add_subparsers(
        dest="verb", required=True
    )
    verbs.add_parser("list", help="every recording that is over: id, when, how long, how large, and how it ended")
    delete = verbs.add_parser(
        "delete", help="destroy the key of one, and take its files away; the clinic's log tells of it"
    )
    delete.add_argument("recording", metavar="ID", help="as `list` tells it")
    check = verbs.add_parser(
        "verify", help="say of each file whether it is as it was written, and what is wrong with it"
    )
    check.add_argument("files", nargs="+", type=Path, metavar="FILE", help="recordings, *.vrec")
    export = verbs.add_parser("export", help="decrypt one and make a film of it; the clinic's log tells of it")
    export.add_argument("file", type=Path, metavar="FILE", help="a recording, *.vrec")
    export.add_argument("out", type=Path, metavar="OUT", help="the film: WebM, or Matroska where there is H.264")
    verbs.add_parser("rewrap", help="wrap every recording's key anew, after the key that wraps them has changed")
