// Rows keep their places while somebody may be about to press one of their buttons.
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { load } from "./load.mjs";

const { Still, STILL_MS, MOST_MS } = await load("protocol/still.ts");

const people = (...ids) => ids.map((id) => ({ id }));

function list() {
  const drawn = { times: 0 };
  const still = new Still(() => {
    drawn.times += 1;
  });
  const shown = (...ids) =>
    still.places(people(...ids)).map(({ item, gone }) => (gone ? `(${item.id})` : item.id));
  return { still, shown, drawn };
}

test.beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"] }));
test.afterEach(() => mock.timers.reset());

test("whoever leaves keeps a place for a moment, and whoever comes in between stands last", () => {
  const { shown, drawn } = list();
  assert.deepEqual(shown("a", "b", "c"), ["a", "b", "c"]);
  assert.deepEqual(shown("b", "c"), ["(a)", "b", "c"]);
  assert.deepEqual(shown("x", "b", "c", "d"), ["(a)", "b", "c", "x", "d"]);
  mock.timers.tick(STILL_MS);
  assert.equal(drawn.times, 1);
  assert.deepEqual(shown("x", "b", "c", "d"), ["x", "b", "c", "d"]);
});

test("while the pointer moves over the list nothing slides, but not for ever", () => {
  const { still, shown, drawn } = list();
  shown("a", "b");
  shown("b");
  let passed = 0;
  for (; passed < MOST_MS - STILL_MS; passed += 1_000) {
    mock.timers.tick(1_000);
    still.pointed();
  }
  assert.equal(drawn.times, 0);
  assert.deepEqual(shown("b"), ["(a)", "b"]);
  mock.timers.tick(1_000);
  still.pointed();
  mock.timers.tick(MOST_MS - passed - 1_000);
  assert.equal(drawn.times, 1);
  assert.deepEqual(shown("b"), ["b"]);
});

test("whoever comes back stands where they stood, and nothing is waited for", () => {
  const { shown, drawn } = list();
  shown("a", "b");
  assert.deepEqual(shown("b"), ["(a)", "b"]);
  assert.deepEqual(shown("a", "b"), ["a", "b"]);
  mock.timers.tick(2 * STILL_MS);
  assert.equal(drawn.times, 0);
});

test("who comes last and who goes from below need no moment", () => {
  const { shown, drawn } = list();
  shown("a");
  assert.deepEqual(shown("a", "b"), ["a", "b"]);
  assert.deepEqual(shown("a"), ["a"]);
  assert.deepEqual(shown(), []);
  assert.deepEqual(shown("c"), ["c"]);
  mock.timers.tick(2 * STILL_MS);
  assert.equal(drawn.times, 0);
});
