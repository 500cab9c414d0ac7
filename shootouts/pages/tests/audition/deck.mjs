// Auditions on an OfflineAudioContext, in a browser: actions at exact frames, and what sounds looked at
// sample by sample. The first channel of a sound is a tone, the second tells the place in the music.

import { CROSSFADE_FRAMES, Deck } from "../../../../static/js/audition/deck.js";
import { createBuffer, RATE_HZ, Stage } from "../player/offline.mjs";

const PASSAGE_FRAMES = RATE_HZ / 2;
const TAIL_FRAMES = RATE_HZ / 10;
const PEAK = 0.25;

/** A tone, and in the other channel the frame as a share of the length. */
function soundOf(id, hz, { place = "here", isTurned = false } = {}) {
  const length = PASSAGE_FRAMES + TAIL_FRAMES;
  const buffer = createBuffer(2, length, RATE_HZ);
  const [tone, places] = [buffer.getChannelData(0), buffer.getChannelData(1)];
  for (let n = 0; n < length; n += 1) {
    tone[n] = (isTurned ? -1 : 1) * PEAK * Math.sin((2 * Math.PI * hz * n) / RATE_HZ);
    places[n] = n / length;
  }
  return { id, key: id, place, buffer, numFrames: PASSAGE_FRAMES };
}

/** What sounds when `act(at, deck)` has said what to do at which frame. */
async function heard(numFrames, act) {
  const stage = new Stage(numFrames, 2);
  await stage.graph.wake();
  const deck = new Deck(stage.graph);
  let numEnds = 0;
  deck.addEventListener("ended", () => {
    numEnds += 1;
  });
  act((frame, what) => stage.at(frame, what), deck);
  const [tone, places] = await stage.render();
  return { tone, places, numEnds, deck };
}

/** The largest step between two samples, times the steepest slope of a tone. */
function steepest(tone, hz, start = 0, end = tone.length) {
  let step = 0;
  for (let n = start + 1; n < end; n += 1) step = Math.max(step, Math.abs(tone[n] - tone[n - 1]));
  return step / (PEAK * 2 * Math.sin((Math.PI * hz) / RATE_HZ));
}

function loudest(samples, start, end) {
  return samples.subarray(start, end).reduce((peak, x) => Math.max(peak, Math.abs(x)), 0);
}

export async function loop() {
  const sound = soundOf("a", 110);
  const { tone, places, numEnds } = await heard(4 * RATE_HZ, (at, deck) => {
    at(128, () => deck.play(sound, true));
  });
  // The tail is behind the loop and never heard.
  const furthest = loudest(places, 0, places.length) * sound.buffer.length;
  return { step: steepest(tone, 110), furthest, passage: PASSAGE_FRAMES, numEnds };
}

export async function once() {
  const { tone, numEnds, deck } = await heard(2 * RATE_HZ, (at, player) => {
    at(128, () => player.play(soundOf("a", 110), false));
  });
  const end = PASSAGE_FRAMES + TAIL_FRAMES;
  return {
    tailPeak: loudest(tone, PASSAGE_FRAMES + 1000, end),
    afterPeak: loudest(tone, end + 1000, tone.length),
    numEnds,
    isSounding: deck.isSounding,
  };
}

/** Over to another at the same place, in the middle of the second time around. */
export async function change() {
  const switchAt = 128 * Math.round((1.3 * PASSAGE_FRAMES) / 128);
  const after = switchAt + CROSSFADE_FRAMES + 2 * RATE_HZ * 0.05;
  const run = (other) =>
    heard(RATE_HZ, (at, deck) => {
      at(128, () => deck.play(soundOf("a", 110), true));
      if (other) at(switchAt, () => deck.switchTo(other));
    });
  const plain = await run(null);
  const equal = await run(soundOf("b", 110));
  const unlike = await run(soundOf("c", 330));
  const elsewhere = await run(soundOf("d", 110, { place: "there" }));
  const difference = (a, b, start) =>
    a.subarray(start).reduce((most, x, n) => Math.max(most, Math.abs(x - b[start + n])), 0);
  return {
    // One that sounds alike leaves no trace.
    trace: difference(equal.tone, plain.tone, 0),
    // One that does not goes on where the other was.
    placeDifference: difference(unlike.places, plain.places, after),
    toneDifference: difference(unlike.tone, plain.tone, after),
    step: steepest(unlike.tone, 330),
    peak: loudest(unlike.tone, 0, unlike.tone.length) / PEAK,
    // Another passage begins at its beginning: 5 ms out, then in, and the lead of the clock.
    placeElsewhere: elsewhere.places[switchAt + 4800] * (PASSAGE_FRAMES + TAIL_FRAMES),
  };
}

/** Many changes at once are one after the other, and the last one is what sounds. */
export async function hurry() {
  const sounds = [220, 330, 440, 550].map((hz) => soundOf(String(hz), hz));
  const { tone } = await heard(2 * RATE_HZ, (at, deck) => {
    at(128, () => deck.play(sounds[0], true));
    at(RATE_HZ / 4, () => {
      for (const sound of sounds.slice(1)) deck.switchTo(sound);
    });
    at(RATE_HZ, () => deck.stop());
  });
  const settled = RATE_HZ / 4 + 4 * CROSSFADE_FRAMES + 4800;
  let crossings = 0;
  const second = PASSAGE_FRAMES / 4;
  for (let n = settled + 1; n < settled + second; n += 1)
    if (tone[n - 1] < 0 && tone[n] >= 0) crossings += 1;
  return {
    hz: (crossings * RATE_HZ) / second,
    step: steepest(tone, 550),
    peak: loudest(tone, 0, tone.length) / PEAK,
    afterPeak: loudest(tone, RATE_HZ + 2400, tone.length),
  };
}
