"""A route of the REST interface as a value: what it takes, gives and refuses; and how such values become aiohttp routes.

The same values make the OpenAPI description (`openapi.py`), so the two cannot disagree. Handlers take the request and, where a
body is taken, the body as its type; they return the answer as its type. Reading, checking and writing JSON is done here.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, overload

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import ValidationError

from signaling.messages import Wire

from .errors import BodyTooLarge, FieldsInvalid, Unreadable, fields_invalid

Taken = TypeVar("Taken", bound=Wire)
Given = TypeVar("Given", bound=Wire | None)

Security = Literal["login", "practice_system"]
"""What an operation wants: the cookie of a login, or a practice system's signed token."""

ID = r"[A-Za-z0-9_-]{1,64}"
"""What an id in a path looks like; anything else is no address."""


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. `gives` is None where the answer has no body; `refuses` lists the refusals of its own."""

    method: str
    path: str
    summary: str
    takes: type[Wire] | None
    gives: type[Wire] | None
    status: int
    refuses: tuple[type[Exception], ...]
    handler: Handler
    security: Security = "login"

    @property
    def pattern(self) -> str:
        """The path for aiohttp: an id is a word without surprises, or the path does not exist."""
        return re.sub(r"\{(\w+)\}", rf"{{\1:{ID}}}", self.path)


@overload
def route(
    method: str,
    path: str,
    handler: Callable[[web.Request], Awaitable[Given]],
    *,
    summary: str,
    gives: type[Given],
    status: int = 200,
    refuses: tuple[type[Exception], ...] = (),
    security: Security = "login",
) -> Route: ...


@overload
def route(
    method: str,
    path: str,
    handler: Callable[[web.Request, Taken], Awaitable[Given]],
    *,
    summary: str,
    takes: type[Taken],
    gives: type[Given],
    status: int = 200,
    refuses: tuple[type[Exception], ...] = (),
    security: Security = "login",
) -> Route: ...


def route(
    method: str,
    path: str,
    handler: Callable[..., Awaitable[Any]],
    *,
    summary: str,
    gives: type[Any],
    takes: type[Any] | None = None,
    status: int = 200,
    refuses: tuple[type[Exception], ...] = (),
    security: Security = "login",
) -> Route:
    """Make a route of a handler; the type checker holds the handler to `takes` and `gives` (NoneType: no body)."""

    async def handle(request: web.Request) -> web.StreamResponse:
        given = await (handler(request) if takes is None else handler(request, await read(request, takes)))
        if given is None:
            return web.Response(status=status)
        return web.Response(status=status, text=given.model_dump_json(), content_type="application/json")

    return Route(
        method=method,
        path=path,
        summary=summary,
        takes=takes,
        gives=gives if issubclass(gives, Wire) else None,
        status=status,
        refuses=refuses,
        handler=handle,
        security=security,
    )


def add(app: web.Application, routes: Iterable[Route]) -> None:
    """Mount the routes on the application."""
    for each in routes:
        app.router.add_route(each.method, each.pattern, each.handler)


async def read(request: web.Request, model: type[Taken]) -> Taken:
    """The body of a request as `model`.

    Raises:
        Unreadable: it is not JSON, or not said to be.
        BodyTooLarge: it is larger than `MAX_BODY_BYTES`.
        FieldsInvalid: its fields are not the model's.
    """
    if request.content_type != "application/json":
        raise Unreadable
    try:
        raw = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise BodyTooLarge from None
    try:
        body = model.model_validate_json(raw)
    except ValidationError as error:
        raise fields_invalid(error, model) from None
    # PostgreSQL keeps no NUL in a text; no honest form sends one.
    if any("\0" in value for value in dict(body).values() if isinstance(value, str)):
        raise FieldsInvalid
    return body
