// Every state by every event, on a simulated clock.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";

import { MOVES } from "../../../../static/js/player/states.js";
import { makePlaying, makeWorld, segments } from "./scenes.mjs";

const WORLDS = {
  paused: async () => makeWorld(),
  starting: async () => {
    const world = makeWorld();
    world.context.isRefusing = true;
    world.machine.play();
    return world;
  },
  waiting: async () => {
    let answer = null;
    const world = makeWorld({
      load: (segment) =>
        new Promise((resolve, reject) => {
          answer ??= { resolve: () => resolve(segment.buffer), reject };
        }),
    });
    world.machine.play();
    await world.pass(0);
    return Object.assign(world, { answer });
  },
  playing: () => makePlaying(),
  interrupted: async () => {
    const world = await makePlaying();
    world.context.become("suspended");
    return world;
  },
};

const CAUSES = {
  play: ({ machine }) => machine.play(),
  pause: ({ machine }) => machine.pause(),
  running: ({ context }) => context.become("running"),
  suspended: ({ context }) => context.become("suspended"),
  refused: (world) => world.pass(3.1),
  ready: (world) => world.answer?.resolve(),
  failed: (world) => world.answer?.reject(new Error("lost")),
  ended: (world) => world.pass(4),
  "tracks changed": ({ machine }) => machine.setTracks(segments(3, 4)),
};

describe("transitions", () => {
  for (const [state, moves] of Object.entries(MOVES))
    for (const [event, cause] of Object.entries(CAUSES))
      test(`${state}: ${event}`, async () => {
        const world = await WORLDS[state]();
        assert.equal(world.machine.state, state);
        const seen = [];
        world.machine.addEventListener("move", ({ detail }) => {
          if (detail.event === event) seen.push(detail);
        });
        await cause(world);
        await world.pass(0);
        const expected = moves[event] ? [{ from: state, event, to: moves[event] }] : [];
        assert.deepEqual(seen, expected);
      });

  test("the table in docs/player.md is the machine's", async () => {
    const text = await readFile(new URL("../../../../docs/player.md", import.meta.url), "utf8");
    const [table] = text.match(/^\| event \|.*\n(\|.*\n)+/m);
    const rows = table.trim().split("\n");
    const cells = rows.map((row) =>
      row
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
    const [states, , ...events] = cells;
    const documented = {};
    for (const state of states.slice(1)) documented[state] = {};
    for (const [event, ...next] of events)
      next.forEach((each, n) => {
        if (each && each !== "–") documented[states[n + 1]][event] = each;
      });
    assert.deepEqual(documented, MOVES);
  });
});
