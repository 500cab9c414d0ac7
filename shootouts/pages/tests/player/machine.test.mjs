// What the machine does with voices, positions, repeats, contenders and the sound card.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { segmentOf } from "./marked_sound.mjs";
import { assertShownIsHeard, FRAMES, makePlaying, makeWorld, never, segments } from "./scenes.mjs";
import { RATE_HZ } from "./simulated.mjs";

describe("one voice", () => {
  test("the late end of a replaced voice changes nothing", async () => {
    const world = await makePlaying();
    const [first] = world.graph.voices;
    world.context.lateness = RATE_HZ / 4;
    world.machine.seek(2);
    await world.pass(0.2);
    assert.ok(world.graph.voices.has(first), "its end has not been told yet");
    await world.pass(0.2);
    assert.ok(!world.graph.voices.has(first));
    assert.equal(world.machine.state, "playing");
    assertShownIsHeard(world);
    world.machine.pause();
    await world.pass(0.1);
    assertShownIsHeard(world);
  });

  test("Play while Pause still fades does not double", async () => {
    const world = await makePlaying();
    const before = world.machine.position;
    world.machine.pause();
    await world.pass(0.012);
    world.machine.play();
    world.machine.play();
    await world.pass(0.1);
    assertShownIsHeard(world);
    assert.equal(world.context.heard.numSources, 1);
    assert.ok(world.machine.position > before);
  });

  test("pauses lose and repeat nothing", async () => {
    const world = await makePlaying();
    for (let n = 0; n < 10; n += 1) {
      world.machine.pause();
      await world.pass(0.3);
      const rested = world.machine.position;
      await world.pass(1);
      assert.equal(world.machine.position, rested);
      world.machine.play();
      await world.pass(0.1);
      assertShownIsHeard(world);
      assert.ok(world.machine.position - rested < 0.1);
    }
  });

  test("ten changes at once are two edges", async () => {
    const world = await makePlaying();
    for (let n = 0; n < 10; n += 1) {
      world.machine.switchTo(n % 2);
      world.machine.seek(1 + n / 10);
    }
    assert.equal(world.graph.voices.size, 2);
    await world.pass(0.05);
    assertShownIsHeard(world);
    assert.ok(world.machine.position >= 1.9);
  });

  test("keys that follow fast add up", async () => {
    const world = await makePlaying({ outputLatency: 0.2 });
    for (let n = 0; n < 3; n += 1) {
      world.machine.seekBy(0.5);
      await world.pass(0.03);
    }
    await world.pass(0.3);
    assert.ok(world.machine.position > 1.9 && world.machine.position < 2.3);
  });
});

describe("position", () => {
  test("is what is heard, on headphones that are late, too", async () => {
    const world = await makePlaying({ outputLatency: 0.25 });
    const rendered = world.context.heard.samples[1];
    assert.equal(Math.round(world.machine.position * RATE_HZ), rendered - 0.25 * RATE_HZ);
    world.machine.pause();
    assert.ok(!world.machine.isIdle, "the rest is still on its way");
    await world.pass(0.4);
    assert.ok(world.machine.isIdle);
  });

  test("stays inside: seeks beyond the ends", async () => {
    const world = makeWorld();
    world.machine.seek(-3);
    assert.equal(world.machine.position, 0);
    world.machine.seek(99);
    assert.equal(world.machine.position, 4);
    world.machine.play();
    await world.pass(0.1);
    assertShownIsHeard(world);
    assert.ok(world.machine.position < 0.2, "Play at the end begins again");
    world.machine.seek(99);
    await world.pass(0.1);
    assert.equal(world.machine.state, "paused");
    assert.equal(world.machine.position, 0);
  });
});

