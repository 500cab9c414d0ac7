// The list of chains: each can be heard over a passage of the newest DI track.

import { Audition } from "./audition/audition.js";
import { fetchJsonOfPage } from "./audition/server.js";
import { all, closestTo, find, need } from "./dom.js";

/** @import { StateDetail } from "./audition/audition.js" */

const TRACKS = "/api/v1/di-tracks/";
const NO_TRACK = "Add a DI track first: it is what a chain plays.";

const audition = new Audition();
/** @type {Promise<{id: string, name: string, state: string}[]> | null} */
let tracks = null;
let trackName = "";

/** Looked up before the first click, which then may start the sound at once. */
function loadTracks() {
  tracks ??= fetchJsonOfPage(TRACKS, {}).then(({ results }) => results);
  tracks.catch(() => {
    tracks = null;
  });
  return tracks;
}

async function play(/** @type {string} */ chain) {
  try {
    const track = (await loadTracks()).find(({ state }) => state === "ready");
    if (!track) {
      show({ state: "failed", message: NO_TRACK, key: chain });
      return;
    }
    trackName = track.name;
    await audition.play({ di_track_id: track.id, chain_id: chain, key: chain }, { loop: false });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    show({ state: "failed", message, key: chain });
  }
}

function textOf(/** @type {Pick<StateDetail, "state" | "message">} */ { state, message }) {
  if (state === "rendering") return "Rendering…";
  if (state === "playing") return `Playing over ${trackName}`;
  return message;
}

function show(/** @type {Pick<StateDetail, "state" | "message" | "key">} */ detail) {
  const { state, key } = detail;
  for (const button of buttons) {
    const isIts = button.dataset.audition === key;
    const isOn = isIts && (state === "rendering" || state === "playing");
    const name = button.dataset.name ?? "";
    button.setAttribute("aria-label", `${isOn ? "Stop" : "Play"} ${name}`);
    button.title = isOn ? "Stop" : "Play";
    button.dataset.on = String(isOn);
    need(button, "use", SVGUseElement).setAttribute("href", isOn ? "#icon-stop" : "#icon-play");
    const note = find(document, `[data-audition-note="${button.dataset.audition}"]`);
    if (!note) continue;
    note.textContent = isIts ? textOf(detail) : "";
    note.classList.toggle("row__note--bad", isIts && state === "failed");
  }
  need(document, "[data-audition-status]").textContent = textOf(detail);
}

const buttons = all(document, "[data-audition]", HTMLButtonElement);
for (const button of buttons) button.hidden = false;
if (buttons.length) loadTracks().catch(() => null);

document.addEventListener("click", (event) => {
  const button = closestTo(event, "[data-audition]", HTMLButtonElement);
  if (!button?.dataset.audition) return;
  if (button.dataset.on === "true") audition.stop();
  else play(button.dataset.audition);
});
audition.addEventListener("state", (event) => {
  show(/** @type {CustomEvent<StateDetail>} */ (event).detail);
});
