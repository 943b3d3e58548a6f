"""What every answer says to the browser, and which origins are ours."""

from __future__ import annotations

import pytest

from .house import Browser, House


@pytest.mark.parametrize("address", ["/", "/api/session", "/api/nothing", "/livez", "/test-identity/style.css", "/x"])
async def test_every_answer_has_the_headers(browser: Browser, address: str) -> None:
    headers = (await browser.get(address)).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "camera=(self)" in headers["Permissions-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "aiohttp" not in headers["Server"]
    assert (headers.get("Cache-Control") == "no-store") == address.startswith(("/api", "/livez"))


async def test_our_own_origins_are_taken(house: House, browser: Browser) -> None:
    port = house.settings.http_port
    for headers in (
        {"Origin": house.settings.origin},
        {"Origin": f"http://localhost:{port}", "Host": f"localhost:{port}"},
        {"Origin": "https://video.example", "Host": "video.example"},  # TLS ends before this server
    ):
        assert (await browser.ask("DELETE", "/api/session", headers=headers)).status == 200


async def test_a_program_that_names_no_origin_is_taken(house: House, browser: Browser) -> None:
    async with browser.session.delete(f"{house.settings.origin}/api/session") as answer:
        assert answer.status == 200
