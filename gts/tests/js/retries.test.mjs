// When requests that failed are tried again.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { isFinal, pauseS, Retries, reasonOf } from "../../../static/js/logic/retries.js";

describe("the pause before the next try", () => {
  test("grows from 2 s to 15 s and no further", () => {
    assert.deepEqual([1, 2, 3, 4, 5, 100].map(pauseS), [2, 4, 8, 15, 15, 15]);
  });

  test("begins with 2 s again after an answer", () => {
    const retries = new Retries();
    for (let n = 0; n < 3; n += 1) retries.add("render", 0, () => {}, 0);
    assert.equal(retries.next.dueAt, 8000);
    assert.ok(retries.remove("render"));
    assert.ok(!retries.remove("render"), "it does not wait any more");
    retries.add("render", 0, () => {}, 0);
    assert.equal(retries.next.dueAt, 2000);
  });
});

describe("a try", () => {
  test("happens when it is due, once, and not again before it has failed", () => {
    const retries = new Retries();
    let numTries = 0;
    const attempt = () => {
      numTries += 1;
    };
    retries.add("render", 503, attempt, 1000);
    retries.run(2999);
    assert.equal(numTries, 0);
    retries.run(3000);
    retries.run(60_000);
    assert.equal(numTries, 1);
    assert.equal(retries.next.dueAt, Infinity, "it is under way");
    retries.add("render", 503, attempt, 60_000);
    assert.equal(retries.next.dueAt, 64_000);
  });

  test("that fails at once may ask for the next one", () => {
    const retries = new Retries();
    const attempt = () => retries.add("render", 0, attempt, 2000);
    retries.add("render", 0, attempt, 0);
    retries.run(2000);
    assert.equal(retries.next.dueAt, 6000);
  });

  test("can be hurried, but one that is under way is not doubled", () => {
    const retries = new Retries();
    const tried = [];
    retries.add("bell", 0, () => tried.push("bell"), 0);
    retries.run(2000);
    retries.add("render", 0, () => tried.push("render"), 2000);
    retries.hurry();
    retries.run(2001);
    assert.deepEqual(tried, ["bell", "render"]);
  });

  test("that is named is the next of all", () => {
    const retries = new Retries();
    assert.equal(retries.next, null);
    assert.ok(retries.isEmpty);
    retries.add("render", 500, () => {}, 5000);
    retries.add("bell", 0, () => {}, 1000);
    assert.equal(retries.next.reason, "Server not reachable.");
    assert.equal(retries.next.dueAt, 3000);
  });
});

test("what a status means", () => {
  assert.equal(reasonOf(0), "Server not reachable.");
  assert.equal(reasonOf(502), "Server not reachable.");
  assert.equal(reasonOf(500), "The server answered with an error (500).");
  assert.deepEqual([401, 403, 404, 410].map(isFinal), [true, true, true, true]);
  assert.deepEqual([0, 200, 429, 500, 503].map(isFinal), [false, false, false, false, false]);
});
