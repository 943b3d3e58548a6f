"""How soon after the patient's yes both pages say that it is recorded, and both pictures are, in two Chromium browsers."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

import av
from playwright.async_api import expect

from tests.e2e.people import chromium, evaluates
from tests.e2e.servers import Server, serving
from tests.e2e.test_recorded_call import export, kept_recording
from tests.e2e.test_recording import Talk, in_call

from .table import Table

CONSENT = ("consent_to_sign_ms", "consent_to_first_frame_ms")
ROUNDS = 3

AGREED = "() => addEventListener('click', () => { window.__agreed = Date.now(); }, true)"

SIGNED = """() => {
    const look = () => { if (document.querySelector('.recording-sign [role=timer]')) window.__signed ??= Date.now(); };
    new MutationObserver(look).observe(document.body, {childList: true, characterData: true, subtree: true});
}"""


async def consent(table: Table) -> None:
    """Each round is a server, a call and a recording of its own."""
    signs: list[float | None] = []
    frames: list[float | None] = []
    async with chromium() as browser:
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory() as home, serving(Path(home)) as server:
                sign, frame = await _once(await in_call(server, browser), server, Path(home))
            signs.append(sign)
            frames.append(frame)
            for context in browser.contexts:
                await context.close()
    table.show_all("consent_to_sign_ms", signs, "ms", "from the patient's click to the sign on the later of both pages")
    table.show_all(
        "consent_to_first_frame_ms", frames, "ms", "to the first picture in the film, of the later of both sides"
    )


async def _once(talk: Talk, server: Server, home: Path) -> tuple[float, float]:
    question = await talk.asks()
    await talk.maja.page.evaluate(AGREED)
    for page in talk.pages:
        await page.evaluate(SIGNED)
    await question.get_by_role("button", name="Ja", exact=True).click()
    agreed = await talk.maja.page.evaluate("window.__agreed")
    for page in talk.pages:
        await evaluates(page, "() => window.__signed")
    signed = [await page.evaluate("window.__signed") for page in talk.pages]
    await talk.tab.wait_for_timeout(2000)
    await talk.tab.get_by_role("button", name="Stop optagelse").click()
    await expect(talk.tab.get_by_text("Optagelsen er stoppet af klinikken.")).to_be_visible()
    kept = await kept_recording(home)
    film = home / "film"
    export(home, kept.file, film)
    began = datetime.fromisoformat(kept.manifest.began_at).timestamp() * 1000
    firsts: dict[int, float] = {}
    with av.open(film) as container:
        for packet in container.demux(video=list(range(len(container.streams.video)))):
            if packet.pts is not None:
                firsts.setdefault(packet.stream_index, float(packet.pts * packet.time_base))
    if len(firsts) != 2:
        raise RuntimeError("a side has no picture in the film")
    return max(signed) - agreed, began + max(firsts.values()) * 1000 - agreed
