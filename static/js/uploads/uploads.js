// Bring your own, at once: many files, a folder or a zip, dropped on an element or chosen.

import { filesOfChoice, filesOfDrop } from "./files.js";
import { isTaken, summaryOf, totalsOf } from "./items.js";
import { UploadQueue } from "./queue.js";
import { button, made, UploadRow } from "./rows.js";
import * as transport from "./transport.js";

/** @typedef {import("./files.js").Found} Found */
/** @typedef {import("./queue.js").Ready} Ready */

const ACCEPTED = ".nam,.wav,.flac,.aif,.aiff,.ogg,.mp3,.zip";
// Read aloud no more often.
const SAY_EVERY_MS = 2000;
const BY_PATH = new Intl.Collator(undefined, { numeric: true });

/**
 * Takes what is dropped on `dropTarget`, and shows in `list` buttons to choose files, and what
 * becomes of each. `onReady` hears of every file that may be used now.
 * @param {object} given
 * @param {HTMLElement} given.dropTarget
 * @param {HTMLElement} given.list
 * @param {(item: Ready) => void} given.onReady
 */
export function startUploads({ dropTarget, list, onReady }) {
  const view = new UploadsView(list);
  const queue = new UploadQueue({ transport, onReady, onChange: () => view.show(queue) });
  view.onFiles = (found) => take(found);
  list.append(view.element);

  function take(/** @type {Found[]} */ found) {
    const taken = found.filter(({ file }) => isTaken(file.name));
    view.numLeftOut += found.length - taken.length;
    // Browsers hand out a folder in no certain order.
    queue.add(taken.sort((a, b) => BY_PATH.compare(pathOf(a), pathOf(b))));
  }

  onDrop(dropTarget, async (transfer) => take(await filesOfDrop(transfer)));
  window.addEventListener("online", () => queue.retryBroken());
  window.addEventListener("beforeunload", (event) => {
    // They can be gone on with, but not by themselves.
    if (queue.items.some(({ phase }) => phase === "sending")) event.preventDefault();
  });
  if (transport.hasEarlierUploads()) {
    transport.uploadsUntil(new Set()).then(
      (uploads) => queue.recall(uploads),
      () => {},
    );
  }
  return { add: (/** @type {Iterable<File>} */ files) => take(filesOfChoice(files)) };
}

function pathOf(/** @type {Found} */ { folder, file }) {
  return `${folder}/${file.name}`;
}

/**
 * @param {HTMLElement} target
 * @param {(transfer: DataTransfer) => void} act
 */
