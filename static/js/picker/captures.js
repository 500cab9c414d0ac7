// The panel that lists captures: words, filters, and the rows, with their star and their nickname.

import { all, closestTo, copyOf, find, need } from "../dom.js";
import { ask, keep } from "./api.js";
import { facetChoices } from "./facets.js";
import { Grid } from "./grid.js";
import { numFilters, parametersOf, statusOf, unfiltered, withoutFilters } from "./query.js";
import { Results } from "./results.js";
import { detailsOf, mimeType, nicknameOf, partsOf, titleOf } from "./rows.js";

/** @typedef {import("../types.d.ts").Capture} Capture */
/** @typedef {import("./selection.js").Selection} Selection */
/** @typedef {import("./query.js").Filters} Filters */

const typingMs = 150;

/**
 * @typedef {object} Owner what the panel is a part of
 * @property {() => Selection} selection
 * @property {() => void} onChosen another choice
 * @property {(capture: Capture) => void} onUse this, and be done
 * @property {() => ((capture: Capture) => void) | null} player what plays one, if it can be heard
 */

export class CapturesPanel {
  /** @type {string[]} */
  #fitting = [];
  /** @type {Filters} */
  #filters = unfiltered("mine");
  /** @type {Results<Capture>} */
  #results = new Results("", ask);
  #typing = 0;
  /** @type {Map<string, string>} what kinds are called */
  #kinds = new Map();
  /** @type {Owner} */
  #owner;
  #root;
  #search;
  #panel;
  #grid;

