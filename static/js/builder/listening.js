// Hearing an option or a cell before anything is rendered: its chain over a passage of a DI track,
// in a loop. What is changed meanwhile is heard as soon as it is there.

import { page, say, show, whenChanged } from "./builder.js";
import { blocksOf, cellsOf, trackHeard } from "./document.js";

/** @import { PassageRequest } from "../types.d.ts" */
/** @import { Block, Capture } from "./types.d.ts" */

// While a slider moves, not every value is asked for.
const UPDATE_PAUSE_MS = 120;
const LOAD_AFTER_MS = 2000;

/** @type {import("../audition/audition.js").Audition | null} Loaded when the page has time for it. */
let audition = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
/** The last request, to tell whether a change of the draft changes what is heard. */
let sounding = "";

async function load() {
  const { Audition } = await import("../audition/audition.js");
  if (audition) return audition;
  const made = new Audition();
  made.addEventListener("state", (event) => {
    const { state, message, key } = /** @type {CustomEvent} */ (event).detail;
    page.audition = { state, message, key, canSwap: made.canSwap };
    if (state === "failed") say(message);
    show();
  });
  audition = made;
  return made;
}

// Before it is asked for: browsers let a sound begin only within a click.
addEventListener("load", () => setTimeout(load, LOAD_AFTER_MS));

/**
 * The blocks that `key` means: of a cell its own; of an option those of the first combination with
 * it that plays, or else of the first of all.
 * @param {string} key
 */
function blocksFor(key) {
  const [kind, name] = [key.slice(0, key.indexOf(":")), key.slice(key.indexOf(":") + 1)];
  if (kind === "cell") return blocksOf(page.draft, name);
  const cells = cellsOf(page.draft).filter(({ options }) => options.some(({ id }) => id === name));
  const wrong = new Set(page.expansion?.cells.flatMap((cell) => (cell.is_valid ? [] : cell.key)));
  const good = cells.filter((cell) => !wrong.has(cell.key));
  const best = good.find((cell) => !page.draft.off.includes(cell.key)) ?? good[0] ?? cells[0];
  return best ? blocksOf(page.draft, best.key) : [];
}

/**
 * @param {string} key
 * @param {ReturnType<typeof blocksOf>} blocks
 * @returns {PassageRequest | null}
 */
function requestFor(key, blocks) {
  const track = trackHeard(page);
  if (!track || !blocks.length) return null;
  const { startS, durationS } = page.passage;
  return {
    di_track_id: track.id,
    start_s: startS ?? undefined,
    duration_s: Math.min(durationS, track.duration_s ?? durationS),
    blocks,
    key,
  };
}

/** Play it, or stop it when it is what plays. */
export function playOrStop(/** @type {string} */ key) {
  const { state, key: current } = page.audition;
  if (current === key && (state === "playing" || state === "rendering")) stopListening();
  else start(key, blocksFor(key));
}

/**
 * @param {string} key
 * @param {ReturnType<typeof blocksOf>} blocks
 */
async function start(key, blocks) {
  const request = requestFor(key, blocks);
  if (!request) {
    say("There is nothing to hear yet: choose a DI track and an amp.");
    return;
  }
  sounding = JSON.stringify(request);
  (audition ?? (await load())).play(request, { loop: true });
}

export function stopListening() {
  audition?.stop();
}

export function swap() {
  audition?.swap();
}

whenChanged(followDraft);

/** The draft, or the passage, is another one: what sounds follows. */
export function followDraft() {
  const { state, key } = page.audition;
  if ((state !== "playing" && state !== "rendering") || key.startsWith("picked:")) return;
  clearTimeout(timer);
  timer = setTimeout(() => {
    const request = requestFor(key, blocksFor(key));
    if (!request) stopListening();
    else if (JSON.stringify(request) !== sounding) {
      sounding = JSON.stringify(request);
      audition?.update(request);
    }
  }, UPDATE_PAUSE_MS);
}

/**
 * A capture that is not in the draft, where it would stand.
 * @param {import("./types.d.ts").SlotName} slot
 * @param {Capture | null} capture
 */
export function playPicked(slot, capture) {
  if (!capture) {
    if (page.audition.key.startsWith("picked:")) stopListening();
    return;
  }
  const block = { slot, capture_id: capture.id, parameters: {} };
  const [cell] = cellsOf(page.draft);
  const others = cell ? blocksOf(page.draft, cell.key).filter((each) => each.slot !== slot) : [];
  const hasCab = capture.gear.kind === "full_rig" || capture.has_own_cab;
  const rest = others.filter((each) => !(hasCab && (each.slot === "cab" || each.slot === "loop")));
  start(`picked:${capture.id}`, inOrder([...rest, block]));
}

function inOrder(/** @type {(Block & {slot: string})[]} */ blocks) {
  const order = page.known.data.slots.map(({ name }) => String(name));
  const place = (/** @type {{slot: string}} */ { slot }) => order.indexOf(slot);
  return /** @type {ReturnType<typeof blocksOf>} */ (
    blocks.toSorted((a, b) => place(a) - place(b))
  );
}
