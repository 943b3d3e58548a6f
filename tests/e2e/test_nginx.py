"""Behind Debian's nginx, with the configuration that ships: a whole call by HTTPS, and whose address a request comes from."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.services import Nginx, free_port, nginx
from web.guesses import MOST_FROM_ONE

from .people import PERSON, Clinician, Patient, chromium, media_flows
from .servers import Server, serving

FILE = (Path(__file__).parent.parent.parent / "nginx.conf.example").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class House:
    """What the proxy's file says of Venterum is what Venterum is told."""

    proxy: Nginx
    server: Server


@pytest.fixture
def house(empty_home: Path) -> Iterator[House]:
    port, upstream = free_port(), free_port()
    with nginx(FILE, port, upstream) as proxy:
        settings = {"public_url": proxy.url, "trusted_proxies": '["127.0.0.1/32"]'}
        with serving(empty_home, port=upstream, settings=settings) as server:
            yield House(proxy, server)


async def test_a_call_behind_nginx(house: House) -> None:
    async with chromium(f"--ignore-certificate-errors-spki-list={house.proxy.key_hash}") as browser:
        henrik: Clinician = await Clinician.sits_down(browser, house.proxy.url)
        jonas: Patient = await Patient.sits_down(browser, house.proxy.url)
        await henrik.goes_to_work("henrik", "202002")
        await henrik.adds(PERSON["jonas"].cpr)
        await henrik.opens_room()
        await jonas.logs_in("jonas")
        await jonas.joins("202002")
        await henrik.accepts("jonas")
        tab = await henrik.starts_video("jonas")
        await media_flows(tab, jonas.page)

        (cookie,) = await henrik.context.cookies()
        assert (cookie["name"], cookie["secure"], cookie["httpOnly"]) == ("__Host-venterum", True, True)
        answer = await henrik.page.reload()
        assert answer is not None
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        assert {urlsplit(url).scheme for url in henrik.asked_for + jonas.asked_for} == {"https", "wss"}
        assert henrik.complaints + jonas.complaints == []
    log = house.proxy.access_log.read_text()
    assert " /api/" in log
    assert "?" not in log, "the code of a login stands in its address"


def knock(house: House, source: str, forged: str) -> int:
    """The status of a wrong guest code, from an address of this machine, behind a forged X-Forwarded-For."""
    address = urlsplit(house.proxy.url)
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(
        address.hostname or "", address.port, source_address=(source, 0), context=trust, timeout=30
    )
    body = json.dumps({"code": "00000000", "name": "Tove"})
    headers = {"Content-Type": "application/json", "X-Forwarded-For": forged}
    connection.request("POST", "/api/guest/knock", body, headers)
    status = connection.getresponse().status
    connection.close()
    return status


def test_who_guesses_is_known_by_the_address_that_nginx_saw(house: House) -> None:
    guesses = [knock(house, "127.0.0.2", f"203.0.113.{number}") for number in range(MOST_FROM_ONE + 1)]
    assert guesses == [409] * MOST_FROM_ONE + [429]
    assert knock(house, "127.0.0.3", "127.0.0.2") == 409, "another address is not shut out, whatever it says of itself"
