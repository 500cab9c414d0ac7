// The builder. Its state is a document; each action makes the next one, which is shown, saved and
// judged by the server.

import { find, need } from "../dom.js";
import { ask, newKey } from "./api.js";
import * as backup from "./backup.js";
import { Catalog } from "./catalog.js";
import { chainView } from "./chain-view.js";
import { emptyDocument, isEmpty, trackHeard } from "./document.js";
import { showFields } from "./fields-view.js";
import { gridView } from "./grid-view.js";
import { History } from "./history.js";
import { patch } from "./html.js";
import { lineUpView, problemsOf, renderView, sumView } from "./line-up-view.js";
import { listenView } from "./listen-view.js";
import { draftsView, noticesView, saveText } from "./notices-view.js";
import { Saver } from "./saving.js";
import { tracksView } from "./tracks-view.js";

/** @import { Answer, BuilderData, Draft, Expansion, Page } from "./types.d.ts" */

const EXPANSION_PAUSE_MS = 150;
const PASSAGE_S = 6;

export const root = need(document, "[data-builder]");
/** @type {BuilderData} */
export const data = JSON.parse(need(document, "#builder-data", HTMLScriptElement).textContent);
const views = {
  notices: need(root, '[data-view="notices"]'),
  drafts: need(root, '[data-view="drafts"]'),
  tracks: need(root, '[data-view="tracks"]'),
  chain: need(root, '[data-view="chain"]'),
  grid: need(root, '[data-view="grid"]'),
  lineUp: need(root, '[data-view="line-up"]'),
  sum: need(root, '[data-view="sum"]'),
  render: need(root, '[data-view="render"]'),
  listen: need(root, '[data-view="listen"]'),
};
const said = need(root, "[data-said]");
const saveLine = need(root, "[data-save-state]");
const first = find(root, "[data-first-run]");

export const catalog = new Catalog(data, () => show());
const history_ = new History(emptyDocument());
export const saver = new Saver({
  create: (document_, key) =>
    ask("drafts/", {
      method: "POST",
      body: { document: document_ },
      headers: { "Idempotency-Key": key },
    }),
  update: (id, etag, document_) =>
    ask(`drafts/${id}/`, {
      method: "PUT",
      body: { document: document_ },
      headers: { "If-Match": etag },
      // A page that is being left.
      keepalive: document.visibilityState === "hidden",
    }),
  keep: backup.keep,
  forget: backup.forget,
  later: (run, ms) => setTimeout(run, ms),
  never: (timer) => clearTimeout(/** @type {number} */ (timer)),
  newKey,
  said: (state, message) => {
    page.save = { state, message };
    if (saver.id) nameInAddress(saver.id);
    show();
  },
});

/** @type {Page} */
export const page = {
  draft: history_.present,
  expansion: null,
  isCurrent: false,
  known: { captures: catalog.captures, types: catalog.types, data },
  chains: catalog.chains,
  tracks: [],
  hasMoreTracks: false,
  find: "",
  opened: new Set(),
  cursor: "",
  save: { state: "saved", message: "" },
  canUndo: false,
  canRedo: false,
  audition: { state: "idle", key: "", message: "", canSwap: false },
  passage: { trackId: "", startS: null, durationS: PASSAGE_S },
  isRendering: false,
  refusal: "",
  shootoutId: "",
  isMade: false,
  others: [],
};

/** The address leads back to this draft. */
export function nameInAddress(/** @type {string} */ id) {
  const address = id ? `${data.page_url}?draft=${id}` : data.page_url;
  if (location.pathname + location.search !== address) history.replaceState(null, "", address);
}

// Showing -------------------------------------------------------------------------------------------

let isForced = false;
let isDue = false;
/** Nothing moves that is not there yet: it is shown when all that it shows has come. */
let isReady = false;

/** @type {() => void} */
let getReady = () => {};
/** Settled when the draft is there: what comes before that waits for it. */
export const ready = new Promise((done) => {
  getReady = () => done(true);
});

export function showFromNowOn() {
  isReady = true;
  getReady();
  root.removeAttribute("aria-busy");
  showAll();
}

/** Once for all that has changed in this turn. */
export function show() {
  if (isDue || !isReady) return;
  isDue = true;
  queueMicrotask(() => {
    isDue = false;
    showNow();
  });
}

/** Also what is being typed shows as it was understood. */
export function showAll() {
  isForced = true;
  show();
}

function showNow() {
  page.draft = history_.present;
  page.canUndo = history_.canUndo;
  page.canRedo = history_.canRedo;
  page.known.types = catalog.types;
  page.tracks = catalog.tracks;
  page.hasMoreTracks = catalog.hasMoreTracks;
  const before = document.activeElement;
  patch(views.notices, noticesView(page), isForced);
  patch(views.drafts, draftsView(page), isForced);
  patch(views.tracks, tracksView(page), isForced);
  patch(views.chain, chainView(page), isForced);
  patch(views.grid, gridView(page), isForced);
  patch(views.lineUp, lineUpView(page), isForced);
  patch(views.sum, sumView(page), isForced);
  patch(views.render, renderView(page), isForced);
  patch(views.listen, listenView(page, trackHeard(page)), isForced);
  showFields(root, page, isForced);
  showTools();
  isForced = false;
  keepFocus(before);
}

