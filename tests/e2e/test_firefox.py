"""The patient in Debian's Firefox, the clinician in Chromium: two stacks that number everything differently, both ways.

Firefox takes no part in a call over loopback, so this one is held in a network namespace of its own, with one address on an
interface that leads nowhere.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ADDRESS = "10.99.0.1"
NAMESPACE = (
    f"ip link set lo up && ip link add v0 type veth peer name v1 && ip addr add {ADDRESS}/24 dev v0"
    " && ip link set v0 up && ip link set v1 up && ip route add default via 10.99.0.254 dev v0"
    ' && exec "$@"'
)


def test_a_patient_in_firefox_and_a_clinician_in_chromium(tmp_path: Path) -> None:
    namespace = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-c", NAMESPACE, "sh"]
    run = subprocess.run(
        [*namespace, sys.executable, "-m", "tests.e2e.firefox_call", str(tmp_path), ADDRESS],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
