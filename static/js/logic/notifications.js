// The bell: what it says, and how it gets its socket back.

const RECONNECT_MS = [1000, 2000, 5000, 10_000];
const NOT_AUTHENTICATED = 4001;
const TOO_MANY = 4029;

/** The number beside the bell. */
export function countText(/** @type {number} */ numUnread) {
  return numUnread > 99 ? "99+" : String(numUnread);
}

/** The bell's name. */
export function bellLabel(/** @type {number} */ numUnread) {
  return numUnread ? `Notifications: ${numUnread} new` : "Notifications";
}

/** What follows the name of a job in the news of its end. */
export function endingOf(/** @type {string} */ state) {
  if (state === "failed") return " failed. ";
  return state === "completed" ? " is done. " : ": ";
}

export class Reconnecting {
  #numAttempts = 0;

  /** A message came. */
  reset() {
    this.#numAttempts = 0;
  }

  /**
   * What to do after the socket was closed: "stop" (logged out in another window), "ask" over HTTP
   * instead, "give way" to the other pages and ask, or connect again after so many milliseconds.
   * @param {number} code
   * @param {boolean} hasOpened
   * @returns {"stop" | "ask" | "give way" | number}
   */
  next(code, hasOpened) {
    if (code === NOT_AUTHENTICATED) return "stop";
    if (code === TOO_MANY) return "give way";
    const isWorthIt = hasOpened || this.#numAttempts > 0;
    if (!isWorthIt || this.#numAttempts === RECONNECT_MS.length) return "ask";
    const afterMs = RECONNECT_MS[this.#numAttempts];
    this.#numAttempts += 1;
    return afterMs;
  }
}
