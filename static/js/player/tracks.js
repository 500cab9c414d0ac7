// The decoded sound of one DI track's contenders: what is there, on its way, or could not be had.

import { fadeEnds, SAMPLE_RATE_HZ } from "./fades.js";

/**
 * @import { PlayerSegment } from "../types.d.ts"
 *
 * One contender's sound. `usedAt` is when it was wanted last.
 * @typedef {object} Lane
 * @property {PlayerSegment} segment
 * @property {"idle" | "loading" | "ready" | "failed"} state
 * @property {AudioBuffer | null} buffer there while it is ready
 * @property {string} reason why it failed
 * @property {number} usedAt
 * @property {AbortController} abort
 *
 * Resolves to sound of so many frames.
 * @typedef {(segment: PlayerSegment, numFrames: number, signal: AbortSignal) => Promise<AudioBuffer>} Load
 */

const CONCURRENT_LOADS = 2;
// Decoded sound is float32. Beyond this, contenders that have not sounded for longest are dropped.
const MEMORY_BYTES = 700e6;

export class Tracks extends EventTarget {
  #load;
  #memoryBytes;
  /** @type {(Lane | null)[]} */
  lanes = [];

  /** @param {{load?: Load, memoryBytes?: number}} [options] */
  constructor({ load = fetchSegment, memoryBytes = MEMORY_BYTES } = {}) {
    super();
    this.#load = load;
    this.#memoryBytes = memoryBytes;
  }

  /** One entry per contender; null where there is nothing to hear. */
  replace(/** @type {(PlayerSegment | null)[]} */ segments) {
    for (const lane of this.lanes) lane?.abort.abort();
    this.lanes = segments.map(
      (segment) =>
        segment && {
          segment,
          state: "idle",
          buffer: null,
          reason: "",
          usedAt: 0,
          abort: new AbortController(),
        },
    );
  }

  /** All contenders last as long as the longest: silence follows those that are shorter. */
  get numFrames() {
    const durations = this.lanes.map((lane) => lane?.segment.duration_s ?? 0);
    return Math.round(Math.max(0, ...durations) * SAMPLE_RATE_HZ);
  }

  get numReady() {
    return this.lanes.filter((lane) => lane?.state === "ready").length;
  }

  get numLanes() {
    return this.#present.length;
  }

  get #present() {
    return this.lanes.filter((lane) => lane !== null);
  }

  /**
   * This one now; `kept` are those that must not be dropped for it.
   * @param {number} index
   * @param {number[]} kept
   */
  want(index, kept) {
    const lane = this.lanes[index];
    if (!lane) return;
    lane.usedAt = performance.now();
    if (lane.state === "ready" || lane.state === "loading") return;
    this.#makeRoom(lane, kept);
    this.#fetch(lane);
  }

  /** All that fits into memory, `first` before the others. */
  async loadAll(/** @type {number} */ first) {
    const { lanes } = this;
    const queue = [lanes[first], ...lanes].filter((lane) => lane !== null && lane !== undefined);
    const work = async () => {
      while (lanes === this.lanes) {
        const lane = queue.shift();
        if (!lane) return;
        if (["idle", "failed"].includes(lane.state) && this.#fits(lane)) await this.#fetch(lane);
      }
    };
    await Promise.all(Array.from({ length: CONCURRENT_LOADS }, work));
  }

  #bytes(/** @type {Lane} */ lane) {
    return this.numFrames * 4 * (lane.segment.num_channels || 1);
  }

  #fits(/** @type {Lane} */ lane) {
    const held = this.#present.filter(({ state }) => state === "loading" || state === "ready");
    const bytes = held.reduce((sum, other) => sum + this.#bytes(other), 0);
    return bytes + this.#bytes(lane) <= this.#memoryBytes;
  }

  /**
   * @param {Lane} lane
   * @param {number[]} kept
   */
  #makeRoom(lane, kept) {
    const keptLanes = kept.map((index) => this.lanes[index]);
    const others = this.#present
      .filter((other) => other.state === "ready" && !keptLanes.includes(other))
      .sort((a, b) => a.usedAt - b.usedAt);
    for (const dropped of others) {
      if (this.#fits(lane)) return;
      dropped.buffer = null;
      dropped.state = "idle";
    }
  }

  async #fetch(/** @type {Lane} */ lane) {
    const { lanes } = this;
    lane.state = "loading";
    this.dispatchEvent(new Event("change"));
    try {
      lane.buffer = await this.#load(lane.segment, this.numFrames, lane.abort.signal);
      lane.state = "ready";
    } catch (error) {
      lane.reason = error instanceof Error ? error.message : String(error);
      lane.state = "failed";
    }
    // Of a DI track that is not shown any more, no one wants to know.
    if (lanes !== this.lanes) return;
    this.dispatchEvent(new CustomEvent("lane", { detail: lanes.indexOf(lane) }));
  }
}

/** @type {Load} */
async function fetchSegment(segment, numFrames, signal) {
  const response = await fetch(segment.url, { signal });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const bytes = await response.arrayBuffer();
  // An offline context needs no permission to sound, so this may happen before any click.
  const context = new OfflineAudioContext(1, 1, SAMPLE_RATE_HZ);
  return prepare(await context.decodeAudioData(bytes), numFrames);
}

/**
 * As long as the others, with both ends faded.
 * @param {AudioBuffer} decoded
 * @param {number} numFrames
 */
function prepare(decoded, numFrames) {
  let buffer = decoded;
  if (decoded.length !== numFrames) {
    const { numberOfChannels, sampleRate } = decoded;
    buffer = new AudioBuffer({ length: numFrames, numberOfChannels, sampleRate });
  }
  for (let channel = 0; channel < buffer.numberOfChannels; channel += 1) {
    const samples = decoded.getChannelData(channel).subarray(0, numFrames);
    fadeEnds(samples);
    if (buffer !== decoded) buffer.copyToChannel(samples, channel);
  }
  return buffer;
}
