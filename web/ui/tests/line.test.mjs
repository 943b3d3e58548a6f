// How a line is told in words, and who counts as speaking.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { lineBetween, steadied } = await load("protocol/line.ts");
const { heard, loudness } = await load("protocol/loudness.ts");

const counts = (more = {}) => ({
  atMs: 0,
  received: 0,
  lost: 0,
  sent: 0,
  askedAgain: 0,
  frozenMs: 0,
  roundTripMs: 20,
  jitterMs: 5,
  ...more,
});
const later = (more) => counts({ atMs: 2_000, received: 1_000, sent: 1_000, ...more });

test("loss either way, freezes, delay and jitter each make a line worse", () => {
  assert.equal(lineBetween(counts(), later()), "good");
  assert.equal(lineBetween(counts(), later({ lost: 20 })), "good");
  assert.equal(lineBetween(counts(), later({ lost: 60 })), "weak");
  assert.equal(lineBetween(counts(), later({ lost: 200 })), "poor");
  assert.equal(lineBetween(counts(), later({ askedAgain: 50 })), "weak");
  assert.equal(lineBetween(counts(), later({ askedAgain: 150 })), "poor");
  assert.equal(lineBetween(counts(), later({ frozenMs: 300 })), "weak");
  assert.equal(lineBetween(counts(), later({ frozenMs: 1_000 })), "poor");
  assert.equal(lineBetween(counts(), later({ roundTripMs: 450 })), "weak");
  assert.equal(lineBetween(counts(), later({ roundTripMs: 900 })), "poor");
  assert.equal(lineBetween(counts(), later({ jitterMs: 90 })), "weak");
  // A loss that was made up for is subtracted by the browser; nothing sent or received is no loss.
  assert.equal(lineBetween(counts({ lost: 5 }), later({ lost: 3 })), "good");
  assert.equal(lineBetween(counts(), counts({ atMs: 2_000 })), "good");
});

test("what is shown does not waver", () => {
  const shown = (words) => {
    let steady = { line: "good", run: [] };
    return words.map((word) => {
      steady = steadied(steady, word);
      return steady.line;
    });
  };
  assert.deepEqual(shown(["weak", "good", "weak", "good"]), ["good", "good", "good", "good"]);
  assert.deepEqual(shown(["weak", "weak"]), ["good", "weak"]);
  assert.deepEqual(shown(["poor", "weak"]), ["good", "weak"]);
  assert.deepEqual(shown(["poor", "poor"]), ["good", "poor"]);
  const back = ["poor", "poor", "good", "good", "good", "poor", "good", "good", "weak", "good"];
  assert.deepEqual(shown(back).slice(1), [...Array(8).fill("poor"), "weak"]);
  assert.equal(shown(["weak", "weak", "good", "good", "good", "good"]).at(-1), "good");
});

test("a short sound between two looks is heard", () => {
  const before = { energy: 3, seconds: 100 };
  assert.equal(loudness(undefined, before), 0);
  assert.equal(loudness(before, before), 0);
  assert.equal(loudness(before, { energy: 3.0625, seconds: 100.25 }), 0.5);
});

test("a breath is no silence", () => {
  let speakers = heard(
    new Map(),
    [
      ["a", 0.3],
      ["b", 0.001],
    ],
    0,
  );
  assert.deepEqual([...speakers.keys()], ["a"]);
  speakers = heard(speakers, [["a", 0]], 500);
  assert.deepEqual([...speakers.keys()], ["a"]);
  speakers = heard(speakers, [["b", 0.1]], 900);
  assert.deepEqual([...speakers.keys()], ["b"]);
});
