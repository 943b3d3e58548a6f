"""The long run at the node's port, guided by coverage (atheris): `make fuzz`. What is done with an input is `fuzzed.py`'s.

It stops at the first input that disturbs anything, which it keeps as a file (`crash-…`), and by itself when its time is over.
`python -m tests.media.fuzz FILE` runs one such file again. Every option of libFuzzer's is taken (`-max_total_time=`, `-runs=`).
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

from tests import interpreted  # noqa: F401  # coverage is seen in bytecode alone

with atheris.instrument_imports(include=["media", "aioice"]):
    from . import fuzzed

MAX_INPUT_BYTES = 4096


def main(arguments: list[str]) -> None:
    """Fuzz from the corpus in the directories that are named, which the seeds are added to. Never returns."""
    directories = [Path(each) for each in arguments if not each.startswith("-") and Path(each).is_dir()]
    for number, seed in enumerate(fuzzed.seeds() if directories else ()):
        (directories[0] / f"seed-{number}").write_bytes(seed)
    call = fuzzed.FuzzedCall()
    atheris.Setup([sys.argv[0], f"-max_len={MAX_INPUT_BYTES}", *arguments], call.run)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
