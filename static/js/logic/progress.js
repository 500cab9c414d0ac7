// What the messages about a render mean for its page.

/** @import { Job, JobMessage, Summary } from "../types.d.ts" */

/** How long until the socket is opened again, after so many that were lost in a row. */
export function reconnectAfterMs(/** @type {number} */ numDrops) {
  return 250 * 2 ** Math.min(numDrops, 5);
}

/** Lost sockets in a row: one that had something to say begins the count again. */
export function countDrops(/** @type {number} */ numBefore, /** @type {number} */ numMessages) {
  return numMessages > 2 ? 1 : numBefore + 1;
}

/** Whether a job in this state stays as it is. */
export function isFinished(/** @type {string} */ state) {
  return ["completed", "failed", "cancelled"].includes(state);
}

/**
 * What a message changes on the page of the job `root`: jobs below it to show, and the job itself, or
 * null. A whole picture of another job means that this one was replaced.
 * @param {JobMessage} message
 * @param {string | undefined} root
 * @returns {{isReplaced: boolean, children: Job[], root: JobMessage | null}}
 */
export function changesOf(message, root) {
  const isRoot = message.job_id === root;
  if (!isRoot && message.type === "snapshot") return { isReplaced: true, children: [], root: null };
  const children = message.children ?? [];
  return {
    isReplaced: false,
    children: isRoot ? children : [...children, message],
    root: isRoot ? message : null,
  };
}

/**
 * The parts of the page that a job which has just ended well brings something new for. The audio is
 * published while the video is still being made.
 * @returns {string[]}
 */
export function partsAfter(/** @type {string} */ kind) {
  if (kind === "shootouts.finalize_shootout") return ["listen", "result", "film"];
  if (kind === "shootouts.make_video") return ["film"];
  return [];
}

/**
 * The parts that are behind what is published.
 * @param {{manifest?: string | null, video?: string | null}} published
 * @param {{manifest?: string, video?: string}} shown
 * @returns {string[]}
 */
export function partsBehind(published, shown) {
  if (published.manifest && published.manifest !== shown.manifest)
    return ["listen", "result", "film"];
  return published.video && published.video !== shown.video ? ["film"] : [];
}

/** The time left, as it is shown. */
export class TimeLeft {
  /** @type {{part: string, until: number} | null} */
  #shown = null;

  /**
   * The text to show instead of the present one, or null. An estimate that grows a little is kept
   * back: it would only make people nervous.
   * @param {Summary} summary
   * @param {number} now in ms
   */
  update({ part, remaining_s: remainingS, time_left: text }, now) {
    const shownS = ((this.#shown?.until ?? 0) - now) / 1000;
    const isKnown = text !== "" && remainingS !== null;
    const isLittleMore = isKnown && remainingS > shownS && remainingS < 1.5 * shownS + 5;
    if (part === this.#shown?.part && isLittleMore) return null;
    this.#shown = isKnown ? { part, until: now + remainingS * 1000 } : null;
    return text;
  }
}
