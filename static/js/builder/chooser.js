// Choosing what is added: a dialog with a search and boxes to tick, for effects and saved chains.
// Captures are chosen in the side panel (js/picker).

import { need } from "../dom.js";
import { ask } from "./api.js";
import { h, icon, patch } from "./html.js";

/** @import { Answer, Block, BlockType, Chain, SlotWord } from "./types.d.ts" */

const SEARCH_PAUSE_MS = 200;
const PAGE_SIZE = 48;

/**
 * @typedef {{id: string, name: string}} Row
 * @typedef {(text: string, after: string) => Promise<{rows: Row[], next: string}>} Source
 * @typedef {{title: string, label: string, source: Source, other?: string}} About
 */

/** What the dialog shows. */
class Chooser {
  /** @type {string[]} Ids, in the order in which they were chosen. */
  chosen = [];
  #text = "";
  #isBusy = true;
  /** @type {Row[]} */
  #rows = [];
  #next = "";
  #run = 0;
  #dialog;
  #about;

  /**
   * @param {HTMLDialogElement} dialog
   * @param {About} about
   */
  constructor(dialog, about) {
    this.#dialog = dialog;
    this.#about = about;
  }

  tick(/** @type {string} */ id, /** @type {boolean} */ isChosen) {
    const others = this.chosen.filter((each) => each !== id);
    this.chosen = isChosen ? [...others, id] : others;
    this.show();
  }

  look(/** @type {string} */ text) {
    this.#text = text;
    return this.#read("");
  }

  more() {
    return this.#read(this.#next);
  }

  async #read(/** @type {string} */ after) {
    this.#run += 1;
    const run = this.#run;
    this.#isBusy = true;
    this.show();
    const { rows, next } = await this.#about.source(this.#text, after);
    if (run !== this.#run) return;
    this.#isBusy = false;
    this.#rows = after ? [...this.#rows, ...rows] : rows;
    this.#next = next;
    this.show();
  }

