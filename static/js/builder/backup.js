// What is not saved yet, in the browser: it outlives a reload, and a session that has ended.

/** @import { Draft } from "./types.d.ts" */

const PREFIX = "gts-draft:";

/**
 * @param {string} id of the draft; empty: it is not made yet
 * @param {string} etag what the change is based on
 * @param {Draft} document
 */
export function keep(id, etag, document) {
  try {
    sessionStorage.setItem(PREFIX + id, JSON.stringify({ etag, document }));
  } catch {
    // It is full or switched off: the page has it all the same.
  }
}

export function forget(/** @type {string} */ id) {
  try {
    sessionStorage.removeItem(PREFIX + id);
  } catch {
    // As above.
  }
}

/** @returns {{etag: string, document: Draft} | null} */
export function kept(/** @type {string} */ id) {
  try {
    return JSON.parse(sessionStorage.getItem(PREFIX + id) ?? "null");
  } catch {
    return null;
  }
}
