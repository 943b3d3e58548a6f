"""Row 8: accepted by one, taken over by a colleague or handed to one, with the right counts on every screen."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from .people import PERSON, Clinician, Patient, media_flows
from .servers import Server

QUEUE, ONGOING, ENDED = "Patienter i kø", "Igangværende konsultationer", "Afsluttede konsultationer"


async def counts(someone: Clinician, queue: int, ongoing: int, ended: int) -> None:
    """Each section's heading says how many stand in it."""
    for name, count in ((QUEUE, queue), (ONGOING, ongoing), (ENDED, ended)):
        await expect(someone.section(name).get_by_role("heading").first).to_have_text(f"{name} {count}")


async def test_a_colleague_takes_over_and_the_patient_goes_on(server: Server, browser: Browser) -> None:
    anne: Clinician = await Clinician.sits_down(browser, server.url)
    morten: Clinician = await Clinician.sits_down(browser, server.url)
    maja: Patient = await Patient.sits_down(browser, server.url)
    await anne.goes_to_work("anne", "101001")
    await morten.goes_to_work("morten", "101001")
    await anne.adds(PERSON["maja"].cpr)
    await anne.opens_room()
    await maja.logs_in("maja")
    for someone in (anne, morten):
        await counts(someone, 0, 0, 0)
    await maja.joins("101001")
    for someone in (anne, morten):
        await counts(someone, 1, 0, 0)
    await anne.accepts("maja")
    for someone in (anne, morten):
        await counts(someone, 0, 1, 0)

    # Handed to a colleague, before the video.
    await anne.button("Giv videre", anne.row(ONGOING, "maja")).click()
    dialog = anne.page.get_by_role("dialog")
    await dialog.get_by_role("radio", name=PERSON["morten"].name).check(force=True)
    await anne.button("Giv videre", dialog).click()
    await expect(morten.row(ONGOING, "maja")).to_contain_text(f"Behandler: {PERSON['morten'].name}")
    await expect(maja.page.get_by_text(f"Det er din tur: {PERSON['morten'].name}")).to_be_visible()
    tab = await morten.starts_video("maja")
    await media_flows(tab, maja.page)

    # Taken over from one, in the middle of the video: the patient sees and hears the colleague.
    await expect(anne.row(ONGOING, "maja").get_by_role("link", name="Vis videoen")).to_have_count(0)
    async with anne.context.expect_page() as opened:
        await anne.button("Overtag", anne.row(ONGOING, "maja")).click()
    hers = await opened.value
    await expect(morten.row(ONGOING, "maja")).to_contain_text(f"Behandler: {PERSON['anne'].name}")
    await hers.wait_for_url("**/calls/*")
    await media_flows(hers, maja.page)
    await expect(tab.get_by_text(f"{PERSON['anne'].name} har patienten nu")).to_be_visible()
    await tab.close()
    await media_flows(hers, maja.page)
    for someone in (anne, morten):
        await counts(someone, 0, 1, 0)
    await anne.page.bring_to_front()
    await anne.button("Afslut", anne.row(ONGOING, "maja")).click()
    await anne.button("Afslut", dialog).click()
    for someone in (anne, morten):
        await counts(someone, 0, 0, 1)
