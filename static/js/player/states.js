// The states of the player, and what can happen in them: docs/player.md has the table.

/**
 * @typedef {"paused" | "starting" | "waiting" | "playing" | "interrupted"} State
 * @typedef {"play" | "pause" | "running" | "refused" | "suspended" | "ready" | "failed" | "ended"
 *   | "tracks changed"} PlayerEvent
 */

/**
 * The next state by state and event. An event that a state does not name changes nothing in it.
 * @type {Record<State, Partial<Record<PlayerEvent, State>>>}
 */
export const MOVES = {
  paused: { play: "starting" },
  starting: { running: "waiting", refused: "paused", pause: "paused" },
  waiting: { ready: "playing", failed: "paused", suspended: "interrupted", pause: "paused" },
  playing: {
    ended: "paused",
    suspended: "interrupted",
    "tracks changed": "waiting",
    pause: "paused",
  },
  interrupted: { running: "waiting", play: "starting", pause: "paused" },
};

/** What a player says of a state that it did not get into by a button. */
export const NOTICES = {
  refused: "The browser did not start the sound. Press Play again.",
  interrupted: "The sound was interrupted.",
};
