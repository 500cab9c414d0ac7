// Fades, in frames of the audio clock. Every place where sound begins, ends or jumps has one.

export const SAMPLE_RATE_HZ = 48000;
export const EDGE_FADE_FRAMES = 240; // 5 ms: start, stop, seek, both ends of a loop
export const SWITCH_FADE_FRAMES = 288; // 6 ms: from one contender to another

/** A raised cosine from 0 to 1, both included. Rise and fall of equal length add up to 1. */
export function rise(/** @type {number} */ numFrames) {
  const curve = new Float32Array(numFrames + 1);
  for (let n = 0; n <= numFrames; n += 1)
    curve[n] = 0.5 - 0.5 * Math.cos((Math.PI * n) / numFrames);
  return curve;
}

export function fall(/** @type {number} */ numFrames) {
  return rise(numFrames).reverse();
}

/**
 * How one sound gives way to another: gains by frame, one more than there are frames.
 * @typedef {{rise: (numFrames: number) => Float32Array, fall: (numFrames: number) => Float32Array}} FadeShape
 */

/** For what is alike, sample by sample: the gains add up to 1. @type {FadeShape} */
export const RAISED_COSINE = { rise, fall };

/**
 * A crossfade of constant power between two sounds with that correlation. At 0 it is the sine and the
 * cosine; the more alike they are, the less each of them has in the middle, where they would add up
 * to more than either: at 1 the power would double, and full scale be passed.
 * @param {number} correlation 0 to 1; what is turned over counts as 0
 * @returns {FadeShape}
 */
export function equalPower(correlation) {
  const alike = Math.min(1, Math.max(0, correlation));
  const rising = (/** @type {number} */ numFrames) => {
    const curve = new Float32Array(numFrames + 1);
    for (let n = 0; n <= numFrames; n += 1) {
      const angle = (Math.PI / 2) * (n / numFrames);
      curve[n] = Math.sin(angle) / Math.sqrt(1 + alike * Math.sin(2 * angle));
    }
    return curve;
  };
  return { rise: rising, fall: (numFrames) => rising(numFrames).reverse() };
}

/** Fades both ends of what is in `samples`, in place: it can then begin, end and repeat anywhere. */
export function fadeEnds(/** @type {Float32Array} */ samples) {
  const numFrames = Math.min(EDGE_FADE_FRAMES, Math.floor(samples.length / 2));
  if (!numFrames) return;
  const curve = rise(numFrames);
  for (let n = 0; n < numFrames; n += 1) {
    samples[n] *= curve[n];
    samples[samples.length - 1 - n] *= curve[n];
  }
}

/**
 * The frames from `start` to `end` of a buffer (silence beyond its end), with both ends faded.
 * @param {AudioBuffer} buffer
 * @param {number} start
 * @param {number} end
 * @param {(numChannels: number, length: number, rate_hz: number) => AudioBuffer} createBuffer
 */
export function fadedRegion(buffer, start, end, createBuffer) {
  const region = createBuffer(buffer.numberOfChannels, end - start, buffer.sampleRate);
  for (let channel = 0; channel < buffer.numberOfChannels; channel += 1) {
    const samples = region.getChannelData(channel);
    samples.set(buffer.getChannelData(channel).subarray(start, end));
    fadeEnds(samples);
  }
  return region;
}
