// The list of common audio interfaces beside an input level: a combobox that fills the number in.
//
// It works wherever such a field is, also in a form that htmx has just put there. The list comes with the first use.

import { all, closestTo, find, need, writingHeaders } from "./dom.js";
import { levelValue, matching, optionAfter } from "./logic/interfaces.js";

/** @import { AudioInterface } from "./types.d.ts" */

/** @type {Promise<AudioInterface[]> | null} */
let loading = null;

function interfaces(/** @type {string} */ url) {
  loading ??= fetch(url, { headers: { Accept: "application/json" } }).then((answer) => {
    if (!answer.ok) throw new Error(`The list of audio interfaces: ${answer.status}`);
    return answer.json();
  });
  // The next try asks again.
  loading.catch(() => {
    loading = null;
  });
  return loading;
}

const partsOf = (/** @type {HTMLElement} */ box) => ({
  field: need(box, '[role="combobox"]', HTMLInputElement),
  list: need(box, '[role="listbox"]'),
  note: need(box, "[data-interface-note]"),
});

/**
 * @param {HTMLElement} box
 * @param {AudioInterface[]} found
 */
function show(box, found) {
  const { field, list, note } = partsOf(box);
  list.replaceChildren(
    ...found.map((item, index) => {
      const option = document.createElement("li");
      option.id = `${list.id}-${index}`;
      option.role = "option";
      option.dataset.key = item.key;
      option.ariaSelected = "false";
      const name = document.createElement("span");
      name.textContent = item.label;
      const level = document.createElement("span");
      level.className = "num";
      level.textContent = `${levelValue(item.level_dbu)} dBu`;
      option.append(name, level);
      return option;
    }),
  );
  list.hidden = found.length === 0;
  field.ariaExpanded = String(found.length > 0);
  field.removeAttribute("aria-activedescendant");
  note.textContent =
    found.length > 0 ? "" : "Not in the list. The manual has it as maximum input level.";
}

function close(/** @type {HTMLElement} */ box) {
  const { field, list } = partsOf(box);
  list.hidden = true;
  field.ariaExpanded = "false";
  field.removeAttribute("aria-activedescendant");
}

async function open(/** @type {HTMLElement} */ box) {
  const { field, note } = partsOf(box);
  try {
    const items = await interfaces(box.dataset.interfaces ?? "");
    if (document.activeElement !== field) return;
    // What was chosen before is no search.
    show(box, matching(items, field.value === box.dataset.chosen ? "" : field.value));
  } catch {
    note.textContent = "The list could not be loaded. Type the level instead.";
  }
}

/**
 * @param {HTMLElement} box
 * @param {string} key
 */
async function choose(box, key) {
  const items = await interfaces(box.dataset.interfaces ?? "");
  const item = items.find((candidate) => candidate.key === key);
  if (!item) return;
  const { field, note } = partsOf(box);
  field.value = box.dataset.chosen = item.label;
  close(box);
  const level = document.getElementById(box.dataset.levelField ?? "");
  if (level instanceof HTMLInputElement) {
    level.value = levelValue(item.level_dbu);
    level.dispatchEvent(new Event("input", { bubbles: true }));
  }
  const value = `${levelValue(item.level_dbu)} dBu with the gain at its minimum.`;
  note.textContent = `${value} Source: ${item.source}.`;
  remember(box, key);
}

/**
 * Where the next form begins. That it is not kept now is no reason to disturb.
 * @param {HTMLElement} box
 * @param {string} key
 */
function remember(box, key) {
  fetch(box.dataset.me ?? "", {
    method: "PATCH",
    headers: { "Content-Type": "application/json", ...writingHeaders() },
    body: JSON.stringify({ audio_interface: key }),
  }).catch(() => {});
}

/** What was typed and not chosen goes; an emptied field is none. */
function leave(/** @type {HTMLElement} */ box) {
  const { field, note } = partsOf(box);
  close(box);
  if (field.value.trim() === "" && box.dataset.chosen) {
    box.dataset.chosen = note.textContent = "";
    remember(box, "");
  }
  field.value = box.dataset.chosen ?? "";
}

function move(/** @type {HTMLElement} */ box, /** @type {string} */ key) {
  const { field, list } = partsOf(box);
  const options = all(list, '[role="option"]');
  const at = options.findIndex(({ ariaSelected }) => ariaSelected === "true");
  const next = optionAfter(key, at, options.length);
  if (next === null) return;
  for (const [index, option] of options.entries()) option.ariaSelected = String(index === next);
  const option = options[next];
  if (!option) return;
  field.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

document.addEventListener("focusout", (event) => {
  const box = closestTo(event, "[data-interfaces]");
  if (box && !(event.relatedTarget instanceof Node && box.contains(event.relatedTarget)))
    leave(box);
});

document.addEventListener("input", (event) => {
  const box = closestTo(event, "[data-interfaces]");
  if (box) open(box);
});

document.addEventListener("keydown", (event) => {
  const box = closestTo(event, "[data-interfaces]");
  if (!box) return;
  const { list } = partsOf(box);
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (list.hidden) open(box);
    else move(box, event.key);
  } else if (event.key === "Escape" && !list.hidden) {
    event.preventDefault();
    event.stopPropagation();
    close(box);
  } else if (event.key === "Enter") {
    event.preventDefault(); // not the form's
    const chosen =
      find(list, '[aria-selected="true"]') ??
      (all(list, "li").length === 1 ? find(list, "li") : null);
    if (!list.hidden && chosen) choose(box, chosen.dataset.key ?? "");
  }
});

// Before the field loses its focus and the list with it.
document.addEventListener("pointerdown", (event) => {
  const option = closestTo(event, '[data-interfaces] [role="option"]');
  if (option) event.preventDefault();
});

document.addEventListener("click", (event) => {
  const option = closestTo(event, '[data-interfaces] [role="option"]');
  const box = closestTo(event, "[data-interfaces]");
  if (box && option) choose(box, option.dataset.key ?? "");
  else if (box && event.target === partsOf(box).field) open(box);
});
