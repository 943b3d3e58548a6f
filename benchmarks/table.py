"""The table that `make bench` prints, figure by figure, and the JSON that comes of it; what has no figure has a reason."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any


@dataclass
class Table:
    """Figures by name, None where there is none, and then why. `notes` has how each was measured, with its spread."""

    figures: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def show(self, name: str, value: float | None, unit: str, note: str = "") -> None:
        """Print a figure and keep it; `note` says how it was measured, or why there is none."""
        figure = rounded(value)
        self.figures[name] = figure
        if figure is None:
            self.reasons[name] = note or "not measured"
        elif note:
            self.notes[name] = note
        shown = "none" if figure is None else f"{figure:g} {unit}"
        print(f"{name:<28} {shown:<16} {note}", flush=True)

    def show_all(self, name: str, values: Sequence[float | None], unit: str, note: str = "") -> None:
        """The median of several runs with their spread; None when any of them has none."""
        found = [v for v in values if v is not None]
        if len(found) < len(values) or not found:
            missed = (
                f"{len(values) - len(found)} of {len(values)} runs did not get there" if values else "no time was left"
            )
            self.show(name, None, unit, f"{missed}; {note}")
        else:
            self.show(name, median(found), unit, f"{spread(found)}; {note}")

    def missing(self, names: Sequence[str], reason: str) -> None:
        """Give every one of these that has no figure yet a reason for it."""
        for name in names:
            if name not in self.figures:
                self.show(name, None, "", reason)


@dataclass(frozen=True)
class Group:
    """Figures that are measured together, and can be chosen by name on the command line.

    Attributes:
        measure: shows its figures in the table it is given.
        figures: the names of all of them; those it does not show are null in the JSON, with a reason.
        within_s: past this it is ended, so that the whole run ends by itself.
        pinned: whether this process, which is the load then, is kept to its own core.
    """

    measure: Callable[[Table], Awaitable[None]]
    figures: tuple[str, ...]
    within_s: float
    pinned: bool = False


def spread(figures: Sequence[float]) -> str:
    """The lowest and the highest."""
    return f"{rounded(min(figures)):g} to {rounded(max(figures)):g}"


def rounded(value: float | None, digits: int = 2) -> float | None:
    return None if value is None or math.isnan(value) else round(value, digits)