describe("repeats", () => {
  test("the whole track, though contenders differ in length", async () => {
    const of = [segmentOf(1, FRAMES, FRAMES), segmentOf(2, FRAMES / 2, FRAMES)];
    const world = await makePlaying({}, of);
    world.machine.setRepeating(true);
    world.machine.switchTo(1);
    await world.pass(2.5); // where the second is over
    assertShownIsHeard(world);
    assert.deepEqual(world.context.heard.samples, [0, 0]);
    await world.pass(1.5);
    assertShownIsHeard(world);
    assert.equal(world.context.heard.samples[0], 2);
    world.machine.switchTo(0);
    world.machine.setRepeating(false);
    await world.pass(4);
    assert.equal(world.machine.state, "paused");
  });

  test("are switched off at the last moment", async () => {
    for (const left of [0.012, 0.006, 0.001, 0]) {
      const world = await makePlaying();
      world.machine.setRepeating(true);
      world.machine.seek(3);
      await world.pass(0.1);
      await world.pass(4 - world.machine.position - left);
      world.machine.setRepeating(false);
      await world.pass(0.1);
      assertShownIsHeard(world);
    }
  });

  test("are asked for when the end has passed but was not told", async () => {
    const world = await makePlaying();
    world.context.lateness = RATE_HZ / 10;
    world.machine.seek(3.9);
    await world.pass(0.15);
    world.machine.setRepeating(true);
    await world.pass(0.15);
    assertShownIsHeard(world);
    assert.equal(world.machine.state, "playing");
  });

  test("a loop is exact to the frame after many rounds, and begins where it was set in a pause", async () => {
    const world = makeWorld();
    world.machine.setLoop({ start: 1, end: 1.3 });
    assert.equal(world.machine.position, 1);
    world.machine.play();
    await world.pass(30.1);
    assertShownIsHeard(world);
    world.machine.seek(3);
    await world.pass(0.1);
    assert.ok(world.machine.position < 1.2, "outside is the beginning");
    world.machine.setLoop(null);
    await world.pass(0.5);
    assertShownIsHeard(world);
    assert.ok(world.machine.position > 1.3);
  });

  test("a loop is never shorter than its fades", async () => {
    const world = await makePlaying();
    for (const start of [0, 2, 3.999, 17]) {
      world.machine.setLoop({ start, end: start + 0.0001 });
      const { loop } = world.machine;
      assert.ok(loop.end - loop.start >= 0.0499 && loop.end <= 4);
      await world.pass(0.2);
      assert.equal(world.context.heard.numSources, 1);
    }
  });
});

describe("contenders", () => {
  test("a loop, a seek and a switch while the first one loads", async () => {
    const answers = [];
    const world = makeWorld({
      load: (segment) => new Promise((resolve) => answers.push(() => resolve(segment.buffer))),
    });
    world.machine.play();
    await world.pass(0);
    world.machine.seek(2);
    world.machine.setLoop({ start: 1.5, end: 3 });
    world.machine.switchTo(1);
    assert.equal(world.machine.state, "waiting");
    assert.equal(world.context.heard.numSources, 0);
    for (const answer of answers) answer();
    await world.pass(0.1);
    assert.equal(world.machine.state, "playing");
    assertShownIsHeard(world);
    assert.equal(world.context.heard.samples[0], 2);
  });

  test("one that fails is named and the other sounds on; it can be tried again", async () => {
    let isLost = true;
    const load = async (segment) => {
      if (segment.mark === 2 && isLost) throw new Error("lost");
      return segment.buffer;
    };
    const world = await makePlaying({ load });
    world.machine.switchTo(1);
    assert.equal(world.machine.pending, 1);
    await world.pass(0.1);
    assert.equal(world.machine.pending, null);
    assert.equal(world.machine.lanes[1].state, "failed");
    assertShownIsHeard(world);
    assert.equal(world.context.heard.samples[0], 1);
    isLost = false;
    world.machine.switchTo(1);
    await world.pass(0.1);
    assertShownIsHeard(world);
    assert.equal(world.context.heard.samples[0], 2);
  });

  test("one that is dropped from memory sounds on, and is loaded again", async () => {
    const bytes = FRAMES * 4 * 3;
    const world = await makePlaying({ memoryBytes: 1.5 * bytes }, segments(1, 2, 3));
    for (const index of [1, 2, 0, 2]) {
      world.machine.switchTo(index);
      await world.pass(0.1);
      assertShownIsHeard(world);
      assert.equal(world.machine.live, index);
      assert.ok(world.tracks.numReady <= 2, "the one before and this one");
    }
  });

  test("of another DI track: playing, while loading, and with only one", async () => {
    const world = await makePlaying();
    world.machine.switchTo(1);
    world.machine.setTracks(segments(5));
    assert.equal(world.machine.live, 0);
    await world.pass(0.1);
    assertShownIsHeard(world);
    assert.equal(world.context.heard.samples[0], 5);
    assert.ok(world.machine.position > 0.5);
    world.machine.setTracks(segments(6, 7));
    world.machine.setTracks([null, segmentOf(8, RATE_HZ / 4, RATE_HZ / 4)]);
    await world.pass(0.05);
    assert.equal(world.machine.duration, 0.25);
    assert.equal(world.machine.live, 1);
    assert.equal(world.machine.state, "paused", "the other one is over at this place");
  });

  test("there are none", () => {
    const world = makeWorld({}, [null, null]);
    world.machine.play();
    world.machine.seek(1);
    world.machine.switchTo(0);
    world.machine.setLoop({ start: 0, end: 1 });
    assert.equal(world.machine.state, "paused");
    assert.equal(world.machine.position, 0);
  });
});

