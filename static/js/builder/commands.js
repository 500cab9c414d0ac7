// From what was clicked or typed to the action on the document.

import { find, need } from "../dom.js";
import * as actions from "./actions.js";
import { ask } from "./api.js";
import {
  catalog,
  commit,
  focusNext,
  page,
  render,
  root,
  saver,
  say,
  show,
  step,
} from "./builder.js";
import { chooseChains, chooseEffects } from "./chooser.js";
import { findOption, lineUpOf, numCells } from "./document.js";
import { validity } from "./grid.js";
import { followDraft, playOrStop, playPicked, stopListening, swap } from "./listening.js";
import { keepMine, loadTheirs, startOver } from "./loading.js";
import { nameOf, settableOf, typedValue, valueAt } from "./parameters.js";

/** @import { Block, Capture, Parameter, SlotName, SlotWord } from "./types.d.ts" */

const isValid = (/** @type {string} */ key) => validity(page.expansion)(key);

/** @type {Record<string, (target: HTMLElement, data: DOMStringMap) => unknown>} */
const COMMANDS = {
  // The chain.
  add: (target, { slot, slotId }) => addTo(target, /** @type {SlotName} */ (slot), slotId),
  none: (_, { slotId = "" }) => {
    focusNext(`[data-slot-id="${slotId}"][data-do="add"]`);
    commit(actions.addNone(page.draft, slotId));
  },
  open: (_, { option = "" }) => {
    if (page.opened.has(option)) page.opened.delete(option);
    else page.opened.add(option);
    show();
  },
  duplicate: (_, { option = "" }) => {
    const before = optionIds();
    const next = actions.duplicateOption(page.draft, option);
    commit(next);
    // The copy is there to be set otherwise.
    for (const slot of next.slots)
      for (const { id } of slot.options) if (!before.has(id)) page.opened.add(id);
    say("Duplicated.");
  },
  replace: (target, { option = "" }) => replace(target, option),
  "remove-option": (_, { option = "" }) => removeOption(option),
  "move-option": (_, { option = "", step: by }) =>
    commit(actions.moveOption(page.draft, option, Number(by))),
  "move-slot": (_, { slotId = "", step: by }) =>
    commit(actions.moveSlot(page.draft, slotId, Number(by))),
  "remove-slot": (_, { slotId = "" }) => {
    const slot = page.draft.slots.find(({ id }) => id === slotId)?.slot;
    focusNext(`#slot-${slot}`);
    commit(actions.removeSlot(page.draft, slotId));
    say("Removed.");
  },
  "add-ir": (target, { option = "" }) => addIR(target, option),
  "remove-ir": (_, { option = "", part }) => {
    focusNext(`[data-do="add-ir"][data-option="${option}"]`);
    commit(actions.removeIR(page.draft, option, Number(part)));
  },
  // Parameters.
  slide: (target, data) => setTo(data, (each) => valueAt(each, Number(valueOfField(target)))),
  type: (target, data) => setTo(data, (each) => typedValue(each, valueOfField(target))),
  reset: (_, data) => setTo(data, (parameter) => parameter.default),
  switch: (target, { option = "", part, name = "" }) =>
    commit(actions.setParameter(page.draft, option, Number(part), name, isTicked(target))),
  // Cells and the line-up.
  toggle: (target, { key = "" }) => {
    page.cursor = key;
    if (target.getAttribute("aria-disabled") === "true") say(target.title);
    else commit(actions.toggleCell(page.draft, key));
    show();
  },
  shift: (_, { key = "", step: by }) => {
    shiftContender(key, Number(by));
    focusNext(`[data-do="grip"][data-key="${CSS.escape(key)}"]`);
  },
  label: (target, { key = "" }) =>
    commit(
      actions.setLabel(page.draft, key, valueOfField(target).replace(/\s+/g, " "), isValid),
      `label:${key}`,
    ),
  "drop-out": (_, { key = "" }) => {
    const keys = lineUpOf(page.draft, isValid).map((each) => each.key);
    const next = keys[keys.indexOf(key) + 1] ?? keys.at(-2);
    focusNext(next ? `[data-do="drop-out"][data-key="${CSS.escape(next)}"]` : "#lineup-heading");
    commit(actions.removeContender(page.draft, key));
    say("Taken out of the line-up.");
  },
  "add-chains": async () => {
    const ids = await chooseChains(catalog.chains);
    if (ids.length) commit(actions.addChains(page.draft, ids, isValid));
  },
  // DI tracks.
  track: (target, { id = "" }) => commit(actions.chooseTrack(page.draft, id, isTicked(target))),
  "find-track": (target) => findTracks(valueOfField(target)),
  // Listening.
  play: (_, { play = "" }) => playOrStop(play),
  stop: () => {
    focusNext(`[data-play="${CSS.escape(page.audition.key)}"]`);
    stopListening();
  },
  swap,
  "passage-track": (target) => {
    page.passage = { ...page.passage, trackId: valueOfField(target), startS: null };
    followDraft();
  },
  "passage-start": (target) => {
    page.passage = { ...page.passage, startS: Number(valueOfField(target)) };
    followDraft();
    show();
  },
  // The draft.
  undo: () => step("undo"),
  redo: () => step("redo"),
  render,
  retry: () => saver.retry(),
  "keep-mine": keepMine,
  "load-theirs": loadTheirs,
  "start-over": startOver,
  "delete-draft": async (_, { id = "" }) => {
    const { status } = await ask(`drafts/${id}/`, { method: "DELETE" });
    if (status === 204 || status === 404)
      page.others = page.others.filter((other) => other.id !== id);
    focusNext("#content");
    show();
  },
  demo: (target) => tryDemo(target),
};

