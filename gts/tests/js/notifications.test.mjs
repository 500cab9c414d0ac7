// What the bell says, and how it gets its socket back.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  bellLabel,
  countText,
  endingOf,
  Reconnecting,
} from "../../../static/js/logic/notifications.js";

describe("a socket that was closed", () => {
  const GONE = 1006;

  test("is opened again four times, later each time; then the page asks", () => {
    const reconnecting = new Reconnecting();
    const steps = Array.from({ length: 5 }, (_, n) => reconnecting.next(GONE, n === 0));
    assert.deepEqual(steps, [1000, 2000, 5000, 10_000, "ask"]);
  });

  test("begins with a second again once it has told something", () => {
    const reconnecting = new Reconnecting();
    reconnecting.next(GONE, true);
    reconnecting.next(GONE, false);
    reconnecting.reset();
    assert.equal(reconnecting.next(GONE, true), 1000);
  });

  test("is not tried again where none gets through", () => {
    assert.equal(new Reconnecting().next(GONE, false), "ask");
  });

  test("is left alone after a logout, and where there are too many", () => {
    assert.equal(new Reconnecting().next(4001, true), "stop");
    assert.equal(new Reconnecting().next(4029, true), "give way");
  });
});

test("the number and the name of the bell", () => {
  assert.deepEqual([0, 1, 99, 100].map(countText), ["0", "1", "99", "99+"]);
  assert.equal(bellLabel(0), "Notifications");
  assert.equal(bellLabel(3), "Notifications: 3 new");
});

test("how a job ended", () => {
  assert.equal(endingOf("failed"), " failed. ");
  assert.equal(endingOf("completed"), " is done. ");
  assert.equal(endingOf("news"), ": ");
});
