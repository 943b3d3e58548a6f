"""The words of the pages in each language: tests speak Danish, and look for what the page says in its own language."""

from __future__ import annotations

import functools
import json
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


@functools.cache
def _pairs() -> tuple[tuple[str, str], ...]:
    """Every text of the catalogues, in Danish and in English."""
    command = [str(ROOT / "tools" / "with-node"), "node", "scripts/words.mjs"]
    said = subprocess.run(command, cwd=ROOT / "web" / "ui", capture_output=True, text=True, check=True)
    return tuple((danish, english) for danish, english in json.loads(said.stdout))


class Words:
    """Says Danish texts in the language of a page: `da` or `en`."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._english: dict[str, list[str]] = {}
        if language != "da":
            for danish, english in _pairs():
                self._english.setdefault(danish, []).append(english)

    def __call__(self, danish: str, *values: str, whole: bool = True) -> re.Pattern[str]:
        """What stands on the page for a Danish text of the catalogue, its places {0}, {1} … filled with `values`.

        Not `whole`: it may stand within a longer text, and the Danish one may be the beginning of its text.

        Raises:
            KeyError: the catalogue has no such text.
        """
        said = [danish] if self.language == "da" else self._find(danish, whole)
        filled = "|".join(sorted({re.escape(_fill(each, values)) for each in said}))
        return re.compile(f"^({filled})$" if whole else f"({filled})")

    def _find(self, danish: str, whole: bool) -> list[str]:
        found = self._english.get(danish, [])
        if not found and not whole:
            found = [english for text, each in self._english.items() if text.startswith(danish) for english in each]
        if not found:
            raise KeyError(danish)
        return found


def _fill(text: str, values: tuple[str, ...]) -> str:
    for place, value in enumerate(values):
        text = text.replace(f"{{{place}}}", value)
    return text
