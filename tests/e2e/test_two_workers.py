"""The clinician on one `venterum serve`, the patient on another: they share PostgreSQL and Redis, and meet all the same."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.services import free_port, postgres, redis_server

from .people import PERSON, Clinician, Patient, media_flows
from .servers import READY_WITHIN_S, environment_of, serving


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[dict[str, str]]:
    with postgres() as database_url, redis_server() as redis_url:
        yield {"database_url": database_url, "redis_url": redis_url, "key_file": str(tmp_path / "venterum.key")}


async def test_browsers_on_two_workers_meet(shared: dict[str, str], browser: Browser, tmp_path: Path) -> None:
    with serving(tmp_path, "one", settings=shared) as one, serving(tmp_path, "two", settings=shared) as two:
        anne: Clinician = await Clinician.sits_down(browser, one.url)
        maja: Patient = await Patient.sits_down(browser, two.url)
        await maja.logs_in("maja")
        await anne.goes_to_work("anne", "101001")
        await anne.adds(PERSON["maja"].cpr)
        await anne.opens_room()
        await maja.joins("101001")
        await expect(anne.row("Patienter i kø", "maja")).to_contain_text("Tilsluttet")
        await anne.accepts("maja")
        tab = await anne.starts_video("maja")
        await media_flows(tab, maja.page)
        # One node holds the call; both legs are there.
        assert {server.metric("venterum_calls") for server in (one, two)} == {0.0, 1.0}
        assert [server.metric('venterum_connections{kind="call"}') for server in (one, two)] == [1, 1]

        # The worker without the call dies at once: the media goes on, and the page behind it comes back when it can.
        holder, other = (one, two) if one.metric("venterum_calls") else (two, one)
        other.process.send_signal(signal.SIGKILL)
        other.process.wait()
        await media_flows(tab, maja.page)
        name, port = ("one", int(one.url.rpartition(":")[2])), ("two", int(two.url.rpartition(":")[2]))
        back = name if other is one else port
        with serving(tmp_path, back[0], port=back[1], settings=shared):
            await anne.page.bring_to_front()
            await anne.button("Afslut", anne.row("Igangværende konsultationer", "maja")).click()
            await anne.button("Afslut", anne.page.get_by_role("dialog")).click()
            await expect(anne.row("Afsluttede konsultationer", "maja")).to_be_visible()
            await expect(maja.page.get_by_text("Konsultationen er afsluttet")).to_be_visible()
        assert holder.codecs.read_text() == other.codecs.read_text() == ""


def test_a_second_worker_without_redis_is_refused_on_postgresql_too(shared: dict[str, str], tmp_path: Path) -> None:
    embedded = {name: value for name, value in shared.items() if name != "redis_url"}
    with serving(tmp_path, settings=embedded) as running:
        for settings in (embedded, shared):
            second = start_second(tmp_path, **settings)
            assert second.returncode == 1
            assert "PostgreSQL and Redis" in second.stderr
        assert running.get("/readyz")[0] == 200


def start_second(home: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Start another server beside a running one, and wait until it gives up."""
    environment = environment_of(
        {"demo": "true", "http_port": str(free_port()), "key_file": str(home / "venterum.key")} | settings
    )
    return subprocess.run(
        [Path(sys.executable).with_name("venterum"), "serve"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=READY_WITHIN_S,
        check=False,
    )
