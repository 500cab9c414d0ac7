// Keys, times and places: what the page asks of the player, and what it says of it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { clock, laneColor } from "../../../../static/js/player/drawing.js";
import { actionOf, rulerStep } from "../../../../static/js/player/keys.js";
import { loopWithin, placeWithin } from "../../../../static/js/player/regions.js";
import { assertShownIsHeard, makePlaying } from "./scenes.mjs";
import { RATE_HZ } from "./simulated.mjs";

const ON_PAGE = { isOnControl: false };
const ON_BUTTON = { isOnControl: true };

describe("keys on the page", () => {
  test("seek, switch, repeat and play", () => {
    assert.deepEqual(actionOf({ key: "ArrowLeft" }, ON_PAGE), { type: "seek", seconds: -1 });
    assert.deepEqual(actionOf({ key: "ArrowRight" }, ON_PAGE), { type: "seek", seconds: 1 });
    assert.deepEqual(actionOf({ key: "1" }, ON_PAGE), { type: "switch", index: 0 });
    assert.deepEqual(actionOf({ key: "9" }, ON_PAGE), { type: "switch", index: 8 });
    assert.deepEqual(actionOf({ key: "L" }, ON_PAGE), { type: "repeat" });
    assert.deepEqual(actionOf({ key: " " }, ON_PAGE), { type: "toggle" });
  });

  test("others do nothing", () => {
    for (const key of ["0", "ArrowUp", "ArrowDown", "Enter", "Tab", "a", "F5", "11"])
      assert.equal(actionOf({ key }, ON_PAGE), null, key);
  });

  test("belong to the browser with Ctrl, Alt or Meta", () => {
    for (const modifier of ["ctrlKey", "altKey", "metaKey"])
      for (const key of ["ArrowLeft", "ArrowRight", "1", "l", " "])
        assert.equal(actionOf({ key, [modifier]: true }, ON_PAGE), null, `${modifier} ${key}`);
    assert.equal(actionOf({ key: "L", shiftKey: true }, ON_PAGE), null);
  });

  test("only seek while they are held", () => {
    const held = { repeat: true };
    assert.deepEqual(actionOf({ key: "ArrowRight", ...held }, ON_PAGE), {
      type: "seek",
      seconds: 1,
    });
    for (const key of ["1", "l"]) assert.equal(actionOf({ key, ...held }, ON_PAGE), null, key);
  });

  test("on a button the space bar presses that, and arrows seek as everywhere", () => {
    assert.equal(actionOf({ key: " " }, ON_BUTTON), null);
    assert.deepEqual(actionOf({ key: "ArrowLeft" }, ON_BUTTON), { type: "seek", seconds: -1 });
  });
});

test("keys on the ruler are those of a slider", () => {
  const steps = ["ArrowLeft", "ArrowDown", "ArrowRight", "ArrowUp", "PageDown", "PageUp"];
  assert.deepEqual(
    steps.map((key) => rulerStep(key, 8)),
    [-1, -1, 1, 1, -5, 5],
  );
  assert.equal(rulerStep("Home", 8), -8);
  assert.equal(rulerStep("End", 8), 8);
  assert.equal(rulerStep("1", 8), null);
  assert.equal(rulerStep("toString", 8), null);
});

describe("one arrow key while it plays", () => {
  for (const key of ["ArrowLeft", "ArrowRight"])
    test(`${key}: it plays on from there, can be paused, and plays again`, async () => {
      const world = await makePlaying();
      world.machine.seek(2);
      await world.pass(0.1);
      world.context.lateness = RATE_HZ / 4; // the end of the voice before is told late
      const { seconds } = actionOf({ key }, ON_PAGE);
      const before = world.machine.position;
      world.machine.seekBy(seconds);
      await world.pass(0.5);
      assert.equal(world.machine.state, "playing");
      assert.ok(Math.abs(world.machine.position - (before + seconds + 0.5)) < 0.05);
      assertShownIsHeard(world);
      world.machine.pause();
      await world.pass(0.5);
      assert.equal(world.context.heard.numSources, 0);
      world.machine.play();
      await world.pass(0.2);
      assert.equal(world.context.heard.numSources, 1);
      assertShownIsHeard(world);
    });
});

test("another contender goes on where the one before was", async () => {
  const world = await makePlaying();
  world.machine.seek(1);
  await world.pass(0.2);
  const before = world.machine.position;
  world.machine.switchTo(1);
  assert.ok(Math.abs(world.machine.position - before) < 1e-9, "the switch itself moves nothing");
  await world.pass(0.25);
  assert.equal(world.machine.live, 1);
  assert.ok(Math.abs(world.machine.position - (before + 0.25)) < 1e-9);
  assert.equal(world.context.heard.samples[0], 2);
  world.machine.pause();
  await world.pass(0.1);
  const rested = world.machine.position;
  world.machine.switchTo(0);
  assert.equal(world.machine.position, rested, "in a pause as well");
});

describe("a loop", () => {
  const NUM_FRAMES = 4 * RATE_HZ;
  const within = (start, end, numFrames = NUM_FRAMES) =>
    loopWithin({ start, end }, RATE_HZ, numFrames);

  test("is what was marked, in frames", () => {
    assert.deepEqual(within(1, 2.5), { start: RATE_HZ, end: 2.5 * RATE_HZ });
  });

  test("stays on the track", () => {
    assert.deepEqual(within(-1, 2), { start: 0, end: 2 * RATE_HZ });
    assert.deepEqual(within(3, 9), { start: 3 * RATE_HZ, end: NUM_FRAMES });
  });

  test("is never shorter than 50 ms, and at the end of the track begins earlier for it", () => {
    assert.deepEqual(within(1, 1.001), { start: RATE_HZ, end: RATE_HZ + 2400 });
    assert.deepEqual(within(2, 1), { start: 2 * RATE_HZ, end: 2 * RATE_HZ + 2400 });
    assert.deepEqual(within(3.999, 9), { start: NUM_FRAMES - 2400, end: NUM_FRAMES });
    assert.equal(within(0, 1, 2399), null, "the track is shorter");
  });

  test("holds the position: its end and what is outside are its beginning", () => {
    const loop = { start: 100, end: 200 };
    assert.deepEqual(
      [0, 99, 100, 150, 199, 200, 5000].map((place) => placeWithin(place, loop, 1000)),
      [100, 100, 100, 150, 199, 100, 100],
    );
    assert.deepEqual(
      [-5, 0, 500, 1000, 1001].map((place) => placeWithin(place, null, 1000)),
      [0, 0, 500, 1000, 1000],
    );
  });
});

test("times are cut off, not rounded: a second is shown when it is over", () => {
  const times = [0, 0.999, 1, 59.999, 60, 61.5, 3599.9];
  assert.deepEqual(
    times.map((time) => clock(time)),
    ["0:00", "0:00", "0:01", "0:59", "1:00", "1:01", "59:59"],
  );
  assert.deepEqual(
    [0, 0.05, 9.96, 59.96, 60.04, 72.5].map((time) => clock(time, true)),
    ["0:00.0", "0:00.0", "0:09.9", "0:59.9", "1:00.0", "1:12.5"],
  );
});

test("contenders next to each other differ in color, and a contender keeps its own", () => {
  assert.equal(laneColor(0, "0.7"), "oklch(0.7 0.17 68.00)");
  assert.equal(laneColor(1, "0.7"), "oklch(0.7 0.17 205.51)");
  assert.equal(new Set(Array.from({ length: 16 }, (_, n) => laneColor(n, "0.7"))).size, 16);
});
