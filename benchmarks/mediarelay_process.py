"""The way not taken: two participants relayed by aiortc's own receivers and senders, which decode and encode every frame.

With `record` as argument, each participant is recorded by aiortc's MediaRecorder, too.
Prints its address; `POST /join/{participant}` takes an offer and gives the answer, `GET /packets` how many packets went out.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile

import uvloop
from aiohttp import web
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRecorder, MediaRelay


class Other(MediaStreamTrack):
    """Whatever the other participant sends, from when it does."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.source: asyncio.Future[MediaStreamTrack] = asyncio.get_running_loop().create_future()

    async def recv(self):  # type: ignore[no-untyped-def]  # aiortc's own signature
        return await (await asyncio.shield(self.source)).recv()


async def main() -> None:
    relay = MediaRelay()
    connections: dict[str, RTCPeerConnection] = {}
    home = tempfile.mkdtemp(prefix="venterum-bench-") if "record" in sys.argv[1:] else None
    recorders: dict[str, MediaRecorder] = {}
    others = {(name, kind): Other(kind) for name in ("first", "second") for kind in ("audio", "video")}

    async def join(request: web.Request) -> web.Response:
        name = request.match_info["participant"]
        to = "second" if name == "first" else "first"
        connection = connections[name] = RTCPeerConnection()
        if home is not None:
            recorders[name] = MediaRecorder(f"{home}/{name}.webm")

        @connection.on("track")
        def track(track: MediaStreamTrack) -> None:
            others[to, track.kind].source.set_result(relay.subscribe(track, buffered=False))
            if home is not None:
                recorders[name].addTrack(relay.subscribe(track))

        await connection.setRemoteDescription(RTCSessionDescription(await request.text(), "offer"))
        for transceiver in connection.getTransceivers():
            transceiver.sender.replaceTrack(others[name, transceiver.kind])
            transceiver.direction = "sendrecv"
        await connection.setLocalDescription(await connection.createAnswer())
        if home is not None:
            await recorders[name].start()
        return web.Response(text=connection.localDescription.sdp)

    async def packets(request: web.Request) -> web.Response:
        sent = 0
        for connection in connections.values():
            for report in (await connection.getStats()).values():
                if report.type == "outbound-rtp":
                    sent += report.packetsSent
        return web.json_response(sent)

    app = web.Application()
    app.router.add_post("/join/{participant}", join)
    app.router.add_get("/packets", packets)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
