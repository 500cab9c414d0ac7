// The chain form: order, removal, what a full rig leaves out, and the impulse
// responses of a cabinet.

import { all, closest, closestTo, find, need } from "./dom.js";
import { chainName, guidance, isFullRig } from "./logic/chain.js";
import { shifted } from "./logic/order.js";
import { titleOf } from "./picker/rows.js";

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
  // A page that has no picker offers what its lists have.
  if (find(document, "[data-picker]"))
    for (const button of all(document, "[data-browse]")) button.hidden = false;
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

// One capture out of all, instead of one of a list.
document.addEventListener("click", async (event) => {
  const button = closestTo(event, "[data-browse]");
  const select = button?.parentElement && find(button.parentElement, "select", HTMLSelectElement);
  if (!button || !select) return;
  // Most chains are built without it.
  const { openPicker } = await import("./picker/picker.js");
  const captures = await openPicker({
    kinds: (button.dataset.browse ?? "").split(" "),
    slot: closest(button, "[data-slot]")?.dataset.slot ?? "",
    chosen: select.value ? [select.value] : [],
    anchor: button,
    isSingle: true,
  });
  if (!captures || !select.isConnected) return;
  const [capture] = captures;
  if (capture && ![...select.options].some(({ value }) => value === capture.id))
    select.append(optionOf(capture));
  select.value = capture?.id ?? "";
  select.dispatchEvent(new Event("change", { bubbles: true }));
});

function optionOf(/** @type {import("./types.d.ts").Capture} */ capture) {
  const { id, gear } = capture;
  const option = new Option(`${gear.make} ${titleOf(capture)}`.trim(), id);
  option.dataset.kind = gear.kind;
  option.dataset.name = titleOf(capture);
  if (capture.has_own_cab) option.dataset.ownCab = "";
  return option;
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
