// Finding an audio interface in the list of common ones.

/** @import { AudioInterface } from "../types.d.ts" */

/**
 * Lower case, without what people write in different ways: "2i2 3rd gen", "Scarlett 2i2 (3rd Gen)".
 * @param {string} text
 */
function plain(text) {
  return text
    .toLowerCase()
    .normalize("NFKD")
    .replace(/[^a-z0-9+ ]/g, " ");
}

/**
 * Those that have every word, in the order of the list.
 * @param {AudioInterface[]} items
 * @param {string} text
 */
export function matching(items, text) {
  const words = plain(text).split(" ").filter(Boolean);
  return items.filter(({ label }) => words.every((word) => plain(label).includes(word)));
}

/**
 * A level as its field has it: 12, 12.5.
 * @param {number} levelDbu
 */
export function levelValue(levelDbu) {
  return String(Math.round(levelDbu * 100) / 100);
}

/**
 * Which option a key leads to: `null` where it leads to none. `at` is −1 while none is chosen.
 * @param {string} key
 * @param {number} at
 * @param {number} count
 */
export function optionAfter(key, at, count) {
  if (count === 0) return null;
  if (key === "ArrowDown") return at + 1 < count ? at + 1 : 0;
  if (key === "ArrowUp") return at > 0 ? at - 1 : count - 1;
  return null;
}
