"""The description and the routes are made from one table; this holds them to it from outside."""

from __future__ import annotations

import json
import re
from typing import Any

from .house import Browser


async def test_every_operation_is_described_with_its_refusals(browser: Browser) -> None:
    described = (await browser.get("/api/openapi.json")).body
    assert described["openapi"] == "3.1.0"
    paths = described["paths"]
    adding = paths["/api/clinics/{clinic_id}/patients"]["post"]
    assert set(adding["responses"]) == {"201", "400", "401", "403", "404", "409", "413", "422"}
    assert "`cpr_malformed`" in adding["responses"]["422"]["description"]
    assert adding["parameters"] == [{"name": "clinic_id", "in": "path", "required": True, "schema": {"type": "string"}}]
    removing = paths["/api/clinics/{clinic_id}/patients/{patient_id}"]["delete"]
    assert "content" not in removing["responses"]["204"]
    names = [operation["operationId"] for path in paths.values() for operation in path.values()]
    assert len(names) == len(set(names)) >= 24


async def test_every_reference_leads_somewhere(browser: Browser) -> None:
    described = (await browser.get("/api/openapi.json")).body
    for reference in re.findall(r'"\$ref": "#/components/schemas/(\w+)"', json.dumps(described)):
        assert reference in described["components"]["schemas"]


async def test_every_operation_described_is_there_and_asks_for_a_login(browser: Browser) -> None:
    paths: dict[str, dict[str, Any]] = (await browser.get("/api/openapi.json")).body["paths"]
    for path, operations in paths.items():
        for method, operation in operations.items():
            answer = await browser.ask(method.upper(), re.sub(r"\{\w+\}", "x", path))
            assert str(answer.status) in operation["responses"], (method, path, answer)
