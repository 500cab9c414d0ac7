// How long a deletion can be undone.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  Countdown,
  recent,
  successor,
  UNDO_MS,
  withDeleted,
} from "../../../static/js/logic/undo.js";

describe("the time to undo", () => {
  test("is ten seconds, and ends at zero", () => {
    const countdown = new Countdown(1000);
    assert.equal(UNDO_MS, 10_000);
    assert.equal(countdown.remainingMs(1000), 10_000);
    assert.equal(countdown.remainingMs(4000), 7000);
    assert.equal(countdown.remainingMs(99_000), 0);
  });

  test("stands still while the pointer or the focus is there, until both have left", () => {
    const countdown = new Countdown(0);
    countdown.hold("pointer", 2000);
    countdown.hold("focus", 5000);
    countdown.letGo("pointer", 6000);
    assert.ok(countdown.isPaused);
    assert.equal(countdown.remainingMs(60_000), 8000);
    countdown.letGo("focus", 60_000);
    assert.ok(!countdown.isPaused);
    assert.equal(countdown.remainingMs(61_000), 7000);
  });

  test("is not prolonged by one who lets go of what they did not hold", () => {
    const countdown = new Countdown(0);
    countdown.letGo("focus", 5000);
    assert.equal(countdown.remainingMs(5000), 5000);
  });
});

test("what was deleted a moment ago is remembered, and no longer", () => {
  const first = withDeleted([], "/api/v1/gear/1/", 0);
  const both = withDeleted(first, "/api/v1/gear/2/", 14_000);
  assert.deepEqual(
    both.map(({ url }) => url),
    ["/api/v1/gear/1/", "/api/v1/gear/2/"],
  );
  assert.deepEqual(
    recent(both, 16_000).map(({ url }) => url),
    ["/api/v1/gear/2/"],
  );
});

test("the focus goes to the next row, of the last to the one before", () => {
  assert.equal(successor(0, 3), 1);
  assert.equal(successor(2, 3), 1);
  assert.equal(successor(0, 1), null);
});
