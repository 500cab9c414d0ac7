// One thing sounds on a page: a player, the video or an audio element.

import { all } from "../dom.js";

/**
 * What can be silenced: an engine, or an audio or video element.
 * @typedef {EventTarget & {pause: () => void}} Pausable
 */

/** @type {Set<Pausable>} */
const engines = new Set();

/**
 * From now on this engine is silent while something else plays, and the other way round.
 * @param {Pausable} engine
 * @param {AbortSignal} signal
 */
export function playAlone(engine, signal) {
  engines.add(engine);
  signal.addEventListener("abort", () => engines.delete(engine));
  engine.addEventListener("play", () => silenceAllBut(engine));
}

function silenceAllBut(/** @type {EventTarget | null} */ sounding) {
  const elements = all(document, "audio, video", HTMLMediaElement);
  for (const other of [...engines, ...elements]) if (other !== sounding) other.pause();
}

// "play" does not bubble, but it can be caught on its way down.
document.addEventListener("play", (event) => silenceAllBut(event.target), { capture: true });
