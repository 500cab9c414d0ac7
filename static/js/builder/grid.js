// The combinations as a table: columns are the options of one slot, rows those of all others.

import { cellsOf, groupedBy, lineUpOf } from "./document.js";
import { nameOf, settingsText } from "./parameters.js";

/** @import { Draft, Expansion, Option } from "./types.d.ts" */
/** @import { Known } from "./parameters.js" */

/**
 * `number`: its place in the line-up; 0 where it does not play. `isKnown`: the server has judged it.
 * @typedef {{key: string, label: string, isOn: boolean, isValid: boolean, isKnown: boolean,
 *   reason: string, number: number}} GridCell
 * @typedef {{title: string, columns: string[], rows: {name: string, cells: GridCell[]}[]}} Grid
 */

/**
 * Whether a cell may be played, as far as it is known.
 * @param {Expansion | null} expansion
 */
export function validity(expansion) {
  const wrong = new Set(expansion?.cells.flatMap((cell) => (cell.is_valid ? [] : cell.key)));
  return (/** @type {string} */ key) => !wrong.has(key);
}

/**
 * Names of the options of a slot, told apart where one name comes twice.
 * @param {Option[]} options
 * @param {Known} known
 */
export function namesIn(options, known) {
  const names = options.map((option) => nameOf(option, known));
  const detailed = names.map((name, index) => {
    const { block } = options[index];
    const isAlone = names.filter((other) => other === name).length === 1;
    const settings = block && !isAlone ? settingsText(block, known) : "";
    return settings ? `${name} (${settings})` : name;
  });
  return detailed.map((name, index) => {
    const before = detailed.slice(0, index).filter((other) => other === name).length;
    return before ? `${name} #${before + 1}` : name;
  });
}

/**
 * @param {Draft} draft
 * @param {Expansion | null} expansion
 * @param {Known} known
 * @returns {Grid}
 */
export function gridOf(draft, expansion, known) {
  const cells = cellsOf(draft);
  const told = new Map(expansion?.cells.map((cell) => [cell.key, cell]));
  const places = new Map(
    lineUpOf(draft, validity(expansion)).map(({ key }, index) => [key, index + 1]),
  );
  const names = new Map(
    draft.slots.flatMap(({ options }) => {
      const all = namesIn(options, known);
      return options.map(({ id }, index) => [id, all[index]]);
    }),
  );
  const varying = draft.slots.flatMap(({ options }, index) => (options.length > 1 ? [index] : []));
  const across = varying.at(-1) ?? draft.slots.length - 1;
  const down = varying.filter((index) => index !== across);
  const word = (/** @type {Option} */ { id, block }, /** @type {boolean} */ isAlone) =>
    block || isAlone ? (names.get(id) ?? "") : "";
  const rows = groupedBy(cells, ({ options }) => down.map((index) => options[index].id).join());
  const gridCell = (/** @type {import("./document.js").Cell} */ { key, options }) => {
    const cell = told.get(key);
    const words = (varying.length ? varying : options.map((_, index) => index)).map((index) =>
      word(options[index], false),
    );
    return {
      key,
      label: cell?.label ?? (words.filter(Boolean).join(" + ") || "Without effects"),
      isOn: !draft.off.includes(key),
      isValid: cell?.is_valid ?? true,
      isKnown: Boolean(cell),
      reason: cell?.errors.map(({ message }) => message).join(" ") ?? "",
      number: places.get(key) ?? 0,
    };
  };
  return {
    title: down.length ? "" : "Chain",
    columns: (draft.slots[across]?.options ?? []).map((option) => word(option, true)),
    rows: [...rows.values()].map((row) => ({
      name: down.map((index) => word(row[0].options[index], true)).join(" · "),
      cells: row.map(gridCell),
    })),
  };
}

/**
 * Where an arrow leads from a cell of a table; the same place at an edge.
 * @param {number} row
 * @param {number} column
 * @param {string} key
 * @param {number} numRows
 * @param {number} numColumns
 */
export function arrowed(row, column, key, numRows, numColumns) {
  const last = { row: numRows - 1, column: numColumns - 1 };
  switch (key) {
    case "ArrowUp":
      return { row: Math.max(0, row - 1), column };
    case "ArrowDown":
      return { row: Math.min(last.row, row + 1), column };
    case "ArrowLeft":
      return { row, column: Math.max(0, column - 1) };
    case "ArrowRight":
      return { row, column: Math.min(last.column, column + 1) };
    case "Home":
      return { row, column: 0 };
    case "End":
      return { row, column: last.column };
    default:
      return null;
  }
}

/** A time for people: "40 s", "2 min 35 s", "1 h 5 min". */
export function durationText(/** @type {number} */ seconds) {
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 3600) return `${Math.round(whole / 60)} min`;
  return `${Math.floor(whole / 3600)} h ${Math.round((whole % 3600) / 60)} min`;
}

/** A length as players show it: "2:35". */
export function lengthText(/** @type {number} */ seconds) {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** What stands at an amp or cabinet that has no option yet. */
export function emptyText(/** @type {Draft} */ draft, /** @type {string} */ slot) {
  if (slot === "amp") return "Every chain needs one: add at least one amp.";
  if (slot !== "cab") return "";
  const hasAmp = draft.slots.some((each) => each.slot === "amp");
  return hasAmp ? "An amp head needs a cabinet: add at least one." : "";
}
