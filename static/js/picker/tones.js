// The panel of Tone 3000: lists of tones, one tone by its link, and its models into one's own gear.

import { all, closestTo, copyOf, need } from "../dom.js";
import { ask } from "./api.js";
import { fetchModels } from "./fetching.js";
import { toneIdIn } from "./query.js";
import { Results } from "./results.js";

/** @typedef {import("../types.d.ts").Capture} Capture */
/** @typedef {import("../types.d.ts").Tone} Tone */
/** @typedef {import("../types.d.ts").ToneDetail} ToneDetail */
/** @typedef {import("./selection.js").Selection} Selection */

/**
 * @typedef {object} Owner what the panel is a part of
 * @property {() => Selection} selection
 * @property {() => string[]} kinds that may be chosen; none: any
 * @property {() => void} onChosen another choice
 */

export class TonesPanel {
  /** @type {Results<Tone>} */
  #tones = new Results("", ask);
  /** @type {ToneDetail | null} */
  #tone = null;
  #list = "";
  #root;
  #owner;
  #aborter = new AbortController();

  /**
   * @param {HTMLElement} root
   * @param {Owner} owner
   */
  constructor(root, owner) {
    this.#root = root;
    this.#owner = owner;
    const lists = need(root, "[data-tone-list]", HTMLSelectElement);
    lists.addEventListener("change", () => this.#showList(lists.value));
    need(root, "[data-tone-form]", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      const id = toneIdIn(need(root, "[data-tone-link]", HTMLInputElement).value);
      if (id) this.#open(id);
      else this.#tell("This is no link to a tone, and no id of one.");
    });
    root.addEventListener("click", (event) => this.#onClick(event));
  }

  /** The panel comes into view. */
  show() {
    const lists = need(this.#root, "[data-tone-list]", HTMLSelectElement);
    if (this.#list !== lists.value) this.#showList(lists.value);
  }

  focus() {
    need(this.#root, "[data-tone-link]").focus();
  }

  /** The picker is closed: what was queued goes on at the server, and is in the library then. */
  stop() {
    this.#aborter.abort();
    this.#aborter = new AbortController();
    this.#close();
  }

  #tell(/** @type {string} */ text) {
    need(this.#root, "[data-tone-status]").textContent = text;
  }

  async #showList(/** @type {string} */ name) {
    this.#tones.stop();
    this.#close();
    this.#list = name;
    const tones = new Results(`tone3000/${name}/`, ask);
    this.#tones = tones;
    need(this.#root, "[data-tones]").replaceChildren();
    this.#tell("Asking Tone 3000…");
    await this.#readOn(tones);
  }

  /** @param {Results<Tone>} tones */
  async #readOn(tones) {
    const before = tones.rows.length;
    await tones.load();
    if (tones.isStopped) return;
    const list = need(this.#root, "[data-tones]");
    for (const tone of tones.rows.slice(before)) list.append(toneItem(tone));
    const more = need(this.#root, "[data-more-tones]");
    more.hidden = tones.isComplete || tones.error !== "";
    if (tones.error) this.#list = "";
    this.#tell(tones.error || (tones.rows.length ? "" : "There are no tones in this list."));
    // Who asked for more goes on with the first of them.
    if (before) all(list, "[data-tone]")[before]?.focus();
  }

  async #open(/** @type {string} */ id) {
    this.#tell("Asking Tone 3000…");
    /** @type {ToneDetail} */
    let tone;
    try {
      tone = await ask(`tone3000/tones/${encodeURIComponent(id)}/`, {
        signal: this.#aborter.signal,
      });
    } catch (error) {
      if (!this.#aborter.signal.aborted) this.#tell(messageOf(error));
      return;
    }
    this.#tone = tone;
    this.#tell("");
    this.#showTone(tone);
  }

  #showTone(/** @type {ToneDetail} */ tone) {
    const root = this.#root;
    need(root, "[data-tone-lists]").hidden = true;
    need(root, "[data-tone-detail]").hidden = false;
    const title = need(root, "[data-tone-title]");
    title.textContent = tone.title;
    need(root, "[data-tone-about]").textContent = aboutTone(tone);
    const link = need(root, "[data-tone-url]", HTMLAnchorElement);
    link.hidden = !tone.url;
    link.href = tone.url ?? "";
    const kind = need(root, "[data-tone-kind]", HTMLSelectElement);
    const isKindAsked = !tone.kind && !tone.unsupported_reason;
    need(root, "[data-tone-kind-field]").hidden = !isKindAsked;
    kind.value = this.#owner.kinds()[0] ?? "";
    const list = need(root, "[data-models]");
    list.replaceChildren();
    for (const model of tone.models) list.append(modelItem(model));
    const add = need(root, "[data-add-all]", HTMLButtonElement);
    add.hidden = tone.models.length === 0 || tone.unsupported_reason !== "";
    const num = tone.models.length;
    add.textContent = num === 1 ? "Add its model" : `Add all ${num} models of this tone`;
    if (tone.unsupported_reason) this.#tell(tone.unsupported_reason);
    title.focus();
  }

  #close() {
    this.#tone = null;
    need(this.#root, "[data-tone-detail]").hidden = true;
    need(this.#root, "[data-tone-lists]").hidden = false;
  }

  #onClick(/** @type {MouseEvent} */ event) {
    const item = closestTo(event, "[data-tone]");
    const model = closestTo(event, "[data-model]");
    if (item) this.#open(item.dataset.tone ?? "");
    else if (model && this.#tone) this.#add(this.#tone, [model.dataset.model ?? ""]);
    else if (closestTo(event, "[data-add-all]") && this.#tone) {
      this.#add(
        this.#tone,
        this.#tone.models.map(({ id }) => id),
      );
    } else if (closestTo(event, "[data-more-tones]")) this.#readOn(this.#tones);
    else if (closestTo(event, "[data-tone-back]")) {
      this.#close();
      this.#tell("");
      this.focus();
    }
  }

  /**
   * Models into one's own gear; those that fit here are chosen.
   * @param {ToneDetail} tone
   * @param {string[]} ids
   */
  async #add(tone, ids) {
    const { signal } = this.#aborter;
    const kind = tone.kind ? "" : need(this.#root, "[data-tone-kind]", HTMLSelectElement).value;
    if (!tone.kind && !kind) {
      this.#tell("Say what it is first.");
      need(this.#root, "[data-tone-kind]").focus();
      return;
    }
    const wanted = tone.models.filter((model) => ids.includes(model.id));
    for (const { id } of wanted) this.#mark(id, "On its way…");
    let numAdded = 0;
    let unfit = 0;
    const failed = await fetchModels({ tone, models: wanted, kind, signal }, (id, got) => {
      if (got instanceof Error) {
        this.#mark(id, messageOf(got));
        return;
      }
      numAdded += 1;
      const doesFit = this.#doesFit(got);
      const selection = this.#owner.selection();
      // Where one is wanted it is the first that comes.
      const isChosen = doesFit && (!selection.isSingle || numAdded === 1);
      this.#mark(id, isChosen ? "Chosen" : "Added to your gear");
      if (isChosen) selection.add(got);
      if (!doesFit) unfit += 1;
      this.#owner.onChosen();
      this.#tell(`${numAdded} of ${wanted.length} added`);
    });
    if (signal.aborted) return;
    const rest = unfit ? " What is of another kind is in your gear, and not chosen here." : "";
    const lost = failed ? ` ${failed} did not come.` : "";
    this.#tell(`${numAdded} of ${wanted.length} added.${lost}${rest}`);
  }

  #doesFit(/** @type {Capture} */ capture) {
    const kinds = this.#owner.kinds();
    return !capture.unsupported_reason && (!kinds.length || kinds.includes(capture.gear.kind));
  }

  /** How it stands with a model, in its row. */
  #mark(/** @type {string} */ id, /** @type {string} */ text) {
    const button = all(this.#root, "[data-model]").find((found) => found.dataset.model === id);
    if (!button) return;
    need(button, "[data-model-state]").textContent = text;
  }
}

function toneItem(/** @type {Tone} */ tone) {
  const item = copyOf("picker-tone");
  const button = need(item, "button");
  button.dataset.tone = tone.id;
  need(item, "[data-title]").textContent = tone.title;
  need(item, "[data-about]").textContent = aboutTone(tone);
  return item;
}

/** @param {ToneDetail["models"][number]} model */
function modelItem(model) {
  const item = copyOf("picker-model");
  const button = need(item, "button");
  button.dataset.model = model.id;
  need(item, "[data-title]").textContent = model.name ?? `Model ${model.id}`;
  const about = [model.architecture && `A${model.architecture}`, model.size];
  need(item, "[data-about]").textContent = about.filter(Boolean).join(" · ");
  need(item, "[data-model-state]").textContent = model.capture_id ? "In your gear" : "Add";
  return item;
}

function aboutTone(/** @type {Tone} */ tone) {
  const by = tone.creator?.display_name ?? tone.creator?.username;
  return [tone.makes[0], by && `by ${by}`, tone.licence].filter(Boolean).join(" · ");
}

function messageOf(/** @type {unknown} */ error) {
  return error instanceof Error ? error.message : String(error);
}
