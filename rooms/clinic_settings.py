"""What a clinic sets for itself: opening hours, when a wait grows long, grace and resume times, texts, recordings. Pure.

Kept as JSON beside the clinic; what is missing there is as by default, so a new setting needs no migration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, time
from typing import Any

from .errors import SettingsInvalid
from .schedule import USUAL, Day, Hours, Schedule, fault

LONGEST_MINUTES = 24 * 60
LONGEST_REMINDER_DAYS = 3650
LONGEST_READY_TEXT = 500
"""In characters: as long as an explanation may be."""
MOST_READY_TEXTS = 20
LONGEST_CONSENT = 2000
"""In characters."""
LONGEST_RECORDING_DAYS = 3650
LONGEST_BLANK_MINUTES = 4 * 60


@dataclass(frozen=True, slots=True)
class ClinicSettings:
    """One clinic's settings. `version` counts its changes, so that two people who edit at once do not undo each other.

    A patient who has waited `wait_warning_minutes` is shown in yellow, from `wait_alarm_minutes` on in red. One whose page
    has been away for more than `grace_minutes` is shown as away, and keeps the place. A consultation that was ended by
    mistake can be resumed within `resume_minutes`. A patient not seen for
    `reminder_days` is suggested for removal. `ready_texts` are explanations to choose from when a patient is refused.
    A patient is asked for a recording with the words of `consent_da` and `consent_en`; the usual ones where both are empty.
    A recording is deleted after `recording_days`; 0 keeps it until somebody deletes it.
    A patient who waits is told the place in the queue with `show_place`, how long it may take with `show_wait`, and may write
    to the clinic with `chat`. A screen of the clinic's that nobody touches for `blank_minutes` covers what it shows; 0: never.
    """

    version: int = 0
    schedule: Schedule = field(default_factory=Schedule)
    wait_warning_minutes: int = 10
    wait_alarm_minutes: int = 20
    grace_minutes: int = 2
    resume_minutes: int = 15
    ready_texts: tuple[str, ...] = ()
    reminder_days: int = 180
    consent_da: str = ""
    consent_en: str = ""
    recording_days: int = 0
    show_place: bool = True
    show_wait: bool = True
    chat: bool = True
    blank_minutes: int = 10

    def checked(self) -> ClinicSettings:
        """The same, the ready texts without empty edges.

        Raises:
            SettingsInvalid: one of them is out of bounds; says which.
        """
        wrong = fault(self.schedule)
        if wrong is not None:
            raise SettingsInvalid(wrong)
        minutes = (self.wait_warning_minutes, self.wait_alarm_minutes, self.grace_minutes, self.resume_minutes)
        if not all(1 <= each <= LONGEST_MINUTES for each in minutes):
            raise SettingsInvalid(f"Times are 1 to {LONGEST_MINUTES} minutes.")
        if self.wait_warning_minutes >= self.wait_alarm_minutes:
            raise SettingsInvalid("A wait grows long before it grows too long.")
        if not 1 <= self.reminder_days <= LONGEST_REMINDER_DAYS:
            raise SettingsInvalid(f"The reminder comes after 1 to {LONGEST_REMINDER_DAYS} days.")
        texts = tuple(text.strip() for text in self.ready_texts)
        if len(texts) > MOST_READY_TEXTS or not all(
            1 <= len(text) <= LONGEST_READY_TEXT and "\x00" not in text for text in texts
        ):
            raise SettingsInvalid(f"At most {MOST_READY_TEXTS} ready texts of 1 to {LONGEST_READY_TEXT} characters.")
        consent_da, consent_en = self.consent_da.strip(), self.consent_en.strip()
        if any(len(text) > LONGEST_CONSENT or "\x00" in text for text in (consent_da, consent_en)):
            raise SettingsInvalid(f"The words to ask for a recording with are at most {LONGEST_CONSENT} characters.")
        if not 0 <= self.recording_days <= LONGEST_RECORDING_DAYS:
            raise SettingsInvalid(f"Recordings are deleted after 1 to {LONGEST_RECORDING_DAYS} days, or by hand (0).")
        if not 0 <= self.blank_minutes <= LONGEST_BLANK_MINUTES:
            raise SettingsInvalid(f"A screen is covered after 1 to {LONGEST_BLANK_MINUTES} minutes, or never (0).")
        return replace(self, ready_texts=texts, consent_da=consent_da, consent_en=consent_en)


def to_json(settings: ClinicSettings) -> dict[str, Any]:
    """As kept in the database and told on the log."""
    return {
        "version": settings.version,
        "automatic": settings.schedule.automatic,
        "week": [[[_written(hours.opens), _written(hours.closes)] for hours in day] for day in settings.schedule.week],
        "closed_days": [day.isoformat() for day in settings.schedule.closed_days],
        "wait_warning_minutes": settings.wait_warning_minutes,
        "wait_alarm_minutes": settings.wait_alarm_minutes,
        "grace_minutes": settings.grace_minutes,
        "resume_minutes": settings.resume_minutes,
        "ready_texts": list(settings.ready_texts),
        "reminder_days": settings.reminder_days,
        "consent_da": settings.consent_da,
        "consent_en": settings.consent_en,
        "recording_days": settings.recording_days,
        "show_place": settings.show_place,
        "show_wait": settings.show_wait,
        "chat": settings.chat,
        "blank_minutes": settings.blank_minutes,
    }


def from_json(kept: Mapping[str, Any]) -> ClinicSettings:
    """Read what `to_json` wrote."""
    usual = ClinicSettings()
    week: tuple[Day, ...] = (USUAL,) * 7
    if "week" in kept:
        week = tuple(
            tuple(Hours(time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in day)
            for day in kept["week"]
        )
    return ClinicSettings(
        version=kept.get("version", usual.version),
        schedule=Schedule(
            automatic=kept.get("automatic", True),
            week=week,
            closed_days=tuple(date.fromisoformat(day) for day in kept.get("closed_days", ())),
        ),
        wait_warning_minutes=kept.get("wait_warning_minutes", usual.wait_warning_minutes),
        wait_alarm_minutes=kept.get("wait_alarm_minutes", usual.wait_alarm_minutes),
        grace_minutes=kept.get("grace_minutes", usual.grace_minutes),
        resume_minutes=kept.get("resume_minutes", usual.resume_minutes),
        ready_texts=tuple(kept.get("ready_texts", usual.ready_texts)),
        reminder_days=kept.get("reminder_days", usual.reminder_days),
        consent_da=kept.get("consent_da", usual.consent_da),
        consent_en=kept.get("consent_en", usual.consent_en),
        recording_days=kept.get("recording_days", usual.recording_days),
        show_place=kept.get("show_place", usual.show_place),
        show_wait=kept.get("show_wait", usual.show_wait),
        chat=kept.get("chat", usual.chat),
        blank_minutes=kept.get("blank_minutes", usual.blank_minutes),
    )


def _written(at: time) -> str:
    return at.isoformat(timespec="minutes")