function showTools() {
  const text = page.save.state === "saved" && !saver.id ? "" : saveText(page);
  if (saveLine.textContent !== text) saveLine.textContent = text;
  saveLine.dataset.state = page.save.state;
  need(root, '[data-do="undo"]', HTMLButtonElement).disabled = !page.canUndo;
  need(root, '[data-do="redo"]', HTMLButtonElement).disabled = !page.canRedo;
  need(root, '[data-do="start-over"]').hidden = isEmpty(page.draft);
  const title = page.shootoutId ? "Edit line-up" : "New shootout";
  const heading = need(root, "h1");
  if (heading.textContent !== title) heading.textContent = title;
  if (first) first.hidden = data.has_material || !isEmpty(page.draft);
}

/** What had the focus may be gone: it goes to where that was. */
function keepFocus(/** @type {Element | null} */ before) {
  if (!before || before.isConnected || document.activeElement !== document.body) return;
  (find(document, focusAfter) ?? need(root, "h1")).focus({ preventScroll: true });
}

/** Where the focus goes when what has it is taken away by the next action. */
let focusAfter = "#content";

export function focusNext(/** @type {string} */ selector) {
  focusAfter = selector;
}

/** For those who do not see it. */
export function say(/** @type {string} */ text) {
  said.textContent = text;
}

// Changing ------------------------------------------------------------------------------------------

/**
 * The next document. `tag`: what is done again and again is one step of undo.
 * @param {Draft} next
 * @param {string} [tag]
 */
export function commit(next, tag = "") {
  if (history_.push(next, tag, Date.now())) changed();
}

/** @type {Set<() => void>} */
const watchers = new Set();

/** Call this after each change of the document. */
export function whenChanged(/** @type {() => void} */ watcher) {
  watchers.add(watcher);
}

function changed() {
  page.draft = history_.present;
  page.isCurrent = false;
  page.isMade = false;
  page.refusal = "";
  saver.changed(history_.present);
  expandSoon();
  learn();
  for (const watcher of watchers) watcher();
  show();
}

export async function learn() {
  await catalog.learn(history_.present);
  show();
}

/** A document from elsewhere: there is no way back from it. */
export function replaceDraft(/** @type {Draft} */ next) {
  history_.replace(next);
  page.draft = next;
}

export function step(/** @type {"undo" | "redo"} */ direction) {
  const isDone = direction === "undo" ? history_.undo() : history_.redo();
  if (!isDone) return;
  isForced = true;
  changed();
  say(direction === "undo" ? "Undone." : "Done again.");
}

// The server's judgment ------------------------------------------------------------------------------

/** @type {ReturnType<typeof setTimeout> | undefined} */
let expansionTimer;
let asking = new AbortController();

export function expandSoon() {
  clearTimeout(expansionTimer);
  expansionTimer = setTimeout(expand, EXPANSION_PAUSE_MS);
}

export async function expand() {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  const asked = history_.present;
  /** @type {Answer<Expansion>} */
  const { status, body, error } = await ask("drafts/expansion/", {
    method: "POST",
    body: { document: asked },
    signal,
  });
  if (signal.aborted || asked !== history_.present) return;
  if (body) page.expansion = body;
  else if (status === 422 || status === 400) page.refusal = error?.message ?? "";
  page.isCurrent = Boolean(body);
  const title = body?.auto_title || "Untitled shootout";
  need(root, 'input[name="title"]', HTMLInputElement).placeholder = title;
  show();
}

// Rendering -----------------------------------------------------------------------------------------

export async function render() {
  if (page.isRendering) return;
  const [problem] = problemsOf(page);
  if (problem) {
    say(problem);
    return;
  }
  page.isRendering = true;
  page.refusal = "";
  show();
  const isSaved = await saver.flush();
  if (isSaved) {
    /** @type {Answer<{shootout: {id: string, html_url: string}}>} */
    const { body, error } = await ask(`drafts/${saver.id}/shootout/`, {
      method: "POST",
      body: { is_rendered: true },
      headers: { "Idempotency-Key": `render-${saver.id}-${saver.etag.replace(/\W/g, "")}` },
    });
    if (body) {
      location.assign(new URL(body.shootout.html_url).pathname);
      return;
    }
    const details = error?.details?.map(({ message }) => message) ?? [];
    page.refusal = [...new Set(details)].slice(0, 3).join(" ") || (error?.message ?? "");
  } else page.refusal = "It is not saved yet, so it cannot be rendered.";
  page.isRendering = false;
  show();
}
