// Putting the line-up in order with mouse, pen or finger: the number of a contender is its handle.

import { all, closest, closestTo } from "../dom.js";
import { shiftContender } from "./commands.js";

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
