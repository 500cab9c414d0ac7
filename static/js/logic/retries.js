// Requests that failed, and when each is tried again.

const PAUSES_S = [2, 4, 8, 15];

/** How long to wait after so many failures in a row. */
export function pauseS(/** @type {number} */ numFailures) {
  return PAUSES_S[Math.min(numFailures, PAUSES_S.length) - 1];
}

/** Whether asking again cannot help after an answer with this HTTP status. */
export function isFinal(/** @type {number} */ status) {
  return [401, 403, 404, 410].includes(status);
}

/** What an HTTP status says of a failure; 0 is no answer. */
export function reasonOf(/** @type {number} */ status) {
  return [0, 502, 503, 504].includes(status)
    ? "Server not reachable."
    : `The server answered with an error (${status}).`;
}

/**
 * One that is being tried has no time: it is answered, or fails once more.
 * @typedef {{attempt: () => void, reason: string, numFailures: number, dueAt: number}} Retry
 */

export class Retries {
  /** @type {Map<string, Retry>} */
  #waiting = new Map();

  get isEmpty() {
    return this.#waiting.size === 0;
  }

  /**
   * The request `key` has failed: `attempt` is due after a pause, longer each time.
   * @param {string} key
   * @param {number} status
   * @param {() => void} attempt
   * @param {number} now in ms
   */
  add(key, status, attempt, now) {
    const numFailures = (this.#waiting.get(key)?.numFailures ?? 0) + 1;
    const dueAt = now + pauseS(numFailures) * 1000;
    this.#waiting.set(key, { attempt, reason: reasonOf(status), numFailures, dueAt });
  }

  /** The request `key` needs no more tries; says whether it did. */
  remove(/** @type {string} */ key) {
    return this.#waiting.delete(key);
  }

  /** All that wait are due at once. */
  hurry() {
    for (const retry of this.#waiting.values()) if (retry.dueAt < Infinity) retry.dueAt = 0;
  }

  /** Tries what is due. */
  run(/** @type {number} */ now) {
    for (const retry of this.#waiting.values()) {
      if (retry.dueAt > now) continue;
      retry.dueAt = Infinity;
      retry.attempt();
    }
  }

  /** The one that is tried next, or null. */
  get next() {
    const retries = [...this.#waiting.values()];
    return retries.length ? retries.reduce((a, b) => (b.dueAt < a.dueAt ? b : a)) : null;
  }
}