  /**
   * @param {HTMLElement} root
   * @param {Owner} owner
   */
  constructor(root, owner) {
    this.#root = root;
    this.#owner = owner;
    this.#search = need(root, "[data-search]", HTMLInputElement);
    this.#panel = need(root, "[data-filters]");
    this.#grid = new Grid({
      scroller: need(root, "[data-scroller]"),
      grid: need(root, '[role="grid"]'),
      makeRow: () => copyOf("picker-row"),
      bind: (row, index) => this.#bind(row, this.#results.rows[index]),
      onRange: (last) => this.#readOn(last),
      onMove: (index) => this.#moved(index),
      onLeave: () => this.#search.focus(),
    });
    for (const tick of all(this.#panel, '[name="kind"]', HTMLInputElement))
      this.#kinds.set(tick.value, kindIn(tick.labels?.[0]) ?? tick.value);
    this.#listen();
  }

  /**
   * Captures of these kinds, of which nothing is asked for yet.
   * @param {string[]} fitting
   */
  reset(fitting) {
    this.#fitting = fitting;
    this.#filters = withoutFilters({ ...this.#filters, search: "" });
    this.#search.value = "";
    for (const tick of all(this.#panel, '[name="kind"]', HTMLInputElement)) {
      const label = tick.closest("label");
      if (label) label.hidden = fitting.length > 0 && !fitting.includes(tick.value);
    }
    need(this.#root, "[data-kinds]").hidden = fitting.length === 1;
    this.#showFilters();
  }

  /**
   * Another tab. Says whether anything is there.
   * @param {Filters["scope"]} scope
   */
  async show(scope) {
    this.#filters = { ...this.#filters, scope };
    this.#grid.show(0, true);
    await this.#ask();
    return this.#results.rows.length > 0 || this.#results.error !== "";
  }

  focus() {
    this.#search.focus();
  }

  /** What is chosen has changed elsewhere. */
  refresh() {
    this.#grid.refresh();
  }

  stop() {
    clearTimeout(this.#typing);
    this.#results.stop();
  }

  /** The capture before or after the one that was last in focus, and it is played. */
  step(/** @type {number} */ by) {
    const index = this.#grid.active + (this.#grid.hasFocus ? by : 0);
    const capture = this.#results.rows[index];
    if (!capture) return;
    this.#grid.focus(index);
    this.#owner.player()?.(capture);
  }

  /** Ask for the list that the filters say, from its beginning. */
  async #ask() {
    this.#results.stop();
    const address = `captures/?${parametersOf(this.#filters, this.#fitting)}`;
    const results = new Results(address, ask);
    this.#results = results;
    this.#root.setAttribute("aria-busy", "true");
    await results.load();
    if (results.isStopped) return;
    this.#root.removeAttribute("aria-busy");
    this.#grid.show(results.rows.length, true);
    this.#told();
  }

  #readOn(/** @type {number} */ last) {
    const results = this.#results;
    if (results.isLoading || !results.rows.length || !results.isShortOf(last)) return;
    results.load().then(() => {
      if (results.isStopped) return;
      this.#grid.show(results.rows.length, false);
      // Not each page is told to who listens, only the last one.
      if (results.isComplete || results.error) this.#told();
    });
  }

  #told() {
    const { rows, isComplete, error } = this.#results;
    const status = need(this.#root, "[data-status]");
    const text = error || statusOf(this.#filters, { num: rows.length, isComplete });
    if (status.textContent !== text) status.textContent = text;
    need(this.#root, "[data-retry]").hidden = !error;
    need(this.#root, "[data-widen]").hidden = rows.length > 0 || !numFilters(this.#filters);
    this.#grid.total = isComplete ? rows.length : -1;
  }

  // Rows

  #bind(/** @type {HTMLElement} */ row, /** @type {Capture | undefined} */ capture) {
    if (!capture) return;
    const title = titleOf(capture);
    const parts = partsOf(row);
    const isChosen = this.#owner.selection().has(capture.id);
    row.setAttribute("aria-selected", String(isChosen));
    parts.name.textContent = title;
    parts.name.title = title;
    parts.details.textContent = detailsOf(capture, (kind) => this.#kinds.get(kind) ?? kind);
    parts.calibrated.hidden = !capture.is_calibrated;
    const isFavorite = capture.library_entry?.is_favorite ?? false;
    parts.star.setAttribute("aria-pressed", String(isFavorite));
    parts.star.setAttribute("aria-label", `Favorite: ${title}`);
    parts.rename.setAttribute("aria-label", `Nickname of ${title}`);
    parts.play.setAttribute("aria-label", `Play ${title}`);
    parts.play.hidden = !this.#owner.player();
    if (parts.play.parentElement) parts.play.parentElement.hidden = parts.play.hidden;
  }

  #moved(/** @type {number} */ index) {
    const capture = this.#results.rows[index];
    const follows = find(document, "[data-picker-follow]", HTMLInputElement);
    if (capture && follows?.checked) this.#owner.player()?.(capture);
  }

  #captureOf(/** @type {Event} */ event) {
    return this.#results.rows[this.#grid.indexOf(event.target)];
  }

  #choose(/** @type {Capture} */ capture) {
    this.#owner.selection().toggle(capture);
    this.#grid.refresh();
    this.#owner.onChosen();
  }

  /** What is kept of a capture: it is in the library from now on. */
  async #keep(
    /** @type {Capture} */ capture,
    /** @type {{nickname?: string, is_favorite?: boolean}} */ values,
  ) {
    const before = capture.library_entry;
    capture.library_entry = { id: "", nickname: "", is_favorite: false, ...before, ...values };
    this.#grid.refresh();
    try {
      capture.library_entry = await keep(capture.id, before?.id ?? "", values);
    } catch (error) {
      capture.library_entry = before;
      need(this.#root, "[data-status]").textContent =
        error instanceof Error ? error.message : String(error);
    }
    this.#grid.refresh();
    this.#owner.onChosen();
  }

  /** A field takes the place of the name until it is left. */
  #rename(/** @type {HTMLElement} */ row, /** @type {Capture} */ capture) {
    const name = need(row, "[data-name]");
    if (find(row, "input")) return;
    const field = document.createElement("input");
    field.className = "pick__field";
    field.maxLength = 100;
    field.value = nicknameOf(capture);
    field.placeholder = titleOf(capture);
    field.setAttribute("aria-label", `Nickname of ${titleOf(capture)}`);
    name.hidden = true;
    name.before(field);
    field.focus();
    field.select();
    const end = (/** @type {boolean} */ isKept) => {
      if (!field.isConnected) return;
      const hadFocus = document.activeElement === field;
      const nickname = field.value.trim();
      name.hidden = false;
      if (hadFocus) need(row, "[data-rename]").focus();
      field.remove();
      if (isKept && nickname !== nicknameOf(capture)) this.#keep(capture, { nickname });
    };
    field.addEventListener("blur", () => end(true));
    field.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.preventDefault();
      end(event.key === "Enter");
    });
  }

  // Filters

  async #openFilters() {
    const button = need(this.#root, "[data-filters-toggle]");
    this.#panel.hidden = !this.#panel.hidden;
    button.setAttribute("aria-expanded", String(!this.#panel.hidden));
    if (!this.#panel.hidden) await this.#readFacets();
  }

  /** What there is to choose from, of the list without filters. */
  async #readFacets() {
    const wide = withoutFilters({ ...this.#filters, search: "", ordering: "" });
    try {
      const facets = await ask(`captures/facets/?${parametersOf(wide, this.#fitting)}`);
      for (const select of all(this.#panel, "[data-facet]", HTMLSelectElement))
        facetChoices(select, facets[select.dataset.facet ?? ""] ?? []);
    } catch {
      // Then there is nothing to choose from, and what is typed still finds.
    }
  }

  #readFilters() {
    const value = (/** @type {string} */ name) =>
      need(this.#panel, `[name="${name}"]`, HTMLInputElement).value;
    const chosen = (/** @type {string} */ name) =>
      need(this.#panel, `[name="${name}"]`, HTMLSelectElement).value;
    const ticked = all(this.#panel, '[name="kind"]:checked', HTMLInputElement);
    this.#filters = {
      ...this.#filters,
      kinds: ticked.map((tick) => tick.value),
      make: chosen("make"),
      architecture: chosen("architecture"),
      licence: chosen("licence"),
      tag: chosen("tag"),
      gainMin: value("gain_min"),
      gainMax: value("gain_max"),
      isCalibrated: need(this.#panel, '[name="is_calibrated"]', HTMLInputElement).checked,
    };
    this.#showFilters();
  }

  #showFilters() {
    const num = numFilters(this.#filters);
    need(this.#root, "[data-num-filters]").textContent = num ? String(num) : "";
    need(this.#root, "[data-clear-filters]").hidden = num === 0;
    if (num) return;
    for (const field of all(this.#panel, "input", HTMLInputElement)) {
      if (field.type === "checkbox") field.checked = false;
      else field.value = "";
    }
    for (const select of all(this.#panel, "select", HTMLSelectElement)) select.value = "";
  }

  #clearFilters() {
    this.#filters = withoutFilters(this.#filters);
    this.#showFilters();
    this.#ask();
  }

  // What people do

  #listen() {
    const root = this.#root;
    const grid = need(root, '[role="grid"]');
    this.#search.addEventListener("input", () => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(() => {
        this.#filters = { ...this.#filters, search: this.#search.value };
        this.#ask();
      }, typingMs);
    });
    this.#search.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowDown" || event.altKey || !this.#results.rows.length) return;
      event.preventDefault();
      this.#grid.focus();
    });
    const sort = need(root, "[data-sort]", HTMLSelectElement);
    sort.addEventListener("change", () => {
      this.#filters = { ...this.#filters, ordering: sort.value };
      this.#ask();
    });
    this.#panel.addEventListener("change", () => {
      this.#readFilters();
      this.#ask();
    });
    need(root, "[data-filters-toggle]").addEventListener("click", () => this.#openFilters());
    for (const name of ["[data-clear-filters]", "[data-widen]"]) {
      need(root, name).addEventListener("click", () => {
        this.#clearFilters();
        this.#search.focus();
      });
    }
    need(root, "[data-retry]").addEventListener("click", async () => {
      this.#search.focus();
      const results = this.#results;
      await results.retry();
      this.#grid.show(results.rows.length, false);
      this.#told();
    });
    grid.addEventListener("click", (event) => this.#onClick(event));
    grid.addEventListener("dblclick", (event) => {
      const capture = this.#captureOf(event);
      if (capture && !closestTo(event, "button, input")) this.#owner.onUse(capture);
    });
    grid.addEventListener("keydown", (event) => this.#onKey(event));
    grid.addEventListener("dragstart", (event) => this.#onDrag(event));
  }

  #onClick(/** @type {MouseEvent} */ event) {
    const row = closestTo(event, '[role="row"]');
    const capture = this.#captureOf(event);
    if (!row || !capture || closestTo(event, "input")) return;
    if (closestTo(event, "[data-star]")) {
      this.#keep(capture, { is_favorite: !capture.library_entry?.is_favorite });
    } else if (closestTo(event, "[data-rename]")) {
      this.#rename(row, capture);
    } else if (closestTo(event, "[data-play]")) {
      this.#owner.player()?.(capture);
    } else if (event.detail < 2) {
      this.#choose(capture);
    }
  }

  #onKey(/** @type {KeyboardEvent} */ event) {
    const capture = this.#captureOf(event);
    if (!capture || event.altKey || event.ctrlKey || event.metaKey) return;
    if (closestTo(event, "input")) return;
    const isOnName = closestTo(event, "button") === null;
    if (event.key === " " && isOnName) {
      event.preventDefault();
      this.#choose(capture);
    } else if (event.key === "Enter" && isOnName) {
      event.preventDefault();
      this.#owner.onUse(capture);
    } else if (event.key.length === 1 && event.key !== " ") {
      // Who types is looking for something: the letter goes on into the field.
      this.#search.focus();
    }
  }

  #onDrag(/** @type {DragEvent} */ event) {
    const capture = this.#captureOf(event);
    if (!capture || !event.dataTransfer) return;
    const dragged = this.#owner.selection().draggedWith(capture);
    event.dataTransfer.setData(mimeType, JSON.stringify(dragged));
    event.dataTransfer.setData("text/plain", dragged.map(titleOf).join("\n"));
    event.dataTransfer.effectAllowed = "copy";
  }
}

/** What a kind is called in a row, without what is explained of it in brackets. */
function kindIn(/** @type {HTMLLabelElement | undefined} */ label) {
  return label?.textContent?.replace(/\(.*/, "").trim();
}
