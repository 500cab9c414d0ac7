// The board of a signal chain: order, removal, what a full rig leaves out, and the impulse
// responses of a cabinet.

function slotOf(form, name) {
  return form.querySelector(`[data-slot="${name}"]`);
}

function update(form) {
  const amp = slotOf(form, "amp").querySelector("[data-source]");
  const cab = slotOf(form, "cab").querySelector("[data-source]");
  const kind = amp?.selectedOptions[0]?.dataset.kind ?? "";
  const isFullRig = kind === "full_rig";
  const hasOwnCab = isFullRig || amp?.selectedOptions[0]?.dataset.ownCab !== undefined;
  for (const name of ["loop", "cab"]) {
    const slot = slotOf(form, name);
    slot.classList.toggle("is-off", isFullRig);
    // A disabled fieldset is not sent, and says so to everybody.
    slot.disabled = isFullRig;
  }
  const ampName = amp?.selectedOptions[0]?.dataset.name ?? "";
  const cabName = isFullRig ? "" : (cab?.selectedOptions[0]?.dataset.name ?? "");
  const name = form.querySelector("[data-chain-name]");
  name.placeholder = [ampName, cabName].filter(Boolean).join(" + ") || "Amp + Cab";
  const guidance = form.querySelector("[data-guidance]");
  let text = "Ready: this chain is complete.";
  if (!ampName) text = "Choose an amp or a full rig.";
  else if (!hasOwnCab && !cabName) text = "An amp head needs a cabinet.";
  else if (isFullRig) text = "Ready: a full rig brings its own cabinet.";
  numberIRs(form);
  // After a chain was added the board is empty, and what it said then stays until something moves.
  if (form.dataset.touched || ampName) guidance.textContent = text;
}

// They are told apart by their numbers, which move up when one goes.
function numberIRs(form) {
  form.querySelectorAll("[data-ir]").forEach((ir, index) => {
    ir.setAttribute("aria-label", `Impulse response ${index + 1}`);
    ir.querySelector("[data-ir-number]").textContent = index + 1;
  });
}

function forms() {
  return document.querySelectorAll("[data-board]");
}

document.addEventListener("change", (event) => {
  const form = event.target.closest?.("[data-board]");
  if (!form) return;
  form.dataset.touched = "1";
  update(form);
});

document.addEventListener("click", (event) => {
  const block = event.target.closest("[data-block]");
  const remove = event.target.closest("[data-remove]");
  const move = event.target.closest("[data-move]");
  const removeIR = event.target.closest("[data-remove-ir]");
  if (removeIR) {
    const form = block.closest("[data-board]");
    removeIR.closest("[data-ir]").remove();
    block.querySelector("[data-add-ir]").focus();
    numberIRs(form);
  } else if (remove) {
    const slot = block.closest("[data-slot]");
    block.remove();
    slot.querySelector(".slot__add button")?.focus();
  } else if (move) {
    const step = Number(move.dataset.move);
    if (step < 0) block.previousElementSibling?.before(block);
    else block.nextElementSibling?.after(block);
    move.focus();
  }
});

// To find a capture is not to add the chain.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches?.(".block__find")) event.preventDefault();
});

// What was chosen while new options were on their way stays chosen.
const chosen = new Map();

document.addEventListener("htmx:beforeSwap", (event) => {
  const select = event.detail.target?.querySelector?.(":scope > select[data-source]");
  if (select) chosen.set(select.name, select.value);
});

document.addEventListener("htmx:afterSwap", () => {
  for (const [name, value] of chosen) {
    const select = document.querySelector(`select[name="${CSS.escape(name)}"]`);
    if ([...(select?.options ?? [])].some((option) => option.value === value)) select.value = value;
  }
  chosen.clear();
});

document.addEventListener("htmx:afterSettle", (event) => {
  forms().forEach(update);
  if (event.target.matches?.("[data-irs]")) event.target.lastElementChild.querySelector("select").focus();
});
forms().forEach(update);

// Captures that came in another tab, from Tone 3000.
if ("BroadcastChannel" in window) {
  new BroadcastChannel("gts-captures").addEventListener("message", () =>
    htmx.trigger(document.body, "captures-changed"),
  );
}
