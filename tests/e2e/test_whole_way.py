"""The whole way of the guide, rows 0 to 11: a clinician and a patient, each in a browser of their own, meet by video."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from .people import CLINIC, PERSON, Clinician, Dialogs, Patient, media, media_flows, media_until
from .servers import Server

QUEUE, ONGOING, ENDED = "Patienter i kø", "Igangværende konsultationer", "Afsluttede konsultationer"


async def test_a_clinician_and_a_patient_meet_by_video(server: Server, browser: Browser, tmp_path: Path) -> None:
    anne: Clinician = await Clinician.sits_down(browser, server.url)
    maja: Patient = await Patient.sits_down(browser, server.url)

    # 0: nobody has added the patient yet.
    await maja.logs_in("maja")
    await expect(maja.page.get_by_text("Ingen klinikker har givet dig adgang")).to_be_visible()

    # 1, 2, 3: log in, name the clinic, declare, choose.
    await anne.logs_in("anne", way="Medarbejdersignatur (MitID Erhverv)")
    await anne.gives_clinic("101001", declares=False)
    await expect(anne.page.get_by_role("alert")).to_contain_text("tro- og love-erklæringen")
    await anne.gives_clinic("101001")
    await anne.picks_practitioner("anne")
    await expect(anne.page.get_by_text(f"Behandler: {PERSON['anne'].name}")).to_be_visible()

    # 4: add the patient, whose open page gets the clinic's card without a reload.
    await anne.adds(PERSON["maja"].cpr)
    card = maja.card("101001")
    await expect(card).to_contain_text("Lukket")
    await expect(card.get_by_role("button", name="Stil dig i kø")).to_have_count(0)

    # 5: the messages stand on the card; the room opens on the open page.
    await anne.page.get_by_label("Åbningsbesked").fill("Video kræver en aftale med klinikken.")
    await anne.button("Gem beskeder").click()
    await expect(anne.page.get_by_text("Beskederne er gemt.")).to_be_visible()
    await anne.opens_room()
    await expect(card).to_contain_text("Video kræver en aftale med klinikken.")

    # 7: the patient joins, and stands in the queue at once.
    await maja.joins("101001")
    waiting = anne.row(QUEUE, "maja")
    await expect(waiting).to_contain_text(PERSON["maja"].cpr)
    await expect(waiting).to_contain_text("Tilsluttet")

    # 8: accept, then start the video in a tab of its own, where the patient is ready.
    await anne.accepts("maja")
    await expect(anne.row(QUEUE, "maja")).to_have_count(0)
    await expect(maja.page.get_by_text(re.compile("Det er din tur"))).to_be_visible()
    await media_until(maja.page, lambda now: now["connected"])
    assert (await media(maja.page)).get("framesDecoded") in (None, 0)
    tab = await anne.starts_video("maja")
    await media_flows(tab, maja.page)
    await rtcp_is_translated(tab, maja.page)
    await expect(tab.get_by_text(PERSON["maja"].name).first).to_be_visible()
    assert PERSON["maja"].name not in await tab.title()
    await operators_see(server)

    # 11, first way: closing leaves the consultation under way alone.
    await anne.closes_room("Luk (bevar kø)")
    await expect(card).to_have_count(0)  # the call fills the patient's screen
    await media_flows(tab, maja.page)

    # 9: end it; the patient stands under the ended ones.
    await anne.page.bring_to_front()
    await anne.button("Afslut", anne.row(ONGOING, "maja")).click()
    await anne.button("Afslut", anne.page.get_by_role("dialog")).click()
    await expect(anne.row(ENDED, "maja")).to_be_visible()
    await expect(anne.row(ONGOING, "maja")).to_have_count(0)
    await expect(maja.page.get_by_text("Konsultationen er afsluttet")).to_be_visible()

    # 10: search, cross, confirm; gone at once on the open page.
    await anne.page.get_by_label("Søg på CPR-nr. eller navn").fill(PERSON["maja"].cpr[:6])
    await anne.button(f"Fjern adgang for {PERSON['maja'].name}").click()
    await anne.button("Fjern adgang", anne.page.get_by_role("dialog")).click()
    await expect(maja.page.get_by_text("Ingen klinikker har givet dig adgang")).to_be_visible()

    nothing_leaked(server, tmp_path, anne, maja)


async def rtcp_is_translated(*pages: Page) -> None:
    """Receiver reports come back through the relay, so each sender knows its round-trip time; the keys are of AES-256-GCM."""
    for page in pages:
        now = await media_until(page, lambda now: None not in (now.get("roundTripTime"), now.get("cipher")))
        assert now["cipher"] == "SRTP_AEAD_AES_256_GCM"


async def operators_see(server: Server) -> None:
    assert server.get("/livez")[0] == 200
    status, parts = server.get("/readyz")
    assert status == 200
    assert all(name in parts for name in ("database", "live_store", "media_node"))
    assert server.metric("venterum_calls") == 1
    assert server.metric('venterum_connections{kind="call"}') == 2
    assert server.metric('venterum_visits{state="in_call"}') == 1
    assert server.metric("venterum_media_packets_forwarded_total") > 100
    assert server.metric("venterum_media_bytes_forwarded_total") > 10_000
    assert server.metric('venterum_forwarding_errors_total{reason="decrypt"}') == 0


def nothing_leaked(server: Server, home: Path, *people: Clinician | Patient) -> None:
    """No codec was opened, no page complained, and no CPR number is anywhere but on the clinic's screen."""
    assert server.codecs.read_text() == ""
    secrets = [form for p in PERSON.values() for form in (p.cpr, p.cpr.replace("-", ""))]
    urls = [url for person in people for url in person.asked_for]
    assert any("/api/clinics/" in url for url in urls)
    database = b"".join(file.read_bytes() for file in home.glob("venterum.sqlite3*"))
    assert CLINIC["101001"].name.encode() in database
    # What is no JSON is the demonstration's announcement of its fictitious people.
    log = "".join(line for line in server.log.read_text().splitlines() if line.startswith("{"))
    assert "/api/clinics/{clinic_id}/patients" in log
    for secret in secrets:
        assert not [url for url in urls if secret in url]
        assert secret.encode() not in database
        assert secret not in log
        assert secret not in server.get("/metrics")[1]
    assert [complaint for person in people for complaint in person.complaints] == []


