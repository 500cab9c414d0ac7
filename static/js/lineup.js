// The line-up: who plays, and in which order. The ticks in the lists are the truth; this is the
// order they are sent in, and what it adds up to.

import { all, closestTo, copyOf, find, need } from "./dom.js";
import { lineupHint, lineupTitle } from "./logic/lineup.js";
import { merged, shifted } from "./logic/order.js";

const lineup = need(document, "[data-lineup]");
const list = need(lineup, "[data-lineup-list]");
const orderField = need(document, "[data-chain-order]", HTMLInputElement);
const title = need(document, 'input[name="title"]', HTMLInputElement);
let order = orderField.value.split(",").filter(Boolean);

function ticks(/** @type {"chain" | "track"} */ kind) {
  return all(document, `input[data-pick="${kind}"]:checked:not(:disabled)`, HTMLInputElement);
}

function show(/** @type {number} */ count, /** @type {string} */ name) {
  need(lineup, `[data-count-${name}]`).textContent = String(count);
}

/**
 * @param {string} id
 * @param {string} name
 * @param {number} index
 */
function itemOf(id, name, index) {
  const item = copyOf("lineup-item");
  item.dataset.id = id;
  need(item, "[data-place]").textContent = String(index + 1);
  need(item, "[data-name]").textContent = name;
  const [up, down] = all(item, "[data-shift]", HTMLButtonElement);
  up.setAttribute("aria-label", `Move ${name} up`);
  down.setAttribute("aria-label", `Move ${name} down`);
  up.disabled = index === 0;
  down.disabled = index === order.length - 1;
  need(item, "[data-drop-out]").setAttribute("aria-label", `Take ${name} out`);
  return item;
}

function update() {
  const names = new Map(ticks("chain").map((tick) => [tick.value, tick.dataset.name ?? ""]));
  order = merged(order, [...names.keys()]);
  orderField.value = order.join(",");
  const shown = order.map((id) => names.get(id) ?? "");
  list.replaceChildren(...order.map((id, index) => itemOf(id, shown[index], index)));
  const numTracks = ticks("track").length;
  need(lineup, "[data-lineup-empty]").hidden = order.length > 0 || numTracks > 0;
  show(order.length, "chains");
  show(numTracks, "tracks");
  show(order.length * numTracks, "segments");
  need(lineup, "[data-lineup-hint]").textContent = lineupHint(order.length, numTracks);
  title.placeholder = lineupTitle(shown);
}

list.addEventListener("click", (event) => {
  const id = closestTo(event, "li")?.dataset.id;
  if (!id) return;
  const shift = closestTo(event, "[data-shift]");
  if (shift) {
    const step = Number(shift.dataset.shift);
    order = shifted(order, id, step);
    update();
    const moved = need(list, `li[data-id="${CSS.escape(id)}"]`);
    const button = need(moved, `[data-shift="${step}"]`, HTMLButtonElement);
    (button.disabled ? find(moved, "[data-shift]:not(:disabled)") : button)?.focus();
  } else if (closestTo(event, "[data-drop-out]")) {
    need(document, `input[data-pick="chain"][value="${id}"]`, HTMLInputElement).checked = false;
    update();
    need(lineup, "h2").scrollIntoView({ block: "nearest" });
  }
});

document.addEventListener("change", (event) => {
  if (event.target instanceof Element && event.target.matches("[data-pick]")) update();
});
document.addEventListener("htmx:afterSettle", update);
update();
