"""A media node by itself, as `venterum media` runs it, without a live store to register in.

It prints its control address, then its media port. It records to the directory `RECORDINGS` of its environment. An address as
argument is offered to browsers in place of its own.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import uvloop
from aiohttp import web

from media.control import control_app
from media.node import MediaNode
from web import collector


async def main() -> None:
    recordings = Path(os.environ["RECORDINGS"]) if os.environ.get("RECORDINGS") else None
    node = MediaNode(host="127.0.0.1", port=0, addresses=sys.argv[1:] or ["127.0.0.1"], recordings=recordings)
    node.start()
    runner = web.AppRunner(control_app(node, os.environ["SECRET"]), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    collector.begin()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    print(node.port, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
