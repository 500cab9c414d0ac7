// How long a deletion can be undone, and what was deleted a moment ago.

export const UNDO_MS = 10_000;
// A page that was asked for while the deletion was on its way may still have the row.
const REMEMBERED_MS = 15_000;

/** Time that passes only while no one is at it: neither with the pointer nor with the keyboard. */
export class Countdown {
  #remainingMs;
  /** @type {number | null} */
  #runsSinceMs;
  /** @type {Set<string>} */
  #holders = new Set();

  /**
   * @param {number} nowMs
   * @param {number} [durationMs]
   */
  constructor(nowMs, durationMs = UNDO_MS) {
    this.#remainingMs = durationMs;
    this.#runsSinceMs = nowMs;
  }

  remainingMs(/** @type {number} */ nowMs) {
    const runMs = this.#runsSinceMs === null ? 0 : nowMs - this.#runsSinceMs;
    return Math.max(0, this.#remainingMs - runMs);
  }

  get isPaused() {
    return this.#runsSinceMs === null;
  }

  /**
   * `holder` keeps it from running: "pointer", "focus".
   * @param {string} holder
   * @param {number} nowMs
   */
  hold(holder, nowMs) {
    this.#holders.add(holder);
    this.#remainingMs = this.remainingMs(nowMs);
    this.#runsSinceMs = null;
  }

  /**
   * It goes on when the last one lets go.
   * @param {string} holder
   * @param {number} nowMs
   */
  letGo(holder, nowMs) {
    if (!this.#holders.delete(holder) || this.#holders.size) return;
    this.#runsSinceMs = nowMs;
  }
}

/**
 * @typedef {{url: string, atMs: number}} Deleted
 */

/**
 * What was deleted lately, with one more address.
 * @param {Deleted[]} deleted
 * @param {string} url
 * @param {number} nowMs
 */
export function withDeleted(deleted, url, nowMs) {
  return [...recent(deleted, nowMs), { url, atMs: nowMs }];
}

/**
 * @param {Deleted[]} deleted
 * @param {number} nowMs
 */
export function recent(deleted, nowMs) {
  return deleted.filter(({ atMs }) => nowMs - atMs < REMEMBERED_MS);
}

/**
 * Which of so many rows takes the focus when the one at `index` goes: the next, else the one before;
 * null when there is none.
 * @param {number} index
 * @param {number} numRows
 */
export function successor(index, numRows) {
  if (index + 1 < numRows) return index + 1;
  return index > 0 ? index - 1 : null;
}
