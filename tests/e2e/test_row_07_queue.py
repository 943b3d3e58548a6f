"""Row 7: the queue on every colleague's screen: how each patient is doing, notes, waiting times, and refusing with words."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.async_api import Browser, expect

from .people import PERSON, Clinician, Patient, evaluates
from .servers import Server

QUEUE = "Patienter i kø"

LISTENING = """() => {
    window.arrivals = {tones: 0, notifications: []};
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (...args) {
        window.arrivals.tones += 1;
        return start.apply(this, args);
    };
    const Shown = window.Notification;
    window.Notification = class extends Shown {
        constructor(title, options) {
            super(title, options);
            window.arrivals.notifications.push(title + ' ' + options.body);
        }
    };
}"""
"""Counts what the page lets sound and shows on the desktop, and lets it."""

REFUSED = "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'));"
"""As in a browser whose owner has not let the page use the devices; the fake ones never ask."""


async def test_notes_are_the_colleagues_alone_and_lose_nobodys_words(server: Server, browser: Browser) -> None:
    anne: Clinician = await Clinician.sits_down(browser, server.url)
    morten: Clinician = await Clinician.sits_down(browser, server.url)
    maja: Patient = await Patient.sits_down(browser, server.url)
    await anne.goes_to_work("anne", "101001")
    await morten.goes_to_work("morten", "101001")
    await anne.adds(PERSON["maja"].cpr)
    await anne.opens_room()
    await maja.logs_in("maja")
    await maja.joins("101001")
    row, mortens = anne.row(QUEUE, "maja"), morten.row(QUEUE, "maja")

    await anne.button("Note", row).click()
    await row.get_by_label("Note til kollegaer").fill("Har brug for tolk.")
    await anne.button("Gem note", row).click()
    await expect(mortens).to_contain_text("Har brug for tolk.")
    await expect(mortens).to_contain_text(PERSON["anne"].name)
    await expect(morten.button("Ret", mortens)).to_have_count(0)
    await morten.button("Note", mortens).click()
    await mortens.get_by_label("Note til kollegaer").fill("Kommer fra arbejde.")
    await morten.button("Gem note", mortens).click()
    await expect(row).to_contain_text("Kommer fra arbejde.")
    await expect(row).to_contain_text("Har brug for tolk.")

    # The same note in two windows: the second is shown both texts, and nothing is written over unseen.
    other = await anne.context.new_page()
    await other.goto(server.url + "/")
    second = other.get_by_role("listitem").filter(has_text=PERSON["maja"].cpr).first
    await second.get_by_role("button", name="Ret", exact=True).click()
    await second.get_by_label("Ret din note").fill("Tolk er bestilt.")
    await anne.button("Ret", row).click()
    await row.get_by_label("Ret din note").fill("Tolk aflyst.")
    await anne.button("Gem note", row).click()
    await expect(second.get_by_text("Tolk aflyst.")).to_be_visible()
    await second.get_by_role("button", name="Gem note").click()
    await expect(second.get_by_role("alert")).to_contain_text("Noten lyder nu: »Tolk aflyst.«")
    await expect(second.get_by_label("Ret din note")).to_have_value("Tolk er bestilt.")
    await expect(mortens).to_contain_text("Tolk aflyst.")

    # What the patient's page shows and holds says nothing of any of it.
    for word in ("tolk", "Tolk", "arbejde"):
        assert word not in await maja.page.content()


async def test_no_row_slides_under_the_pointer_when_a_colleague_takes_somebody_above(
    server: Server, browser: Browser
) -> None:
    anne: Clinician = await Clinician.sits_down(browser, server.url)
    morten: Clinician = await Clinician.sits_down(browser, server.url)
    await anne.goes_to_work("anne", "101001")
    await morten.goes_to_work("morten", "101001")
    await anne.opens_room()
    for key in ("maja", "jonas"):
        await anne.adds(PERSON[key].cpr)
        patient: Patient = await Patient.sits_down(browser, server.url)
        await patient.logs_in(key)
        await patient.joins("101001")
    accept = anne.button("Accepter", anne.row(QUEUE, "jonas"))
    await expect(accept).to_be_enabled()
    await anne.page.clock.install()
    await anne.page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))
    stood = await accept.bounding_box()
    assert stood is not None
    await anne.page.mouse.move(stood["x"] + 20, stood["y"] + 10)

    await morten.accepts("maja")
    await expect(anne.row("Igangværende konsultationer", "maja")).to_be_visible()
    assert await accept.bounding_box() == stood
    # Whoever has gone cannot be pressed any more, and is counted and read out no more.
    await expect(anne.row(QUEUE, "maja")).to_have_count(0)
    await expect(anne.section(QUEUE).locator("[inert]")).to_contain_text("Ikke længere i køen")
    await expect(anne.section(QUEUE).get_by_role("heading")).to_contain_text("1")

    # Once nobody has pointed there for a moment the row takes the place that is its own.
    await anne.page.clock.run_for(3_500)
    await expect(anne.section(QUEUE).locator("[inert]")).to_have_count(0)
    moved = await accept.bounding_box()
    assert moved is not None
    assert moved["y"] < stood["y"]
    await anne.page.clock.resume()
    await accept.click()
    await expect(anne.row("Igangværende konsultationer", "jonas")).to_be_visible()


async def test_how_a_patient_is_doing_and_how_long_the_wait_is(
    server: Server, browser: Browser, tmp_path: Path
) -> None:
    anne: Clinician = await Clinician.sits_down(browser, server.url)
    await anne.context.grant_permissions(["camera", "microphone", "notifications"])
    maja: Patient = await Patient.sits_down(browser, server.url)
    jonas: Patient = await Patient.sits_down(browser, server.url)
    await jonas.context.add_init_script(REFUSED)
    await anne.goes_to_work("anne", "101001")
    for patient, key in ((maja, "maja"), (jonas, "jonas")):
        await anne.adds(PERSON[key].cpr)
        await patient.logs_in(key)
    await anne.opens_room()

    # A sound, and a notification once it is switched on; neither names anybody.
    await anne.page.evaluate(LISTENING)
    queue = anne.section(QUEUE)
    await maja.joins("101001")
    await expect(anne.row(QUEUE, "maja")).to_be_visible()
    await evaluates(anne.page, "window.arrivals.tones === 2")
    assert await anne.page.evaluate("window.arrivals.notifications") == []
    await queue.get_by_role("switch", name="Notifikation").click()
    await expect(queue.get_by_role("switch", name="Notifikation")).to_be_checked()
    await queue.get_by_role("switch", name="Lyd ved ankomst").click()
    await jonas.joins("101001")
    await expect(anne.row(QUEUE, "jonas")).to_be_visible()
    await evaluates(anne.page, "window.arrivals.notifications.length === 1")
    told = await anne.page.evaluate("window.arrivals")
    assert told == {
        "tones": 2,
        "notifications": ["Øreklinikken Søborg En patient er kommet i venteværelset."],
    }

    # The pages say how their devices are.
    await expect(anne.row(QUEUE, "maja")).to_contain_text("Kamera og mikrofon virker")
    await expect(anne.row(QUEUE, "jonas")).to_contain_text("Kamera og mikrofon ikke tilladt")

    # Away within the grace time, then past it; the place is kept, and the wait grows long.
    await maja.page.goto("about:blank")
    await expect(anne.row(QUEUE, "maja")).to_contain_text("Ikke tilsluttet · afbrudt i")
    with sqlite3.connect(tmp_path / "venterum.sqlite3", timeout=60) as database:
        long_ago = "strftime('%Y-%m-%d %H:%M:%S.000000', 'now', ?)"
        database.execute(f"UPDATE visits SET joined_at = {long_ago} WHERE person_id = 'maja'", ("-25 minutes",))
        database.execute(f"UPDATE visits SET joined_at = {long_ago} WHERE person_id = 'jonas'", ("-12 minutes",))
    database.close()
    await anne.page.reload()
    await expect(anne.row(QUEUE, "maja")).to_contain_text("25 min. (meget lang ventetid)")
    await expect(anne.row(QUEUE, "jonas")).to_contain_text("12 min. (lang ventetid)")
    await anne.page.clock.install()
    await anne.page.reload()
    await expect(anne.row(QUEUE, "maja")).to_contain_text("Ikke tilsluttet · afbrudt i")
    await anne.page.clock.fast_forward("03:00")
    await expect(anne.row(QUEUE, "maja")).to_contain_text("Ikke tilsluttet · væk siden kl.")
    await maja.page.goto(server.url + "/patient")
    await expect(maja.page.get_by_text("Du er i kø", exact=True)).to_be_visible()
    await expect(anne.row(QUEUE, "maja")).not_to_contain_text("Ikke tilsluttet")


async def test_a_patient_is_refused_with_a_ready_explanation(server: Server, browser: Browser) -> None:
    anne: Clinician = await Clinician.sits_down(browser, server.url)
    maja: Patient = await Patient.sits_down(browser, server.url)
    await anne.goes_to_work("anne", "101001")
    await anne.adds(PERSON["maja"].cpr)
    await anne.opens_room()
    await maja.logs_in("maja")
    await maja.joins("101001")
    await anne.button("Indstillinger").click()
    dialog = anne.page.get_by_role("dialog")
    await dialog.get_by_label("Færdige forklaringer").fill("Kom igen i morgen.\n\nRing til os først.")
    await anne.button("Gem indstillinger", dialog).click()
    await anne.button("Afvis", anne.row(QUEUE, "maja")).click()
    await dialog.get_by_label("Færdig forklaring").select_option("Ring til os først.")
    await expect(dialog.get_by_label("Forklaring til patienten")).to_have_value("Ring til os først.")
    await anne.button("Afvis", dialog).click()
    await expect(maja.page.get_by_text("Ring til os først.")).to_be_visible()
    await expect(anne.row(QUEUE, "maja")).to_have_count(0)