function onDrop(target, act) {
  let depth = 0;
  const hasFiles = (/** @type {DragEvent} */ { dataTransfer }) =>
    dataTransfer?.types.includes("Files") ?? false;
  const mark = (/** @type {number} */ step) => {
    depth = Math.max(depth + step, 0);
    target.classList.toggle("is-drop-target", depth > 0);
  };
  target.addEventListener("dragenter", (event) => {
    if (hasFiles(event)) mark(1);
  });
  target.addEventListener("dragleave", (event) => {
    if (hasFiles(event)) mark(-1);
  });
  target.addEventListener("dragover", (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  target.addEventListener("drop", (event) => {
    mark(-depth);
    // A field for one file takes its own.
    const isForField = event.target instanceof Element && event.target.closest("[data-drop]");
    if (!event.dataTransfer || !hasFiles(event) || isForField) return;
    event.preventDefault();
    act(event.dataTransfer);
  });
}

class UploadsView {
  element = made("div", "uploads");
  numLeftOut = 0;
  /** @type {(found: Found[]) => void} */
  onFiles = () => {};
  #list;
  #rows = made("ul", "rows uploads__rows");
  #summary = made("p", "uploads__summary");
  #said = made("p", "visually-hidden");
  #bar = document.createElement("progress");
  /** @type {Map<string, UploadRow>} */
  #rowByKey = new Map();
  #cancel;
  #clear;
  /** @type {UploadQueue | null} */
  #queue = null;
  #isDue = false;
  #saidAtMs = 0;

  constructor(/** @type {HTMLElement} */ list) {
    this.#list = list;
    this.#cancel = button("Cancel all", "Cancel all uploads", () =>
      this.#queue?.removeUnfinished(),
    );
    this.#clear = button("Clear the list", "", () => this.#clearEnded());
    this.#cancel.hidden = this.#clear.hidden = true;
    const head = made("div", "uploads__head");
    head.append(this.#chooser("Choose files", false), this.#chooser("Choose a folder", true));
    head.append(this.#cancel, this.#clear);
    this.#said.setAttribute("role", "status");
    this.#bar.max = 100;
    this.#bar.className = "uploads__bar";
    this.#bar.setAttribute("aria-label", "Uploaded in all");
    this.#bar.hidden = true;
    this.element.append(head, this.#summary, this.#bar, this.#said, this.#rows);
  }

  #chooser(/** @type {string} */ text, /** @type {boolean} */ isFolder) {
    const field = document.createElement("input");
    field.type = "file";
    field.hidden = true;
    field.multiple = true;
    if (isFolder) field.webkitdirectory = true;
    else field.accept = ACCEPTED;
    field.addEventListener("change", () => {
      this.onFiles(filesOfChoice(field.files ?? []));
      field.value = "";
    });
    const choose = button(text, "", () => field.click());
    choose.append(field);
    return choose;
  }

  /** At most once a frame, however much has changed. */
  show(/** @type {UploadQueue} */ queue) {
    this.#queue = queue;
    if (this.#isDue) return;
    this.#isDue = true;
    // A page in the background draws no frames, and is to be right when it comes back.
    setTimeout(() => {
      this.#isDue = false;
      this.#draw(queue);
    }, 50);
  }

  #draw(/** @type {UploadQueue} */ queue) {
    const items = queue.items;
    const keys = new Set(items.map(({ key }) => key));
    for (const [key, row] of this.#rowByKey) if (!keys.has(key)) this.#dropRow(key, row);
    for (const item of items) {
      const row = this.#rowByKey.get(item.key);
      if (row) row.update();
      else this.#addRow(queue, item);
    }
    const totals = totalsOf(items);
    const summary = summaryOf(totals, this.numLeftOut);
    this.#summary.textContent = summary;
    this.#bar.hidden = !totals.isActive;
    this.#bar.value = 100 * totals.share;
    this.#cancel.hidden = !items.some(({ phase }) => phase !== "sent" && phase !== "refused");
    this.#clear.hidden = totals.isActive || !items.length;
    this.#list.dataset.uploads = totals.isActive ? "active" : "idle";
    this.#say(summary, totals.isActive);
  }

  #say(/** @type {string} */ text, /** @type {boolean} */ isActive) {
    const nowMs = performance.now();
    if (isActive && nowMs - this.#saidAtMs < SAY_EVERY_MS) return;
    this.#saidAtMs = nowMs;
    if (this.#said.textContent !== text) this.#said.textContent = text;
  }

  #addRow(/** @type {UploadQueue} */ queue, /** @type {import("./items.js").Item} */ item) {
    const row = new UploadRow(item, {
      retry: (key) => queue.retry(key),
      remove: (key) => queue.remove(key),
      correct: (key, changes) => queue.correct(key, changes),
    });
    this.#rowByKey.set(item.key, row);
    this.#rows.append(row.element);
  }

  /** The focus goes to the next row, or to the first button. */
  #dropRow(/** @type {string} */ key, /** @type {UploadRow} */ row) {
    const hadFocus = row.element.contains(document.activeElement);
    const rows = [...this.#rowByKey.values()];
    const place = rows.indexOf(row);
    const next = rows[place + 1] ?? rows[place - 1];
    this.#rowByKey.delete(key);
    if (hadFocus) (next?.removeButton ?? this.element.querySelector("button"))?.focus();
    row.element.remove();
  }

  #clearEnded() {
    for (const { key } of this.#queue?.items ?? []) this.#queue?.remove(key);
    this.numLeftOut = 0;
    this.element.querySelector("button")?.focus();
  }
}
