// A Web Audio of arithmetic: the parts that the player uses, on a clock that tests move by hand.
//
// What is heard at a frame is computed from the nodes as they are connected then. Sources report their
// end late, as browsers do. Curves that overlap are refused, as browsers do.

import { Graph } from "../../../../static/js/player/graph.js";
import { Machine } from "../../../../static/js/player/machine.js";
import { Tracks } from "../../../../static/js/player/tracks.js";
import { bufferOf } from "./marked_sound.mjs";

export const RATE_HZ = 48000;

class Param {
  constructor() {
    this.value = 1;
    this.curves = [];
  }

  setValueCurveAtTime(values, at_s, duration_s) {
    const from = at_s * RATE_HZ;
    const to = from + duration_s * RATE_HZ;
    if (this.curves.some((curve) => from < curve.to && to > curve.from))
      throw new Error("NotSupportedError: curves overlap");
    this.curves.push({ values, from, to });
  }

  setTargetAtTime(value) {
    this.value = value;
  }

  at(frame) {
    const curve = this.curves.findLast(({ from }) => from <= frame + 1e-6);
    if (!curve) return this.value;
    const share = Math.min(1, (frame - curve.from) / (curve.to - curve.from));
    return curve.values[Math.round(share * (curve.values.length - 1))];
  }
}

class Node {
  constructor(context) {
    this.context = context;
    this.target = null;
  }

  connect(target) {
    this.target = target;
    return target;
  }

  disconnect() {
    this.target = null;
  }

  /** The gain from here to the destination; 0 where the way is cut. */
  gainAt(frame) {
    if (this === this.context.destination) return 1;
    return this.target ? (this.gain?.at(frame) ?? 1) * this.target.gainAt(frame) : 0;
  }
}

class Source extends Node {
  buffer = null;
  #loop = false;
  onended = null;
  from = Infinity;
  until = Infinity;
  hasEnded = false;

  get loop() {
    return this.#loop;
  }

  set loop(loop) {
    const played = this.context.frame - this.from;
    if (this.#loop && played > 0) {
      this.offset = (this.offset + played) % this.buffer.length;
      this.from = this.context.frame;
    }
    this.#loop = loop;
  }

  start(at_s, offset_s) {
    const from = Math.round(at_s * RATE_HZ);
    this.from = Math.max(from, this.context.frame);
    this.offset = Math.round(offset_s * RATE_HZ);
    this.context.sources.push(this);
  }

  stop(at_s = 0) {
    this.until = Math.min(this.until, Math.max(this.context.frame, Math.round(at_s * RATE_HZ)));
  }

  isOverAt(frame) {
    const isPlayedOut = !this.loop && this.offset + frame - this.from >= this.buffer.length;
    return frame >= this.until || (frame >= this.from && isPlayedOut);
  }

  /** Both channels at a frame, before any gain. */
  sampleAt(frame) {
    if (frame < this.from || this.isOverAt(frame)) return [0, 0];
    const place = (this.offset + frame - this.from) % this.buffer.length;
    return [0, 1].map((channel) => this.buffer.getChannelData(channel)[place]);
  }
}

export class SimulatedContext extends EventTarget {
  frame = 0;
  state = "suspended";
  sources = [];
  isRefusing = false; // resume() stays open for ever, as without a gesture
  lateness = 0; // frames between an end and its event

  constructor({ baseLatency = 0, outputLatency = 0 } = {}) {
    super();
    Object.assign(this, { baseLatency, outputLatency });
    this.destination = new Node(this);
  }

  get currentTime() {
    return this.frame / RATE_HZ;
  }

  createGain() {
    return Object.assign(new Node(this), { gain: new Param() });
  }

  createAnalyser() {
    return new Node(this);
  }

  createBufferSource() {
    return new Source(this);
  }

  createBuffer(numChannels, length) {
    return bufferOf(Array.from({ length: numChannels }, () => new Float32Array(length)));
  }

  resume() {
    if (this.isRefusing) return new Promise(() => {});
    this.become("running");
    return Promise.resolve();
  }

  suspend() {
    this.become("suspended");
    return Promise.resolve();
  }

  become(state) {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new Event("statechange"));
  }

  advance(numFrames) {
    if (this.state !== "running") return;
    this.frame += numFrames;
    for (const source of this.sources) {
      if (source.hasEnded || !source.isOverAt(this.frame - this.lateness)) continue;
      source.hasEnded = true;
      source.onended?.();
    }
    this.sources = this.sources.filter((source) => !source.hasEnded);
  }

  /** Sources that would be heard now or later, unless someone stops them. */
  get connected() {
    return this.sources.filter((source) => source.target && !source.isOverAt(this.frame));
  }

  /** What comes out now: both channels, how many sources are heard, and the sum of their gains. */
  get heard() {
    const heard = { samples: [0, 0], numSources: 0, gain: 0 };
    if (this.state !== "running") return heard;
    for (const source of this.sources) {
      const gain = source.gainAt(this.frame);
      if (gain < 1e-6 || this.frame < source.from || source.isOverAt(this.frame)) continue;
      heard.numSources += 1;
      heard.gain += gain;
      source.sampleAt(this.frame).forEach((sample, n) => {
        heard.samples[n] += gain * sample;
      });
    }
    return heard;
  }
}

/** A player on a simulated machine: sound, network and timers move only when `pass` says so. */
export class World {
  #tasks = [];
  #now = 0; // frames that have passed, whether the audio clock ran or not

  constructor({ memoryBytes, load, ...latencies } = {}) {
    this.context = new SimulatedContext(latencies);
    this.graph = new Graph(() => this.context);
    this.tracks = new Tracks({ memoryBytes, load: (segment) => (load ?? loadNow)(segment, this) });
    const after = (ms, what) => this.later((ms / 1000) * RATE_HZ, what);
    this.machine = new Machine({ graph: this.graph, tracks: this.tracks, after });
  }

  later(numFrames, what) {
    this.#tasks.push({ at: this.#now + numFrames, what });
  }

  async pass(seconds) {
    const end = this.#now + Math.round(seconds * RATE_HZ);
    await settle();
    for (;;) {
      const due = this.#tasks.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      const next = due ? Math.max(due.at, this.#now) : end;
      this.context.advance(Math.round(next - this.#now));
      this.#now = next;
      if (!due) break;
      this.#tasks.splice(this.#tasks.indexOf(due), 1);
      due.what();
      await settle();
    }
    await settle();
  }
}

/** Lets all that has been promised happen. */
function settle() {
  return new Promise((done) => {
    setImmediate(done);
  });
}

async function loadNow(segment) {
  return segment.buffer;
}