/**
 * @param {HTMLElement} target
 * @param {string} [name] instead of what it says itself
 */
export function runCommand(target, name = target.dataset.do ?? "") {
  COMMANDS[name]?.(target, target.dataset);
}

/** Title, description and options. */
export function changeField(/** @type {HTMLElement} */ field) {
  if (!field.closest("[data-fields]")) return;
  if (field instanceof HTMLTextAreaElement) {
    commit({ ...page.draft, description: field.value }, "description");
  } else if (field instanceof HTMLInputElement) {
    const { name, type, value } = field;
    if (name === "title") commit({ ...page.draft, title: value }, "title");
    else if (type === "checkbox") commit(actions.setOption(page.draft, name, field.checked));
    else if (type === "radio") commit(actions.setOption(page.draft, name, value));
    else if (field.validity.valid && value !== "")
      commit(actions.setOption(page.draft, name, Number(value)), name);
  }
}

function valueOfField(/** @type {HTMLElement} */ target) {
  const hasValue =
    target instanceof HTMLInputElement ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement;
  return hasValue ? target.value : "";
}

function isTicked(/** @type {HTMLElement} */ target) {
  return target instanceof HTMLInputElement && target.checked;
}

function optionIds() {
  return new Set(page.draft.slots.flatMap(({ options }) => options.map(({ id }) => id)));
}

// The chain -----------------------------------------------------------------------------------------

/**
 * Effects are chosen in a dialog, captures in the panel beside the page. What of a slot's captures
 * is taken out there goes.
 * @param {HTMLElement} anchor
 * @param {SlotName} name
 * @param {string} [slotId]
 */
async function addTo(anchor, name, slotId) {
  const word = wordOf(name);
  if (word.takes_processors) {
    const { blocks, isOther } = await chooseEffects(word, catalog.types);
    if (blocks.length) addBlocks(name, blocks, slotId || undefined);
    if (!isOther) return;
  }
  const entry = page.draft.slots.find(({ id, slot }) => (slotId ? id === slotId : slot === name));
  const isThere = Boolean(entry && (slotId || !word.takes_processors));
  const options = (isThere && entry?.options) || [];
  const before = options.flatMap(({ id, block }) =>
    block?.capture_id ? [{ id, captureId: block.capture_id }] : [],
  );
  const { openPicker } = await import("../picker/picker.js");
  const captures = await openPicker({
    kinds: word.kinds,
    slot: name,
    chosen: [...new Set(before.map(({ captureId }) => captureId))],
    anchor,
    onAudition: (capture) => playPicked(name, capture),
  });
  if (!captures) return;
  for (const capture of captures) catalog.add(capture);
  const ids = captures.map(({ id }) => id);
  const gone = before.filter(({ captureId }) => !ids.includes(captureId));
  const fresh = ids.filter((id) => !before.some(({ captureId }) => captureId === id));
  const blocks = fresh.map((id) => ({ capture_id: id, parameters: {} }));
  const added = withOptionalCab(
    actions.addOptions(page.draft, name, blocks, isThere ? entry?.id : undefined),
  );
  focusNext(`#slot-${name}`);
  commit(gone.reduce((draft, { id }) => actions.removeOption(draft, id), added));
  say(`${fresh.length} added.`);
}

function wordOf(/** @type {SlotName} */ name) {
  return /** @type {SlotWord} */ (page.known.data.slots.find((slot) => slot.name === name));
}

/**
 * Options for a slot. Beside a full rig the cabinet may also be none, and an effect that was added
 * alone is there to be set.
 * @param {SlotName} name
 * @param {Block[]} blocks
 * @param {string} [slotId]
 */
export function addBlocks(name, blocks, slotId) {
  const before = optionIds();
  const next = withOptionalCab(actions.addOptions(page.draft, name, blocks, slotId));
  focusNext(`#slot-${name}`);
  const added = next.slots.flatMap(({ options }) => options.filter(({ id }) => !before.has(id)));
  if (added.length === 1 && added[0].block?.processor) page.opened.add(added[0].id);
  commit(next);
}

function withOptionalCab(/** @type {import("./types.d.ts").Draft} */ draft) {
  const hasRig = draft.slots.some(({ options }) =>
    options.some(({ block }) => {
      const capture = catalog.captures.get(block?.capture_id ?? "");
      return capture?.gear.kind === "full_rig" || capture?.has_own_cab;
    }),
  );
  const cab = draft.slots.find(({ slot }) => slot === "cab");
  return hasRig && cab ? actions.addNone(draft, cab.id) : draft;
}

