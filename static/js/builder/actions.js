// What can be done to the document of a draft. Each takes one and gives the next.

import { shifted } from "../logic/order.js";
import {
  carriedOver,
  entryKey,
  findOption,
  isSameSource,
  lineUpOf,
  newId,
  sorted,
} from "./document.js";

/** @import { Block, Draft, Option, SlotEntry, SlotName } from "./types.d.ts" */

// Of one cabinet, besides its own.
const MAX_EXTRA_IRS = 3;

/**
 * With other slots; what was said about the cells goes along.
 * @param {Draft} draft
 * @param {SlotEntry[]} slots
 */
function withSlots(draft, slots) {
  const kept = sorted(slots.filter(({ options }) => options.length));
  return carriedOver(draft, { ...draft, slots: kept });
}

/**
 * @param {Draft} draft
 * @param {string} slotId
 * @param {(options: Option[]) => Option[]} change
 */
function withOptions(draft, slotId, change) {
  return withSlots(
    draft,
    draft.slots.map((slot) =>
      slot.id === slotId ? { ...slot, options: change(slot.options) } : slot,
    ),
  );
}

/**
 * More options for a slot: for that with the id, else a new one at the end of its place. Amp and
 * cabinet have one place each. A capture that is there already is left out.
 * @param {Draft} draft
 * @param {SlotName} name
 * @param {Block[]} blocks
 * @param {string} [slotId]
 */
export function addOptions(draft, name, blocks, slotId) {
  const isOnlyOne = name === "amp" || name === "cab";
  const there = draft.slots.find(({ id, slot }) => (isOnlyOne ? slot === name : id === slotId));
  const known = there?.options.flatMap(({ block }) => block ?? []) ?? [];
  const fresh = blocks.filter(
    (block) => block.processor || !known.some((other) => isSameSource(block, other)),
  );
  if (!fresh.length) return draft;
  const first = Number(newId(draft, "o").slice(1));
  const options = fresh.map((block, index) => ({ id: `o${first + index}`, block }));
  if (there) return withOptions(draft, there.id, (before) => [...before, ...options]);
  const added = { id: `s${first + fresh.length}`, slot: name, options };
  return withSlots(draft, [...draft.slots, added]);
}

/** The slot may also be empty. */
export function addNone(/** @type {Draft} */ draft, /** @type {string} */ slotId) {
  const none = { id: newId(draft, "o"), block: null };
  return withOptions(draft, slotId, (options) =>
    options.some(({ block }) => !block) ? options : [none, ...options],
  );
}

export function removeOption(/** @type {Draft} */ draft, /** @type {string} */ optionId) {
  const found = findOption(draft, optionId);
  if (!found) return draft;
  return withOptions(draft, found.slot.id, (options) => {
    const others = options.filter(({ id }) => id !== optionId);
    // Nothing alone is no slot.
    return others.some(({ block }) => block) ? others : [];
  });
}

export function removeSlot(/** @type {Draft} */ draft, /** @type {string} */ slotId) {
  return withOptions(draft, slotId, () => []);
}

/** The same again behind it, to be set otherwise. */
export function duplicateOption(/** @type {Draft} */ draft, /** @type {string} */ optionId) {
  const found = findOption(draft, optionId);
  if (!found?.option.block) return draft;
  const copy = { id: newId(draft, "o"), block: structuredClone(found.option.block) };
  return withOptions(draft, found.slot.id, (options) =>
    options.toSpliced(options.indexOf(found.option) + 1, 0, copy),
  );
}

/**
 * @param {Draft} draft
 * @param {string} optionId
 * @param {number} step
 */
export function moveOption(draft, optionId, step) {
  const found = findOption(draft, optionId);
  if (!found) return draft;
  return withOptions(draft, found.slot.id, (options) => shifted(options, found.option, step));
}

/**
 * A slot earlier or later in the signal, within its place.
 * @param {Draft} draft
 * @param {string} slotId
 * @param {number} step
 */
export function moveSlot(draft, slotId, step) {
  const slot = draft.slots.find(({ id }) => id === slotId);
  if (!slot) return draft;
  const group = draft.slots.filter((each) => each.slot === slot.slot);
  const order = shifted(group, slot, step);
  const others = draft.slots.filter((each) => each.slot !== slot.slot);
  return withSlots(draft, [...others, ...order]);
}

/**
 * @param {Draft} draft
 * @param {string} optionId
 * @param {(block: Block) => Block} change
 */
function withBlock(draft, optionId, change) {
  const slots = draft.slots.map((slot) => ({
    ...slot,
    options: slot.options.map((option) =>
      option.id === optionId && option.block ? { ...option, block: change(option.block) } : option,
    ),
  }));
  return { ...draft, slots };
}

