// The real graph on an OfflineAudioContext, in a browser: actions happen at exact frames, and the sound
// that comes out is looked at sample by sample.

import { Graph } from "../../../../static/js/player/graph.js";
import { Machine } from "../../../../static/js/player/machine.js";
import { Tracks } from "../../../../static/js/player/tracks.js";
import { randomOf } from "./marked_sound.mjs";
import { act, makeTracks, shownSamples } from "./walk.mjs";

export const RATE_HZ = 48000;
const QUANTUM = 128; // an offline clock can be stopped at its multiples only

export function createBuffer(numberOfChannels, length, sampleRate) {
  return new AudioBuffer({ numberOfChannels, length, sampleRate });
}

/** An offline context that says to be running or suspended when a test wants it. */
class StagedContext extends EventTarget {
  state = "suspended";

  constructor(offline) {
    super();
    this.offline = offline;
    this.destination = offline.destination;
    for (const name of ["createGain", "createAnalyser", "createBufferSource", "createBuffer"])
      this[name] = (...values) => offline[name](...values);
  }

  get currentTime() {
    return this.offline.currentTime;
  }

  async resume() {
    this.become("running");
  }

  async suspend() {
    this.become("suspended");
  }

  become(state) {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new Event("statechange"));
  }
}

/** A player whose sound is rendered: `at(frame, what)` for each thing to do, then `render()`. */
export class Stage {
  #actions = [];

  constructor(numFrames, numChannels) {
    this.offline = new OfflineAudioContext(numChannels, numFrames, RATE_HZ);
    this.context = new StagedContext(this.offline);
    this.graph = new Graph(() => this.context);
    this.tracks = new Tracks({ load: async (segment) => segment.buffer });
    this.machine = new Machine({ graph: this.graph, tracks: this.tracks, after: () => {} });
  }

  at(frame, what) {
    this.#actions.push({ frame: Math.round(frame / QUANTUM) * QUANTUM, what });
  }

  /** All channels of what sounds. */
  async render() {
    const failures = [];
    for (const { frame, what } of this.#actions)
      this.offline.suspend(frame / RATE_HZ).then(async () => {
        try {
          await letEventsHappen();
          await what(frame);
          await letEventsHappen();
        } catch (error) {
          failures.push(error);
        }
        this.offline.resume();
      });
    const rendered = await this.offline.startRendering();
    if (failures.length) throw failures[0];
    return Array.from({ length: rendered.numberOfChannels }, (_, n) => rendered.getChannelData(n));
  }
}

const { port1, port2 } = new MessageChannel();

function letEventsHappen() {
  return new Promise((done) => {
    port1.onmessage = done;
    port2.postMessage(null);
  });
}

/** Random actions; what went wrong as text, and how often heard and shown were compared. */
export async function walk(seed, numActions) {
  const random = randomOf(seed);
  const frames = [];
  let frame = QUANTUM;
  while (frames.length < numActions) {
    frames.push(frame);
    const isHasty = random() < 0.3;
    const pause_s = isHasty ? 0.005 : longPause(random);
    frame += QUANTUM * Math.ceil((random() * pause_s * RATE_HZ) / QUANTUM + 0.01);
  }
  const stage = new Stage(frame + RATE_HZ, 3);
  const { context, machine } = stage;
  const player = {
    machine,
    random,
    tracks: makeTracks(createBuffer),
    interrupt: () => context.become("suspended"),
    goOn: () => context.become("running"),
  };
  const steps = [];
  machine.setTracks(player.tracks[0]);
  for (const at of frames)
    stage.at(at, () => {
      const isSettled = machine.settledAt <= at;
      const step = { at, state: machine.state, expected: isSettled ? shownSamples(machine) : null };
      step.name = act(player);
      // An interruption is no edge of ours: it cuts sound off at once.
      if (step.name === "interrupt") step.expected = null;
      steps.push(step);
    });
  const [marks, places, gains] = await stage.render();
  return { seed, ...judge(steps, marks, places, gains) };
}

function longPause(random) {
  return random() < 0.05 ? 1 : 0.12;
}

function judge(steps, marks, places, gains) {
  const faults = [];
  const numChecked = {};
  steps.forEach(({ at, state, expected }, n) => {
    if (!expected) return;
    numChecked[state] = (numChecked[state] ?? 0) + 1;
    const [mark, place] = expected;
    if (Math.abs(marks[at] - mark) < 1e-3 && Math.abs(places[at] - place) < 0.05) return;
    const before = steps.slice(Math.max(0, n - 8), n).map(({ name }) => name);
    faults.push(
      `step ${n}, frame ${at}, ${state}: shown ${expected}, heard ${marks[at]},${places[at]}; ` +
        `after ${before.join(", ")}`,
    );
  });
  const loud = gains.findIndex((gain) => gain > 1.001);
  if (loud >= 0) {
    const last = steps.findLastIndex(({ at }) => at <= loud);
    const before = steps
      .slice(Math.max(0, last - 8), last + 1)
      .map(({ name, at }) => `${name} at ${at}`);
    faults.push(`frame ${loud}: the gains add up to ${gains[loud]}; after ${before.join(", ")}`);
  }
  return { faults: faults.slice(0, 3), numFaults: faults.length, numChecked };
}
