"""The command line: runs the command that was chosen, and tells what is wrong in one line. `arguments` is what it takes."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from rooms.errors import RoomsError

from . import collector
from .arguments import parser

if TYPE_CHECKING:
    from pydantic import ValidationError


def main(arguments: list[str] | None = None) -> None:
    """Run a command; exits with 0, or with 1 and one line that says what to do about it."""
    os.umask(0o077)  # what is kept here, and the files the database makes beside it, are nobody else's to read
    chosen = parser().parse_args(arguments)
    try:
        sys.exit(_run(chosen))
    except (RoomsError, OSError, ValueError) as error:
        sys.exit(f"venterum: {error}")


# Each command brings in its own part of the program and no other: a list of clinics has no use for the media plane, and
# whoever asks for it does not wait for that.


def _run(chosen: argparse.Namespace) -> int:
    if chosen.command == "schema":
        from . import wire_schema

        wire_schema.show()
        return 0

    from pydantic import ValidationError

    from .settings import Settings

    try:
        settings = Settings()
    except ValidationError as error:
        raise ValueError(_settings_at_fault(error)) from None

    match chosen.command:
        case "serve":
            collector.rest()
            import uvloop

            from . import logs
            from .serve import serve

            logs.configure()
            uvloop.run(serve(settings))
        case "media" if chosen.what == "token":
            from . import media_commands

            media_commands.print_token(settings, chosen)
        case "media":
            collector.rest()
            import uvloop

            from . import logs
            from .serve_media import serve_media

            logs.configure()
            uvloop.run(serve_media(settings))
        case "migrate":
            from rooms.store import migrate

            migrate(settings.database_url)
        case "directory":
            from . import directory_commands

            return directory_commands.run(settings, chosen)
        case "audit":
            from . import audit_commands

            return audit_commands.run(settings)
        case "recording":
            from . import recording_commands

            return recording_commands.run(settings, chosen)
        case "practice-system":
            from . import practice_commands

            practice_commands.run(settings, chosen)
        case "demo":
            from . import demo_commands

            demo_commands.run(settings, chosen)
    return 0


def _settings_at_fault(error: ValidationError) -> str:
    """Which settings cannot be read and why, without what was in them."""
    problems = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(
        f"{'VENTERUM_' + str(problem['loc'][0]).upper() if problem['loc'] else 'the settings'}: {problem['msg']}"
        for problem in problems
    )
