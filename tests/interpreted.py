"""Importing this before the relay lets it run from its sources, whether or not they have been compiled."""

from __future__ import annotations

import sys
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, SourceFileLoader
from pathlib import Path

MEDIA = Path(__file__).parents[1] / "media"


def _sources_alone(path: str) -> FileFinder:
    if Path(path) != MEDIA:
        raise ImportError
    return FileFinder(path, (SourceFileLoader, SOURCE_SUFFIXES))


sys.path_hooks.insert(0, _sources_alone)
sys.path_importer_cache.clear()
