// Trimming a DI, and comparing two contenders in words.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { describe as inWords, level } from "../../../static/js/logic/comparison.js";
import { endFor, startFor } from "../../../static/js/logic/trim.js";

describe("a trim", () => {
  test("leaves 0.4 s between start and end, whichever is moved", () => {
    assert.equal(startFor(3, 10), 3);
    assert.equal(startFor(9.9, 10), 9.6);
    assert.equal(endFor(2, 1.5, 10), 2);
    assert.equal(endFor(1.6, 1.5, 10), 1.9);
  });

  test("stays in the DI track", () => {
    assert.equal(startFor(0.3, 0.2), 0);
    assert.equal(endFor(9.995, 0, 10), null, "at its end");
    assert.equal(endFor(1, 9.8, 10), null, "there is no room for 0.4 s");
    assert.equal(endFor(9.98, 0, 10), 9.98);
  });
});

describe("a comparison", () => {
  const found = { esr_db: -4.84, gain_db: -1.25, is_inverted: false, lag_frames: 0 };

  test("gives the residual", () => {
    assert.equal(
      inWords(found, "Plexi", "Tweed"),
      "Null test Plexi − Tweed: Tweed at −1.3 dB; residual −4.8 dB.",
    );
  });

  test("says what had to be done to it first", () => {
    const text = inWords({ ...found, is_inverted: true, lag_frames: -12 }, "Plexi", "Tweed");
    assert.match(
      text,
      /: Tweed at −1\.3 dB, polarity inverted, moved 12 samples later; residual −4\.8 dB\.$/,
    );
    assert.match(inWords({ ...found, lag_frames: 3 }, "a", "b"), /moved 3 samples earlier/);
  });

  test("of two that are the same", () => {
    assert.equal(
      inWords({ ...found, esr_db: null }, "a", "b"),
      "Null test a − b: no residual, the two are identical.",
    );
  });

  test("writes levels with a minus that is one", () => {
    assert.equal(level(-4.84, 1), "−4.8 dB");
    assert.equal(level(4.84, 1), "4.8 dB");
    assert.equal(level(-0.04, 1), "0.0 dB", "none before a zero");
  });
});
