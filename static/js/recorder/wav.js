// A take as a 24-bit WAV, made piece by piece while it is played.
//
// No dither. A converter of 24 bits gives multiples of 2^-23, which a 32-bit float holds exactly, so nothing is rounded
// away here and dither would only add noise. What a browser resampled, or a converter finer than that, is rounded at
// −144 dBFS, more than 20 dB below the noise of any converter, which is dither enough.

export const HEADER_BYTES = 44;
export const FRAME_BYTES = 3; // one channel of 24 bits

const FULL_SCALE = 2 ** 23;
const MAX_SAMPLE = FULL_SCALE - 1;

/**
 * RIFF, a `fmt ` and a `data` chunk: one channel, 24 bits, PCM.
 * @param {number} sampleRateHz
 * @param {number} numFrames
 */
export function wavHeader(sampleRateHz, numFrames) {
  const header = new DataView(new ArrayBuffer(HEADER_BYTES));
  const dataBytes = numFrames * FRAME_BYTES;
  const padding = dataBytes % 2; // chunks end at even places
  const write = (/** @type {number} */ at, /** @type {string} */ name) => {
    for (let index = 0; index < name.length; index++) {
      header.setUint8(at + index, name.charCodeAt(index));
    }
  };
  write(0, "RIFF");
  header.setUint32(4, HEADER_BYTES - 8 + dataBytes + padding, true);
  write(8, "WAVEfmt ");
  header.setUint32(16, 16, true);
  header.setUint16(20, 1, true); // PCM
  header.setUint16(22, 1, true);
  header.setUint32(24, sampleRateHz, true);
  header.setUint32(28, sampleRateHz * FRAME_BYTES, true);
  header.setUint16(32, FRAME_BYTES, true);
  header.setUint16(34, 24, true);
  write(36, "data");
  header.setUint32(40, dataBytes, true);
  return new Uint8Array(header.buffer);
}

/**
 * Samples as 24-bit integers, lowest byte first. What is beyond full scale stays at it.
 * @param {Float32Array} samples
 */
export function encode24(samples) {
  const bytes = new Uint8Array(samples.length * FRAME_BYTES);
  for (let frame = 0, at = 0; frame < samples.length; frame++, at += FRAME_BYTES) {
    const wanted = Math.round((samples[frame] ?? 0) * FULL_SCALE);
    const value = Math.min(MAX_SAMPLE, Math.max(-FULL_SCALE, wanted));
    bytes[at] = value & 0xff;
    bytes[at + 1] = (value >> 8) & 0xff;
    bytes[at + 2] = (value >> 16) & 0xff;
  }
  return bytes;
}

/**
 * How many frames a take may have, so that the server takes it.
 * @param {{maxBytes: number, maxDurationS: number, sampleRateHz: number}} limits
 */
export function maxFrames({ maxBytes, maxDurationS, sampleRateHz }) {
  const byDuration = Math.floor(maxDurationS * sampleRateHz);
  return Math.max(0, Math.min(byDuration, Math.floor((maxBytes - HEADER_BYTES - 1) / FRAME_BYTES)));
}
