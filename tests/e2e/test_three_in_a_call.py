"""Three in a call, each in a browser of their own and each sending another codec: everybody gets everybody, and one screen."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from typing import Any

from playwright.async_api import Browser, Page, expect

from .people import BOUND_S, PERSON, Clinician, Patient, media_until
from .servers import Server

ONGOING = "Igangværende konsultationer"

PREFER = """(wanted) => {
    const set = RTCRtpTransceiver.prototype.setCodecPreferences;
    RTCRtpTransceiver.prototype.setCodecPreferences = function (codecs) {
        const is = ({mimeType}) => mimeType === wanted ? 0 : 1;
        return set.call(this, [...codecs].sort((one, other) => is(one) - is(other)));
    };
}"""

SCREEN = """() => {
    navigator.mediaDevices.getDisplayMedia = async () => {
        const canvas = Object.assign(document.createElement('canvas'), {width: 640, height: 360});
        const draw = canvas.getContext('2d');
        let shown = 0;
        setInterval(() => {
            draw.fillStyle = `hsl(${(shown += 7) % 360} 80% 50%)`;
            draw.fillRect(0, 0, 640, 360);
        }, 100);
        return canvas.captureStream(10);
    };
}"""

LINES = """async () => {
    const found = {};
    const reports = await window.__venterumPeer?.getStats() ?? new Map();
    for (const report of reports.values()) {
        if (report.type !== 'inbound-rtp' || !report.packetsReceived) continue;
        const codec = reports.get(report.codecId)?.mimeType;
        found[report.mid] = {kind: report.kind, codec, frames: report.framesDecoded, energy: report.totalAudioEnergy};
    }
    return found;
}"""

CAN_SEND = "(wanted) => RTCRtpSender.getCapabilities('video').codecs.some(({mimeType}) => mimeType === wanted)"


async def lines_until(page: Page, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Wait until what has come on each section fulfils a condition. Fails after `BOUND_S`, with what it was then."""
    deadline = time.monotonic() + BOUND_S
    while not condition(found := await page.evaluate(LINES)):
        if time.monotonic() > deadline:
            raise AssertionError(f"still {found}")
        await asyncio.sleep(0.2)
    return dict(found)


def comes(mids: dict[str, str]) -> Callable[[dict[str, Any]], bool]:
    """Whether picture is decoded, in the codec named, or sound is heard ("") on each of these sections."""

    def condition(found: dict[str, Any]) -> bool:
        return all(
            mid in found
            and (found[mid]["frames"] > 10 and found[mid]["codec"] == codec if codec else found[mid]["energy"] > 0)
            for mid, codec in mids.items()
        )

    return condition


async def test_three_see_and_hear_each_other_and_one_screen(server: Server, browser: Browser) -> None:
    anne: Clinician = await Clinician.sits_down(browser, server.url)
    morten: Clinician = await Clinician.sits_down(browser, server.url)
    maja: Patient = await Patient.sits_down(browser, server.url)
    codec = {}
    for someone, wanted in ((anne, "video/VP9"), (morten, "video/AV1"), (maja, "video/H264")):
        can = await someone.page.evaluate(CAN_SEND, wanted)
        codec[someone] = wanted if can else "video/VP8"
        await someone.context.add_init_script(f"({PREFER})('{wanted}'); ({SCREEN})();")
    await anne.goes_to_work("anne", "101001")
    await morten.goes_to_work("morten", "101001")
    await anne.adds(PERSON["maja"].cpr)
    await anne.opens_room()
    await maja.logs_in("maja")
    await maja.joins("101001")

    # Connected while waiting, and silent: that is no call.
    await media_until(maja.page, lambda now: now["connected"])
    assert server.metric("venterum_calls") == 0
    await anne.accepts("maja")
    tab = await anne.starts_video("maja")
    for page, sender in ((tab, maja), (maja.page, anne)):
        await lines_until(page, comes({"0": "", "1": codec[sender]}))
    assert server.metric("venterum_calls") == 1
    assert re.search(r"m=audio 9 UDP/TLS/RTP/SAVPF 63 111", await tab.evaluate("__venterumPeer.remoteDescription.sdp"))

    # A colleague joins the two; the clinician keeps the patient.
    row = morten.row(ONGOING, "maja")
    async with morten.context.expect_page() as opened:
        await row.get_by_role("link", name="Deltag").click()
    joined = await opened.value
    # In the order in which they came: the patient was connected first.
    await lines_until(joined, comes({"0": "", "1": codec[maja], "3": "", "4": codec[anne]}))
    for page, other in ((tab, maja), (maja.page, anne)):
        await lines_until(page, comes({"0": "", "1": codec[other], "3": "", "4": codec[morten]}))
        await expect(page.get_by_text(PERSON["morten"].name).first).to_be_visible()
    assert server.metric("venterum_calls") == 1

    # One screen, seen by both others; a second one is refused.
    await joined.get_by_role("button", name="Del skærm").click()
    shown = f"Skærm, som {PERSON['morten'].name} deler"
    for page in (tab, maja.page):
        await lines_until(page, lambda now: now.get("2", {}).get("frames", 0) > 5)
        await expect(page.get_by_label(shown)).to_be_visible()
    await tab.get_by_role("button", name="Del skærm").click()
    await expect(tab.get_by_text("En anden deler allerede sin skærm")).to_be_visible()
    await expect(maja.page.get_by_label(shown)).to_be_visible()

    # The colleague leaves, and with that the screen; the two go on, and the log tells of it.
    await joined.get_by_role("button", name="Forlad").click()
    await expect(joined.get_by_role("heading", name="Du har forladt samtalen")).to_be_visible()
    for page, other in ((tab, maja), (maja.page, anne)):
        await expect(page.get_by_label(shown)).to_have_count(0)
        before = await page.evaluate(LINES)
        await lines_until(page, lambda now, was=before["1"]["frames"]: now["1"]["frames"] > was + 10)  # type: ignore[misc]
        assert (await page.evaluate(LINES))["1"]["codec"] == codec[other]
    await expect(anne.row(ONGOING, "maja")).to_contain_text(PERSON["anne"].name)
    assert [complaint for someone in (anne, morten, maja) for complaint in someone.complaints] == []
    assert server.codecs.read_text() == ""
