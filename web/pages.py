"""Serves the browser code as Vite built it: four pages, never kept without asking, and their assets, kept for good."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

BUILT = Path(__file__).parent / "ui" / "dist"
"""Where the build puts the browser code."""

_PAGES = {
    "/": "index.html",
    "/patient": "patient.html",
    "/guest": "guest.html",
    "/clinics/{clinic_id}/calls/{visit_id}": "call.html",
}

_NOT_BUILT = "The browser code is not built. Run `make run`, or `npm run build` in web/ui.\n"


def add(app: web.Application, built: Path) -> None:
    """Mount the pages and assets found in `built`; without a build every page says so (503)."""
    for address, name in _PAGES.items():
        app.router.add_get(address, _page(built / name))
    assets = built / "assets"
    if assets.is_dir():
        app.router.add_static("/assets", assets)
    app.on_response_prepare.append(_cache)


def _page(file: Path) -> Handler:
    there = file.is_file()

    async def page(request: web.Request) -> web.StreamResponse:
        if not there:
            return web.Response(status=503, text=_NOT_BUILT)
        # The names of the assets in it change with every build; the browser asks each time, and is told 304.
        return web.FileResponse(file, headers={"Cache-Control": "no-cache"})

    return page


async def _cache(request: web.Request, response: web.StreamResponse) -> None:
    """Assets have their contents' hash in their names, so what is at such an address never changes."""
    if request.path.startswith("/assets/") and response.status in (200, 206, 304):
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
