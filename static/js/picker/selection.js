// The captures that are chosen, in the order in which they were.

/** @typedef {import("../types.d.ts").Capture} Capture */

export class Selection {
  /** @type {Map<string, Capture | null>} by id; null: chosen before, not read yet */
  #chosen = new Map();

  #isSingle;

  /**
   * @param {Iterable<string>} ids what is chosen already
   * @param {boolean} [isSingle] one takes the place of the other
   */
  constructor(ids, isSingle = false) {
    this.#isSingle = isSingle;
    for (const id of ids) this.#chosen.set(id, null);
  }

  get isSingle() {
    return this.#isSingle;
  }

  get num() {
    return this.#chosen.size;
  }

  /** Those of which only the id is known. */
  get unread() {
    return [...this.#chosen].filter(([, capture]) => !capture).map(([id]) => id);
  }

  /** @returns {Capture[]} */
  get captures() {
    return [...this.#chosen.values()].filter((capture) => capture !== null);
  }

  has(/** @type {string} */ id) {
    return this.#chosen.has(id);
  }

  /**
   * Chosen, or not any more. Says which.
   * @param {Capture} capture
   */
  toggle(capture) {
    if (this.#chosen.delete(capture.id)) return false;
    this.add(capture);
    return true;
  }

  /**
   * It is chosen for sure, in its place if it was.
   * @param {Capture} capture
   */
  add(capture) {
    if (this.#isSingle) this.#chosen.clear();
    this.#chosen.set(capture.id, capture);
  }

  /**
   * What was read of one that was chosen before; of one that was let go meanwhile nothing.
   * @param {string} id
   * @param {Capture | null} capture null: there is no such capture any more
   */
  read(id, capture) {
    if (!this.#chosen.has(id)) return;
    if (capture) this.#chosen.set(id, capture);
    else this.#chosen.delete(id);
  }

  clear() {
    this.#chosen.clear();
  }

  /**
   * What is dragged with a capture: all that are chosen if it is among them, else it alone.
   * @param {Capture} capture
   */
  draggedWith(capture) {
    return this.has(capture.id) ? this.captures : [capture];
  }
}
