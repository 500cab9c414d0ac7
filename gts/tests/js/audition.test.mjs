// Hearing a chain before it is rendered: what is asked for, what is kept, and how one gives way to another.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  bodyOf,
  correlation,
  idOf,
  KeptSounds,
  LastTwo,
  placeOf,
} from "../../../static/js/audition/requests.js";
import { equalPower, RAISED_COSINE } from "../../../static/js/player/fades.js";

const REQUEST = {
  di_track_id: "di",
  start_s: 2,
  duration_s: 6,
  blocks: [{ slot: "amp", capture_id: "amp", parameters: { slim_size: 1 } }],
};

function soundOf(id, length = 48000) {
  return { id, key: id, place: "", buffer: { length, numberOfChannels: 1 }, numFrames: length };
}

describe("a request", () => {
  test("is the same in whatever order it was written, and by whatever name", () => {
    const { blocks, ...passage } = REQUEST;
    const [{ slot, capture_id, parameters }] = blocks;
    const turned = { blocks: [{ parameters, capture_id, slot }], ...passage, key: "o1/o2" };
    assert.equal(idOf(turned), idOf(REQUEST));
    assert.equal("key" in bodyOf(turned), false);
  });

  test("is another with other blocks, or blocks in another order", () => {
    const gain = { slot: "post", processor: "gain", parameters: { gain_db: 3 } };
    const delay = { slot: "post", processor: "delay", parameters: {} };
    const ids = [[gain, delay], [delay, gain], [gain]].map((blocks) =>
      idOf({ ...REQUEST, blocks }),
    );
    assert.equal(new Set(ids).size, 3);
  });

  test("leaves to the server what is not told", () => {
    assert.deepEqual(bodyOf({ di_track_id: "di", start_s: undefined, chain_id: "c" }), {
      di_track_id: "di",
      chain_id: "c",
    });
  });

  test("is of the same place with other blocks, and of another with another passage", () => {
    assert.equal(placeOf({ ...REQUEST, blocks: [] }), placeOf(REQUEST));
    assert.notEqual(placeOf({ ...REQUEST, start_s: 3 }), placeOf(REQUEST));
    assert.notEqual(placeOf({ ...REQUEST, duration_s: 5 }), placeOf(REQUEST));
    assert.notEqual(placeOf({ ...REQUEST, di_track_id: "other" }), placeOf(REQUEST));
  });
});

describe("A/B", () => {
  test("goes to and fro between the last two", () => {
    const lastTwo = new LastTwo();
    lastTwo.add(soundOf("one"));
    assert.equal(lastTwo.swap(), null);
    lastTwo.add(soundOf("two"));
    lastTwo.add(soundOf("three"));
    assert.deepEqual([lastTwo.swap().id, lastTwo.swap().id], ["two", "three"]);
  });

  test("the same once more leaves the other where it is", () => {
    const lastTwo = new LastTwo();
    for (const id of ["one", "two", "two"]) lastTwo.add(soundOf(id));
    assert.equal(lastTwo.swap().id, "one");
  });
});

describe("kept sounds", () => {
  test("the one not used for longest goes first, and the newest stays whatever its size", () => {
    const second = 48000 * 4;
    const kept = new KeptSounds(2 * second);
    kept.add("one", soundOf("one"));
    kept.add("two", soundOf("two"));
    assert.equal(kept.get("one").id, "one");
    kept.add("three", soundOf("three"));
    assert.equal(kept.get("two"), null);
    assert.equal(kept.get("one").id, "one");
    kept.add("long", soundOf("long", 480000));
    assert.deepEqual(
      ["one", "three", "long"].map((id) => kept.get(id)?.id),
      [undefined, undefined, "long"],
    );
  });
});

describe("a crossfade", () => {
  const FRAMES = 1440;

  function powers(alike) {
    const shape = equalPower(alike);
    const [rising, falling] = [shape.rise(FRAMES), shape.fall(FRAMES)];
    return [...rising].map((a, n) => a * a + falling[n] ** 2 + 2 * alike * a * falling[n]);
  }

  test("has constant power however alike the two are", () => {
    for (const alike of [0, 0.3, 0.8, 1])
      for (const power of powers(alike))
        assert.ok(Math.abs(power - 1) < 1e-6, `${alike}: ${power}`);
  });

  test("never passes full scale between equals, and begins and ends with one of them", () => {
    const { rise, fall } = equalPower(1);
    const sums = [...rise(FRAMES)].map((a, n) => a + fall(FRAMES)[n]);
    assert.ok(Math.max(...sums) <= 1 + 1e-6);
    for (const shape of [equalPower(0), equalPower(1), RAISED_COSINE]) {
      const curve = shape.rise(FRAMES);
      assert.deepEqual([curve.length, curve[0]], [FRAMES + 1, 0]);
      assert.ok(Math.abs(curve[FRAMES] - 1) < 1e-6);
    }
  });

  test("takes what is turned over for unlike: nothing is made louder", () => {
    assert.deepEqual(equalPower(-1).rise(8), equalPower(0).rise(8));
  });

  test("likeness is that of the samples around it", () => {
    const a = Float32Array.from({ length: 4800 }, (_, n) => Math.sin(n / 7));
    const b = Float32Array.from({ length: 4800 }, (_, n) => 0.5 * Math.sin(n / 7));
    const turned = a.map((sample) => -sample);
    assert.ok(Math.abs(correlation(a, b, 0, 4800) - 1) < 1e-6);
    assert.ok(Math.abs(correlation(a, turned, -100, 4800) + 1) < 1e-6);
    assert.equal(correlation(a, new Float32Array(4800), 0, 4800), 0);
    assert.equal(correlation(a, b, 5000, 100), 0);
  });
});
