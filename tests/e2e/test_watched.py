"""That the eye on codecs sees: what aiortc's own receiver and sender open is recorded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
from pathlib import Path
from tests.e2e.watched import watch

watch(Path(sys.argv[1]))
from aiortc.codecs import get_decoder, get_encoder
from aiortc.rtcrtpparameters import RTCRtpCodecParameters

for mime_type, clock_rate, channels in (("video/VP8", 90000, None), ("video/H264", 90000, None), ("audio/opus", 48000, 2)):
    codec = RTCRtpCodecParameters(mimeType=mime_type, clockRate=clock_rate, channels=channels, payloadType=96)
    get_decoder(codec)
from av import VideoFrame
encoder = get_encoder(RTCRtpCodecParameters(mimeType="video/VP8", clockRate=90000, payloadType=96))
frame = VideoFrame(width=64, height=48, format="yuv420p")
frame.pts, frame.time_base = 0, __import__("fractions").Fraction(1, 90000)
encoder.encode(frame, force_keyframe=True)
"""


def test_every_codec_that_aiortc_opens_is_recorded(tmp_path: Path) -> None:
    record = tmp_path / "codecs"
    subprocess.run([sys.executable, "-c", PROGRAM, str(record)], check=True, timeout=120)
    opened = record.read_text().splitlines()
    assert len([line for line in opened if line.endswith(" r")]) == 3, opened
    assert len([line for line in opened if line.endswith(" w")]) == 1, opened
