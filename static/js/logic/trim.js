// Start and end of a DI, of which so much has to be left.

const SHORTEST_S = 0.4;

/**
 * Where the start is put: not later than leaves enough before `end`.
 * @param {number} wanted
 * @param {number} end
 */
export function startFor(wanted, end) {
  return Math.min(wanted, Math.max(0, end - SHORTEST_S));
}

/**
 * Where the end is put, or null for that of the recording: a handle's step need not meet its last frame.
 * @param {number} wanted
 * @param {number} start
 * @param {number} duration
 */
export function endFor(wanted, start, duration) {
  const end = Math.max(wanted, start + SHORTEST_S);
  return end >= duration - 0.01 ? null : end;
}
