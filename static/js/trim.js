// Start and end of a DI: two handles over its waveform and two numbers, which say the same. The
// handles are range inputs, so the keyboard moves them as well.

import { find, need } from "./dom.js";
import { endFor, startFor } from "./logic/trim.js";

function bind(/** @type {HTMLElement} */ handles) {
  const duration = Number(handles.dataset.duration);
  const startField = need(document, 'input[name="start_s"]', HTMLInputElement);
  const endField = need(document, 'input[name="end_s"]', HTMLInputElement);
  const startHandle = need(handles, "[data-trim-start]", HTMLInputElement);
  const endHandle = need(handles, "[data-trim-end]", HTMLInputElement);

  const start = () => Number(startField.value) || 0;
  const end = () => (endField.value === "" ? duration : Number(endField.value));

  function show() {
    startHandle.value = String(start());
    endHandle.value = String(end());
    startHandle.setAttribute("aria-valuetext", `${start().toFixed(2)} s`);
    endHandle.setAttribute("aria-valuetext", `${end().toFixed(2)} s`);
    need(handles, "[data-trim-before]").style.width = `${(100 * start()) / duration}%`;
    need(handles, "[data-trim-after]").style.width = `${100 - (100 * end()) / duration}%`;
  }

  startHandle.addEventListener("input", () => {
    startField.value = startFor(Number(startHandle.value), end()).toFixed(2);
    show();
  });
  endHandle.addEventListener("input", () => {
    endField.value = endFor(Number(endHandle.value), start(), duration)?.toFixed(2) ?? "";
    show();
  });
  startField.addEventListener("input", show);
  endField.addEventListener("input", show);
  startHandle.hidden = endHandle.hidden = false;
  show();
}

const trim = find(document, "[data-trim]");
if (trim) bind(trim);
