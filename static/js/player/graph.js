// The Web Audio side of the player: voices, and the clock that they are started by.
//
// A voice is one sounding of one contender, from when it is started until it is silent. It owns its
// source, its two gains and its end: nothing else touches them, and a voice that is over changes
// nothing. One gain fades in and the other fades out, each scheduled once and never taken back, so
// fades may meet without a step. Repeats are the source's own: no timer has to run for a loop to go on.

import { fadedRegion, fall, rise, SAMPLE_RATE_HZ } from "./fades.js";

// What is scheduled this far ahead reaches the audio thread in time.
const LEAD_S = 0.01;
const NUM_REGIONS = 2; // cut out and kept: one may go to and fro between two contenders

class Voice {
  constructor(graph, { buffer, at, offset, fade, isRepeating, onEnd }) {
    const { context } = graph;
    this.graph = graph;
    this.at = at;
    this.fade = fade;
    this.onEnd = onEnd;
    this.isStopped = false;
    this.source = context.createBufferSource();
    this.fadeIn = context.createGain();
    this.fadeOut = context.createGain();
    this.source.buffer = buffer;
    this.source.loop = isRepeating;
    // The first frame may count as before the curve: times are not exact to the last bit.
    this.fadeIn.gain.value = 0;
    this.source.connect(this.fadeIn).connect(this.fadeOut).connect(graph.output);
    this.fadeIn.gain.setValueCurveAtTime(rise(fade), at / graph.rate_hz, fade / graph.rate_hz);
    this.source.onended = () => this.#end();
    this.source.start(at / graph.rate_hz, offset / graph.rate_hz);
    graph.voices.add(this);
  }

  /** Whether its source begins anew at the end of what it has. */
  set isRepeating(isRepeating) {
    this.source.loop = isRepeating;
  }

  /** Fade out from this frame of the clock on; it ends by itself then. */
  stop(at, fade) {
    if (this.isStopped) return;
    this.isStopped = true;
    const { rate_hz } = this.graph;
    this.fadeOut.gain.setValueCurveAtTime(fall(fade), at / rate_hz, fade / rate_hz);
    this.source.stop((at + fade) / rate_hz);
  }

  /** For one that nobody hears: not begun yet, or on a clock that stands still. */
  kill() {
    this.source.onended = null;
    this.source.stop();
    this.#release();
  }

  #end() {
    this.#release();
    this.onEnd(this);
  }

  #release() {
    this.source.disconnect();
    this.fadeIn.disconnect();
    this.fadeOut.disconnect();
    this.graph.voices.delete(this);
  }
}

export class Graph extends EventTarget {
  #openContext;
  #volume = 1;
  #isAsleep = false;
  #regions = []; // loops that were cut out, the last one first: {buffer, start, end, faded}

  constructor(openContext = () => new AudioContext({ sampleRate: SAMPLE_RATE_HZ })) {
    super();
    this.#openContext = openContext;
    this.rate_hz = SAMPLE_RATE_HZ;
    this.context = null;
    this.output = null;
    this.analyser = null;
    this.voices = new Set(); // all that may be heard now
  }

  /** The frame of the audio clock that is rendered next. */
  get frame() {
    return this.context ? Math.round(this.context.currentTime * this.rate_hz) : 0;
  }

  /** The frame that is heard now. */
  get heardFrame() {
    return this.frame - Math.round((this.context?.outputLatency || 0) * this.rate_hz);
  }

  /** How many frames ahead an edge has to be scheduled. */
  get leadFrames() {
    return Math.round((LEAD_S + (this.context?.baseLatency || 0)) * this.rate_hz);
  }

  get isRunning() {
    return this.context?.state === "running" && !this.#isAsleep;
  }

  /** Resolves when the clock runs; browsers want a gesture of the user for that, or never do. */
  async wake() {
    if (!this.context) this.#open();
    await this.context.resume();
    this.#isAsleep = false;
  }

  /** Gives the sound card back while nothing is played. */
  sleep() {
    if (!this.isRunning || this.voices.size) return;
    this.#isAsleep = true;
    this.context.suspend();
  }

  set volume(volume) {
    this.#volume = volume;
    this.output?.gain.setTargetAtTime(volume, this.context.currentTime, 0.01);
  }

  /**
   * A new voice at frame `at` of the clock, from frame `position` of the buffer on. `loop` is a region
   * {start, end} in frames that has the position in it, or null. Cut it out before you read the clock.
   */
  start({ buffer, at, position, fade, loop, isRepeating, onEnd }) {
    return new Voice(this, {
      buffer: loop ? this.cutOut(buffer, loop) : buffer,
      offset: loop ? position - loop.start : position,
      isRepeating: isRepeating || Boolean(loop),
      at,
      fade,
      onEnd,
    });
  }

  /** On a clock that stands still: nothing of before is heard when it goes on. */
  killAll() {
    for (const voice of this.voices) voice.kill();
  }

  /** What a source repeats for a loop. It takes time when it is not among the last ones. */
  cutOut(buffer, { start, end }) {
    const isIt = (kept) => kept.buffer === buffer && kept.start === start && kept.end === end;
    let region = this.#regions.find(isIt);
    if (!region) {
      const createBuffer = (...shape) => this.context.createBuffer(...shape);
      region = { buffer, start, end, faded: fadedRegion(buffer, start, end, createBuffer) };
      this.#regions = [region, ...this.#regions].slice(0, NUM_REGIONS);
    }
    return region.faded;
  }

  #open() {
    this.context = this.#openContext();
    this.output = this.context.createGain();
    this.output.gain.value = this.#volume;
    this.analyser = this.context.createAnalyser();
    this.analyser.fftSize = 4096;
    this.analyser.smoothingTimeConstant = 0.75;
    this.output.connect(this.analyser).connect(this.context.destination);
    this.context.addEventListener("statechange", () => this.dispatchEvent(new Event("state")));
  }
}
