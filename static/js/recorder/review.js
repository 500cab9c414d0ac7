// A take that was made: heard, trimmed, named, and stored as an upload is. This browser keeps it until the server has it.

import { all, find, need } from "../dom.js";
import { bindTrim } from "../trim.js";
import { forgetTake, keepTake } from "./kept.js";
import { outlinePath } from "./take.js";
import { upload } from "./upload.js";

/** @import { KeptTake, UploadProblem } from "../types.d.ts" */

/** What of the form goes with the file, if something is in it. */
const FIELDS = ["name", "guitar", "pickup", "tuning", "bpm", "input_level_dbu", "start_s", "end_s"];

export class Review {
  /** @type {KeptTake | null} */
  #take = null;
  #isKept = false;
  #sending = new AbortController();
  #soundUrl = "";
  /** One for what is sent again after no answer; another one after an answer, which may have been a refusal. */
  #uploadKey = "";

  /**
   * @param {HTMLElement} root
   * @param {{onGone: () => void, onStored: (track: {id: string, name: string}) => void}} listeners
   */
  constructor(root, { onGone, onStored }) {
    this.root = root;
    this.onGone = onGone;
    this.onStored = onStored;
    this.section = need(root, "[data-review]");
    this.form = need(root, "[data-store]", HTMLFormElement);
    this.audio = need(root, "[data-audio]", HTMLAudioElement);
    this.problem = need(root, "[data-store-problem]");
    this.handles = need(root, "[data-trim]");
    this.handles.dataset.duration = "1";
    this.showTrim = bindTrim(this.handles, this.form);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#store();
    });
    this.form.addEventListener("change", () => this.#keep());
    need(root, "[data-discard]").addEventListener("click", () => this.#discard());
    this.audio.addEventListener("play", () => this.#jumpIntoPart());
    this.audio.addEventListener("timeupdate", () => {
      if (this.audio.currentTime >= this.#part().end) this.audio.pause();
    });
    addEventListener("beforeunload", (event) => {
      if (this.#take && !this.#isKept) event.preventDefault();
    });
  }

  get id() {
    return this.#take?.id ?? null;
  }

  get isStoring() {
    return this.form.ariaBusy === "true";
  }

  /**
   * @param {KeptTake} take
   * @param {{isKept: boolean, note?: string}} [state]
   */
  show(take, { isKept, note = "" } = { isKept: false }) {
    this.#take = take;
    this.#isKept = isKept;
    this.#uploadKey = crypto.randomUUID();
    this.#complain(null);
    this.handles.dataset.duration = String(take.durationS);
    for (const name of FIELDS) {
      const field = this.#field(name);
      if (field && name in take.fields) field.value = take.fields[name] ?? "";
    }
    this.showTrim();
    const picture = need(this.handles, "svg", SVGElement);
    picture.setAttribute("viewBox", `0 -50 ${Math.max(1, take.columns.length)} 100`);
    need(picture, "path", SVGElement).setAttribute("d", outlinePath(take.columns));
    URL.revokeObjectURL(this.#soundUrl);
    this.#soundUrl = URL.createObjectURL(take.wav);
    this.audio.src = this.#soundUrl;
    const megabytes = (take.wav.size / 1e6).toFixed(1);
    need(this.root, "[data-take-facts]").textContent =
      `${take.durationS.toFixed(1)} s · WAV 24 bit ${take.sampleRateHz / 1000} kHz mono · ${megabytes} MB${note ? ` · ${note}` : ""}`;
    this.section.hidden = false;
    this.#keep();
  }

  silence() {
    this.audio.pause();
  }

  /** Takes it off the page. This browser still has it. */
  putAway() {
    this.#sending.abort();
    this.#take = null;
    this.section.hidden = true;
    this.audio.removeAttribute("src");
    URL.revokeObjectURL(this.#soundUrl);
    this.onGone();
  }

  async #keep() {
    const take = this.#take;
    if (!take) return;
    take.fields = this.#values();
    try {
      await keepTake(take);
      if (this.#take === take) this.#isKept = true;
    } catch {
      if (this.#take !== take || this.#isKept) return;
      this.#complain({
        status: 0,
        isThere: false,
        message: "This browser keeps no takes. Store this one before you leave the page.",
        details: [],
      });
    }
  }

  async #store() {
    const take = this.#take;
    if (!take || this.isStoring) return;
    this.#complain(null);
    this.#busy(true);
    this.#sending = new AbortController();
    const form = new FormData();
    const fields = this.#values();
    for (const [name, value] of Object.entries(fields)) if (value !== "") form.append(name, value);
    form.append("file", take.wav, `${fileStem(fields.name ?? "")}.wav`);
    const bar = need(this.root, "#rec_progress", HTMLProgressElement);
    const outcome = await upload({
      url: this.root.dataset.upload ?? "",
      key: this.#uploadKey,
      form,
      onProgress: (share) => {
        bar.value = share;
      },
      signal: this.#sending.signal,
    });
    this.#busy(false);
    if (this.#take !== take) return;
    if (outcome.ok) {
      await forgetTake(take.id).catch(() => {});
      this.#isKept = true;
      this.putAway();
      this.onStored(outcome.track);
      return;
    }
    if (outcome.problem.status !== 0) this.#uploadKey = crypto.randomUUID();
    if (outcome.problem.isThere) await forgetTake(take.id).catch(() => {});
    this.#complain(outcome.problem);
  }

  async #discard() {
    const take = this.#take;
    if (!take || this.isStoring || !confirm("Discard this take? It is stored nowhere else."))
      return;
    await forgetTake(take.id).catch(() => {});
    this.#isKept = true;
    this.putAway();
  }

  #values() {
    return Object.fromEntries(FIELDS.map((name) => [name, this.#field(name)?.value.trim() ?? ""]));
  }

  /** The tempo stands beside the count-in, outside of the form. */
  #field(/** @type {string} */ name) {
    return find(this.root, `input[name="${name}"]`, HTMLInputElement);
  }

  #part() {
    const { start_s: start, end_s: end } = this.#values();
    return { start: Number(start) || 0, end: end ? Number(end) : Number.POSITIVE_INFINITY };
  }

  #jumpIntoPart() {
    const { start, end } = this.#part();
    const { currentTime } = this.audio;
    if (currentTime < start || currentTime >= end - 0.05) this.audio.currentTime = start;
  }

  #busy(/** @type {boolean} */ isBusy) {
    this.form.ariaBusy = String(isBusy);
    need(this.root, "[data-progress]").hidden = !isBusy;
    need(this.root, "#rec_progress", HTMLProgressElement).value = 0;
    // Not `disabled`: the focus stays where it is.
    for (const button of all(this.form, ".actions button")) button.ariaDisabled = String(isBusy);
  }

  #complain(/** @type {UploadProblem | null} */ problem) {
    this.problem.hidden = problem === null;
    const details = problem?.details.map(({ message }) => message) ?? [];
    const texts = problem ? [...new Set([problem.message, ...details])] : [];
    this.problem.replaceChildren(
      ...texts.map((text) => {
        const line = document.createElement("p");
        line.textContent = text;
        return line;
      }),
    );
    for (const name of FIELDS) this.#field(name)?.removeAttribute("aria-invalid");
    const wrong = (problem?.details ?? []).map(({ pointer }) => this.#field(pointer.slice(1)));
    for (const field of wrong) field?.setAttribute("aria-invalid", "true");
    wrong.find(Boolean)?.focus();
  }
}

/**
 * A name as files have it.
 * @param {string} name
 */
function fileStem(name) {
  return (
    name
      .replace(/[^\p{L}\p{N} ._-]+/gu, " ")
      .trim()
      .slice(0, 80) || "take"
  );
}
