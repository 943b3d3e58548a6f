"""How soon a character typed in a call stands on the other page, in two Chromium browsers (EN 301 549, 6.2.4: 500 ms)."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from tests.e2e.people import PERSON, Clinician, Patient, chromium
from tests.e2e.servers import serving

from .table import Table

TEXTS = ("text_to_other_page_ms",)

APART_MS = 150
"""Between two characters: somebody who types fast."""

TEXT = "Det begyndte i går aftes, og det gør mest ondt om natten."

TYPED = """() => {
    window.__typed = {};
    addEventListener('input', ({target}) => { window.__typed[target.value.length] ??= Date.now(); }, true);
}"""

SHOWN = """() => {
    window.__shown = {};
    new MutationObserver(() => {
        const text = document.querySelector('.call-caption .chat-text')?.textContent ?? '';
        // Whoever reads a later character has read those before it, too.
        for (let length = 1; length <= text.length; length += 1) window.__shown[length] ??= Date.now();
    }).observe(document.body, {childList: true, characterData: true, subtree: true});
}"""


async def texts(table: Table) -> None:
    """One text typed by the clinician, character by character; each is awaited on the patient's page, by the same clock."""
    with tempfile.TemporaryDirectory() as home, serving(Path(home)) as server:
        async with chromium() as browser:
            henrik: Clinician = await Clinician.sits_down(browser, server.url)
            maja: Patient = await Patient.sits_down(browser, server.url)
            await henrik.goes_to_work("henrik", "202002")
            await henrik.adds(PERSON["maja"].cpr)
            await henrik.opens_room()
            await maja.logs_in("maja")
            await maja.joins("202002")
            await henrik.accepts("maja")
            tab = await henrik.starts_video("maja")
            await tab.get_by_role("button", name="Skriv").click()
            await tab.evaluate(TYPED)
            await maja.page.evaluate(SHOWN)
            await tab.get_by_label("Skriv en tekst").press_sequentially(TEXT, delay=APART_MS, timeout=60_000)
            async with asyncio.timeout(20):
                while not await maja.page.evaluate("length => window.__shown[length] ?? 0", len(TEXT)):
                    await asyncio.sleep(0.1)
            typed: dict[str, int] = await tab.evaluate("window.__typed")
            shown: dict[str, int] = await maja.page.evaluate("window.__shown")
    took: list[float | None] = [float(shown[length] - typed[length]) for length in typed]
    table.show_all(
        "text_to_other_page_ms", took, "ms", "from the input event to the other page's document; 500 at most"
    )
