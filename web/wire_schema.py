"""`venterum schema`: the JSON Schema of every type on the wire, out of which the browser's TypeScript types are made."""

from __future__ import annotations

import json

from pydantic.json_schema import JsonSchemaMode, models_json_schema

import signaling.messages
from signaling.messages import Wire

from . import schemas


def show() -> None:
    """Print it to standard output."""
    print(json.dumps(wire_schema(), indent=2, ensure_ascii=False))


def wire_schema() -> dict[str, object]:
    """The JSON Schema of every type on the wire, in `$defs`."""
    types = {
        value
        for module in (signaling.messages, schemas)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Wire) and value is not Wire
    }
    mode: JsonSchemaMode = "serialization"
    wanted = [(each, mode) for each in sorted(types, key=lambda each: each.__name__)]
    _, schema = models_json_schema(wanted, title="Venterum's wire types")
    return schema
