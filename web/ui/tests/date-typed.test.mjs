// Dates as people type them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { typedDate, wholeDate, writtenDate } = await load("protocol/date-typed.ts");

test("day first, with what people put between", () => {
  for (const text of ["28-11-2026", "28.11.2026", "28/11/2026", "28 11 2026", "28112026", " 28-11-2026 "])
    assert.equal(wholeDate(text), "2026-11-28", text);
  assert.equal(wholeDate("1-2-2026"), "2026-02-01");
});

test("a year of two figures counts once the typing is over", () => {
  assert.equal(wholeDate("28-11-20"), undefined);
  assert.equal(typedDate("28-11-26"), "2026-11-28");
  assert.equal(typedDate("281126"), "2026-11-28");
});

test("what is no date is none", () => {
  for (const text of [
    "",
    "31-02-2026",
    "29-02-2027",
    "11-28-2026",
    "2026-11-28",
    "28-11",
    "28.11-2026",
    "nu",
  ])
    assert.equal(typedDate(text), undefined, text);
  assert.equal(typedDate("29-02-2028"), "2028-02-29");
});

test("written as it is typed", () => {
  assert.equal(writtenDate("2026-11-28"), "28-11-2026");
  assert.equal(writtenDate(""), "");
});
