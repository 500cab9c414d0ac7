// The decoded sound of one DI track's contenders: what is there, on its way, or could not be had.

import { fadeEnds, SAMPLE_RATE_HZ } from "./fades.js";

const CONCURRENT_LOADS = 2;
// Decoded sound is float32. Beyond this, contenders that have not sounded for longest are dropped.
const MEMORY_BYTES = 700e6;

export class Tracks extends EventTarget {
  #load;
  #memoryBytes;

  /** `load(segment, numFrames, signal)` resolves to an AudioBuffer of that many frames. */
  constructor({ load = fetchSegment, memoryBytes = MEMORY_BYTES } = {}) {
    super();
    this.#load = load;
    this.#memoryBytes = memoryBytes;
    this.lanes = [];
  }

  /** One entry per contender; null where there is nothing to hear. */
  replace(segments) {
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
    return this.lanes.filter(Boolean).length;
  }

  /** This one now; `kept` are those that must not be dropped for it. */
  want(index, kept) {
    const lane = this.lanes[index];
    if (!lane) return;
    lane.usedAt = performance.now();
    if (lane.state === "ready" || lane.state === "loading") return;
    this.#makeRoom(lane, kept);
    this.#fetch(lane);
  }

  /** All that fits into memory, `first` before the others. */
  async loadAll(first) {
    const { lanes } = this;
    const queue = [lanes[first], ...lanes].filter(Boolean);
    const work = async () => {
      while (queue.length && lanes === this.lanes) {
        const lane = queue.shift();
        if (["idle", "failed"].includes(lane.state) && this.#fits(lane)) await this.#fetch(lane);
      }
    };
    await Promise.all(Array.from({ length: CONCURRENT_LOADS }, work));
  }

  #bytes(lane) {
    return this.numFrames * 4 * (lane.segment.num_channels || 1);
  }

  #fits(lane) {
    const held = this.lanes.filter((other) => ["loading", "ready"].includes(other?.state));
    const bytes = held.reduce((sum, other) => sum + this.#bytes(other), 0);
    return bytes + this.#bytes(lane) <= this.#memoryBytes;
  }

  #makeRoom(lane, kept) {
    const others = this.lanes
      .filter((other, index) => other?.state === "ready" && !kept.includes(index))
      .sort((a, b) => a.usedAt - b.usedAt);
    while (!this.#fits(lane) && others.length) {
      const dropped = others.shift();
      dropped.buffer = null;
      dropped.state = "idle";
    }
  }

  async #fetch(lane) {
    const { lanes } = this;
    lane.state = "loading";
    this.dispatchEvent(new Event("change"));
    try {
      lane.buffer = await this.#load(lane.segment, this.numFrames, lane.abort.signal);
      lane.state = "ready";
    } catch (error) {
      lane.reason = error.message;
      lane.state = "failed";
    }
    // Of a DI track that is not shown any more, nobody wants to know.
    if (lanes !== this.lanes) return;
    this.dispatchEvent(new CustomEvent("lane", { detail: lanes.indexOf(lane) }));
  }
}

async function fetchSegment(segment, numFrames, signal) {
  const response = await fetch(segment.url, { signal });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const bytes = await response.arrayBuffer();
  // An offline context needs no permission to sound, so this may happen before any click.
  const context = new OfflineAudioContext(1, 1, SAMPLE_RATE_HZ);
  return prepare(await context.decodeAudioData(bytes), numFrames);
}

/** As long as the others, with both ends faded. */
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
