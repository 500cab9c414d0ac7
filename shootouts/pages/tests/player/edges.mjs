// What each edge sounds like, measured on rendered sound: its largest step against the steepest slope of
// the sound itself, and the silence in it.

import { fadeEnds } from "../../../../static/js/player/fades.js";
import { bufferOf } from "./marked_sound.mjs";
import { createBuffer, RATE_HZ, Stage } from "./offline.mjs";

const LENGTH = 2 * RATE_HZ;
const SILENT = 1e-3; // of the peak: -60 dB

const SOUNDS = {
  "82 Hz": (time_s) => Math.sin(2 * Math.PI * 82.4 * time_s),
  "196 Hz": (time_s) => Math.sin(2 * Math.PI * 196 * time_s),
  "a chord with overtones": (time_s) => {
    let sum = 0;
    for (const hz of [110, 164.8, 220])
      for (let n = 1; n <= 12; n += 1) sum += Math.sin(2 * Math.PI * hz * n * time_s) / n;
    return 0.1 * sum;
  },
};

/** Steady from end to end, so that every edge is one of the player's. */
function segmentWith(sound, gain, delay_s) {
  const samples = new Float32Array(LENGTH);
  for (let n = 0; n < LENGTH; n += 1) samples[n] = gain * sound(n / RATE_HZ + delay_s);
  const slope = largestStep(samples);
  fadeEnds(samples);
  const buffer = bufferOf([samples], createBuffer);
  return { duration_s: LENGTH / RATE_HZ, num_channels: 1, buffer, slope };
}

// From frame 4800 on it plays, somewhere in a wave. Each does one thing to that.
const EDGES = {
  play: () => {},
  pause: (machine) => machine.pause(),
  "pause and play at once": (machine) => {
    machine.pause();
    machine.play();
  },
  seek: (machine) => machine.seek(0.7037),
  "seek to the beginning": (machine) => machine.seek(0),
  "loop around the position": (machine) => machine.setLoop({ start: 0.1, end: 0.3333 }),
  "loop elsewhere": (machine) => machine.setLoop({ start: 1, end: 1.2121 }),
  "loop as short as can be": (machine) => machine.setLoop({ start: 0.25, end: 0.251 }),
  "end of the track": (machine) => machine.seek(1.9),
  "end of the track, repeated": (machine) => {
    machine.setRepeating(true);
    machine.seek(1.9);
  },
  "switch to a quieter one": (machine) => machine.switchTo(1),
  "switch to one that is turned over": (machine) => machine.switchTo(2),
  "another DI track": (machine, others) => machine.setTracks(others),
};

/** What no edge may be like; it shows that the measurement would tell. */
const CUT = "cut off at once";

async function measure(soundName, edge) {
  const sound = SOUNDS[soundName];
  const segments = [
    segmentWith(sound, 0.8, 0),
    segmentWith(sound, 0.4, 0.0003),
    segmentWith(sound, -0.8, 0),
  ];
  const others = [segmentWith(sound, 0.8, 0.0021)];
  const stage = new Stage(1.5 * RATE_HZ, 1);
  stage.machine.setTracks(segments);
  stage.at(RATE_HZ / 20, () => {
    stage.machine.seek(0.1234);
    stage.machine.play();
  });
  stage.at(RATE_HZ / 4, () => {
    if (edge === CUT) stage.context.become("suspended");
    else EDGES[edge](stage.machine, others);
  });
  const [heard] = await stage.render();
  const slope = Math.max(...segments.map((segment) => segment.slope));
  const shown = stage.machine.state;
  return {
    sound: soundName,
    edge,
    step: largestStep(heard) / slope,
    silence_ms: (longestSilence(heard) / RATE_HZ) * 1000,
    isHeardAtTheEnd: peak(heard.subarray(-RATE_HZ / 4)) > 0.1,
    isShownAtTheEnd: shown === "playing",
  };
}

export async function measureAll() {
  const results = [];
  for (const sound of Object.keys(SOUNDS))
    for (const edge of [...Object.keys(EDGES), CUT]) results.push(await measure(sound, edge));
  return results;
}

/** A switch between two that are equal must leave no trace. */
export async function switchBetweenEquals() {
  const segments = [0, 1].map(() => segmentWith(SOUNDS["a chord with overtones"], 0.8, 0));
  const rendered = [];
  for (const isSwitched of [false, true]) {
    const stage = new Stage(RATE_HZ, 1);
    stage.machine.setTracks(segments);
    stage.at(1280, () => stage.machine.play());
    for (let n = 1; isSwitched && n < 20; n += 1)
      stage.at(1280 + n * 2048, () => stage.machine.switchTo(n % 2));
    rendered.push((await stage.render())[0]);
  }
  const [plain, switched] = rendered;
  return { peak: peak(plain), difference: peak(plain.map((sample, n) => sample - switched[n])) };
}

/** A loop goes on for a minute while no script runs at all; its period in frames, frame by frame. */
export async function loopWithoutScripts() {
  const samples = new Float32Array(LENGTH).map((_, n) => n);
  const segment = { duration_s: LENGTH / RATE_HZ, buffer: bufferOf([samples], createBuffer) };
  const stage = new Stage(60 * RATE_HZ, 1);
  stage.machine.setTracks([segment]);
  const [start, end] = [4800, 4800 + 9601];
  stage.machine.setLoop({ start: start / RATE_HZ, end: end / RATE_HZ });
  stage.at(1280, () => stage.machine.play());
  const [heard] = await stage.render();
  const first = heard.findIndex((sample) => sample !== 0);
  const middle = 5000; // frames after the beginning: far from the fades
  const places = [];
  for (let frame = first + middle; frame < heard.length; frame += end - start)
    places.push(heard[frame]);
  return { numPasses: places.length, places: [...new Set(places)] };
}

function largestStep(samples) {
  let step = 0;
  for (let n = 1; n < samples.length; n += 1)
    step = Math.max(step, Math.abs(samples[n] - samples[n - 1]));
  return step;
}

function peak(samples) {
  return samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
}

/** In frames, between the first and the last that is heard. */
function longestSilence(samples) {
  const limit = SILENT * peak(samples);
  let last = null;
  let longest = 0;
  samples.forEach((sample, n) => {
    if (Math.abs(sample) < limit) return;
    if (last !== null) longest = Math.max(longest, n - last - 1);
    last = n;
  });
  return longest;
}
