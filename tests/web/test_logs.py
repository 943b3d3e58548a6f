"""The log: one JSON event a line, routes by their patterns, and a last net for what should never have come this far."""

from __future__ import annotations

import json
import logging

from web import logs

from .house import CPR, EAR, STRUCK_OUT, Browser, House


async def test_a_request_is_logged_by_its_pattern_alone(house: House, ear: Browser) -> None:
    await ear.get(f"/api/clinics/{EAR}/board?since=something")
    await ear.get("/nowhere/at-all?cpr=typed-by-hand")
    lines = [json.loads(line) for line in house.heard.log.getvalue().splitlines()]
    asked = [(line["route"], line["status"]) for line in lines if line["event"] == "request"]
    assert asked[-2:] == [("/api/clinics/{clinic_id}/board", 200), ("unmatched", 404)]
    assert "something" not in house.heard.log.getvalue()
    assert "typed-by-hand" not in house.heard.log.getvalue()
    assert any(line["event"] == "logged_in" and line["person"] == "anne" for line in lines)


async def test_what_looks_like_a_cpr_number_is_struck_out(house: House) -> None:
    log = house.heard.log
    try:
        logs.get_logger("test").info("by mistake", typed=CPR["maja"], digits=CPR["maja"].replace("-", ""))
        logging.getLogger("library").error("cannot read %r", CPR["maja"])
        try:
            raise ValueError(CPR["maja"])
        except ValueError as error:
            logs.get_logger("test").error("raised", exc_info=error)
        written = log.getvalue()
        assert written.count(STRUCK_OUT) == 4
        assert CPR["maja"] not in written
        assert all(json.loads(line) for line in written.splitlines())
    finally:
        log.seek(0)  # what this test wrote on purpose
        log.truncate()
