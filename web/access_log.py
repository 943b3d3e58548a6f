"""The access log: one event for each request, and the pattern of its address, which is all that is told of it anywhere."""

from __future__ import annotations

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from .logs import get_logger


class AccessLogger(AbstractAccessLogger):
    """One event for each request: the route's pattern, never the path as asked for nor the query string."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Write one line; `time` is how long the answer took, in seconds."""
        get_logger("web.access").info(
            "request",
            method=request.method if request.method in _METHODS else "other",
            route=route_pattern(request),
            status=response.status,
            duration_ms=round(time * 1000, 1),
            bytes=response.body_length,
        )


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


def route_pattern(request: web.BaseRequest) -> str:
    """The pattern that the request's address matched, with its names and not their values; "unmatched" without one."""
    match = request.match_info if isinstance(request, web.Request) else None
    resource = match.route.resource if match is not None else None
    return resource.canonical if resource is not None else "unmatched"
