// Title, description and options: fields that the template has, filled from the document.

import { all, need } from "../dom.js";

/** @import { Page } from "./types.d.ts" */

/** Fields of the template, by their names. */
const FIELDS = "[data-fields] input, [data-fields] textarea, [data-fields] select";

/**
 * @param {HTMLElement} root
 * @param {Page} page
 * @param {boolean} isForced also the one that is being typed in
 */
export function showFields(root, { draft }, isForced) {
  const texts = { title: draft.title, description: draft.description };
  for (const [name, value] of Object.entries(texts)) {
    const field = need(root, `[name="${name}"]`);
    put(field, value, isForced);
  }
  for (const field of all(root, FIELDS, HTMLInputElement)) {
    if (field.name in texts) continue;
    const value = draft.options[field.name];
    if (field.type === "checkbox") {
      field.checked = typeof value === "boolean" ? value : field.defaultChecked;
    } else if (field.type === "radio") {
      field.checked = value === undefined ? field.defaultChecked : field.value === value;
    } else put(field, value === undefined ? field.defaultValue : String(value), isForced);
  }
}

/**
 * @param {HTMLElement} field
 * @param {string} value
 * @param {boolean} isForced
 */
function put(field, value, isForced) {
  if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)) return;
  if (field === document.activeElement && !isForced) return;
  if (field.value !== value) field.value = value;
}
