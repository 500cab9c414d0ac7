// The document of a draft: its cells, their keys, and the order of the line-up. No `document` of
// the browser here: a value comes in, another one goes out, and none is changed.

/** @import { Block, Draft, Entry, Option, Page, SlotEntry, SlotName } from "./types.d.ts" */

/** The order of the signal. */
export const SLOTS = /** @type {SlotName[]} */ (["pre", "amp", "loop", "cab", "post"]);

// Of more cells than this the page shows only how many there are.
const MAX_CELLS_SHOWN = 256;

/**
 * @typedef {{key: string, options: Option[]}} Cell
 * @typedef {{key: string, entry: Entry}} Contender
 */

/** @returns {Draft} */
export function emptyDocument() {
  return {
    schema_version: 1,
    title: "",
    description: "",
    di_tracks: [],
    slots: [],
    off: [],
    line_up: [],
    options: {},
  };
}

/**
 * The items by what `keyOf` says of them, in the order in which they come.
 * @template T
 * @param {T[]} items
 * @param {(item: T) => string} keyOf
 */
export function groupedBy(items, keyOf) {
  /** @type {Map<string, T[]>} */
  const groups = new Map();
  for (const item of items) {
    const key = keyOf(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return groups;
}

/** Whether there is nothing in it that someone would miss. */
export function isEmpty(/** @type {Draft} */ draft) {
  return JSON.stringify({ ...draft, options: {} }) === JSON.stringify(emptyDocument());
}

/**
 * The slots in the order of the signal, those of one place as they stand.
 * @param {SlotEntry[]} slots
 */
export function sorted(slots) {
  return SLOTS.flatMap((name) => slots.filter(({ slot }) => slot === name));
}

/** An id that nothing in the document has. */
export function newId(/** @type {Draft} */ draft, /** @type {"s" | "o"} */ prefix) {
  const ids = draft.slots.flatMap((slot) => [slot.id, ...slot.options.map(({ id }) => id)]);
  const numbers = ids.map((id) => Number(/^[a-z](\d+)$/.exec(id)?.[1] ?? 0));
  return `${prefix}${Math.max(0, ...numbers) + 1}`;
}

export function numCells(/** @type {Draft} */ { slots }) {
  return slots.length ? slots.reduce((product, { options }) => product * options.length, 1) : 0;
}

/**
 * Every combination, the last slot fastest; none where there are too many to show.
 * @returns {Cell[]}
 */
export function cellsOf(/** @type {Draft} */ draft) {
  const count = numCells(draft);
  if (count === 0 || count > MAX_CELLS_SHOWN) return [];
  const rows = draft.slots.reduce(
    (/** @type {Option[][]} */ before, { options }) =>
      before.flatMap((row) => options.map((option) => [...row, option])),
    [[]],
  );
  return rows.map((options) => ({ key: options.map(({ id }) => id).join("/"), options }));
}

/** The chain that a cell is, as the API takes blocks. */
export function blocksOf(/** @type {Draft} */ draft, /** @type {string} */ key) {
  const ids = key.split("/");
  return draft.slots.flatMap(({ slot, options }, index) => {
    const block = options.find(({ id }) => id === ids[index])?.block;
    return block ? [{ slot, ...block }] : [];
  });
}

/** What tells an entry of the line-up from others: the key of a cell, or the id of a chain. */
export function entryKey(/** @type {Entry} */ entry) {
  return "cell" in entry ? entry.cell : entry.chain_id;
}

/**
 * Who plays, in order: what the line-up names as it stands there, then the other cells that are
 * on, as they come. `isValid` is asked about cells.
 * @param {Draft} draft
 * @param {(key: string) => boolean} isValid
 * @returns {Contender[]}
 */
export function lineUpOf(draft, isValid) {
  const playing = cellsOf(draft)
    .map(({ key }) => key)
    .filter((key) => !draft.off.includes(key) && isValid(key));
  const named = draft.line_up.filter((entry) => !("cell" in entry) || playing.includes(entry.cell));
  const keys = named.map(entryKey);
  const others = playing.filter((key) => !keys.includes(key));
  return [
    ...named.map((entry) => ({ key: entryKey(entry), entry })),
    ...others.map((key) => ({ key, entry: { cell: key, label: "" } })),
  ];
}

/**
 * `after` with what was said about the cells of `before`: a cell follows those that it agrees with
 * in every slot that both have. It is off where all of these were, and stands where they stood.
 * @param {Draft} before
 * @param {Draft} after
 * @returns {Draft}
 */
export function carriedOver(before, after) {
  const cells = cellsOf(after);
  if (!cells.length) return { ...after, off: [], line_up: after.line_up.filter(isChain) };
  const common = before.slots.flatMap(({ id }, old) => {
    const place = after.slots.findIndex((slot) => slot.id === id);
    return place < 0 ? [] : [{ old, place }];
  });
  const signature = (/** @type {string[]} */ ids, /** @type {"old" | "place"} */ side) =>
    common.map((pair) => ids[pair[side]]).join("/");
  const oldKeys = cellsOf(before).map(({ key }) => key);
  const ancestors = groupedBy(oldKeys, (key) => signature(key.split("/"), "old"));
  const of = (/** @type {Cell} */ cell) =>
    ancestors.get(
      signature(
        cell.options.map(({ id }) => id),
        "place",
      ),
    ) ?? [];
  const off = cells.filter((cell) => {
    const keys = of(cell);
    return keys.length > 0 && keys.every((key) => before.off.includes(key));
  });
  /** @type {Set<string>} */
  const placed = new Set();
  const lineUp = after.line_up.flatMap((entry) => {
    if ("chain_id" in entry) return /** @type {Entry[]} */ ([entry]);
    const heirs = cells.filter((cell) => !placed.has(cell.key) && of(cell).includes(entry.cell));
    for (const { key } of heirs) placed.add(key);
    // A name for one is no name for several.
    const label = heirs.length === 1 ? entry.label : "";
    return heirs.map(({ key }) => ({ cell: key, label }));
  });
  return { ...after, off: off.map(({ key }) => key), line_up: lineUp };
}

function isChain(/** @type {Entry} */ entry) {
  return "chain_id" in entry;
}

/**
 * What the server or the browser has kept, whatever else may stand there.
 * @param {Partial<Draft>} kept
 * @returns {Draft}
 */
export function readDocument(kept) {
  const draft = { ...emptyDocument(), ...kept };
  // A slot without options would leave no cell at all.
  return { ...draft, slots: sorted(draft.slots.filter(({ options }) => options.length)) };
}

/** Ids of all captures in it. */
export function captureIds(/** @type {Draft} */ draft) {
  const blocks = draft.slots.flatMap(({ options }) => options.flatMap(({ block }) => block ?? []));
  const ids = blocks.flatMap((block) => [block, ...(block.extra_irs ?? [])]);
  return [...new Set(ids.flatMap(({ capture_id: id }) => id ?? []))];
}

/** Ids of all saved chains in it. */
export function chainIds(/** @type {Draft} */ draft) {
  return draft.line_up.flatMap((entry) => ("chain_id" in entry ? [entry.chain_id] : []));
}

/**
 * The slot and the option with this id.
 * @param {Draft} draft
 * @param {string} id
 * @returns {{slot: SlotEntry, option: Option} | null}
 */
export function findOption(draft, id) {
  for (const slot of draft.slots) {
    const option = slot.options.find((each) => each.id === id);
    if (option) return { slot, option };
  }
  return null;
}

/** Whether two blocks sound the same by their source: what was chosen is not offered again. */
export function isSameSource(/** @type {Block} */ a, /** @type {Block} */ b) {
  return a.capture_id === b.capture_id && a.processor === b.processor;
}

/** The DI track that is heard: the one that was chosen for it, else the first of the shootout. */
export function trackHeard(/** @type {Page} */ { draft, passage, tracks }) {
  const ready = tracks.filter(({ state }) => state === "ready");
  const ids = [passage.trackId, ...draft.di_tracks];
  return ids.flatMap((id) => ready.find((track) => track.id === id) ?? [])[0] ?? ready[0] ?? null;
}
