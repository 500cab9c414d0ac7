// The side panel in which captures are chosen for a slot. A page that uses it has the tag
// `{% capture_picker %}` and `css/picker.css`.

import { all, find, need } from "../dom.js";
import { ask } from "./api.js";
import { CapturesPanel } from "./captures.js";
import { Selection } from "./selection.js";
import { TonesPanel } from "./tones.js";

/** @typedef {import("../types.d.ts").Capture} Capture */
/** @typedef {"mine" | "public" | "favorites"} Scope */

/**
 * @typedef {object} Request
 * @property {string[]} kinds of gear that may be chosen; none: any
 * @property {string} slot pre, amp, loop, cab or post: what the panel is called
 * @property {string[]} chosen ids of what is chosen already
 * @property {boolean} [isSingle] one capture, and not several
 * @property {HTMLElement} anchor what opened it: the focus goes back there
 * @property {(capture: Capture | null) => void} [onAudition] play this; null: the panel is closed
 */

const tabKept = "gts-picker-tab";
const scopes = ["mine", "public", "favorites"];
/** Beside the page there is room for it; else it covers the page. */
const wide = matchMedia("(min-width: 60rem)");

/** @type {Picker | null} */
let picker = null;

/**
 * Resolves with all that is chosen when the panel is closed with *Use*, in the order in which it
 * was; with null when it is closed otherwise. What was chosen before and is still there comes too.
 * @param {Request} request
 * @returns {Promise<Capture[] | null>}
 */
export function openPicker(request) {
  picker ??= new Picker(need(document, "[data-picker]", HTMLDialogElement));
  return picker.open(request);
}

class Picker {
  #dialog;
  #captures;
  /** @type {TonesPanel | null} */
  #tones = null;
  #selection = new Selection([]);
  /** @type {Request | null} */
  #request = null;
  #tab = "mine";
  /** @type {(captures: Capture[] | null) => void} */
  #resolve = () => {};

  /** @param {HTMLDialogElement} dialog */
  constructor(dialog) {
    this.#dialog = dialog;
    const owner = {
      selection: () => this.#selection,
      kinds: () => this.#request?.kinds ?? [],
      onChosen: () => this.#showChosen(),
      onUse: (/** @type {Capture} */ capture) => {
        this.#selection.add(capture);
        this.#use();
      },
      player: () => this.#request?.onAudition ?? null,
    };
    this.#captures = new CapturesPanel(need(dialog, "[data-captures]"), owner);
    const tones = find(dialog, "[data-tone-panel]");
    if (tones) this.#tones = new TonesPanel(tones, owner);
    this.#listen();
  }

