// Where auditions sound: one at a time, and from one to the next by a crossfade at the same place of
// the music. The clock, the voices and the loops without a click are the player's.

import { EDGE_FADE_FRAMES, equalPower } from "../player/fades.js";
import { Timeline } from "../player/timeline.js";
import { correlation } from "./requests.js";

/** @import { Graph, Voice } from "../player/graph.js" */
/** @import { FadeShape } from "../player/fades.js" */
/** @import { Sound } from "./requests.js" */

export const CROSSFADE_FRAMES = 1440; // 30 ms
// Around a crossfade so much is looked at to see how alike the two are.
const LOOKED_AT_FRAMES = 4800;

export class Deck extends EventTarget {
  #graph;
  /** @type {Voice | null} */ #voice = null;
  /** @type {Sound | null} */ #sound = null;
  #isLooping = false;
  #timeline = new Timeline(0);
  #settledAt = 0; // the end of the last edge: the next one begins no sooner

  constructor(/** @type {Graph} */ graph) {
    super();
    this.#graph = graph;
  }

  get isSounding() {
    return this.#voice !== null;
  }

  /** Seconds into the passage, as heard now. */
  get position_s() {
    const { heardFrame, rate_hz } = this.#graph;
    this.#timeline.forget(heardFrame);
    return this.#timeline.at(heardFrame) / rate_hz;
  }

  /**
   * From the beginning of the passage; in place of what sounds. The graph must be awake.
   * @param {Sound} sound
   * @param {boolean} isLooping
   */
  play(sound, isLooping) {
    this.stop();
    this.#isLooping = isLooping;
    this.#start(sound, 0, EDGE_FADE_FRAMES);
  }

  /** Over to this one at the same place, if it is of the same passage. Something must sound. */
  switchTo(/** @type {Sound} */ sound) {
    const [voice, before] = [this.#voice, this.#sound];
    if (!voice || !before || before.id === sound.id) return;
    if (before.place !== sound.place) {
      this.play(sound, this.#isLooping);
      return;
    }
    if (this.#isLooping) this.#graph.cutOut(sound.buffer, loopOf(sound)); // takes time: not after the clock is read
    const at = this.#nextEdge();
    const position = this.#timeline.planned(at);
    const shape = shapeBetween(before, sound, position);
    voice.stop(at, CROSSFADE_FRAMES, shape);
    this.#start(sound, position, CROSSFADE_FRAMES, at, shape);
  }

  stop() {
    const voice = this.#voice;
    if (!voice) return;
    this.#voice = null;
    this.#sound = null;
    if (!this.#graph.isRunning) {
      this.#graph.killAll();
      this.#timeline.rest(0);
      return;
    }
    const at = this.#nextEdge();
    voice.stop(at, EDGE_FADE_FRAMES);
    this.#settledAt = at + EDGE_FADE_FRAMES;
    this.#timeline.rest(0, at);
  }

  #nextEdge() {
    return Math.max(this.#graph.frame + this.#graph.leadFrames, this.#settledAt);
  }

  /**
   * @param {Sound} sound
   * @param {number} position
   * @param {number} fade
   * @param {number} [at]
   * @param {FadeShape} [shape]
   */
  #start(sound, position, fade, at = this.#nextEdge(), shape = undefined) {
    const loop = this.#isLooping ? loopOf(sound) : null;
    this.#timeline.numFrames = sound.buffer.length;
    this.#timeline.move(position, at, loop);
    this.#settledAt = at + fade;
    this.#sound = sound;
    this.#voice = this.#graph.start({
      buffer: sound.buffer,
      at,
      position,
      fade,
      loop,
      isRepeating: false,
      shape,
      onEnd: (voice) => this.#ended(voice),
    });
  }

  #ended(/** @type {Voice} */ voice) {
    if (voice !== this.#voice) return;
    this.#voice = null;
    this.#sound = null;
    this.#timeline.rest(0);
    this.dispatchEvent(new Event("ended"));
  }
}

function loopOf(/** @type {Sound} */ { numFrames }) {
  return { start: 0, end: numFrames };
}

/**
 * @param {Sound} before
 * @param {Sound} after
 * @param {number} position
 */
function shapeBetween(before, after, position) {
  const [a, b] = [before, after].map(({ buffer }) => buffer.getChannelData(0));
  const start = position - (LOOKED_AT_FRAMES - CROSSFADE_FRAMES) / 2;
  return equalPower(correlation(a, b, start, LOOKED_AT_FRAMES));
}
