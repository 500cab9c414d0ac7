// Putting the line-up in order with mouse, pen or finger: the number of a contender is its handle.
// And captures that are dragged from the panel to a slot.

import { all, closest, closestTo } from "../dom.js";
import { mimeType } from "../picker/rows.js";
import { addCapture, shiftContender } from "./commands.js";

/** @import { Capture, SlotName } from "./types.d.ts" */

export function watchDragging(/** @type {HTMLElement} */ root) {
  let dragged = "";
  let pointer = 0;

  root.addEventListener("pointerdown", (event) => {
    const grip = closestTo(event, '[data-do="grip"]');
    if (!grip || event.button !== 0) return;
    dragged = grip.dataset.key ?? "";
    pointer = event.pointerId;
    closest(grip, "li")?.classList.add("is-dragged");
  });
  // Of the document: an element that moves in its list loses the pointer.
  document.addEventListener("pointermove", (event) => {
    if (!dragged || event.pointerId !== pointer) return;
    const items = all(root, "[data-line-up] > li");
    const from = items.findIndex((item) => item.dataset.key === dragged);
    const others = items.toSpliced(from, 1);
    const to = others.filter((item) => middleOf(item) < event.clientY).length;
    if (from >= 0 && to !== from) shiftContender(dragged, to - from);
  });
  for (const name of ["pointerup", "pointercancel"])
    document.addEventListener(name, () => {
      dragged = "";
      for (const item of all(root, ".is-dragged")) item.classList.remove("is-dragged");
    });
}

function middleOf(/** @type {HTMLElement} */ item) {
  const { top, height } = item.getBoundingClientRect();
  return top + height / 2;
}

export function watchDropping(/** @type {HTMLElement} */ root) {
  const slotOf = (/** @type {DragEvent} */ event) =>
    event.dataTransfer?.types.includes(mimeType) ? closestTo(event, "[data-drop-slot]") : null;
  const mark = (/** @type {HTMLElement | null} */ slot) => {
    for (const each of all(root, "[data-drop-slot].is-over")) each.classList.remove("is-over");
    slot?.classList.add("is-over");
  };
  root.addEventListener("dragover", (event) => {
    const slot = slotOf(event);
    if (slot) event.preventDefault();
    mark(slot);
  });
  root.addEventListener("dragleave", () => mark(null));
  root.addEventListener("drop", (event) => {
    const slot = slotOf(event);
    mark(null);
    if (!slot) return;
    event.preventDefault();
    /** @type {Capture[]} */
    const captures = JSON.parse(event.dataTransfer?.getData(mimeType) || "[]");
    const name = /** @type {SlotName} */ (slot.dataset.dropSlot);
    for (const capture of captures) addCapture(capture, name);
  });
}
