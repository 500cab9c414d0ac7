// 20 walks of 500 random actions on a simulated machine. After each action: what is heard is what is
// shown, there are never two copies, and no source sounds that no one owns.

import assert from "node:assert/strict";
import { test } from "node:test";

import { EDGE_FADE_FRAMES, SWITCH_FADE_FRAMES } from "../../../../static/js/player/fades.js";
import { randomOf } from "./marked_sound.mjs";
import { RATE_HZ, World } from "./simulated.mjs";
import { act, makeTracks, shownSamples } from "./walk.mjs";

const NUM_ACTIONS = 500;
const TRACK_BYTES = 48000 * 3 * 4;

function failingNowAndThen(random) {
  return (segment, world) =>
    new Promise((resolve, reject) => {
      const isLost = random() < 0.1;
      world.later(random() * 0.2 * RATE_HZ, () =>
        isLost ? reject(new Error("lost on the way")) : resolve(segment.buffer),
      );
    });
}

/** What holds at any moment, also while something fades. */
function checkOwners({ context, graph, machine }) {
  const owned = new Set([...graph.voices].map((voice) => voice.source));
  for (const source of context.connected) assert.ok(owned.has(source), "a source no one owns");
  const goingOn = [...graph.voices].filter((voice) => !voice.isStopped);
  assert.equal(goingOn.length, machine.state === "playing" ? 1 : 0, "voices that go on");
  const { numSources, gain } = context.heard;
  assert.ok(numSources <= 2, `${numSources} sources are heard`);
  assert.ok(gain < 1.0001, `the gains add up to ${gain}`);
}

/** What holds when nothing fades. */
function checkSound({ context, machine }, numChecked) {
  const expected = shownSamples(machine);
  const { samples, numSources } = context.heard;
  if (!expected) return;
  assert.deepEqual(samples, expected, "what is heard is what is shown");
  assert.ok(numSources <= 1, "never two copies");
  numChecked[machine.state] = (numChecked[machine.state] ?? 0) + 1;
}

async function walk(seed) {
  const random = randomOf(seed);
  const load = failingNowAndThen(random);
  const world = new World({ memoryBytes: 2.5 * TRACK_BYTES, load, baseLatency: random() * 0.02 });
  const { context, machine } = world;
  const stage = {
    machine,
    random,
    tracks: makeTracks(),
    interrupt: () => context.become("suspended"),
    goOn: () => context.become("running"),
  };
  machine.setTracks(stage.tracks[0]);
  const done = [];
  const numChecked = {};
  try {
    for (let n = 0; n < NUM_ACTIONS; n += 1) {
      context.lateness = Math.floor(random() * 4000);
      context.isRefusing = random() < 0.05;
      done.push(`${act(stage)} (${machine.state})`);
      checkOwners(world);
      const isHasty = random() < 0.3;
      await world.pass(isHasty ? random() * 0.02 : 0);
      checkOwners(world);
      if (isHasty) continue;
      const unsettled_s = Math.max(0, machine.settledAt - context.frame) / RATE_HZ;
      assert.ok(unsettled_s < 0.08, `it takes ${unsettled_s} s until sound follows`);
      await world.pass(unsettled_s);
      if (machine.settledAt > context.frame) continue; // something arrived in between
      checkSound(world, numChecked);
      await world.pass(random() < 0.05 ? 12 * random() : random() * 0.3);
      checkOwners(world);
      if (machine.settledAt <= context.frame) checkSound(world, numChecked);
    }
  } catch (error) {
    error.message += `\nseed ${seed}, after ${done.slice(-12).join(", ")}`;
    throw error;
  }
  return numChecked;
}

for (let seed = 1; seed <= 20; seed += 1) {
  test(`walk ${seed}`, async () => {
    const numChecked = await walk(seed);
    assert.ok(numChecked.playing > 100 && numChecked.paused > 50, JSON.stringify(numChecked));
  });
}

test("edges are as long as is said", () => {
  assert.equal(EDGE_FADE_FRAMES / RATE_HZ, 0.005);
  assert.equal(SWITCH_FADE_FRAMES / RATE_HZ, 0.006);
});