describe("the sound card", () => {
  test("is refused, and given later", async () => {
    const world = makeWorld();
    world.context.isRefusing = true;
    world.machine.play();
    assert.ok(world.machine.isPlaying);
    await world.pass(3.5);
    assert.equal(world.machine.state, "paused");
    assert.match(world.machine.notice, /Press Play again/);
    world.context.become("running"); // with a click somewhere else
    await world.pass(0.1);
    assert.equal(world.machine.state, "paused");
    world.context.isRefusing = false;
    world.machine.play();
    await world.pass(0.1);
    assertShownIsHeard(world);
    assert.equal(world.machine.notice, "");
  });

  test("is not refused, nor given back, by a timer of before", async () => {
    const world = makeWorld({ load: never });
    world.context.isRefusing = true;
    world.machine.play();
    await world.pass(2);
    world.machine.pause();
    world.machine.play();
    await world.pass(2);
    assert.equal(world.machine.state, "starting");
    world.machine.pause();
    world.context.isRefusing = false;
    world.machine.play();
    await world.pass(12);
    assert.equal(world.machine.state, "waiting");
    assert.equal(world.context.state, "running");
  });

  test("is taken away by a call, with all that was changed meanwhile", async () => {
    const world = await makePlaying();
    world.context.become("interrupted");
    assert.ok(!world.machine.isPlaying);
    assert.match(world.machine.notice, /interrupted/);
    world.machine.seek(2);
    world.machine.switchTo(1);
    world.context.become("running");
    await world.pass(0.1);
    assertShownIsHeard(world);
    assert.equal(world.context.heard.samples[0], 2);
    assert.ok(world.machine.position > 2);
    world.context.become("interrupted");
    world.machine.pause();
    world.context.become("running");
    await world.pass(0.1);
    assertShownIsHeard(world);
    assert.equal(world.machine.state, "paused");
  });

  test("is given back in a long pause, and taken again", async () => {
    const world = await makePlaying();
    world.machine.pause();
    await world.pass(9);
    assert.equal(world.context.state, "running");
    await world.pass(2);
    assert.equal(world.context.state, "suspended");
    assert.equal(world.machine.state, "paused");
    world.machine.play();
    await world.pass(0.1);
    assert.equal(world.machine.state, "playing");
    assertShownIsHeard(world);
  });
});

test("the start is announced, so that others can be silenced", async () => {
  const world = makeWorld({ load: never });
  let numStarts = 0;
  world.machine.addEventListener("play", () => {
    numStarts += 1;
  });
  world.machine.play();
  world.machine.play();
  await world.pass(0.1);
  assert.equal(numStarts, 1);
});
