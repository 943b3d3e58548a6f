"""`make bench`: measures everything in one run, prints the table and writes `benchmarks/results/latest.json`.

Everything it sends goes to addresses of this machine: loopback, and one of a network namespace of its own (for Janus, which
offers no loopback address). It ends by itself.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from . import browsers, measures, subjects
from .measures import CM, GCM, middle, rounded, spread

RESULTS = Path(__file__).parent / "results" / "latest.json"
_INSIDE = "VENTERUM_BENCH_NAMESPACE"

NAMESPACE = (
    "ip link set lo up && ip link add v0 type veth peer name v1 && ip addr add {address}/24 dev v0"
    ' && ip link set v0 up && ip link set v1 up && exec "$@"'
)


def main() -> None:
    """Go into a network namespace where that is allowed, and measure there."""
    if _INSIDE not in os.environ and os.geteuid() == 0 and shutil.which("unshare") and shutil.which("ip"):
        os.environ[_INSIDE] = "yes"
        script = NAMESPACE.format(address=subjects.JANUS_ADDRESS)
        python = [sys.executable, "-m", "benchmarks", *sys.argv[1:]]
        os.execvp("unshare", ["unshare", "--net", "sh", "-c", script, "sh", *python])
    if len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, {subjects.LOAD_CORE})
    figures, reasons = asyncio.run(measured())
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(figures | {"reasons": reasons, "machine": machine()}, indent=2) + "\n")
    print(f"\nWritten to {RESULTS.relative_to(Path.cwd()) if RESULTS.is_relative_to(Path.cwd()) else RESULTS}")


async def measured() -> tuple[dict[str, Any], dict[str, str]]:
    """Every figure of the JSON's top level, None where there is none, and why."""
    figures: dict[str, Any] = {}
    reasons: dict[str, str] = {}

    def show(name: str, value: float | None, unit: str, note: str = "") -> None:
        figures[name] = rounded(value)
        if value is None:
            reasons[name] = note
        shown = "none" if figures[name] is None else f"{figures[name]:g} {unit}"
        print(f"{name:<28} {shown:<16} {note}", flush=True)

    turn = await measures.in_turn(
        {
            "relay": (subjects.relay, GCM),
            "janus": (subjects.janus, GCM),
            "floor": (subjects.floor, GCM),
            "janus_aes_cm": (subjects.janus, CM),
            "relay_aes_cm": (subjects.relay, CM),
        }
    )
    relay = middle(turn["relay"])
    for name, found in turn.items():
        ratio = middle(found)
        beside = f"; relay is {relay / ratio:.2f} of it" if relay and ratio and name != "relay" else ""
        show(f"{name}_us_per_packet", ratio, "µs CPU", spread(found) + beside)
    show("relay_packets_per_core", 1e6 / relay if relay else None, "packets/s")
    mediarelay = await measures.mediarelay_us_per_packet()
    show("mediarelay_us_per_packet", mediarelay, "µs CPU", "decodes and encodes; one call of 640 x 480")
    holds, at_half = await measures.calls_per_core()
    show("calls_per_core", holds, "calls", "p99 transit within 5 ms and 0.1 % lost; the load has the other core")
    for name, share in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999)):
        show(f"transit_{name}_ms", at_half.transit_ms(share), "ms", "at half that")
    per_call, growth = await measures.memory()
    show("call_memory_mb", per_call, "MB", "one more call on a node")
    show("churn_growth_mb", growth, "MB", "from the 100th call made and ended to the 1,000th")
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    for name, value in (await browsers.first_frames()).items():
        show(
            name, value, "s" if name.endswith("_s") else "ms", "not reached within 30 s" if value is None else "median"
        )
    return figures, reasons


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
    chromium = subprocess.run(["chromium", "--version"], capture_output=True, text=True, check=False).stdout.strip()
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "load_average_1min": os.getloadavg()[0],
        "kernel": platform.release(),
        "python": platform.python_version(),
        "aiortc": version("aiortc"),
        "pylibsrtp": version("pylibsrtp"),
        "chromium": chromium,
    }


if __name__ == "__main__":
    main()