  /** @param {Request} request */
  open(request) {
    this.#end(null);
    this.#request = request;
    const { kinds, slot, chosen, isSingle = false, onAudition } = request;
    this.#selection = new Selection(chosen, isSingle);
    need(this.#dialog, '[role="grid"]').setAttribute("aria-multiselectable", String(!isSingle));
    const title = need(this.#dialog, "[data-title-of]");
    title.textContent = title.getAttribute(`data-${slot}`) ?? title.dataset.any ?? "";
    need(this.#dialog, "[data-follow-field]").hidden = !onAudition;
    this.#captures.reset(kinds);
    this.#showChosen();
    if (wide.matches) this.#dialog.show();
    else this.#dialog.showModal();
    document.body.classList.add("has-picker");
    const scope = keptScope();
    this.#begin(scope);
    this.#captures.focus();
    this.#readChosen();
    /** @type {Promise<Capture[] | null>} */
    const promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    return promise;
  }

  /** Captures that were chosen before are known by their ids alone. */
  async #readChosen() {
    const selection = this.#selection;
    await Promise.all(
      selection.unread.map(async (id) => {
        const capture = await ask(`captures/${id}/`).catch(() => null);
        selection.read(id, capture);
      }),
    );
    if (selection === this.#selection) this.#showChosen();
  }

  #use() {
    // What is not read yet comes first.
    const selection = this.#selection;
    const missing = selection.unread.length ? this.#readChosen() : Promise.resolve();
    missing.then(() => this.#end(selection.captures));
  }

  /** @param {Capture[] | null} captures */
  #end(captures) {
    const request = this.#request;
    if (!request) return;
    this.#request = null;
    this.#captures.stop();
    this.#tones?.stop();
    this.#dialog.close();
    document.body.classList.remove("has-picker");
    request.onAudition?.(null);
    (request.anchor.isConnected ? request.anchor : need(document, "main")).focus();
    this.#resolve(captures);
  }

  #showChosen() {
    const { num } = this.#selection;
    const use = need(this.#dialog, "[data-use]", HTMLButtonElement);
    const isChanged = num > 0 || (this.#request?.chosen.length ?? 0) > 0;
    use.disabled = !isChanged;
    use.textContent = num > 1 ? `Use ${num} captures` : "Use capture";
    if (!num && isChanged) use.textContent = "Use none";
    need(this.#dialog, "[data-clear]").hidden = num === 0;
    const titles = num ? `${num} chosen` : "";
    need(this.#dialog, "[data-chosen]").textContent = titles;
  }

  /** Who has nothing of their own yet begins with what the server has. */
  async #begin(/** @type {string} */ scope) {
    const request = this.#request;
    const hasAny = await this.#showTab(scope);
    if (hasAny || scope !== "mine" || this.#tab !== "mine" || request !== this.#request) return;
    this.#showTab("public");
  }

  /** Says whether there is anything to choose from. */
  async #showTab(/** @type {string} */ name) {
    this.#tab = name;
    for (const tab of this.#tabs) {
      const isThis = tab.dataset.tab === name;
      tab.setAttribute("aria-selected", String(isThis));
      tab.tabIndex = isThis ? 0 : -1;
      if (isThis) need(this.#dialog, "[data-captures]").setAttribute("aria-labelledby", tab.id);
    }
    const isOfTones = name === "tone3000";
    need(this.#dialog, "[data-captures]").hidden = isOfTones;
    const tones = find(this.#dialog, "[data-tone-panel]");
    if (tones) tones.hidden = !isOfTones;
    if (isOfTones) {
      this.#tones?.show();
      return true;
    }
    return this.#captures.show(/** @type {Scope} */ (name));
  }

  /** A tab that someone has chosen: it comes first the next time. */
  #chooseTab(/** @type {HTMLElement} */ tab) {
    const name = tab.dataset.tab ?? "mine";
    keepScope(name);
    this.#showTab(name);
  }

  get #tabs() {
    return all(this.#dialog, '[role="tab"]');
  }

  #listen() {
    const dialog = this.#dialog;
    for (const tab of this.#tabs) tab.addEventListener("click", () => this.#chooseTab(tab));
    need(dialog, '[role="tablist"]').addEventListener("keydown", (event) => this.#onTabKey(event));
    need(dialog, "[data-close]").addEventListener("click", () => this.#end(null));
    need(dialog, "[data-use]").addEventListener("click", () => this.#use());
    need(dialog, "[data-clear]").addEventListener("click", () => {
      this.#selection.clear();
      this.#captures.refresh();
      this.#showChosen();
      this.#captures.focus();
    });
    // A panel beside the page does not close by itself.
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.#end(null);
    });
    dialog.addEventListener("keydown", (event) => this.#onKey(event));
  }

  #onKey(/** @type {KeyboardEvent} */ event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.altKey && step) {
      event.preventDefault();
      event.stopPropagation();
      this.#captures.step(step);
      return;
    }
    if (event.key !== "Escape" || event.defaultPrevented) return;
    const field = event.target;
    // The first one empties what was typed.
    if (field instanceof HTMLInputElement && field.type === "search" && field.value) {
      event.preventDefault();
      field.value = "";
      field.dispatchEvent(new Event("input", { bubbles: true }));
      return;
    }
    event.preventDefault();
    this.#end(null);
  }

  #onTabKey(/** @type {KeyboardEvent} */ event) {
    const tabs = this.#tabs;
    const here = tabs.indexOf(/** @type {HTMLElement} */ (event.target));
    const to = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: tabs.length - 1 }[
      event.key
    ];
    if (here < 0 || to === undefined) return;
    event.preventDefault();
    const tab = tabs[(to + tabs.length) % tabs.length];
    tab.focus();
    this.#chooseTab(tab);
  }
}

function keptScope() {
  try {
    const kept = localStorage.getItem(tabKept) ?? "";
    return scopes.includes(kept) ? kept : "mine";
  } catch {
    return "mine";
  }
}

function keepScope(/** @type {string} */ scope) {
  if (!scopes.includes(scope)) return;
  try {
    localStorage.setItem(tabKept, scope);
  } catch {
    // It holds for this page then.
  }
}
