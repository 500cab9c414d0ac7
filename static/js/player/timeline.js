// Where the music is at each frame of the audio clock. It is written when sound is scheduled, and read
// by anyone who wants to know what is heard now, or where a change that comes next will find it.

/** @import { Region } from "../types.d.ts" */

/**
 * From frame `from` of the clock on.
 * @typedef {{from: number, position: number, isMoving: boolean, loop: Region | null}} Stretch
 */

export class Timeline {
  /**
   * Of those that have begun at a frame, the one added last holds.
   * @type {[Stretch, ...Stretch[]]}
   */
  #stretches = [{ from: -Infinity, position: 0, isMoving: false, loop: null }];

  constructor(/** @type {number} */ numFrames) {
    this.numFrames = numFrames; // the music ends here
  }

  /**
   * From frame `from` of the clock on it stands still.
   * @param {number} position
   * @param {number} [from]
   */
  rest(position, from = -Infinity) {
    this.#stretches.push({ from, position, isMoving: false, loop: null });
  }

  /**
   * From frame `from` of the clock on it moves; a loop has the position in it.
   * @param {number} position
   * @param {number} from
   * @param {Region | null} loop
   */
  move(position, from, loop) {
    this.#stretches.push({ from, position, isMoving: true, loop });
  }

  /** The frame of the music at a frame of the clock. */
  at(/** @type {number} */ frame) {
    const begun = this.#stretches.findLast(({ from }) => from <= frame);
    return this.#follow(begun ?? this.#stretches[0], frame);
  }

  /** The same at a frame to come, of what is scheduled last, even if that begins later still. */
  planned(/** @type {number} */ frame) {
    const last = this.#last;
    return this.#follow(last, Math.max(frame, last.from));
  }

  /** Whether it stands still for good as from this frame. */
  isResting(/** @type {number} */ frame) {
    const { isMoving, from } = this.#last;
    return !isMoving && from <= frame;
  }

  /** What is over at this frame is not asked for any more. */
  forget(/** @type {number} */ frame) {
    const last = this.#stretches.findLastIndex(({ from }) => from <= frame);
    if (last > 0) this.#stretches.splice(0, last);
  }

  get #last() {
    return this.#stretches[this.#stretches.length - 1];
  }

  /**
   * @param {Stretch} stretch
   * @param {number} frame
   */
  #follow({ from, position, isMoving, loop }, frame) {
    if (!isMoving) return position;
    const reached = position + Math.max(0, frame - from);
    if (!loop) return Math.min(reached, this.numFrames);
    const { start, end } = loop;
    return reached < end ? reached : start + ((reached - end) % (end - start));
  }
}
