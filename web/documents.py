"""Writes the documents generated from the code, `docs/protocol.md` and `docs/states.md`; `--check` only compares them."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable
from pathlib import Path

from pydantic.fields import FieldInfo

from rooms.states import GUEST, RECORDING, ROOM, VISIT, diagram
from signaling import messages
from signaling.messages import Wire

DOCS = Path(__file__).parent.parent / "docs"

_SOCKETS: tuple[tuple[str, str, tuple[type[Wire], ...]], ...] = (
    ("Staff: what happens in the clinic", "/api/clinics/{clinic_id}/live?since=N", messages.LIVE_MESSAGES),
    ("Patient: the clinic cards", "/api/patient/live", messages.PATIENT_MESSAGES),
    ("Guest: whether to come in", "/api/guest/live", messages.GUEST_MESSAGES),
    (
        "The call",
        "/api/clinics/{clinic_id}/visits/{visit_id}/call` for staff, `/api/patient/visits/{visit_id}/call` for the patient, "
        "`/api/guest/call` for a guest who is let in",
        messages.CALL_MESSAGES,
    ),
)
_PARTS = (
    messages.RoomView,
    messages.ClinicSettingsView,
    messages.HoursView,
    messages.VisitView,
    messages.NoteView,
    messages.RecordingView,
    messages.ConsentView,
    messages.ChatView,
    messages.DeviceReport,
    messages.ClinicCard,
    messages.ProfileView,
    messages.PatientVisit,
    messages.QueueView,
)


def main(arguments: list[str]) -> int:
    """Write the documents, or with `--check` compare them; 1 when one of them is not as it should be."""
    stale = [name for name, text in documents().items() if not _holds(DOCS / name, text)]
    if "--check" in arguments:
        for name in stale:
            print(f"docs/{name} is not what the code says: run `make docs`.", file=sys.stderr)
        return 1 if stale else 0
    for name in stale:
        (DOCS / name).write_text(documents()[name], encoding="utf-8")
    return 0


def documents() -> dict[str, str]:
    """The text of each generated document, by file name."""
    return {"protocol.md": protocol(), "states.md": states()}


def protocol() -> str:
    """The WebSocket protocol: every message, who sends it and what its fields mean."""
    lines = [
        "# The WebSocket protocol",
        "",
        "Generated from `signaling/messages.py` by `make docs`. Each message is one JSON object with a `type`.",
        f"A browser's message is at most {messages.MAX_MESSAGE_BYTES} bytes; a larger one closes the connection with",
        "status 1009. Opening a socket takes the login cookie and an `Origin` of this server. What one may not see",
        "answers 404, as if it were not there.",
        "",
        f"The server closes with {messages.CLOSE_REVOKED} when access has ended (do not come back), with",
        f"{messages.CLOSE_UNREADABLE} after a message on a socket that takes none, with 1001 when it is stopping and with",
        "1000 when there will be nothing more. After any other end, come back: staff with `since` set to the last `number`",
        "that arrived, and nothing is missed.",
        "",
    ]
    for title, address, types in _SOCKETS:
        lines += [f"## {title}", "", f"`{address}`", ""]
        for each in types:
            lines += _message(each)
    lines += ["## What the messages speak of", ""]
    for each in _PARTS:
        lines += _message(each)
    return "\n".join(lines).rstrip() + "\n"


def states() -> str:
    """The state tables as diagrams."""
    return "\n".join(
        [
            "# The states",
            "",
            "Generated from the tables in `rooms/states.py` by `make docs`. What has no arrow is refused, and the refusal",
            "names the state and the verb.",
            "",
            "## Waiting room",
            "",
            "```mermaid",
            diagram(ROOM).rstrip(),
            "```",
            "",
            "## Visit",
            "",
            "```mermaid",
            diagram(VISIT).rstrip(),
            "```",
            "",
            "## Recording",
            "",
            "```mermaid",
            diagram(RECORDING).rstrip(),
            "```",
            "",
            "## Guest",
            "",
            "```mermaid",
            diagram(GUEST).rstrip(),
            "```",
            "",
        ]
    )


def _message(each: type[Wire]) -> list[str]:
    lines = [f"### {each.__name__}", "", inspect.cleandoc(each.__doc__ or ""), ""]
    lines += ["| field | type | |", "|---|---|---|"] if each.model_fields else []
    lines += [_row(name, field) for name, field in each.model_fields.items()]
    return [*lines, ""]


def _row(name: str, field: FieldInfo) -> str:
    if name == "type":
        return f'| `type` | `"{field.default}"` | |'
    return f"| `{name}` | `{_type_name(field.annotation)}` | {_said(field)} |"


def _said(field: FieldInfo) -> str:
    bounds: Iterable[str] = (str(m) for m in field.metadata)
    return " ".join([field.description or "", *bounds]).strip()


def _type_name(annotation: object) -> str:
    text = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    return text.replace("signaling.messages.", "").replace("typing.", "").replace("|", "\\|")


def _holds(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
