// What a row says of a capture, and where.

import { need } from "../dom.js";

/** @typedef {import("../types.d.ts").Capture} Capture */

/** Of what is dragged: JSON of a list of captures. */
export const mimeType = "application/x-gts-captures";

function find(/** @type {HTMLElement} */ row) {
  const part = (/** @type {string} */ word) => need(row, `[data-${word}]`);
  const [name, details, calibrated] = ["name", "details", "calibrated"].map(part);
  const [play, star, rename] = ["play", "star", "rename"].map(part);
  return { name, details, calibrated, play, star, rename };
}

/** @type {WeakMap<HTMLElement, ReturnType<typeof find>>} */
const known = new WeakMap();

/** The parts of a row; looked for once, because rows are used again and again. */
export function partsOf(/** @type {HTMLElement} */ row) {
  const parts = known.get(row) ?? find(row);
  known.set(row, parts);
  return parts;
}

export function nicknameOf(/** @type {Capture} */ capture) {
  return capture.library_entry?.nickname ?? "";
}

/** What people call it: their nickname, else its gear, and of several models which. */
export function titleOf(/** @type {Capture} */ capture) {
  const { gear, name, tone3000_id: isModel } = capture;
  return nicknameOf(capture) || (isModel ? `${gear.name}, ${name}` : gear.name);
}

/**
 * What else there is to know before it is chosen; nothing that is not known.
 * @param {Capture} capture
 * @param {(kind: string) => string} labelOf
 */
export function detailsOf(capture, labelOf) {
  const { gear, architecture, gain } = capture;
  const isRenamed = nicknameOf(capture) !== "";
  const parts = [
    isRenamed ? `${gear.make} ${gear.name}`.trim() : gear.make,
    labelOf(gear.kind),
    architecture,
    gain === null ? "" : `gain ${gain.toFixed(2)}`,
    gear.creator && `by ${gear.creator}`,
    gear.licence,
    ...capture.tags.slice(0, 3).map((tag) => `#${tag}`),
  ];
  return parts.filter(Boolean).join(" · ");
}
