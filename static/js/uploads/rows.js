// The rows of the list of uploads: made once each, then only what has changed.

import { need } from "../dom.js";
import {
  CHANNELS,
  hasFailed,
  isUnderWay,
  kindsFor,
  kindText,
  problemText,
  shareOf,
  stateText,
} from "./items.js";

/** @typedef {import("./items.js").Item} Item */

/**
 * @typedef {object} Actions
 * @property {(key: string) => void} retry
 * @property {(key: string) => void} remove
 * @property {(key: string, changes: import("./queue.js").Wish) => Promise<void>} correct
 */

const INDICATORS = { ready: "good", unpacked: "good", failed: "bad", deleted: "bad" };

export class UploadRow {
  #item;
  #actions;
  #shown = "";
  /** @type {HTMLFormElement | null} */
  #form = null;
  element = document.createElement("li");

  /**
   * @param {Item} item
   * @param {Actions} actions
   */
  constructor(item, actions) {
    this.#item = item;
    this.#actions = actions;
    this.element.className = "row upload";
    const path = item.folder ? `${item.folder}/` : "";
    const text = made("div", "row__text");
    const title = made("span", "row__title", item.fileName);
    if (path) title.prepend(made("span", "upload__folder", path));
    const meta = made("span", "meta");
    meta.append(made("span", "upload__kind"), made("a", "upload__name"));
    const bar = document.createElement("progress");
    bar.className = "upload__bar";
    bar.max = 100;
    bar.setAttribute("aria-label", `${item.fileName}: uploaded`);
    text.append(title, meta, bar, made("span", "field__error upload__problem"));
    const tools = made("div", "row__tools");
    const state = made("span", "tag");
    state.append(made("span", "indicator"), made("span", "upload__state"));
    tools.append(state, ...this.#buttons());
    this.element.append(text, tools);
    this.update();
  }

  #buttons() {
    const { key, fileName } = this.#item;
    const retry = button("Try again", `Try ${fileName} again`, () => this.#actions.retry(key));
    retry.dataset.retry = "";
    const correct = button("Correct", `Correct ${fileName}`, () => this.#toggleForm());
    correct.dataset.correct = "";
    correct.setAttribute("aria-expanded", "false");
    const remove = button("Cancel", "", () => this.#actions.remove(key));
    remove.dataset.remove = "";
    return [retry, correct, remove];
  }

  get removeButton() {
    return need(this.element, "[data-remove]");
  }

  update() {
    const item = this.#item;
    const { phase, upload, fileName, file } = item;
    const state = stateText(item);
    const problem = problemText(item);
    const name = upload?.name || item.name;
    const kind = kindText(item);
    const shown = [state, problem, name, kind, phase, shareOf(item).toFixed(2)].join("\n");
    if (shown === this.#shown) return;
    this.#shown = shown;
    const find = (/** @type {string} */ selector) => need(this.element, selector);
    find(".upload__state").textContent = state;
    find(".upload__problem").textContent = problem;
    const link = need(this.element, ".upload__name", HTMLAnchorElement);
    link.textContent = name;
    // Without an address it is no link, and takes no focus.
    if (upload?.html_url) link.href = upload.html_url;
    else link.removeAttribute("href");
    find(".upload__kind").textContent = kind;
    const bar = need(this.element, "progress", HTMLProgressElement);
    bar.value = 100 * shareOf(item);
    bar.hidden = phase === "sent" || phase === "refused";
    find(".indicator").className = `indicator ${indicatorOf(item)}`;
    const isArchive = upload?.state === "unpacked" || upload?.state === "deleted";
    find("[data-correct]").hidden = isArchive || phase === "refused" || /\.zip$/i.test(fileName);
    find("[data-retry]").hidden = !file || (phase !== "broken" && phase !== "refused");
    const isUnfinished = phase !== "sent" ? phase !== "refused" : isUnderWay(item);
    const remove = this.removeButton;
    remove.textContent = isUnfinished ? "Cancel" : "Remove";
    remove.setAttribute("aria-label", `${remove.textContent} ${fileName}`);
    remove.title = isUnfinished ? "" : "Take it off this list; what it has become stays";
    this.element.classList.toggle("row--error", hasFailed(item));
  }

  #toggleForm() {
    const isOpen = !this.#form;
    need(this.element, "[data-correct]").setAttribute("aria-expanded", String(isOpen));
    if (this.#form) {
      this.#form.remove();
      this.#form = null;
      return;
    }
    this.#form = this.#madeForm();
    this.element.append(this.#form);
    need(this.#form, "select").focus();
  }

  #madeForm() {
    const { key, upload, kind, fileName, name, channelRule } = this.#item;
    const form = document.createElement("form");
    form.className = "upload__form";
    form.setAttribute("aria-label", `Correct ${fileName}`);
    const known = upload?.kind || kind;
    // What was sorted is something, and can only become something else.
    const fitting = kindsFor(fileName).filter(([each]) => each || !known);
    const kinds = select("Kind", fitting, known);
    const nameField = document.createElement("input");
    nameField.maxLength = 200;
    nameField.value = upload?.name || name;
    const channels = select("Channel", CHANNELS, upload?.channel_rule || channelRule || "auto");
    const problem = made("p", "field__error");
    problem.setAttribute("role", "alert");
    const save = document.createElement("button");
    save.className = "button button--small";
    save.textContent = "Save";
    const isModel = /\.nam$/i.test(fileName);
    form.append(kinds.label, labeled("Name", nameField), ...(isModel ? [] : [channels.label]));
    form.append(save, problem);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const wish = { kind: kinds.field.value, name: nameField.value };
      const rule =
        isModel || channels.field.value === "auto"
          ? {}
          : {
              channel_rule: channels.field.value,
            };
      save.disabled = true;
      try {
        await this.#actions.correct(key, { ...changed(wish, this.#item), ...rule });
        this.#toggleForm();
        need(this.element, "[data-correct]").focus();
      } catch (error) {
        problem.textContent = error instanceof Error ? error.message : "It could not be changed.";
      }
      save.disabled = false;
    });
    return form;
  }
}

/** Only what is another than it was: a name that is sent is one that was chosen. */
function changed(
  /** @type {{ kind: string, name: string }} */ wish,
  /** @type {Item} */ { upload, kind, name },
) {
  const before = { kind: upload?.kind || kind, name: upload?.name || name };
  const found = Object.entries(wish).filter(
    ([key, value]) => value !== before[/** @type {keyof typeof before} */ (key)],
  );
  return Object.fromEntries(found);
}

function indicatorOf(/** @type {Item} */ item) {
  if (item.phase === "broken" || hasFailed(item)) return "indicator--bad";
  if (item.phase === "sending" || isUnderWay(item)) return "indicator--busy";
  const state = /** @type {keyof typeof INDICATORS} */ (item.upload?.state ?? "");
  return state in INDICATORS ? `indicator--${INDICATORS[state]}` : "";
}

/**
 * @param {string} tag
 * @param {string} className
 * @param {string} [text]
 */
export function made(tag, className, text = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

/**
 * @param {string} text
 * @param {string} label
 * @param {() => void} act
 */
export function button(text, label, act) {
  const element = document.createElement("button");
  element.type = "button";
  element.className = "button button--small";
  element.textContent = text;
  if (label) element.setAttribute("aria-label", label);
  element.addEventListener("click", act);
  return element;
}

/**
 * @param {string} text
 * @param {HTMLElement} field
 */
function labeled(text, field) {
  const label = made("label", "upload__field");
  label.append(made("span", "field__label", text), field);
  return label;
}

/**
 * @param {string} text
 * @param {Iterable<readonly [string, string]>} choices
 * @param {string} value
 */
function select(text, choices, value) {
  const field = document.createElement("select");
  for (const [choice, label] of choices) field.append(new Option(label, choice));
  field.value = value;
  return { label: labeled(text, field), field };
}
