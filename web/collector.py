"""When Python looks for garbage in a process that serves: not while it starts, and never through what it started with.

What is imported stays, and is 150,000 objects: to go through them takes a tenth of a second, in which no packet is forwarded.
"""

from __future__ import annotations

import gc


def rest() -> None:
    """Look for nothing while parts are imported and opened."""
    gc.disable()


def begin() -> None:
    """From now on look, and only at what is made from now on."""
    gc.freeze()
    gc.enable()