/**
 * One parameter of an option; `part` 0 is the block itself, others are further impulse responses.
 * @param {Draft} draft
 * @param {string} optionId
 * @param {number} part
 * @param {string} name
 * @param {number | boolean} value
 */
export function setParameter(draft, optionId, part, name, value) {
  return withBlock(draft, optionId, (block) => {
    if (part === 0) return { ...block, parameters: { ...block.parameters, [name]: value } };
    const irs = (block.extra_irs ?? []).map((ir, index) =>
      index === part - 1 ? { ...ir, parameters: { ...ir.parameters, [name]: value } } : ir,
    );
    return { ...block, extra_irs: irs };
  });
}

/**
 * One more impulse response in a cabinet.
 * @param {Draft} draft
 * @param {string} optionId
 * @param {string} captureId
 */
export function addIR(draft, optionId, captureId) {
  return withBlock(draft, optionId, (block) => {
    const irs = block.extra_irs ?? [];
    if (irs.length >= MAX_EXTRA_IRS) return block;
    return { ...block, extra_irs: [...irs, { capture_id: captureId, parameters: {} }] };
  });
}

export function hasRoomForIR(/** @type {Block} */ block) {
  return (block.extra_irs?.length ?? 0) < MAX_EXTRA_IRS;
}

/**
 * @param {Draft} draft
 * @param {string} optionId
 * @param {number} part
 */
export function removeIR(draft, optionId, part) {
  return withBlock(draft, optionId, (block) => ({
    ...block,
    extra_irs: block.extra_irs?.toSpliced(part - 1, 1),
  }));
}

/** Another capture in place of an option's; its settings stay. */
export function replaceCapture(
  /** @type {Draft} */ draft,
  /** @type {string} */ optionId,
  /** @type {string} */ captureId,
) {
  return withBlock(draft, optionId, (block) => ({ ...block, capture_id: captureId }));
}

/**
 * Switch cells on or off.
 * @param {Draft} draft
 * @param {string[]} keys
 * @param {boolean} isOn
 */
export function setCells(draft, keys, isOn) {
  const others = draft.off.filter((key) => !keys.includes(key));
  return { ...draft, off: isOn ? others : [...others, ...keys] };
}

export function toggleCell(/** @type {Draft} */ draft, /** @type {string} */ key) {
  return setCells(draft, [key], draft.off.includes(key));
}

/** Saved chains at the end of the line-up, each once. */
export function addChains(
  /** @type {Draft} */ draft,
  /** @type {string[]} */ chainIds,
  /** @type {(key: string) => boolean} */ isValid,
) {
  const entries = lineUpOf(draft, isValid).map(({ entry }) => entry);
  const there = new Set(entries.map(entryKey));
  const fresh = chainIds.filter((id) => !there.has(id));
  const chains = fresh.map((id) => ({ chain_id: id, label: "" }));
  return fresh.length ? { ...draft, line_up: [...entries, ...chains] } : draft;
}

/** A cell is switched off, a saved chain leaves the line-up. */
export function removeContender(/** @type {Draft} */ draft, /** @type {string} */ key) {
  const isChain = draft.line_up.some((entry) => "chain_id" in entry && entry.chain_id === key);
  if (!isChain) return setCells(draft, [key], false);
  return { ...draft, line_up: draft.line_up.filter((entry) => entryKey(entry) !== key) };
}

/**
 * So many places further on in the line-up.
 * @param {Draft} draft
 * @param {string} key
 * @param {number} step
 * @param {(cell: string) => boolean} isValid
 */
export function moveContender(draft, key, step, isValid) {
  const entries = lineUpOf(draft, isValid).map(({ entry }) => entry);
  const moved = entries.find((entry) => entryKey(entry) === key);
  return moved ? { ...draft, line_up: shifted(entries, moved, step) } : draft;
}

/**
 * @param {Draft} draft
 * @param {string} key
 * @param {string} label
 * @param {(cell: string) => boolean} isValid
 */
export function setLabel(draft, key, label, isValid) {
  const entries = lineUpOf(draft, isValid).map(({ entry }) =>
    entryKey(entry) === key ? { ...entry, label } : entry,
  );
  return { ...draft, line_up: entries };
}

/**
 * @param {Draft} draft
 * @param {string} name
 * @param {string | number | boolean} value
 */
export function setOption(draft, name, value) {
  return { ...draft, options: { ...draft.options, [name]: value } };
}

/**
 * A DI track in or out; the newest comes last.
 * @param {Draft} draft
 * @param {string} id
 * @param {boolean} isChosen
 */
export function chooseTrack(draft, id, isChosen) {
  const others = draft.di_tracks.filter((each) => each !== id);
  return { ...draft, di_tracks: isChosen ? [...others, id] : others };
}
