// Players to begin a test with, and what it asks of them most.

import assert from "node:assert/strict";

import { segmentOf } from "./marked_sound.mjs";
import { RATE_HZ, World } from "./simulated.mjs";
import { shownSamples } from "./walk.mjs";

export const FRAMES = 4 * RATE_HZ;
export const never = () => new Promise(() => {});

export function segments(...marks) {
  return marks.map((mark) => segmentOf(mark, FRAMES, FRAMES));
}

export function makeWorld(options = {}, of = segments(1, 2)) {
  const world = new World(options);
  world.machine.setTracks(of);
  return world;
}

export async function makePlaying(options, of) {
  const world = makeWorld(options, of);
  world.machine.play();
  await world.pass(0.5);
  assert.equal(world.machine.state, "playing");
  return world;
}

export function assertShownIsHeard({ context, machine }) {
  assert.deepEqual(context.heard.samples, shownSamples(machine));
}
