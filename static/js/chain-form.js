// The chain form: order, removal, what a full rig leaves out, and the impulse
// responses of a cabinet.

import { all, closest, closestTo, find, need } from "./dom.js";
import { chainName, guidance, isFullRig } from "./logic/chain.js";
import { shifted } from "./logic/order.js";

/**
 * What is chosen in a slot of one block, or null where there is nothing to choose from.
 * @param {HTMLElement} form
 * @param {"amp" | "cab"} slot
 */
function choiceIn(form, slot) {
  const option = find(form, `[data-slot="${slot}"] [data-source]`, HTMLSelectElement)
    ?.selectedOptions[0];
  if (!option) return null;
  const { name = "", kind = "", ownCab } = option.dataset;
  return { name, kind, hasOwnCab: ownCab !== undefined };
}

function update(/** @type {HTMLElement} */ form) {
  const amp = choiceIn(form, "amp");
  const cab = choiceIn(form, "cab");
  for (const name of ["loop", "cab"]) {
    const slot = need(form, `[data-slot="${name}"]`, HTMLFieldSetElement);
    slot.classList.toggle("is-off", isFullRig(amp));
    // A disabled fieldset is not sent, and says so to everybody.
    slot.disabled = isFullRig(amp);
  }
  need(form, "[data-chain-name]", HTMLInputElement).placeholder = chainName(amp, cab);
  numberIRs(form);
  // After a chain was added the form is empty, and what it said then stays until something moves.
  if (form.dataset.touched || amp?.name)
    need(form, "[data-guidance]").textContent = guidance(amp, cab);
}

/** They are told apart by their numbers, which move up when one goes. */
function numberIRs(/** @type {HTMLElement} */ form) {
  for (const [index, ir] of all(form, "[data-ir]").entries()) {
    ir.setAttribute("aria-label", `Impulse response ${index + 1}`);
    need(ir, "[data-ir-number]").textContent = String(index + 1);
  }
}

function updateAll() {
  for (const form of all(document, "[data-chain-form]")) update(form);
}

document.addEventListener("change", (event) => {
  const form = closestTo(event, "[data-chain-form]");
  if (!form) return;
  form.dataset.touched = "1";
  update(form);
});

document.addEventListener("click", (event) => {
  const block = closestTo(event, "[data-block]");
  const removed = closestTo(event, "[data-remove-ir]") && closestTo(event, "[data-ir]");
  const move = closestTo(event, "[data-move]");
  if (!block) return;
  if (removed) {
    removed.remove();
    need(block, "[data-add-ir]").focus();
    const form = closest(block, "[data-chain-form]");
    if (form) numberIRs(form);
  } else if (closestTo(event, "[data-remove]")) {
    const slot = closest(block, "[data-slot]");
    block.remove();
    if (slot) find(slot, ".slot__add button")?.focus();
  } else if (move) {
    moveBlock(block, Number(move.dataset.move));
    move.focus();
  }
});

/**
 * @param {HTMLElement} block
 * @param {number} step
 */
function moveBlock(block, step) {
  const list = block.parentElement;
  if (!list) return;
  const order = shifted([...list.children], block, step);
  list.insertBefore(block, order[order.indexOf(block) + 1] ?? null);
}

// To find a capture is not to add the chain.
document.addEventListener("keydown", (event) => {
  const isFinding = event.target instanceof Element && event.target.matches(".block__find");
  if (event.key === "Enter" && isFinding) event.preventDefault();
});

/**
 * What was chosen while new options were on their way stays chosen.
 * @type {Map<string, string>}
 */
const chosen = new Map();

document.addEventListener("htmx:beforeSwap", ({ detail: { target } }) => {
  const select = target && find(target, ":scope > select[data-source]", HTMLSelectElement);
  if (select) chosen.set(select.name, select.value);
});

document.addEventListener("htmx:afterSwap", () => {
  for (const [name, value] of chosen) {
    const select = find(document, `select[name="${CSS.escape(name)}"]`, HTMLSelectElement);
    if (select && [...select.options].some((option) => option.value === value))
      select.value = value;
  }
  chosen.clear();
});

document.addEventListener("htmx:afterSettle", ({ target }) => {
  updateAll();
  if (target instanceof Element && target.matches("[data-irs]") && target.lastElementChild)
    need(target.lastElementChild, "select").focus();
});
updateAll();

// Captures that came in another tab, from Tone 3000.
if ("BroadcastChannel" in window) {
  new BroadcastChannel("gts-captures").addEventListener("message", () =>
    htmx.trigger(document.body, "captures-changed"),
  );
}
