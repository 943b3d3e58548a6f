"""The pages and their assets: how long each may be kept, and what is said before they are built."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from web import pages

from .house import Browser


async def test_pages_are_asked_for_anew_and_assets_kept_for_good(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "main-abc123.js").write_text("export {}")
    for name in ("index.html", "patient.html", "call.html"):
        (tmp_path / name).write_text(f"<title>{name}</title>")
    app = web.Application()
    pages.add(app, tmp_path)
    async with TestClient(TestServer(app)) as client:
        for address, name in {"/": "index", "/patient": "patient", "/clinics/c/calls/v": "call"}.items():
            page = await client.get(address)
            assert f"{name}.html" in await page.text()
            assert page.headers["Cache-Control"] == "no-cache"
            again = await client.get(address, headers={"If-None-Match": page.headers["ETag"]})
            assert again.status == 304
        asset = await client.get("/assets/main-abc123.js")
        assert "immutable" in asset.headers["Cache-Control"]
        assert "javascript" in asset.headers["Content-Type"]
        missing = await client.get("/assets/other.js")
        assert missing.status == 404
        assert "immutable" not in missing.headers.get("Cache-Control", "")


async def test_what_the_build_compressed_goes_out_compressed(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    for name in ("patient.html", "assets/main-abc123.js"):
        for ending in ("", ".br", ".gz"):
            (tmp_path / f"{name}{ending}").write_bytes(f"{name}{ending}".encode())
    app = web.Application()
    pages.add(app, tmp_path)
    async with TestClient(TestServer(app), auto_decompress=False) as client:
        for address, name in {"/patient": "patient.html", "/assets/main-abc123.js": "assets/main-abc123.js"}.items():
            for takes, encoding, ending in (
                ("gzip, deflate, br, zstd", "br", ".br"),
                ("gzip, deflate", "gzip", ".gz"),
                ("identity", None, ""),
            ):
                sent = await client.get(address, headers={"Accept-Encoding": takes})
                assert sent.headers.get("Content-Encoding") == encoding
                assert await sent.read() == f"{name}{ending}".encode()
                assert ("html" if name.endswith("html") else "javascript") in sent.headers["Content-Type"]


async def test_without_a_build_every_page_says_so(browser: Browser) -> None:
    for address in ("/", "/patient", "/clinics/c/calls/v"):
        page = await browser.get(address)
        assert page.status == 503
        assert "make run" in page.body
