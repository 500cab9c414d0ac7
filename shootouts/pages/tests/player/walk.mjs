// A random walk over all that can be done to a player, and what must hold after each step.

import { expectedSamples, segmentOf } from "./marked_sound.mjs";

const LENGTHS = [48000, 30000, 48000, 9000]; // contenders end at different times

/** Two DI tracks. One contender of the first has no sound; all marks differ. */
export function makeTracks(createBuffer = null) {
  const first = LENGTHS.map((numFrames, n) => segmentOf(n + 1, numFrames, 48000, createBuffer));
  first[2] = null;
  const second = LENGTHS.map((_, n) => segmentOf(n + 5, 24000, 24000, createBuffer));
  return [first, second];
}

export function contenderOf(machine) {
  return machine.lanes[machine.live].segment;
}

const ACTIONS = {
  play: ({ machine }) => machine.play(),
  pause: ({ machine }) => machine.pause(),
  toggle: ({ machine }) => (machine.isPlaying ? machine.pause() : machine.play()),
  "press Play twice": ({ machine }) => {
    for (let n = 0; n < 2; n += 1) ACTIONS.toggle({ machine });
  },
  seek: ({ machine, random }) => machine.seek(random() * machine.duration),
  "seek at once again": ({ machine, random }) => {
    machine.seek(random() * machine.duration);
    machine.seekBy(0.1);
  },
  "seek beyond the ends": ({ machine, random }) => machine.seek(random() < 0.5 ? -1 : 1e6),
  "seek by": ({ machine, random }) => machine.seekBy(random() - 0.5),
  loop: ({ machine, random }) => {
    const start = random() * machine.duration;
    machine.setRepeating(true);
    machine.setLoop({ start, end: start + random() * 0.3 });
  },
  "loop shorter than fades": ({ machine, random }) => {
    const start = random() * machine.duration;
    machine.setLoop({ start, end: start + 0.001 });
  },
  "no loop": ({ machine }) => machine.setLoop(null),
  repeat: ({ machine, random }) => machine.setRepeating(random() < 0.5),
  switch: ({ machine, random }) => machine.switchTo(Math.floor(random() * 5)),
  "switch to and fro": ({ machine, random }) => {
    machine.switchTo(Math.floor(random() * 4));
    machine.switchTo(Math.floor(random() * 4));
  },
  "change the DI track": ({ machine, tracks, random }) =>
    machine.setTracks(tracks[random() < 0.5 ? 0 : 1]),
  interrupt: ({ interrupt, random }) => random() < 0.3 && interrupt(),
  "go on after an interruption": ({ goOn }) => goOn(),
};
const OFTEN = ["play", "toggle", "seek", "loop", "switch", "seek by"];
const NAMES = [...Object.keys(ACTIONS), ...OFTEN, ...OFTEN];

/** Does something; says what. `stage` is {machine, tracks, random, interrupt, goOn}. */
export function act(stage) {
  const name = NAMES[Math.floor(stage.random() * NAMES.length)];
  ACTIONS[name](stage);
  return name;
}

/** Both channels as the player shows it, or null where the music itself has an edge. */
export function shownSamples(machine) {
  if (machine.state !== "playing") return [0, 0];
  const position = Math.round(machine.position * 48000);
  return expectedSamples(contenderOf(machine), position, machine.loop);
}
