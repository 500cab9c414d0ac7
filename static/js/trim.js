// Start and end of a DI: two handles over its waveform and two numbers, which say the same. The
// handles are range inputs, so the keyboard moves them as well.

import { find, need } from "./dom.js";
import { endFor, startFor } from "./logic/trim.js";

/**
 * @param {HTMLElement} handles with the length in `data-duration`
 * @param {ParentNode} [scope] where the numbers are
 * @returns {() => void} shows again what the numbers and the length say
 */
export function bindTrim(handles, scope = document) {
  const startField = need(scope, 'input[name="start_s"]', HTMLInputElement);
  const endField = need(scope, 'input[name="end_s"]', HTMLInputElement);
  const startHandle = need(handles, "[data-trim-start]", HTMLInputElement);
  const endHandle = need(handles, "[data-trim-end]", HTMLInputElement);

  const duration = () => Number(handles.dataset.duration);
  const start = () => Number(startField.value) || 0;
  const end = () => (endField.value === "" ? duration() : Number(endField.value));

  function show() {
    startHandle.max = endHandle.max = handles.dataset.duration ?? "";
    startHandle.value = String(start());
    endHandle.value = String(end());
    startHandle.setAttribute("aria-valuetext", `${start().toFixed(2)} s`);
    endHandle.setAttribute("aria-valuetext", `${end().toFixed(2)} s`);
    need(handles, "[data-trim-before]").style.width = `${(100 * start()) / duration()}%`;
    need(handles, "[data-trim-after]").style.width = `${100 - (100 * end()) / duration()}%`;
  }

  startHandle.addEventListener("input", () => {
    startField.value = startFor(Number(startHandle.value), end()).toFixed(2);
    show();
  });
  endHandle.addEventListener("input", () => {
    endField.value = endFor(Number(endHandle.value), start(), duration())?.toFixed(2) ?? "";
    show();
  });
  startField.addEventListener("input", show);
  endField.addEventListener("input", show);
  startHandle.hidden = endHandle.hidden = false;
  show();
  return show;
}

const trim = find(document, "[data-trim][data-duration]");
if (trim) bindTrim(trim);
