// The combinations as a table of switches.

import { laneColor } from "../player/drawing.js";
import { playButton } from "./chain-view.js";
import { numCells } from "./document.js";
import { gridOf } from "./grid.js";
import { h, icon } from "./html.js";

/** @import { GridCell } from "./grid.js" */
/** @import { Page } from "./types.d.ts" */
/** @import { Given } from "./html.js" */

/** @returns {Given[]} */
export function gridView(/** @type {Page} */ page) {
  const count = numCells(page.draft);
  if (!count) {
    return [
      h(
        "p",
        { key: "empty", class: "empty muted" },
        "Every combination of what you add above shows here, to be switched on or off.",
      ),
    ];
  }
  const grid = gridOf(page.draft, page.expansion, page.known);
  const told = page.expansion;
  if (!grid.rows.length || (told && !told.cells.length && told.num_cells === count)) {
    const most = page.known.data.max_contenders;
    return [
      h(
        "p",
        { key: "many", class: "notice notice--warning" },
        `These options make ${count} chains, too many to show. A shootout has at most ${most}: take some out.`,
      ),
    ];
  }
  const keys = grid.rows.flatMap(({ cells }) => cells.map(({ key }) => key));
  const cursor = keys.includes(page.cursor) ? page.cursor : keys[0];
  const hasHead = grid.columns.length > 1;
  return [
    h(
      "div",
      { key: "table", class: "matrix" },
      h(
        "table",
        { class: `grid${grid.columns.length > 4 ? " grid--wide" : ""}` },
        hasHead &&
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              h("td", { key: "corner" }),
              grid.columns.map((name, index) =>
                h("th", { key: String(index), scope: "col" }, h("span", {}, name)),
              ),
            ),
          ),
        h(
          "tbody",
          {},
          grid.rows.map((row, index) =>
            h(
              "tr",
              { key: row.cells[0].key },
              h("th", { key: "head", scope: "row" }, row.name || (hasHead ? "" : grid.columns[0])),
              row.cells.map((cell, column) =>
                h(
                  "td",
                  { key: cell.key },
                  cellView(page, cell, cell.key === cursor, index, column),
                ),
              ),
            ),
          ),
        ),
      ),
    ),
    h(
      "p",
      { key: "help", class: "small muted grid__help" },
      h("strong", {}, countText(grid.rows.flatMap(({ cells }) => cells))),
      " Click a combination to leave it out; by keyboard: arrows, and Space.",
    ),
  ];
}

function countText(/** @type {GridCell[]} */ cells) {
  const num = cells.filter(({ number }) => number > 0).length;
  const numOff = cells.filter(({ isOn, isValid }) => isValid && !isOn).length;
  const numInvalid = cells.filter(({ isValid }) => !isValid).length;
  const parts = [
    `${num} of ${cells.length} play`,
    numOff && `${numOff} switched off`,
    numInvalid && `${numInvalid} cannot be played`,
  ];
  return `${parts.filter(Boolean).join(", ")}.`;
}

/**
 * @param {Page} page
 * @param {GridCell} cell
 * @param {boolean} isCursor
 * @param {number} row
 * @param {number} column
 */
function cellView(page, cell, isCursor, row, column) {
  const plays = cell.isOn && cell.number > 0;
  const switched = cell.isOn ? "on" : "off";
  const state = cell.isValid ? switched : "cannot be played";
  const reason = cell.isValid ? "" : `. ${cell.reason}`;
  return h(
    "div",
    {
      class: `cell${plays ? " is-on" : ""}${cell.isValid ? "" : " is-invalid"}`,
      "--lane": plays ? laneColor(cell.number - 1, "var(--lane-lightness)") : "transparent",
    },
    h(
      "button",
      {
        type: "button",
        class: "cell__switch",
        "aria-pressed": String(cell.isOn && cell.isValid),
        "aria-disabled": cell.isValid ? null : "true",
        "aria-label": `${cell.label}, ${state}${plays ? `, number ${cell.number}` : ""}${reason}`,
        title: cell.isValid ? cell.label : cell.reason,
        tabindex: isCursor ? "0" : "-1",
        "data-do": "toggle",
        "data-key": cell.key,
        "data-row": String(row),
        "data-column": String(column),
      },
      cell.isValid
        ? h("span", { class: "cell__number" }, plays ? String(cell.number) : "off")
        : icon("close"),
    ),
    cell.isValid && playButton(page, `cell:${cell.key}`, cell.label),
  );
}