/**
 * A capture to where its kind stands, unless that would be more chains than may play. Says whether.
 * @param {Capture} capture
 * @param {SlotName} [name] where it was dropped
 */
export function addCapture(capture, name) {
  catalog.add(capture);
  const { kind } = capture.gear;
  const slot = page.known.data.slots.find(
    (each) => each.kinds.includes(kind) && (!name || each.name === name),
  );
  if (!slot) return false;
  const there = page.draft.slots.find((each) => each.slot === slot.name);
  const block = { capture_id: capture.id, parameters: {} };
  const next = withOptionalCab(actions.addOptions(page.draft, slot.name, [block], there?.id));
  if (numCells(next) > page.known.data.max_contenders && !name) return false;
  commit(next, "add");
  return true;
}

/**
 * @param {HTMLElement} anchor
 * @param {string} optionId
 */
async function replace(anchor, optionId) {
  const found = findOption(page.draft, optionId);
  if (!found) return;
  const id = await pickOne(anchor, found.slot.slot, wordOf(found.slot.slot).kinds);
  if (id) commit(actions.replaceCapture(page.draft, optionId, id));
}

/**
 * @param {HTMLElement} anchor
 * @param {string} optionId
 */
async function addIR(anchor, optionId) {
  const id = await pickOne(anchor, "cab", ["cab"]);
  if (id) commit(actions.addIR(page.draft, optionId, id));
}

/**
 * @param {HTMLElement} anchor
 * @param {SlotName} slot
 * @param {string[]} kinds
 */
async function pickOne(anchor, slot, kinds) {
  const { openPicker } = await import("../picker/picker.js");
  const captures = await openPicker({
    kinds,
    slot,
    chosen: [],
    anchor,
    isSingle: true,
    onAudition: (capture) => playPicked(slot, capture),
  });
  const picked = captures?.[0];
  if (picked) catalog.add(picked);
  return picked?.id ?? "";
}

/** Also by the Delete key. The focus goes to the option that takes its place. */
export function removeOption(/** @type {string} */ optionId) {
  const found = findOption(page.draft, optionId);
  if (!found) return;
  const { slot, option } = found;
  const place = slot.options.indexOf(option);
  const next = slot.options[place + 1] ?? slot.options[place - 1];
  focusNext(next ? `[data-do="remove-option"][data-option="${next.id}"]` : `#slot-${slot.slot}`);
  commit(actions.removeOption(page.draft, optionId));
  say(`${nameOf(option, page.known)} removed. Undo with Ctrl+Z.`);
}

/**
 * @param {DOMStringMap} data of the field
 * @param {(parameter: Parameter) => number | null} valueFor
 */
export function setTo({ option = "", part = "0", name = "" }, valueFor) {
  const block = findOption(page.draft, option)?.option.block;
  if (!block) return;
  const { numbers } = settableOf(block, Number(part), page.known);
  const parameter = numbers.find((each) => each.name === name);
  const value = parameter ? valueFor(parameter) : null;
  if (value === null) return;
  const next = actions.setParameter(page.draft, option, Number(part), name, value);
  commit(next, `${option}:${part}:${name}`);
}

/**
 * @param {string} key
 * @param {number} by
 */
export function shiftContender(key, by) {
  commit(actions.moveContender(page.draft, key, by, isValid), `shift:${key}`);
  const keys = lineUpOf(page.draft, isValid).map((each) => each.key);
  say(`Now number ${keys.indexOf(key) + 1} of ${keys.length}.`);
}

// Material ------------------------------------------------------------------------------------------

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

function findTracks(/** @type {string} */ text) {
  page.find = text.trim();
  show();
  if (!page.hasMoreTracks) return;
  clearTimeout(timer);
  timer = setTimeout(() => catalog.findTracks(page.find), 250);
}

/** A DI track of the demo and its amps and cabs: nine chains to begin with. */
async function tryDemo(/** @type {HTMLElement} */ button) {
  if (button.getAttribute("aria-disabled")) return;
  button.setAttribute("aria-disabled", "true");
  /** @type {import("./types.d.ts").Answer<{di_track_id: string, capture_ids: string[]}>} */
  const { body, error } = await ask(page.known.data.demo_url, { method: "POST" });
  button.removeAttribute("aria-disabled");
  if (!body) {
    need(root, "[data-first-problem]").textContent = error?.message ?? "";
    return;
  }
  let draft = actions.chooseTrack(page.draft, body.di_track_id, true);
  const captures = await Promise.all(
    body.capture_ids.map(async (id) => {
      /** @type {import("./types.d.ts").Answer<import("./types.d.ts").Capture>} */
      const { body: capture } = await ask(`captures/${id}/`);
      return capture;
    }),
  );
  for (const capture of captures) {
    if (!capture) continue;
    catalog.add(capture);
    const slot = capture.gear.kind === "cab" ? "cab" : "amp";
    draft = actions.addOptions(draft, slot, [{ capture_id: capture.id, parameters: {} }]);
  }
  focusNext("#grid-heading");
  commit(draft);
  find(root, "#grid-heading")?.scrollIntoView({ block: "center" });
}
