"""`make bench`: measures everything in one run, prints the table and writes `benchmarks/results/latest.json`.

`python -m benchmarks relay memory` measures those groups alone. Everything it sends goes to addresses of this machine: loopback,
and those of network namespaces of its own (for Janus, which offers no loopback address, and for narrow paths). It ends by itself.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import shutil
import subprocess
import sys
import traceback
from importlib.metadata import version
from pathlib import Path
from typing import Any

from . import browsers, consent, measures, page, paths, recording, subjects, texts
from .table import Group, Table

RESULTS = Path(__file__).parent / "results" / "latest.json"
_INSIDE = "VENTERUM_BENCH_NAMESPACE"

GROUPS: dict[str, Group] = {
    "relay": Group(measures.relay, measures.RELAY, within_s=240, pinned=True),
    "capacity": Group(measures.capacity, measures.CAPACITY, within_s=400, pinned=True),
    "memory": Group(measures.memory, measures.MEMORY, within_s=200, pinned=True),
    "recording": Group(recording.recording, recording.RECORDING, within_s=300, pinned=True),
    "browsers": Group(browsers.first_frames, browsers.FIRST_FRAMES, within_s=120),
    "texts": Group(texts.texts, texts.TEXTS, within_s=90),
    "consent": Group(consent.consent, consent.CONSENT, within_s=180),
    "page": Group(page.page, page.PAGE, within_s=90),
    "paths": Group(paths.paths, paths.PATHS, within_s=180),
}
"""What can be chosen, in the order it is measured. The bounds together keep the whole run under half an hour."""

NAMESPACE = (
    "ip link set lo up && ip link add v0 type veth peer name v1 && ip addr add {address}/24 dev v0"
    ' && ip link set v0 up && ip link set v1 up && exec "$@"'
)


def main() -> None:
    """Go into a network namespace where that is allowed, and measure there."""
    chosen = sys.argv[1:] or list(GROUPS)
    if unknown := [name for name in chosen if name not in GROUPS]:
        sys.exit(f"There is no group {', '.join(unknown)}; there are {', '.join(GROUPS)}.")
    if _INSIDE not in os.environ and os.geteuid() == 0 and shutil.which("unshare") and shutil.which("ip"):
        os.environ[_INSIDE] = "yes"
        script = NAMESPACE.format(address=subjects.JANUS_ADDRESS)
        python = [sys.executable, "-m", "benchmarks", *chosen]
        os.execvp("unshare", ["unshare", "--net", "sh", "-c", script, "sh", *python])
    table = Table()
    for name, group in GROUPS.items():
        if name in chosen:
            print(f"\n{name}", flush=True)
            measured(group, table)
        else:
            table.missing(group.figures, "not chosen")
    RESULTS.parent.mkdir(exist_ok=True)
    found = table.figures | {"notes": table.notes, "reasons": table.reasons, "machine": machine()}
    RESULTS.write_text(json.dumps(found, indent=2) + "\n")
    print(f"\nWritten to {RESULTS.relative_to(Path.cwd()) if RESULTS.is_relative_to(Path.cwd()) else RESULTS}")


def measured(group: Group, table: Table) -> None:
    """Measure one group; a fault in it costs its own figures and no other group's."""
    cores = os.sched_getaffinity(0)
    if group.pinned and len(cores) > 1:
        os.sched_setaffinity(0, {subjects.LOAD_CORE})
    try:
        asyncio.run(asyncio.wait_for(group.measure(table), group.within_s))
    except Exception as error:
        traceback.print_exc()
        table.missing(group.figures, f"the measurement failed: {type(error).__name__} {error}".strip())
    else:
        table.missing(group.figures, "not shown by its group")
    finally:
        os.sched_setaffinity(0, cores)


def machine() -> dict[str, Any]:
    """What it was measured on."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "load_average_1min": os.getloadavg()[0],
        "kernel": platform.release(),
        "python": platform.python_version(),
        "aiortc": version("aiortc"),
        "pylibsrtp": version("pylibsrtp"),
        "chromium": _says("chromium", "--version"),
        "janus": _says("janus", "--version"),
        "compiler": _says("cc", "--version"),
    }


def _says(*command: str) -> str:
    """The first line that a program says of its version; nothing where it is not on this machine."""
    if shutil.which(command[0]) is None:
        return ""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.partition("\n")[0]


if __name__ == "__main__":
    main()
