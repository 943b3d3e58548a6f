"""The patient in the queue: place, chat, devices and the turn; a reload, a lost network and a phone's width change nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from rooms.demo import demo_people

from .axe import Auditor
from .people import PHONE, Clinician, Patient, chromium
from .servers import Server
from .wire import Wire, wire

QUEUE = "Patienter i kø"
CPR = {person.key: person.cpr for person in demo_people()}
OUTAGE_S = 30

# What the page asked of the browser, kept where a test can read it; everything goes on to the real ones.
SPIES = """() => {
    window.told = {notifications: [], tones: 0};
    const Real = window.Notification;
    window.Notification = class extends Real {
        constructor(title, options) {
            super(title, options);
            window.told.notifications.push(`${title} ${options.body}`);
        }
    };
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (...given) {
        window.told.tones += 1;
        return start.apply(this, given);
    };
}"""


@pytest_asyncio.fixture(loop_scope="session")
async def two_cameras() -> AsyncIterator[Browser]:
    async with chromium("--use-fake-device-for-media-stream=device-count=2,fps=8") as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def line(server: Server) -> AsyncIterator[Wire]:
    async with wire(int(server.url.rsplit(":", 1)[1])) as made:
        yield made


async def opens_for(anne: Clinician, *people: str) -> None:
    await anne.goes_to_work("anne", "101001")
    await anne.opens_room()
    for person in people:
        await anne.adds(CPR[person])


def messages(page: Page | Locator) -> Locator:
    return page.get_by_role("log").get_by_role("listitem")


async def writes(page: Page | Locator, text: str) -> None:
    await page.get_by_label("Skriv en besked").fill(text)
    await page.get_by_label("Skriv en besked").press("Enter")


async def test_patient_and_clinic_write_to_each_other_and_a_lost_network_loses_nothing(
    browser: Browser, server: Server, line: Wire
) -> None:
    anne = await Clinician.sits_down(browser, server.url)
    await opens_for(anne, "maja")
    maja = await Patient.sits_down(browser, server.url, PHONE)
    await maja.logs_in("maja")
    await maja.page.goto(line.url + "/patient")  # a cookie knows no ports
    await maja.joins("101001")
    await expect(maja.page.get_by_text("Næste i rækken")).to_be_visible()
    row = anne.row(QUEUE, "maja")
    await row.get_by_role("button", name="Note").click()
    await row.get_by_label("Note til kollegaer").fill("Ring først")
    await anne.button("Gem note", row).click()

    await writes(maja.page, "Jeg er lidt forsinket")
    await expect(row.get_by_role("button", name="Beskeder 1 1 ulæst")).to_be_visible()
    await expect(anne.page.get_by_text("Maja Elkjær Holm har skrevet en besked")).to_be_visible()
    await row.get_by_role("button", name="Beskeder").click()
    await expect(messages(row)).to_contain_text(["Jeg er lidt forsinket"])
    await expect(maja.page.get_by_text("Læst", exact=True)).to_be_visible()
    await writes(row, "Det gør ikke noget")
    await expect(messages(maja.page)).to_contain_text(["Jeg er lidt forsinket", "Det gør ikke noget"])

    # Out of reach for half a minute: what is written goes out when the network is back, and what came meanwhile is there.
    line.cut()
    await expect(maja.page.get_by_text("Forbindelsen er afbrudt")).to_be_visible()
    await writes(maja.page, "Er I der?")
    await expect(maja.page.get_by_text("Sendes …")).to_be_visible()
    await writes(row, "Ja, vi er her")
    await expect(messages(row)).to_have_count(3)
    axe = Auditor()
    await axe.look(maja.page, "waiting-lost")
    await anne.context.set_offline(True)
    await expect(anne.page.get_by_text("Forbindelsen er afbrudt")).to_be_visible()
    await axe.look(anne.page, "desk-lost")
    await anne.context.set_offline(False)
    await expect(anne.page.get_by_text("Forbindelsen er afbrudt")).to_have_count(0)
    assert axe.found == []
    await maja.page.wait_for_timeout(OUTAGE_S * 1000)
    line.mend()
    await expect(messages(maja.page)).to_have_count(4)
    await expect(messages(row)).to_have_count(4)
    await expect(maja.page.get_by_text("Forbindelsen er afbrudt")).to_have_count(0)
    texts = [text.split("\n")[-1] for text in await messages(maja.page).all_inner_texts()]
    assert sorted(texts) == sorted(["Jeg er lidt forsinket", "Det gør ikke noget", "Er I der?", "Ja, vi er her"])

    await maja.page.reload()
    await expect(messages(maja.page)).to_have_count(4)
    await expect(maja.page.get_by_text("Næste i rækken")).to_be_visible()
    await expect(row.get_by_text("Ring først")).to_be_visible()
    assert "Ring først" not in await maja.page.content()
    assert await maja.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    stored = await maja.page.evaluate("JSON.stringify([localStorage, sessionStorage, location.href, document.title])")
    assert CPR["maja"] not in stored
    assert anne.complaints == maja.complaints == []


async def test_it_is_ones_turn_by_sound_title_and_notification(browser: Browser, server: Server) -> None:
    anne = await Clinician.sits_down(browser, server.url)
    await opens_for(anne, "maja")
    maja = await Patient.sits_down(browser, server.url)
    await maja.context.grant_permissions(["camera", "microphone", "notifications"])
    await maja.page.add_init_script(f"({SPIES})()")
    await maja.logs_in("maja")
    await maja.joins("101001")
    await expect(maja.page).to_have_title("Du er i kø – Venterum")
    await maja.button("Giv mig besked, når det er min tur").click()
    await expect(maja.page.get_by_text("Du får en besked på skærmen")).to_be_visible()
    await anne.accepts("maja")
    await expect(maja.page).to_have_title("Det er din tur! – Venterum")
    told = await maja.page.evaluate("window.told")
    assert told["tones"] == 2
    assert told["notifications"] == ["Det er din tur! Gå til siden med videokonsultationen."]
    assert maja.complaints == []


async def test_camera_and_microphone_are_chosen_before_the_call(two_cameras: Browser, server: Server) -> None:
    anne = await Clinician.sits_down(two_cameras, server.url)
    await opens_for(anne, "maja")
    maja = await Patient.sits_down(two_cameras, server.url, PHONE)
    await maja.logs_in("maja")
    await maja.joins("101001")
    await expect(maja.page.get_by_role("meter", name="Din mikrofon")).to_be_visible()
    used = "() => document.querySelector('.preview video').srcObject.getVideoTracks()[0].label"
    cameras = maja.page.get_by_label("Kamera", exact=True)
    names = await cameras.get_by_role("option").all_inner_texts()
    assert len(names) == 2
    before = await maja.page.evaluate(used)
    other = next(name for name in names if name != before)
    await cameras.select_option(label=other)
    await expect(cameras.locator("option:checked")).to_have_text(other)
    assert await maja.page.evaluate(used) == other
    # Fake microphones hum: the bar moves.
    await expect(maja.page.get_by_role("meter", name="Din mikrofon")).not_to_have_js_property("value", 0)
    await maja.page.reload()
    await expect(cameras.locator("option:checked")).to_have_text(other)
    assert maja.complaints == []
