// Choosing what is added: effects and captures for a slot, or saved chains. A dialog with a search
// and boxes to tick; what is chosen comes back when it closes.

import { need } from "../dom.js";
import { ask } from "./api.js";
import { h, icon, patch } from "./html.js";

/** @import { Answer, Block, BlockType, Capture, Chain, SlotWord } from "./types.d.ts" */

const SEARCH_PAUSE_MS = 200;
const PAGE_SIZE = 48;

/**
 * @typedef {{id: string, name: string, detail: string, group: string}} Row
 * @typedef {(text: string, after: string) => Promise<{rows: Row[], next: string}>} Source
 */

/**
 * @param {{title: string, label: string, fixed?: Row[], source: Source | null, isSingle?: boolean}} about
 * @returns {Promise<string[]>} ids of what was chosen, in the order in which it was
 */
function choose({ title, label, fixed = [], source, isSingle = false }) {
  const dialog = need(document, "#chooser", HTMLDialogElement);
  /** @type {string[]} */
  let chosen = [];
  /** @type {Row[]} */
  let rows = [];
  let next = "";
  let text = "";
  let isBusy = Boolean(source);
  let run = 0;

  const rowView = (/** @type {Row} */ row) =>
    h(
      "li",
      { key: row.id },
      h(
        "label",
        { class: "chooser__row" },
        h("input", {
          type: "checkbox",
          checked: chosen.includes(row.id),
          "data-choose": row.id,
        }),
        h(
          "span",
          { class: "take__text" },
          h("span", { class: "option__name" }, row.name),
          row.detail && h("span", { class: "option__detail" }, row.detail),
        ),
      ),
    );
  const show = () => {
    const found = fixed.filter(({ name }) => name.toLowerCase().includes(text.toLowerCase()));
    patch(dialog, [
      h(
        "form",
        { method: "dialog", class: "chooser__form", "data-form": true },
        h(
          "div",
          { class: "chooser__head" },
          h("h2", { id: "chooser-title" }, title),
          h(
            "button",
            {
              type: "button",
              class: "icon-button",
              "aria-label": "Close",
              "data-cancel": true,
            },
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
          value: text,
          autofocus: true,
          "data-find": true,
        }),
        h(
          "div",
          { class: "chooser__body", "aria-busy": String(isBusy) },
          found.length > 0 &&
            h(
              "section",
              { key: "fixed" },
              h("h3", { class: "silk" }, "Effects"),
              h("ul", { class: "chooser__list chooser__list--grid" }, found.map(rowView)),
            ),
          rows.length > 0 &&
            h(
              "section",
              { key: "rows" },
              fixed.length > 0 && h("h3", { class: "silk" }, "Captures"),
              h("ul", { class: "chooser__list" }, rows.map(rowView)),
              next &&
                h(
                  "button",
                  { key: "more", type: "button", class: "button button--small", "data-more": true },
                  "Show more",
                ),
            ),
          !found.length &&
            !rows.length &&
            h(
              "p",
              { key: "none", class: "muted", role: "status" },
              isBusy ? "Looking…" : noneText(text),
            ),
        ),
        h(
          "div",
          { class: "chooser__foot actions" },
          h(
            "button",
            {
              type: "submit",
              class: "button button--primary",
              "aria-disabled": chosen.length ? null : "true",
            },
            chosen.length > 1 ? `Add ${chosen.length}` : "Add",
          ),
          h("p", { class: "small muted", role: "status" }, `${chosen.length} chosen`),
        ),
      ),
    ]);
  };
  const look = async (/** @type {string} */ after) => {
    if (!source) return;
    run += 1;
    const mine = run;
    isBusy = true;
    show();
    const found = await source(text, after);
    if (mine !== run) return;
    isBusy = false;
    rows = after ? [...rows, ...found.rows] : found.rows;
    next = found.next;
    show();
  };

  return new Promise((done) => {
    const stop = new AbortController();
    const { signal } = stop;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    let isAdding = false;
    const listen = (
      /** @type {string} */ name,
      /** @type {(target: HTMLElement, event: Event) => void} */ run_,
    ) =>
      dialog.addEventListener(
        name,
        (event) => {
          if (event.target instanceof HTMLElement) run_(event.target, event);
        },
        { signal },
      );
    listen("input", (target) => {
      if (!(target instanceof HTMLInputElement) || !target.matches("[data-find]")) return;
      text = target.value.trim();
      show();
      clearTimeout(timer);
      timer = setTimeout(() => look(""), SEARCH_PAUSE_MS);
    });
    listen("change", (target) => {
      const id = target.dataset.choose;
      if (!id || !(target instanceof HTMLInputElement)) return;
      const others = isSingle ? [] : chosen.filter((each) => each !== id);
      chosen = target.checked ? [...others, id] : others;
      show();
    });
    listen("click", (target) => {
      if (target.closest("[data-cancel]") || target === dialog) dialog.close();
      else if (target.closest("[data-more]")) look(next);
    });
    listen("submit", (_, event) => {
      // Enter in the search finds; what is found first is not what was meant.
      if (!chosen.length) event.preventDefault();
      else isAdding = true;
    });
    listen("close", () => {
      clearTimeout(timer);
      run += 1;
      stop.abort();
      done(isAdding ? chosen : []);
    });
    show();
    dialog.showModal();
    look("");
  });
}

