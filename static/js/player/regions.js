// Where a position and a loop can be on a track.

/** @import { Region } from "../types.d.ts" */

const SHORTEST_S = 0.05;

/**
 * A loop in frames for one in seconds: inside the track, and not too short; null where the track is.
 * @param {Region} wanted
 * @param {number} rate_hz
 * @param {number} numFrames
 * @returns {Region | null}
 */
export function loopWithin(wanted, rate_hz, numFrames) {
  const shortest = Math.round(SHORTEST_S * rate_hz);
  if (numFrames < shortest) return null;
  const from = Math.max(0, Math.round(wanted.start * rate_hz));
  const start = Math.min(from, numFrames - shortest);
  const end = Math.max(Math.round(wanted.end * rate_hz), start + shortest);
  return { start, end: Math.min(end, numFrames) };
}

/**
 * The nearest frame inside the track, or in what is repeated: outside of that it is its beginning.
 * @param {number} position
 * @param {Region | null} repeated
 * @param {number} numFrames
 */
export function placeWithin(position, repeated, numFrames) {
  if (!repeated) return Math.min(Math.max(0, position), numFrames);
  return position < repeated.start || position >= repeated.end ? repeated.start : position;
}
