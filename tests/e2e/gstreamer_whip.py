"""A WHIP client on GStreamer's webrtcbin, run by Debian's own Python: `gstreamer_whip.py URL`, the token on its standard input.

It sends a test picture (VP8) and a tone (Opus), decodes what it is sent, and prints a line of JSON now and then with how many
pictures and sound buffers it has decoded, until its standard input ends. Then it leaves by DELETE.
"""

from __future__ import annotations

import json
import sys
import threading
import urllib.parse
import urllib.request
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

PIPELINE = """
webrtcbin name=peer bundle-policy=max-bundle
videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=20/1
    ! vp8enc deadline=1 keyframe-max-dist=40 target-bitrate=400000 ! rtpvp8pay picture-id-mode=15-bit
    ! application/x-rtp,media=video,encoding-name=VP8,payload=96 ! peer.
audiotestsrc is-live=true wave=sine ! audioconvert ! audioresample ! audio/x-raw,rate=48000,channels=2
    ! opusenc ! rtpopuspay ! application/x-rtp,media=audio,encoding-name=OPUS,payload=97,encoding-params=(string)2 ! peer.
"""


class Client:
    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url, token
        self.decoded = {"video": 0, "audio": 0}
        self.location = ""
        self.pipeline = Gst.parse_launch(PIPELINE)
        self.peer = self.pipeline.get_by_name("peer")
        self.peer.connect("on-negotiation-needed", self.offer)
        self.peer.connect("pad-added", self.received)
        self.peer.connect("notify::ice-gathering-state", self.gathered)
        self.pipeline.set_state(Gst.State.PLAYING)

    def offer(self, _: object) -> None:
        self.peer.emit("create-offer", None, Gst.Promise.new_with_change_func(self.offered))

    def offered(self, promise: Gst.Promise) -> None:
        promise.wait()
        reply = promise.get_reply()
        self.peer.emit("set-local-description", reply["offer"], Gst.Promise.new())

    def gathered(self, *_: object) -> None:
        if (
            self.peer.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE
            and not self.location
        ):
            offer = self.peer.get_property("local-description").sdp.as_text()
            with self.asked("POST", self.url, offer.encode()) as response:
                self.location = urllib.parse.urljoin(self.url, response.headers["Location"])
                answer = response.read().decode()
            _, message = GstSdp.SDPMessage.new_from_text(answer)
            description = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
            self.peer.emit("set-remote-description", description, Gst.Promise.new())

    def asked(self, method: str, url: str, body: bytes | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/sdp"}
        return urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method))

    def received(self, _: object, pad: Gst.Pad) -> None:
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        decoder = Gst.ElementFactory.make("decodebin")
        decoder.connect("pad-added", self.decoding)
        self.pipeline.add(decoder)
        decoder.sync_state_with_parent()
        pad.link(decoder.get_static_pad("sink"))

    def decoding(self, _: object, pad: Gst.Pad) -> None:
        kind = pad.get_current_caps().get_structure(0).get_name().partition("/")[0]
        sink = Gst.ElementFactory.make("fakesink")
        sink.set_property("sync", False)
        sink.set_property("async", False)
        sink.set_property("signal-handoffs", True)
        sink.connect("handoff", lambda *_: self.count(kind))
        self.pipeline.add(sink)
        sink.sync_state_with_parent()
        pad.link(sink.get_static_pad("sink"))

    def count(self, kind: str) -> None:
        self.decoded[kind] += 1

    def tell(self) -> bool:
        print(json.dumps(self.decoded), flush=True)
        return True

    def close(self) -> None:
        if self.location:
            self.asked("DELETE", self.location).close()
        self.pipeline.set_state(Gst.State.NULL)


def main() -> None:
    Gst.init(None)
    loop = GLib.MainLoop()
    client = Client(sys.argv[1], sys.stdin.readline().strip())
    GLib.timeout_add(200, client.tell)
    threading.Thread(target=lambda: (sys.stdin.read(), loop.quit()), daemon=True).start()
    loop.run()
    client.close()


if __name__ == "__main__":
    main()
