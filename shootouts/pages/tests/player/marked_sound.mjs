// Sound that says what it is: the first channel holds the contender, the second the frame, the third 1.
// One sample of the output tells who sounds, where, and how loud all that sounds is together.

import { EDGE_FADE_FRAMES, fadeEnds } from "../../../../static/js/player/fades.js";

export function bufferOf(channels, createBuffer = null) {
  const { length } = channels[0];
  if (createBuffer) {
    const buffer = createBuffer(channels.length, length, 48000);
    for (const [channel, samples] of channels.entries()) buffer.copyToChannel(samples, channel);
    return buffer;
  }
  return {
    length,
    numberOfChannels: channels.length,
    sampleRate: 48000,
    getChannelData: (channel) => channels[channel],
  };
}

/** As a decoded contender is: silent after `numFrames`, and faded where the music begins and ends. */
export function markedSound(mark, numFrames, lengthOfAll, createBuffer = null) {
  const channels = Array.from({ length: 3 }, () => new Float32Array(lengthOfAll));
  channels[0].fill(mark, 0, numFrames);
  channels[2].fill(1, 0, numFrames);
  for (let frame = 0; frame < numFrames; frame += 1) channels[1][frame] = frame;
  for (const samples of channels) fadeEnds(samples.subarray(0, numFrames));
  return bufferOf(channels, createBuffer);
}

/** The contender's mark and length are in `segment`; a mark is never 0. */
export function segmentOf(mark, numFrames, lengthOfAll, createBuffer = null) {
  return {
    mark,
    numFrames,
    duration_s: lengthOfAll / 48000,
    num_channels: 3,
    buffer: markedSound(mark, numFrames, lengthOfAll, createBuffer),
  };
}

/**
 * Both channels as they must sound at a frame of the music, or null near an edge of it, where a fade is
 * under way.
 */
export function expectedSamples({ mark, numFrames }, position, loop) {
  const edges = [0, numFrames, ...(loop ? [loop.start * 48000, loop.end * 48000] : [])];
  if (edges.some((edge) => Math.abs(position - edge) < EDGE_FADE_FRAMES + 1)) return null;
  return position < numFrames ? [mark, position] : [0, 0];
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
