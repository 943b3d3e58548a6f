"""Runs `venterum` with an eye on codecs: every decoder or encoder opened in the process is written to the file named first.

The relay may not decode or encode; a test starts the server by this and finds the file empty afterwards.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import av
import av.codec.context


def watch(record: Path) -> None:
    """Write a line to `record` for each codec context made by PyAV, which is all that aiortc decodes and encodes with."""
    record.touch()
    original = av.CodecContext

    class Watched:
        @staticmethod
        def create(codec: Any, mode: Any = None, *more: Any, **named: Any) -> Any:
            with record.open("a") as file:
                file.write(f"{codec} {mode}\n")
            return original.create(codec, mode, *more, **named)

    av.CodecContext = Watched  # type: ignore[misc,assignment]  # the class is sealed C, so its name is taken instead
    av.codec.context.CodecContext = Watched  # type: ignore[misc,assignment]  # as above


if __name__ == "__main__":
    if "aiortc" in sys.modules:
        sys.exit("aiortc has its codecs already")
    watch(Path(sys.argv[1]))
    from web.cli import main

    main(sys.argv[2:])
