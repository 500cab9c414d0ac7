// What the recorder computes: takes out of chunks, levels, clips, count-ins. The WAV itself is read by soundfile in
// test_recorder.py.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { levelValue, matching, optionAfter } from "../../../static/js/logic/interfaces.js";
import { ChunkGatherer } from "../../../static/js/recorder/chunks.js";
import { beatAt, planCountIn } from "../../../static/js/recorder/count-in.js";
import {
  advice,
  ClipCounter,
  DropoutCounter,
  dbfs,
  levelText,
  Meter,
  shareOf,
} from "../../../static/js/recorder/meter.js";
import { clockText, nameOf, noteOf } from "../../../static/js/recorder/page.js";
import { columnsOf, outlinePath, Take } from "../../../static/js/recorder/take.js";
import { outcomeOf } from "../../../static/js/recorder/upload.js";
import { maxFrames } from "../../../static/js/recorder/wav.js";

const near = (actual, expected, tolerance) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not about ${expected}`);

const ramp = (from, count) => Float32Array.from({ length: count }, (_, at) => (from + at) / 1e6);

/** The samples of a take, read back from its bytes. */
function samplesOf(take) {
  const [, ...pieces] = take.parts();
  const bytes = pieces.flatMap((piece) => [...piece]);
  return Array.from({ length: take.numFrames }, (_, at) => {
    const [low, middle, high] = bytes.slice(at * 3, at * 3 + 3);
    return (((high << 24) | (middle << 16) | (low << 8)) >> 8) / 2 ** 23;
  });
}

describe("chunks", () => {
  test("hold every frame once, with its number, whatever the sizes", () => {
    const chunks = [];
    const gatherer = new ChunkGatherer((chunk) => chunks.push(chunk), 300);
    for (let frame = 0; frame < 1280; frame += 128) gatherer.add(ramp(frame, 128), frame);
    gatherer.flush();
    gatherer.flush();
    assert.deepEqual(
      chunks.map(({ frame, samples }) => [frame, samples.length]),
      [
        [0, 300],
        [300, 300],
        [600, 300],
        [900, 300],
        [1200, 80],
      ],
    );
    for (const { frame, samples } of chunks) assert.deepEqual(samples, ramp(frame, samples.length));
  });

  test("do not hide a gap", () => {
    const chunks = [];
    const gatherer = new ChunkGatherer(
      ({ frame, samples }) => chunks.push([frame, samples.length]),
      512,
    );
    gatherer.add(ramp(0, 128), 0);
    gatherer.add(ramp(256, 128), 256);
    gatherer.flush();
    assert.deepEqual(chunks, [
      [0, 128],
      [256, 128],
    ]);
  });
});

describe("a take", () => {
  const plan = { sampleRateHz: 48_000, startFrame: 1000, maxFrames: 10_000 };

  test("has the frames from its start to its stop, to the frame", () => {
    const take = new Take(plan);
    take.add({ frame: 0, samples: ramp(0, 900) });
    take.add({ frame: 900, samples: ramp(900, 512) });
    take.stopAt(1700);
    assert.equal(take.isWhole, false, "its last frames are still on their way");
    take.add({ frame: 1412, samples: ramp(1412, 512) });
    assert.equal(take.isWhole, true);
    take.add({ frame: 1924, samples: ramp(1924, 512) });
    assert.equal(take.numFrames, 700);
    const samples = samplesOf(take);
    near(samples[0], 0.001, 2 ** -24);
    near(samples[699], 0.001699, 2 ** -24);
    assert.equal(take.numLostFrames, 0);
  });

  test("ends by itself at what the server takes", () => {
    const take = new Take({ ...plan, startFrame: 0, maxFrames: 1000 });
    take.add({ frame: 0, samples: ramp(0, 4096) });
    assert.deepEqual([take.isWhole, take.numFrames], [true, 1000]);
  });

  test("keeps time where frames are lost, and counts them", () => {
    const take = new Take({ ...plan, startFrame: 0 });
    take.add({ frame: 0, samples: ramp(1, 100) });
    take.add({ frame: 150, samples: ramp(151, 100) });
    assert.deepEqual([take.numFrames, take.numLostFrames], [250, 50]);
    const samples = samplesOf(take);
    assert.equal(samples[120], 0);
    near(samples[150], 0.000151, 2 ** -24);
  });

  test("has an outline of 1/100 s each", () => {
    const take = new Take({ ...plan, startFrame: 0 });
    const loud = new Float32Array(1200);
    loud[500] = -0.5;
    take.add({ frame: 0, samples: loud });
    assert.deepEqual(take.peaks(), [0, 0.5, 0]);
  });

  test("that is odd in bytes is padded", () => {
    const take = new Take({ ...plan, startFrame: 0 });
    take.add({ frame: 0, samples: ramp(0, 3) });
    assert.equal(
      take.parts().reduce((sum, { length }) => sum + length, 0),
      44 + 9 + 1,
    );
  });

  test("has as many columns as fit, none lost", () => {
    assert.deepEqual(columnsOf([1, 2, 3], 10), [1, 2, 3]);
    assert.deepEqual(columnsOf([1, 5, 2, 4, 3], 2), [5, 4]);
    assert.equal(outlinePath([0.5]), "M0.15 -24h.7V24h-.7z");
  });

  test("is as long as the server takes by size and by length", () => {
    const limits = { maxBytes: 100 * 2 ** 20, maxDurationS: 600 };
    assert.equal(maxFrames({ ...limits, sampleRateHz: 48_000 }), 600 * 48_000);
    const frames = maxFrames({ ...limits, sampleRateHz: 96_000 });
    assert.ok(
      44 + 3 * frames + 1 <= limits.maxBytes && 44 + 3 * (frames + 1) + 1 > limits.maxBytes,
    );
    assert.equal(maxFrames({ ...limits, maxBytes: 10, sampleRateHz: 96_000 }), 0);
  });
});

describe("the meter", () => {
  test("is up at once and falls 20 dB in 1.7 s", () => {
    const meter = new Meter();
    near(meter.update(1, 0).shownDbfs, 0, 1e-9);
    near(meter.update(0, 0.85).shownDbfs, -10, 1e-9);
    near(meter.update(0, 1.7).shownDbfs, -20, 1e-9);
    near(meter.update(0.5, 1.71).shownDbfs, -6.0206, 1e-4);
  });

  test("holds a peak for two seconds", () => {
    const meter = new Meter();
    meter.update(0.5, 0);
    near(meter.update(0.1, 1.9).heldDbfs, -6.0206, 1e-4);
    assert.ok(meter.update(0.1, 2.1).heldDbfs < -15);
    near(meter.update(0.25, 2.2).heldDbfs, -12.0412, 1e-4);
  });

  test("of silence shows none, and no NaN", () => {
    const { shownDbfs, heldDbfs } = new Meter().update(0, 0);
    assert.deepEqual([shownDbfs, heldDbfs], [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]);
    assert.equal(shareOf(shownDbfs), 0);
    assert.equal(levelText(shownDbfs), "−∞ dBFS");
  });

  test("has a scale from −72 to 0", () => {
    assert.deepEqual([-72, -36, -12, 0, 3].map(shareOf), [0, 0.5, 1 - 12 / 72, 1, 1]);
    assert.equal(levelText(-12.34), "−12.3 dBFS");
    assert.equal(levelText(-0.01), "0.0 dBFS");
    near(dbfs(0.5), -6.0206, 1e-4);
  });
});

describe("clips", () => {
  test("are counted once for each run, also across chunks", () => {
    const clips = new ClipCounter();
    clips.add(Float32Array.of(0.5, 1, 1, 0.9, -1));
    clips.add(Float32Array.of(-1, 0.2));
    assert.equal(clips.num, 2);
    clips.reset();
    clips.add(Float32Array.of(0.99));
    assert.equal(clips.num, 0);
  });

  test("of a converter of 16 bits count too", () => {
    const clips = new ClipCounter();
    clips.add(Float32Array.of(32_767 / 32_768, 0, 32_766 / 32_768));
    assert.equal(clips.num, 1);
  });
});

describe("dropouts", () => {
  const tone = (from, count) =>
    Float32Array.from({ length: count }, (_, at) => 0.3 * Math.sin((from + at) / 20));

  test("are sound that stops at once, and not silence", () => {
    const dropouts = new DropoutCounter();
    dropouts.add(tone(1, 1000));
    dropouts.add(new Float32Array(128));
    dropouts.add(tone(1129, 1000));
    assert.equal(dropouts.num, 1);
    const silent = new DropoutCounter();
    silent.add(new Float32Array(4096));
    silent.add(Float32Array.of(0.0001));
    silent.add(new Float32Array(4096));
    assert.equal(silent.num, 0);
  });

  test("are none where a wave goes through zero", () => {
    const dropouts = new DropoutCounter();
    dropouts.add(tone(0, 48_000));
    dropouts.add(new Float32Array(40));
    assert.equal(dropouts.num, 0);
  });
});

describe("advice", () => {
  const say = (peakDbfs, numClips = 0, isCalibrated = false) =>
    advice({ peakDbfs, numClips, isCalibrated });

  test("asks for peaks of −12 to −6 dBFS", () => {
    assert.match(say(-60), /Play your loudest part: peaks should reach −12 to −6 dBFS/);
    assert.match(say(-20), /^Low\./);
    assert.equal(say(-12), "Good level.");
    assert.equal(say(-6), "Good level.");
    assert.match(say(-3), /^Close to clipping/);
    assert.match(say(-3, 1), /^It clipped/);
  });

  test("never asks to turn the gain up where the input level is known", () => {
    for (const level of [-60, -30, -20, -9, -1])
      assert.doesNotMatch(say(level, 0, true), /gain.*up/);
    assert.doesNotMatch(say(-1, 3, true), /gain of the interface/);
  });
});

describe("a count-in", () => {
  test("of two bars at 120 bpm has eight clicks, half a second apart", () => {
    const { clicks, downbeatS, takeStartS } = planCountIn({ bpm: 120, numBars: 2, nowS: 10 });
    assert.equal(clicks.length, 8);
    clicks.forEach(({ atS, isAccent }, beat) => {
      near(atS, 10.1 + beat / 2, 1e-9);
      assert.equal(isAccent, beat === 0 || beat === 4);
    });
    near(downbeatS, 14.1, 1e-9);
    near(takeStartS, 14, 1e-9);
  });

  test("is over before the take begins, at any tempo", () => {
    for (const bpm of [20, 100, 240, 400, 1000]) {
      const { clicks, takeStartS } = planCountIn({ bpm, numBars: 1, nowS: 0 });
      assert.ok(clicks[3].atS + 0.03 < takeStartS, `at ${bpm} bpm`);
    }
  });

  test("waits for what is heard later than it is played", () => {
    const { takeStartS } = planCountIn({ bpm: 120, numBars: 1, nowS: 0, delayS: 0.05 });
    near(takeStartS, 0.1 + 2 + 0.05 - 0.1, 1e-9);
  });

  test("of no bar begins now", () => {
    assert.deepEqual(planCountIn({ bpm: 120, numBars: 0, nowS: 3 }), {
      clicks: [],
      downbeatS: 3,
      takeStartS: 3,
    });
  });

  test("counts from one to four", () => {
    const { clicks } = planCountIn({ bpm: 60, numBars: 2, nowS: 0 });
    assert.deepEqual(
      [0, 0.2, 3.2, 4.2, 7.9].map((nowS) => beatAt(clicks, nowS)),
      [0, 1, 4, 1, 4],
    );
  });
});

describe("an upload", () => {
  test("that is taken has a DI track", () => {
    assert.deepEqual(outcomeOf(202, '{"id": "1", "name": "Take"}'), {
      ok: true,
      track: { id: "1", name: "Take" },
    });
  });

  test("that is not says why, and keeps what is wrong with which field", () => {
    const lost = outcomeOf(0, "");
    assert.equal(lost.ok || lost.problem.message, "The server did not answer.");
    const out = outcomeOf(401, '{"code": "NOT_AUTHENTICATED", "message": "x"}');
    assert.match(out.problem.message, /logged out/);
    const bad = outcomeOf(
      422,
      '{"code": "INVALID", "message": "Wrong.", "details": [{"pointer": "/bpm", "message": "Too fast."}]}',
    );
    assert.deepEqual(bad.problem.details, [{ pointer: "/bpm", message: "Too fast." }]);
    assert.match(outcomeOf(502, "<html>").problem.message, /502/);
    assert.equal(
      outcomeOf(409, '{"code": "DUPLICATE", "message": "There."}').problem.isThere,
      true,
    );
  });
});

describe("the page", () => {
  test("tells times, names and faults", () => {
    assert.deepEqual([0, 9.96, 61.05, 600].map(clockText), [
      "0:00.0",
      "0:09.9",
      "1:01.0",
      "10:00.0",
    ]);
    assert.equal(nameOf(new Date(2026, 10, 3, 9, 5, 7)), "Take 2026-11-03 09.05.07");
    assert.equal(noteOf({ numClips: 0, numGaps: 0 }), "");
    assert.match(noteOf({ numClips: 2, numGaps: 1 }), /clipped 2 times · .*gaps/);
  });
});

describe("the list of audio interfaces", () => {
  const items = [
    "Focusrite Scarlett 2i2 (3rd Gen), instrument",
    "Focusrite Scarlett 2i2 (4th Gen), line",
    "Solid State Logic SSL 2+ MKII, instrument",
  ].map((label) => ({ label }));
  const found = (text) =>
    matching(items, text).map(({ label }) => items.findIndex((item) => item.label === label));

  test("is searched by words in any order, whatever their case", () => {
    assert.deepEqual(found(""), [0, 1, 2]);
    assert.deepEqual(found("2I2 scarlett"), [0, 1]);
    assert.deepEqual(found("scarlett (4th"), [1]);
    assert.deepEqual(found("ssl 2+"), [2]);
    assert.deepEqual(found("apollo"), []);
  });

  test("is walked round by arrows", () => {
    assert.deepEqual(
      [
        ["ArrowDown", -1],
        ["ArrowDown", 2],
        ["ArrowUp", -1],
        ["ArrowUp", 2],
        ["a", 1],
      ].map(([key, at]) => optionAfter(key, at, 3)),
      [0, 0, 2, 1, null],
    );
    assert.equal(optionAfter("ArrowDown", -1, 0), null);
    assert.equal(levelValue(12.5), "12.5");
  });
});
