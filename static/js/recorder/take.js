// One take: of what the input gives, the frames from its start to its stop, as bytes of a WAV.

import { encode24, wavHeader } from "./wav.js";

const PEAKS_PER_S = 100;

/**
 * @typedef {{frame: number, samples: Float32Array}} Chunk
 * `frame`: the number of its first frame, counted since the input was opened.
 */

export class Take {
  /** @type {Uint8Array<ArrayBuffer>[]} */
  #pieces = [];
  /** @type {number[]} */
  #peaks = [];
  #peak = 0;
  #numInPeak = 0;
  #framesPerPeak;
  /** The frame that is to come. */
  #next;
  #stop;

  /**
   * @param {{sampleRateHz: number, startFrame: number, maxFrames: number}} plan
   */
  constructor({ sampleRateHz, startFrame, maxFrames }) {
    this.sampleRateHz = sampleRateHz;
    this.startFrame = startFrame;
    this.numFrames = 0;
    /** Frames that never came; silence stands in their places, so that time stays right. */
    this.numLostFrames = 0;
    this.#next = startFrame;
    this.#stop = startFrame + maxFrames;
    this.#framesPerPeak = Math.max(1, Math.round(sampleRateHz / PEAKS_PER_S));
  }

  get durationS() {
    return this.numFrames / this.sampleRateHz;
  }

  /** Nothing is to come any more. */
  get isWhole() {
    return this.#next >= this.#stop;
  }

  /**
   * It ends before this frame, which may still be on its way.
   * @param {number} frame
   */
  stopAt(frame) {
    this.#stop = Math.max(this.#next, Math.min(this.#stop, frame));
  }

  /**
   * @param {Chunk} chunk
   * @returns {Float32Array} what of it belongs to the take
   */
  add({ frame, samples }) {
    const end = Math.min(frame + samples.length, this.#stop);
    if (end <= this.#next) return new Float32Array(0);
    const gap = Math.max(0, frame - this.#next);
    if (gap > 0) {
      this.numLostFrames += gap;
      this.#append(new Float32Array(gap));
    }
    const part = samples.subarray(this.#next - frame, end - frame);
    this.#append(part);
    return part;
  }

  /** The outline: the peak of each 1/100 s, 0 to 1. */
  peaks() {
    return this.#numInPeak > 0 ? [...this.#peaks, this.#peak] : this.#peaks;
  }

  /** The file, in pieces: a Blob of them keeps no second copy. */
  parts() {
    const parts = [wavHeader(this.sampleRateHz, this.numFrames), ...this.#pieces];
    if (this.numFrames % 2 === 1) parts.push(new Uint8Array(1));
    return parts;
  }

  #append(/** @type {Float32Array} */ samples) {
    this.#pieces.push(encode24(samples));
    this.numFrames += samples.length;
    this.#next += samples.length;
    for (const sample of samples) {
      const size = Math.abs(sample);
      if (size > this.#peak) this.#peak = size;
      if (++this.#numInPeak < this.#framesPerPeak) continue;
      this.#peaks.push(this.#peak);
      this.#peak = this.#numInPeak = 0;
    }
  }
}

/**
 * The outline in so many columns, each the largest of its peaks.
 * @param {number[]} peaks
 * @param {number} numColumns
 */
export function columnsOf(peaks, numColumns) {
  const count = Math.min(numColumns, peaks.length);
  return Array.from({ length: count }, (_, column) => {
    const from = Math.floor((column * peaks.length) / count);
    const to = Math.max(from + 1, Math.floor(((column + 1) * peaks.length) / count));
    return peaks.slice(from, to).reduce((most, peak) => Math.max(most, peak), 0);
  });
}

/**
 * The outline as the path of a picture that is `columns.length` wide and reaches from −50 to 50.
 * @param {number[]} columns
 */
export function outlinePath(columns) {
  const bar = (/** @type {number} */ peak, /** @type {number} */ at) => {
    const half = Math.round(10 * Math.max(0.5, Math.min(1, peak) * 48)) / 10;
    return `M${at + 0.15} ${-half}h.7V${half}h-.7z`;
  };
  return columns.map(bar).join("");
}
