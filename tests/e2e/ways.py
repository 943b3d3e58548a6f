"""The ways in which somebody uses a page: by mouse, by keyboard alone, by touch on a phone; in Danish and in English."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Locator, Page, expect

from .people import DESKTOP, PHONE

MOST_STOPS = 250
"""How many times Tab is pressed at most on the way to something: a page with more stops than that is no page to use."""

_FOCUSED = "element => element === document.activeElement"
_RADIO_OF = """element => {
    const here = document.activeElement;
    return here instanceof HTMLInputElement && here.type === 'radio' && here.name === element.name;
}"""


@dataclass(frozen=True)
class Way:
    """One way: `hand` is `mouse`, `keyboard` or `touch`; `language` is `da` or `en`."""

    hand: str
    language: str

    @property
    def id(self) -> str:
        return f"{self.hand}-{self.language}"

    @property
    def context(self) -> dict[str, Any]:
        """What the browser is like: a phone for touch; of the language, or Danish for who switches by a click."""
        locale = "en-GB" if self.language == "en" and not self.switches else "da-DK"
        if self.hand == "touch":
            return {"viewport": PHONE, "has_touch": True, "is_mobile": True, "device_scale_factor": 2, "locale": locale}
        return {"viewport": DESKTOP, "locale": locale}

    @property
    def switches(self) -> bool:
        """Whether English is got by a click: with the mouse it is, else it is the browser's language."""
        return self.language == "en" and self.hand == "mouse"

    async def press(self, target: Locator) -> None:
        """Click, tap, or go there by Tab and press the key."""
        if self.hand == "keyboard":
            await self._go_to(target)
            is_box = await target.evaluate("e => e.matches('[type=checkbox], [type=radio], [role=switch]')")
            await target.page.keyboard.press("Space" if is_box else "Enter")
        elif self.hand == "touch":
            await (await _visible_part(target)).tap()
        else:
            await (await _visible_part(target)).click()

    async def write(self, field: Locator, text: str) -> None:
        """Put a text into a field, in place of what stands there."""
        if self.hand == "keyboard":
            await self._go_to(field)
            await field.page.keyboard.press("Control+a")
            await field.page.keyboard.press("Delete")
            await field.page.keyboard.type(text)
        else:
            await self.press(field)
            await field.fill(text)

    async def _go_to(self, target: Locator) -> None:
        """Press Tab until the focus is there; among radio buttons the arrow."""
        await target.wait_for(state="attached")
        keyboard = target.page.keyboard
        for _ in range(MOST_STOPS):
            if await target.evaluate(_FOCUSED):
                return
            is_radio = await target.evaluate(_RADIO_OF)
            await keyboard.press("ArrowDown" if is_radio else "Tab")
        raise AssertionError(f"{target} is not reached by keyboard")


WAYS = [Way(hand, language) for hand, language in itertools.product(("mouse", "keyboard", "touch"), ("da", "en"))]


async def _visible_part(target: Locator) -> Locator:
    """What a finger or a mouse hits: DKFDS draws boxes and radio buttons by their labels."""
    await target.wait_for(state="attached")
    if await target.evaluate("e => e.matches('[type=checkbox], [type=radio]')"):
        return target.page.locator(f"label[for='{await target.get_attribute('id')}']")
    return target


async def fits(page: Page) -> None:
    """Nothing on the page is wider than its window (WCAG 2.2, 1.4.10)."""
    await expect(page.locator("body")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url


_IN_THE_WAY = """() => {
    const found = [];
    const named = (e) => (e.innerText || e.getAttribute('aria-label') || e.className).slice(0, 40);
    const told = (e) => `${e.tagName.toLowerCase()} »${named(e)}«`;
    const inside = document.querySelector('dialog[open]') ?? document.body;
    for (const e of inside.querySelectorAll('button, a[href], input, select, textarea, h1, h2, h3, p, label, summary')) {
        const isDrawn = e.checkVisibility({visibilityProperty: true, opacityProperty: true});
        if (!isDrawn || e.closest('.sr-only, [aria-hidden=true]') || e.matches('[type=checkbox], [type=radio]')) continue;
        e.scrollIntoView({block: 'center', inline: 'nearest'});
        const [box] = e.getClientRects();
        if (!box || box.width < 2 || box.height < 2) continue;
        if (box.left < -1 || box.right > innerWidth + 1) found.push(`${told(e)} leaves the window`);
        if (e.matches('button, .button') && (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1))
            found.push(`${told(e)} is cut off`);
        if (!e.matches('button:not(:disabled), a[href], input, select, textarea, summary')) continue;
        const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
        if (!top || !(e.contains(top) || top.contains(e))) found.push(`${told(e)} lies under ${top ? told(top) : 'nothing'}`);
    }
    return found;
}"""


async def stands_free(page: Page) -> None:
    """Nothing on the page, or in the dialog over it, is cut off, outside the window, or under something else."""
    await fits(page)
    assert await page.evaluate(_IN_THE_WAY) == [], page.url