async def test_closing_the_tab_asks_first_and_ends_the_consultation(server: Server, browser: Browser) -> None:
    henrik: Clinician = await Clinician.sits_down(browser, server.url)
    jonas: Patient = await Patient.sits_down(browser, server.url)
    # 3: with a single practitioner nobody is asked who one is.
    await henrik.goes_to_work("henrik", "202002")
    await henrik.adds(PERSON["jonas"].cpr)
    await henrik.opens_room()
    await jonas.logs_in("jonas")
    await jonas.joins("202002")
    await henrik.accepts("jonas")
    tab = await henrik.starts_video("jonas")
    await media_flows(tab, jonas.page)
    await tab.get_by_role("button", name="Slå kamera fra").click()  # Chromium asks only after a gesture on the page
    dialogs = Dialogs(tab)
    async with tab.expect_event("dialog"):
        await tab.close(run_before_unload=True)
    await media_flows(tab, jonas.page)
    await expect(henrik.row(ONGOING, "jonas")).to_be_visible()
    dialogs.accepts = True
    async with tab.expect_event("close"):
        await tab.close(run_before_unload=True)
    assert dialogs.seen == ["beforeunload", "beforeunload"]
    await expect(henrik.row(ENDED, "jonas")).to_be_visible()
    await expect(jonas.page.get_by_text("Konsultationen er afsluttet")).to_be_visible()


async def test_both_ways_to_close_and_a_refusal_that_the_patient_reads(server: Server, browser: Browser) -> None:
    anne: Clinician = await Clinician.sits_down(browser, server.url)
    maja: Patient = await Patient.sits_down(browser, server.url)
    jonas: Patient = await Patient.sits_down(browser, server.url)
    await anne.goes_to_work("anne", "101001")
    for patient, key in ((maja, "maja"), (jonas, "jonas")):
        await anne.adds(PERSON[key].cpr)
        await patient.logs_in(key)
    await anne.opens_room()
    await maja.joins("101001")
    await jonas.joins("101001")

    # 7: refuse one with an explanation.
    await anne.button("Afvis", anne.row(QUEUE, "jonas")).click()
    await anne.page.get_by_label("Forklaring til patienten").fill("Du har ingen aftale i dag.")
    await anne.button("Afvis", anne.page.get_by_role("dialog")).click()
    await expect(jonas.page.get_by_text("Du har ingen aftale i dag.")).to_be_visible()

    # 11: keep the queue; no new patients.
    await anne.closes_room("Luk (bevar kø)")
    await expect(anne.row(QUEUE, "maja")).to_be_visible()
    await expect(jonas.card("101001")).to_contain_text("Lukket")
    await expect(jonas.button("Stil dig i kø", jonas.card("101001"))).to_have_count(0)
    await expect(maja.page.get_by_text("Du er i kø", exact=True)).to_be_visible()

    # 11: reject all.
    await anne.opens_room()
    await anne.closes_room("Luk (afvis alle)")
    await expect(anne.row(QUEUE, "maja")).to_have_count(0)
    await expect(maja.page.get_by_text("Du er blevet afvist fra køen")).to_be_visible()


async def test_a_second_colleague_sees_the_same_and_is_told_who_was_first(server: Server, browser: Browser) -> None:
    anne: Clinician = await Clinician.sits_down(browser, server.url)
    morten: Clinician = await Clinician.sits_down(browser, server.url)
    maja: Patient = await Patient.sits_down(browser, server.url)
    await anne.goes_to_work("anne", "101001")
    await morten.goes_to_work("morten", "101001")
    await anne.adds(PERSON["maja"].cpr)
    await anne.opens_room()
    await maja.logs_in("maja")
    await maja.joins("101001")
    await expect(morten.row(QUEUE, "maja")).to_be_visible()
    await anne.accepts("maja")
    await expect(morten.row(ONGOING, "maja")).to_contain_text(PERSON["anne"].name)
    await anne.button("Læg tilbage i kø", anne.row(ONGOING, "maja")).click()
    await expect(morten.row(QUEUE, "maja")).to_be_visible()
    # A drop is not a leave: the place is kept, and the colleagues see that the patient is not there.
    await maja.page.goto("about:blank")
    await expect(morten.row(QUEUE, "maja")).to_contain_text("Ikke tilsluttet")
    await maja.page.goto(server.url + "/patient")
    await expect(maja.page.get_by_text("Du er i kø", exact=True)).to_be_visible()
    await expect(morten.row(QUEUE, "maja")).not_to_contain_text("Ikke tilsluttet")
