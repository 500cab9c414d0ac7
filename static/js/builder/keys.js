// Keys of the builder besides those that the browser has: fine steps of sliders, arrows in the table
// and in the line-up, Delete.

import { closestTo, find } from "../dom.js";
import { page, root, show } from "./builder.js";
import { removeOption, setTo, shiftContender } from "./commands.js";
import { findOption } from "./document.js";
import { arrowed } from "./grid.js";
import { numberOf, stepped } from "./parameters.js";

/** @type {Record<string, number>} */
const STEPS = {
  ArrowUp: 1,
  ArrowRight: 1,
  ArrowDown: -1,
  ArrowLeft: -1,
  PageUp: 10,
  PageDown: -10,
};

/** A listener for `keydown`. */
export function keyPressed(/** @type {KeyboardEvent} */ event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = closestTo(event, "[data-do]");
  if (!target) return;
  const action = KEYS[target.dataset.do ?? ""];
  if (action?.(event, target)) event.preventDefault();
}

/** @type {Record<string, (event: KeyboardEvent, target: HTMLElement) => boolean>} */
const KEYS = {
  slide: (event, { dataset }) => {
    if (event.key === "Delete" || event.key === "Backspace") {
      setTo(dataset, (parameter) => parameter.default);
      return true;
    }
    const num = (STEPS[event.key] ?? 0) * (event.shiftKey ? 10 : 1);
    if (!num) return false;
    const block = findOption(page.draft, dataset.option ?? "")?.option.block;
    const part = Number(dataset.part);
    const values = part ? block?.extra_irs?.[part - 1]?.parameters : block?.parameters;
    setTo(dataset, (parameter) => stepped(parameter, numberOf(parameter, values ?? {}), num));
    return true;
  },
  grip: (event, { dataset }) => {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!by) return false;
    shiftContender(dataset.key ?? "", by);
    return true;
  },
  // A name is one line, however many it takes to show it.
  label: (event, target) => {
    if (event.key !== "Enter") return false;
    find(root, `[data-do="grip"][data-key="${CSS.escape(target.dataset.key ?? "")}"]`)?.focus();
    return true;
  },
  toggle: (event, { dataset }) => {
    const { row, column } = dataset;
    const to = arrowed(Number(row), Number(column), event.key, ...extent());
    if (!to) return false;
    const next = find(root, `[data-row="${to.row}"][data-column="${to.column}"]`);
    if (next) {
      page.cursor = next.dataset.key ?? "";
      show();
      next.focus();
    }
    return true;
  },
  open: deleteKey,
  duplicate: deleteKey,
};

/** @returns {[number, number]} rows and columns of the table */
function extent() {
  const rows = root.querySelectorAll(".grid tbody tr");
  return [rows.length, rows[0]?.querySelectorAll("td").length ?? 0];
}

function deleteKey(/** @type {KeyboardEvent} */ event, /** @type {HTMLElement} */ { dataset }) {
  if (event.key !== "Delete") return false;
  removeOption(dataset.option ?? "");
  return true;
}
