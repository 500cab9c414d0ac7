// Undo and redo: the last documents, and those that were taken back.

/** @import { Draft } from "./types.d.ts" */

const MAX_STEPS = 20;
// Turning one knob is one step, however many values it passes.
const ONE_STEP_MS = 1500;

export class History {
  /** @type {Draft[]} */
  #past = [];
  /** @type {Draft[]} */
  #future = [];
  #tag = "";
  #at = 0;

  constructor(/** @type {Draft} */ present) {
    this.present = present;
  }

  /**
   * The next document. With the same `tag` as that before it, within a moment, it takes its place.
   * @param {Draft} next
   * @param {string} tag
   * @param {number} now in ms
   */
  push(next, tag, now) {
    if (next === this.present) return false;
    const isSameStep = tag !== "" && tag === this.#tag && now - this.#at < ONE_STEP_MS;
    if (!isSameStep) this.#past = [...this.#past, this.present].slice(-MAX_STEPS);
    this.#future = [];
    this.#tag = tag;
    this.#at = now;
    this.present = next;
    return true;
  }

  /** Another document, from elsewhere: there is no way back from it. */
  replace(/** @type {Draft} */ present) {
    this.#past = [];
    this.#future = [];
    this.#tag = "";
    this.present = present;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  undo() {
    const before = this.#past.pop();
    if (!before) return false;
    this.#future.push(this.present);
    this.present = before;
    this.#tag = "";
    return true;
  }

  redo() {
    const next = this.#future.pop();
    if (!next) return false;
    this.#past.push(this.present);
    this.present = next;
    this.#tag = "";
    return true;
  }
}

/**
 * What a key asks for, or nothing.
 * @param {{key: string, ctrlKey: boolean, metaKey: boolean, shiftKey: boolean, altKey: boolean}} event
 * @returns {"undo" | "redo" | null}
 */
export function stepOfKey({ key, ctrlKey, metaKey, shiftKey, altKey }) {
  if (!(ctrlKey || metaKey) || altKey) return null;
  if (key.toLowerCase() === "z") return shiftKey ? "redo" : "undo";
  return key.toLowerCase() === "y" && !shiftKey ? "redo" : null;
}
