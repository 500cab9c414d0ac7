// The null test of two contenders, in words.

/** @import { Comparison } from "../types.d.ts" */

/**
 * @param {Comparison} found
 * @param {string} a the name of the one that is taken from
 * @param {string} b the name of the one that is taken away
 */
export function describe(found, a, b) {
  const title = `Null test ${a} − ${b}`;
  if (found.esr_db === null) return `${title}: no residual, the two are identical.`;
  const changes = [`${b} at ${level(found.gain_db ?? 0, 1)}`];
  if (found.is_inverted) changes.push("polarity inverted");
  if (found.lag_frames) {
    const direction = found.lag_frames > 0 ? "earlier" : "later";
    changes.push(`moved ${Math.abs(found.lag_frames)} samples ${direction}`);
  }
  // Against A. No more can be left than there was, so this is never above 0 dB.
  return `${title}: ${changes.join(", ")}; residual ${level(found.esr_db, 1)}.`;
}

/**
 * With a real minus, and none before a zero.
 * @param {number} decibels
 * @param {number} digits
 */
export function level(decibels, digits) {
  const text = Math.abs(decibels).toFixed(digits);
  return `${decibels < 0 && Number(text) !== 0 ? "\u2212" : ""}${text} dB`;
}
