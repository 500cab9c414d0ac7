// Lists that are put in order on the page and sent as they stand: up, down, out.

import { all, closest, closestTo, find, need } from "./dom.js";
import { shifted } from "./logic/order.js";

function number(/** @type {HTMLElement} */ list) {
  for (const [index, place] of all(list, "[data-place]").entries())
    place.textContent = String(index + 1);
}

function say(/** @type {string} */ text) {
  need(document, "[data-order-said]").textContent = text;
}

document.addEventListener("click", (event) => {
  const list = closestTo(event, "[data-order]");
  const row = closestTo(event, ".order__row");
  if (!list || !row) return;
  const shift = closestTo(event, "[data-shift]");
  if (shift) {
    const order = shifted([...list.children], row, Number(shift.dataset.shift));
    const place = order.indexOf(row);
    list.insertBefore(row, order[place + 1] ?? null);
    shift.focus(); // it left the page for a moment
    say(`Place ${place + 1} of ${order.length}`);
  } else if (closestTo(event, "[data-take-out]")) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    const place = next && find(next, "[data-take-out]");
    (place ?? closest(list, "form") ?? need(document, "#content")).focus();
    say(`Taken out. ${list.childElementCount} are left.`);
  } else return;
  number(list);
});

for (const tools of all(document, ".order__tools")) tools.hidden = false;
