"""axe-core on pages as they stand, at WCAG 2.2 AA, and what it does not look for: movement without an end."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Page

AXE = Path(__file__).parents[2] / "web" / "ui" / "node_modules" / "axe-core" / "axe.min.js"
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

# WCAG 2.2, success criterion 2.2.2. What shows that something is under way may turn.
ENDLESS = """() => document.getAnimations()
    .filter((each) => each.effect?.getTiming().iterations === Infinity)
    .map((each) => each.effect.target)
    .filter((element) => !element.matches('.spinner'))
    .map((element) => element.outerHTML)"""


class Auditor:
    """Runs axe-core on pages, and keeps what it finds."""

    def __init__(self) -> None:
        self._script = AXE.read_text()
        self.found: list[str] = []
        self.states: list[str] = []

    async def look(self, page: Page, state: str) -> None:
        """Look at a page in the state that it is in; what is found stands in `found` under the state's name."""
        # Evaluated, not added as an element: the pages' content security policy lets no foreign script in.
        if not await page.evaluate("() => 'axe' in window"):
            await page.evaluate(self._script)
        report = await page.evaluate("levels => axe.run(document, {runOnly: levels})", LEVELS)
        assert len(report["passes"]) > 3, state
        self.states.append(state)
        self.found += [f"{state}: moves without an end: {html[:200]}" for html in await page.evaluate(ENDLESS)]
        self.found += [f"{state}: {each['id']} in {each['nodes'][0]['html'][:200]}" for each in report["violations"]]
