"""The OpenAPI 3.1 description of the REST interface, made from the very routes that are mounted. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from http import HTTPStatus
from typing import Any

from pydantic.json_schema import JsonSchemaMode, models_json_schema

from signaling.messages import Wire

from .errors import BodyTooLarge, FieldsInvalid, OriginRefused, Unreadable, status_of
from .routes import Route
from .schemas import Error

_REFERENCE = "#/components/schemas/{model}"
_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def describe(routes: Sequence[Route], version: str) -> dict[str, Any]:
    """The description as a JSON object (https://spec.openapis.org/oas/v3.1.0)."""
    taken = _models(route.takes for route in routes)
    given = _models([*(route.gives for route in routes), Error])
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for route in routes:
        paths[route.path][route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Venterum", "version": version},
        "paths": dict(paths),
        "components": {
            "schemas": _schemas(taken, given),
            "securitySchemes": {
                "login": {"type": "apiKey", "in": "cookie", "name": "venterum"},
                "practice_system": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            },
        },
        "security": [{"login": []}],
    }


def _models(models: Iterable[type[Wire] | None]) -> tuple[type[Wire], ...]:
    return tuple(dict.fromkeys(model for model in models if model is not None))


@cache
def _schemas(taken: tuple[type[Wire], ...], given: tuple[type[Wire], ...]) -> dict[str, Any]:
    """What the models look like, by name: the dear part, and the same for the same models."""
    wanted: list[tuple[type[Wire], JsonSchemaMode]] = [
        *((model, "validation") for model in taken),
        *((model, "serialization") for model in given),
    ]
    _, schemas = models_json_schema(wanted, ref_template=_REFERENCE)
    definitions: dict[str, Any] = schemas["$defs"]
    return definitions


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "responses": {str(route.status): _answer(route), **_refusals(route)},
    }
    names = re.findall(r"\{(\w+)\}", route.path)
    if names:
        operation["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
        ]
    if route.security != "login":
        operation["security"] = [{route.security: []}]
    if route.takes is not None:
        operation["requestBody"] = {"required": True, "content": _json(route.takes)}
    return operation


def _operation_id(route: Route) -> str:
    words = re.sub(r"[^a-z_]+", " ", route.path.removeprefix("/api/")).split()
    return "_".join([route.method.lower(), *words])


def _answer(route: Route) -> dict[str, Any]:
    described: dict[str, Any] = {"description": HTTPStatus(route.status).phrase}
    if route.gives is not None:
        described["content"] = _json(route.gives)
    return described


def _refusals(route: Route) -> dict[str, Any]:
    """One answer for each status, naming the codes that come with it."""
    refused: list[type[Exception]] = list(route.refuses)
    if route.method in _UNSAFE:
        refused.append(OriginRefused)
    if route.takes is not None:
        refused += [Unreadable, BodyTooLarge, FieldsInvalid]
    codes: dict[int, list[str]] = defaultdict(list)
    for refusal in refused:
        codes[status_of(refusal)].append(str(getattr(refusal, "code", "internal")))
    return {
        str(status): {"description": " or ".join(f"`{code}`" for code in sorted(set(names))), "content": _json(Error)}
        for status, names in sorted(codes.items())
    }


def _json(model: type[Wire]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REFERENCE.format(model=model.__name__)}}}