  show() {
    const { title, label, other } = this.#about;
    const num = this.chosen.length;
    patch(this.#dialog, [
      h(
        "form",
        { method: "dialog", class: "chooser__form" },
        h(
          "div",
          { class: "chooser__head" },
          h("h2", { id: "chooser-title" }, title),
          h(
            "button",
            { type: "button", class: "icon-button", "aria-label": "Close", "data-cancel": true },
            icon("close"),
          ),
        ),
        h("input", {
          type: "search",
          class: "chooser__find",
          placeholder: label,
          "aria-label": label,
          maxlength: "200",
          autocomplete: "off",
          value: this.#text,
          autofocus: true,
          "data-find": true,
        }),
        h("div", { class: "chooser__body", "aria-busy": String(this.#isBusy) }, this.#body()),
        h(
          "div",
          { class: "chooser__foot actions" },
          h(
            "button",
            {
              type: "submit",
              class: "button button--primary",
              "aria-disabled": num ? null : "true",
            },
            num > 1 ? `Add ${num}` : "Add",
          ),
          other && h("button", { type: "button", class: "button", "data-other": true }, other),
        ),
      ),
    ]);
  }

  #body() {
    if (!this.#rows.length) {
      const nothing = this.#text ? `No results for “${this.#text}”.` : "Nothing here yet.";
      return h("p", { key: "none", role: "status" }, this.#isBusy ? "Looking…" : nothing);
    }
    return [
      h(
        "ul",
        { key: "rows", class: "chooser__list" },
        this.#rows.map(({ id, name }) =>
          h(
            "li",
            { key: id },
            h(
              "label",
              { class: "chooser__row" },
              h("input", {
                type: "checkbox",
                checked: this.chosen.includes(id),
                "data-choose": id,
              }),
              h("span", { class: "option__name" }, name),
            ),
          ),
        ),
      ),
      this.#next &&
        h(
          "button",
          { key: "more", type: "button", class: "button button--small", "data-more": true },
          "Show more",
        ),
    ];
  }
}

/**
 * `isOther`: the other way was taken that the dialog offers.
 * @param {About} about
 * @returns {Promise<{ids: string[], isOther: boolean}>}
 */
function choose(about) {
  const dialog = need(document, "#chooser", HTMLDialogElement);
  const chooser = new Chooser(dialog, about);
  const { promise, resolve } = deferred();
  const stop = new AbortController();
  const { signal } = stop;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let isAdding = false;
  let isOther = false;

  dialog.addEventListener("input", onInput, { signal });
  dialog.addEventListener("change", onChange, { signal });
  dialog.addEventListener("click", onClick, { signal });
  dialog.addEventListener("submit", onSubmit, { signal });
  dialog.addEventListener("close", onClose, { signal });
  chooser.show();
  dialog.showModal();
  chooser.look("");
  return promise;

  function onInput(/** @type {Event} */ { target }) {
    if (!(target instanceof HTMLInputElement) || !target.matches("[data-find]")) return;
    clearTimeout(timer);
    timer = setTimeout(() => chooser.look(target.value.trim()), SEARCH_PAUSE_MS);
  }

  function onChange(/** @type {Event} */ { target }) {
    if (target instanceof HTMLInputElement && target.dataset.choose)
      chooser.tick(target.dataset.choose, target.checked);
  }

  function onClick(/** @type {Event} */ { target }) {
    if (!(target instanceof Element)) return;
    if (target.closest("[data-more]")) chooser.more();
    isOther = target.closest("[data-other]") !== null;
    if (isOther || target === dialog || target.closest("[data-cancel]")) dialog.close();
  }

  function onSubmit(/** @type {Event} */ event) {
    isAdding = chooser.chosen.length > 0;
    // Enter in the search finds; what is found first is not what was meant.
    if (!isAdding) event.preventDefault();
  }

  function onClose() {
    clearTimeout(timer);
    stop.abort();
    resolve({ ids: isAdding ? chooser.chosen : [], isOther });
  }
}

function deferred() {
  /** @type {(value: {ids: string[], isOther: boolean}) => void} */
  let resolve = () => {};
  /** @type {Promise<{ids: string[], isOther: boolean}>} */
  const promise = new Promise((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/**
 * Built-in effects that may stand at a slot, or the wish for captures instead.
 * @param {SlotWord} slot
 * @param {Map<string, BlockType>} types
 * @returns {Promise<{blocks: Block[], isOther: boolean}>}
 */
export async function chooseEffects(slot, types) {
  const all = [...types.values()].filter(({ places }) => places.includes(slot.name));
  const { ids, isOther } = await choose({
    title: `Add to ${slot.label}`,
    label: "Find an effect",
    other: slot.name === "post" ? "Pedals, outboard, spaces…" : "Captured pedals, outboard…",
    source: async (text) => {
      const found = all.filter(({ title }) => title.toLowerCase().includes(text.toLowerCase()));
      return { rows: found.map(({ name, title }) => ({ id: name, name: title })), next: "" };
    },
  });
  return { blocks: ids.map((id) => ({ processor: id, parameters: {} })), isOther };
}

/**
 * Saved chains.
 * @param {Map<string, Chain>} chains what is found is put there
 */
export async function chooseChains(chains) {
  /** @type {Source} */
  const source = async (text, after) => {
    const search = text ? `&search=${encodeURIComponent(text)}` : "";
    /** @type {Answer<{results: Chain[], next: string | null}>} */
    const { body } = await ask(after || `chains/?page_size=${PAGE_SIZE}${search}`);
    const rows = body?.results ?? [];
    for (const chain of rows) chains.set(chain.id, chain);
    return { rows, next: pathOf(body?.next) };
  };
  const about = { title: "Add saved chains", label: "Find one of your chains", source };
  return (await choose(about)).ids;
}

function pathOf(/** @type {string | null | undefined} */ next) {
  if (!next) return "";
  const { pathname, search } = new URL(next, location.href);
  return pathname + search;
}
