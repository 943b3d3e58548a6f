"""Keeps other sites' pages out, and tells browsers what ours may do: the Origin check and the security headers."""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from .errors import OriginRefused

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self' data:; img-src 'self' data: blob:; "
        "media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    # With "no-referrer", browsers say "Origin: null" when a form is sent, and the Origin check would refuse our own.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self), geolocation=()",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def origin_middleware(public_origin: str) -> Middleware:
    """Refuses what another site's page sends with our visitor's cookie: unsafe methods, and WebSockets of any method.

    Ours are the public address and the very host that the request names (whoever opens the server by another of its names). A
    request without Origin comes from no browser: they all send it with these.
    """

    @web.middleware
    async def check_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method not in _SAFE_METHODS or "Upgrade" in request.headers:
            origin = request.headers.get("Origin")
            if origin is not None and not _ours(origin.lower(), public_origin, request.host.lower()):
                raise OriginRefused
        return await handler(request)

    return check_origin


def _ours(origin: str, public_origin: str, host: str) -> bool:
    return origin in (public_origin, f"http://{host}", f"https://{host}")


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """For `on_response_prepare`: every answer carries the headers; what is below /api is kept by nobody."""
    response.headers["Server"] = "venterum"  # aiohttp would name every version
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.path.startswith("/api/"):
        response.headers.setdefault("Cache-Control", "no-store")
