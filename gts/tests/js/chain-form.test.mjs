// What the chain form adds up to, and lists that people put in order.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { chainName, guidance, isFullRig } from "../../../static/js/logic/chain.js";
import { shifted } from "../../../static/js/logic/order.js";

const HEAD = { name: "Plexi", kind: "amp", hasOwnCab: false };
const COMBO = { name: "Tweed", kind: "amp", hasOwnCab: true };
const RIG = { name: "Whole rig", kind: "full_rig", hasOwnCab: false };
const CAB = { name: "4×12", kind: "", hasOwnCab: false };
const NONE = { name: "", kind: "", hasOwnCab: false };

describe("the order of blocks and of contenders", () => {
  test("one moves, the others close up", () => {
    const order = ["gate", "drive", "eq"];
    assert.deepEqual(shifted(order, "drive", 1), ["gate", "eq", "drive"]);
    assert.deepEqual(shifted(order, "drive", -1), ["drive", "gate", "eq"]);
    assert.deepEqual(order, ["gate", "drive", "eq"], "the list itself is not touched");
  });

  test("at an end it stays there", () => {
    assert.deepEqual(shifted(["gate", "eq"], "gate", -1), ["gate", "eq"]);
    assert.deepEqual(shifted(["gate", "eq"], "eq", 1), ["gate", "eq"]);
    assert.deepEqual(shifted(["gate"], "gate", 1), ["gate"]);
  });

  test("to and fro is where it was", () => {
    const order = ["a", "b", "c", "d"];
    for (const item of order)
      for (const step of [-1, 1]) {
        const moved = shifted(order, item, step);
        if (moved.join() === order.join()) continue;
        assert.deepEqual(shifted(moved, item, -step), order);
      }
  });
});

describe("a chain", () => {
  test("says what it needs", () => {
    assert.equal(guidance(null, null), "Choose an amp or a full rig.");
    assert.equal(guidance(NONE, CAB), "Choose an amp or a full rig.");
    assert.equal(guidance(HEAD, null), "An amp head needs a cabinet.");
    assert.equal(guidance(HEAD, NONE), "An amp head needs a cabinet.");
  });

  test("says that it is complete", () => {
    assert.equal(guidance(HEAD, CAB), "Ready: this chain is complete.");
    assert.equal(guidance(COMBO, NONE), "Ready: this chain is complete.");
    assert.equal(guidance(RIG, NONE), "Ready: a full rig brings its own cabinet.");
    assert.ok(isFullRig(RIG) && !isFullRig(HEAD) && !isFullRig(null));
  });

  test("is named after amp and cabinet, a full rig after itself", () => {
    assert.equal(chainName(HEAD, CAB), "Plexi + 4×12");
    assert.equal(chainName(HEAD, NONE), "Plexi");
    assert.equal(chainName(RIG, CAB), "Whole rig");
    assert.equal(chainName(null, null), "Amp + Cab");
  });
});
