// What keys do to a player.

const SEEK_S = 1;

/**
 * @typedef {{type: "seek", seconds: number} | {type: "toggle"} | {type: "switch", index: number}
 *   | {type: "repeat"}} Action
 *
 * @typedef {object} Key
 * @property {string} key
 * @property {boolean} [repeat] it is held
 * @property {boolean} [ctrlKey]
 * @property {boolean} [metaKey]
 * @property {boolean} [altKey]
 * @property {boolean} [shiftKey]
 */

/**
 * Of a key that is pressed on the page, or null. Those that are held only seek.
 * @param {Key} event
 * @param {{isOnControl: boolean}} where on a button or a link the space bar presses that
 * @returns {Action | null}
 */
export function actionOf(event, { isOnControl }) {
  const { key } = event;
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  if (key === "ArrowLeft") return { type: "seek", seconds: -SEEK_S };
  if (key === "ArrowRight") return { type: "seek", seconds: SEEK_S };
  if (key === " ") return isOnControl ? null : { type: "toggle" };
  if (event.repeat) return null;
  if (/^[1-9]$/.test(key)) return { type: "switch", index: Number(key) - 1 };
  return key.toLowerCase() === "l" && !event.shiftKey ? { type: "repeat" } : null;
}

/**
 * How far a key moves the ruler, which is a slider, in seconds; null for a key that does not.
 * @param {string} key
 * @param {number} duration
 * @returns {number | null}
 */
export function rulerStep(key, duration) {
  const steps = new Map([
    ["ArrowLeft", -SEEK_S],
    ["ArrowDown", -SEEK_S],
    ["ArrowRight", SEEK_S],
    ["ArrowUp", SEEK_S],
    ["PageDown", -5 * SEEK_S],
    ["PageUp", 5 * SEEK_S],
    ["Home", -duration],
    ["End", duration],
  ]);
  return steps.get(key) ?? null;
}
