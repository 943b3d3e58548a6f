"""What each kind of event is for, and which kinds are mere looking; by the first word of the kind. Pure.

Kinds are named after what they concern (`visit_accepted`, `patient_added`), so a new kind finds its place by its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Purpose(StrEnum):
    """Why data are used: the care of a patient, running the clinic, who has access, or looking after the use itself."""

    TREATMENT = "treatment"
    ADMINISTRATION = "administration"
    ACCESS = "access"
    CONTROL = "control"


class Group(StrEnum):
    """The groups of events that one searches the log by."""

    LOOK_UP = "look_up"
    VISIT = "visit"
    PATIENT = "patient"
    STAFF = "staff"
    ROOM = "room"
    RECORDING = "recording"
    REFUSAL = "refusal"


LOOK_UPS = frozenset(
    {
        "board_viewed",
        "patients_searched",
        "patients_previewed",
        "unseen_viewed",
        "ended_viewed",
        "audit_viewed",
        "recordings_viewed",
        "recording_viewed",
    }
)
"""Kinds that tell of data seen, and of nothing changed."""

QUIET = LOOK_UPS | {"request_refused", "clinic_entered", "visit_companion_joined", "visit_companion_left"}
"""Kinds after which the clinic is as it was before."""

GROUPS: Mapping[Group, tuple[str, ...]] = MappingProxyType(
    {
        Group.VISIT: ("visit_", "note_", "message_", "guest_"),
        Group.PATIENT: ("patient_",),
        Group.STAFF: ("employee_", "practitioner_", "declaration_", "clinic_", "key_", "launch_", "practice_"),
        Group.ROOM: ("room_", "messages_", "settings_", "reminder_"),
        Group.RECORDING: ("recording_", "recordings_"),
        Group.REFUSAL: ("request_",),
    }
)
"""How the kinds of each group begin; Group.LOOK_UP is LOOK_UPS."""

_PURPOSES = (
    (("audit_", "request_"), Purpose.CONTROL),
    (
        GROUPS[Group.VISIT]
        + GROUPS[Group.PATIENT]
        + GROUPS[Group.RECORDING]
        + ("board_", "patients_", "unseen_", "ended_"),
        Purpose.TREATMENT,
    ),
    ((*GROUPS[Group.STAFF], "logged_", "login_"), Purpose.ACCESS),
)


def purpose(kind: str) -> Purpose:
    """What an event of the kind is for."""
    for beginnings, found in _PURPOSES:
        if kind.startswith(beginnings):
            return found
    return Purpose.ADMINISTRATION
