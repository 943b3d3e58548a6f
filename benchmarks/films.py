"""A film for Chromium's fake camera in which everything moves: its own test picture never fills 1.2 Mbit/s."""

from __future__ import annotations

import random
from pathlib import Path


def film(camera: Path) -> None:
    """Two seconds of 1280 x 720 in which everything moves: Chromium's own test picture never fills 1.2 Mbit/s."""
    seeded = random.Random(7)
    width, height = 1280, 720
    tile = bytes(128 + int(seeded.gauss(0, 30)) for _ in range(width * 4))
    with camera.open("wb") as out:
        out.write(b"YUV4MPEG2 W1280 H720 F30:1 Ip A1:1 C420jpeg\n")
        for number in range(60):
            out.write(b"FRAME\n")
            for row in range(height):
                at = (row * 37 + number * 5) % (3 * width)
                out.write(tile[at : at + width])
            out.write(bytes([128]) * (width * height // 2))
