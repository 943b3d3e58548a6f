"""A network of its own for what takes no part in a call over loopback: one address, on an interface that leads nowhere."""

from __future__ import annotations

import os
import subprocess
import sys

ADDRESS = "10.99.0.1"
_NETWORK = (
    f"ip link set lo up && ip link add v0 type veth peer name v1 && ip addr add {ADDRESS}/24 dev v0"
    " && ip link set v0 up && ip link set v1 up && ip route add default via 10.99.0.254 dev v0"
    ' && exec "$@"'
)


def run_in_namespace(module: str, *arguments: str) -> None:
    """Run a module's `main` in such a network; what it says last is the failure's text."""
    namespace = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-c", _NETWORK, "sh"]
    run = subprocess.run(
        [*namespace, sys.executable, "-m", module, *arguments],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