function noneText(/** @type {string} */ text) {
  return text ? `No results for “${text}”.` : "Nothing here yet.";
}

/**
 * Captures of these kinds, own ones and the server's.
 * @param {string[]} kinds
 * @param {Map<string, Capture>} known what is found is put there
 * @returns {Source}
 */
function captureSource(kinds, known) {
  const query = kinds.map((kind) => `kind=${kind}`).join("&");
  return async (text, after) => {
    const search = text ? `&search=${encodeURIComponent(text)}` : "";
    const path = after || `gear/?${query}&page_size=${PAGE_SIZE}${search}`;
    /** @type {Answer<{results: (import("./types.d.ts").Gear & {captures: Omit<Capture, "gear">[]})[], next: string | null}>} */
    const { body } = await ask(path);
    const rows = (body?.results ?? []).flatMap(({ captures, ...gear }) =>
      captures
        .filter(({ state, unsupported_reason: reason }) => state === "ready" && !reason)
        .map((capture) => {
          known.set(capture.id, { ...capture, gear });
          const own = captures.length > 1 || capture.name !== gear.name ? capture.name : "";
          const kind = gear.kind === "full_rig" ? "Full rig" : "";
          const detail = [gear.make, own, kind, capture.architecture].filter(Boolean).join(" · ");
          return { id: capture.id, name: gear.name, detail, group: gear.kind };
        }),
    );
    return { rows, next: pathOf(body?.next) };
  };
}

function pathOf(/** @type {string | null | undefined} */ next) {
  if (!next) return "";
  const { pathname, search } = new URL(next, location.href);
  return pathname + search;
}

/**
 * What may stand at a slot: built-in effects where they may, and captures.
 * @param {SlotWord} slot
 * @param {Map<string, BlockType>} types
 * @param {Map<string, Capture>} captures
 * @returns {Promise<Block[]>}
 */
export async function chooseBlocks(slot, types, captures) {
  const effects = slot.takes_processors
    ? [...types.values()].filter(({ places }) => places.includes(slot.name))
    : [];
  const ids = await choose({
    title: `Add to ${slot.label}`,
    label: effects.length ? "Find an effect or a capture" : "Find a capture",
    fixed: effects.map(({ name, title }) => ({ id: name, name: title, detail: "", group: "" })),
    source: captureSource(slot.kinds, captures),
  });
  return ids.map((id) =>
    types.has(id) ? { processor: id, parameters: {} } : { capture_id: id, parameters: {} },
  );
}

/**
 * One capture of these kinds, or nothing.
 * @param {string} title
 * @param {string[]} kinds
 * @param {Map<string, Capture>} captures
 */
export async function chooseCapture(title, kinds, captures) {
  const source = captureSource(kinds, captures);
  const [id] = await choose({ title, label: "Find a capture", source, isSingle: true });
  return id ?? "";
}

/**
 * Saved chains.
 * @param {Map<string, Chain>} chains what is found is put there
 */
export function chooseChains(chains) {
  /** @type {Source} */
  const source = async (text, after) => {
    const search = text ? `&search=${encodeURIComponent(text)}` : "";
    /** @type {Answer<{results: Chain[], next: string | null}>} */
    const { body } = await ask(after || `chains/?page_size=${PAGE_SIZE}${search}`);
    const rows = (body?.results ?? []).map((chain) => {
      chains.set(chain.id, chain);
      return { id: chain.id, name: chain.name, detail: "", group: "" };
    });
    return { rows, next: pathOf(body?.next) };
  };
  return choose({ title: "Add saved chains", label: "Find one of your chains", source });
}
