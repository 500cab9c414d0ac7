// The Web Audio side of the player: voices, and the clock that they are started by.
//
// A voice is one sounding of one contender, from when it is started until it is silent. It owns its
// source, its two gains and its end: nothing else touches them, and a voice that is over changes
// nothing. One gain fades in and the other fades out, each scheduled once and never taken back, so
// fades may meet without a step. Repeats are the source's own: no timer has to run for a loop to go on.

import { fadedRegion, RAISED_COSINE, SAMPLE_RATE_HZ } from "./fades.js";

// What is scheduled this far ahead reaches the audio thread in time.
const LEAD_S = 0.01;
const NUM_REGIONS = 2; // cut out and kept: one may go to and fro between two contenders

/**
 * @import { Region } from "../types.d.ts"
 * @import { FadeShape } from "./fades.js"
 *
 * What a voice plays, and when: `offset` into the buffer, all in frames.
 * @typedef {object} VoiceOptions
 * @property {AudioBuffer} buffer
 * @property {number} at
 * @property {number} offset
 * @property {number} fade
 * @property {boolean} isRepeating
 * @property {(voice: Voice) => void} onEnd
 * @property {FadeShape} [shape] of its beginning
 */

export class Voice {
  /**
   * @param {Graph} graph
   * @param {Card} card
   * @param {VoiceOptions} options
   */
  constructor(graph, { context, output }, options) {
    const { buffer, at, offset, fade, isRepeating, onEnd, shape = RAISED_COSINE } = options;
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
    this.source.connect(this.fadeIn).connect(this.fadeOut).connect(output);
    const start_s = at / graph.rate_hz;
    this.fadeIn.gain.setValueCurveAtTime(shape.rise(fade), start_s, fade / graph.rate_hz);
    this.source.onended = () => this.#end();
    this.source.start(start_s, offset / graph.rate_hz);
    graph.voices.add(this);
  }

  /** Whether its source begins again at the end of what it has. */
  set isRepeating(/** @type {boolean} */ isRepeating) {
    this.source.loop = isRepeating;
  }

  /**
   * Fade out from this frame of the clock on; it ends by itself then.
   * @param {number} at
   * @param {number} fade in frames
   * @param {FadeShape} [shape]
   */
  stop(at, fade, shape = RAISED_COSINE) {
    if (this.isStopped) return;
    this.isStopped = true;
    const { rate_hz } = this.graph;
    this.fadeOut.gain.setValueCurveAtTime(shape.fall(fade), at / rate_hz, fade / rate_hz);
    this.source.stop((at + fade) / rate_hz);
  }

  /** For one that no one hears: not begun yet, or on a clock that stands still. */
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

/**
 * The sound card while it is ours: the clock, where voices go to, and what measures their sum.
 * @typedef {{context: AudioContext, output: GainNode, analyser: AnalyserNode}} Card
 *
 * A loop that was cut out of a buffer.
 * @typedef {Region & {buffer: AudioBuffer, faded: AudioBuffer}} CutLoop
 */

export class Graph extends EventTarget {
  #openContext;
  #volume = 1;
  #isAsleep = false;
  /** @type {Card | null} */
  #card = null;
  /** @type {CutLoop[]} The last one first. */
  #regions = [];
  /** @type {Set<Voice>} All that may be heard now. */
  voices = new Set();

  constructor(openContext = () => new AudioContext({ sampleRate: SAMPLE_RATE_HZ })) {
    super();
    this.#openContext = openContext;
    this.rate_hz = SAMPLE_RATE_HZ;
  }

  get context() {
    return this.#card?.context ?? null;
  }

  get analyser() {
    return this.#card?.analyser ?? null;
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
    this.#card ??= this.#open();
    await this.#card.context.resume();
    this.#isAsleep = false;
  }

  /** Gives the sound card back while nothing is played. */
  sleep() {
    if (!this.isRunning || this.voices.size) return;
    this.#isAsleep = true;
    this.context?.suspend();
  }

  set volume(/** @type {number} */ volume) {
    this.#volume = volume;
    if (!this.#card) return;
    const { context, output } = this.#card;
    output.gain.setTargetAtTime(volume, context.currentTime, 0.01);
  }

  /**
   * A new voice at frame `at` of the clock, from frame `position` of the buffer on. `loop` is a region
   * in frames that has the position in it, or null. Cut it out before you read the clock.
   * @param {Omit<VoiceOptions, "offset"> & {position: number, loop: Region | null}} options
   */
  start({ buffer, at, position, fade, loop, isRepeating, onEnd, shape }) {
    return new Voice(this, this.#opened, {
      buffer: loop ? this.cutOut(buffer, loop) : buffer,
      offset: loop ? position - loop.start : position,
      isRepeating: isRepeating || Boolean(loop),
      at,
      fade,
      onEnd,
      shape,
    });
  }

  /** On a clock that stands still: nothing of before is heard when it goes on. */
  killAll() {
    for (const voice of this.voices) voice.kill();
  }

  /**
   * What a source repeats for a loop. It takes time when it is not among the last ones.
   * @param {AudioBuffer} buffer
   * @param {Region} loop
   */
  cutOut(buffer, { start, end }) {
    const kept = this.#regions.find(
      (region) => region.buffer === buffer && region.start === start && region.end === end,
    );
    if (kept) return kept.faded;
    const { context } = this.#opened;
    const faded = fadedRegion(buffer, start, end, (numChannels, length, rate_hz) =>
      context.createBuffer(numChannels, length, rate_hz),
    );
    this.#regions = [{ buffer, start, end, faded }, ...this.#regions].slice(0, NUM_REGIONS);
    return faded;
  }

  get #opened() {
    if (!this.#card) throw new Error("There is no sound card yet.");
    return this.#card;
  }

  #open() {
    const context = this.#openContext();
    const output = context.createGain();
    output.gain.value = this.#volume;
    const analyser = context.createAnalyser();
    analyser.fftSize = 4096;
    analyser.smoothingTimeConstant = 0.75;
    output.connect(analyser).connect(context.destination);
    context.addEventListener("statechange", () => this.dispatchEvent(new Event("state")));
    return { context, output, analyser };
  }
}
