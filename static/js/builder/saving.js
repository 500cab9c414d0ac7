// Saving of a draft: a moment after a change, one request at a time, and nothing lost when one does
// not get through. What is not saved yet is kept in the browser besides.

import { pauseS } from "../logic/retries.js";

/** @import { Answer, Draft, DraftAnswer, SaveState } from "./types.d.ts" */

const PAUSE_MS = 700;

/**
 * What a saver works with. `create` and `update` ask the server, `keep` and `forget` the browser.
 * @typedef {object} Means
 * @property {(document: Draft, key: string) => Promise<Answer<DraftAnswer>>} create
 * @property {(id: string, etag: string, document: Draft) => Promise<Answer<DraftAnswer>>} update
 * @property {(id: string, etag: string, document: Draft) => void} keep
 * @property {(id: string) => void} forget
 * @property {(run: () => void, ms: number) => unknown} later
 * @property {(timer: unknown) => void} never
 * @property {() => string} newKey
 * @property {(state: SaveState, message: string) => void} said
 */

export class Saver {
  /** @type {SaveState} */
  state = "saved";
  id = "";
  etag = "";
  #numFailures = 0;
  /** @type {Draft | null} */
  #unsaved = null;
  /** @type {unknown} */
  #timer = null;
  /** @type {Promise<void> | null} */
  #request = null;
  /** @type {{document: Draft, key: string} | null} A first save whose answer is not known. */
  #creating = null;
  #means;

  constructor(/** @type {Means} */ means) {
    this.#means = means;
  }

  /**
   * The draft that the server has.
   * @param {string} id
   * @param {string} etag
   */
  loaded(id, etag) {
    this.#means.never(this.#timer);
    this.#unsaved = null;
    this.#creating = null;
    this.id = id;
    this.etag = etag;
    this.#say("saved");
  }

  /** The document has changed. */
  changed(/** @type {Draft} */ document) {
    this.#unsaved = document;
    this.#means.keep(this.id, this.etag, document);
    if (this.#needsSomeone || this.state === "saving") return;
    this.#say("unsaved");
    this.#schedule(PAUSE_MS);
  }

  /** Whether someone has to decide first. */
  get #needsSomeone() {
    return ["logged_out", "conflict"].includes(this.state);
  }

  get hasUnsaved() {
    return this.#unsaved !== null;
  }

  /** Saves at once; whether all is saved then. */
  async flush() {
    this.#means.never(this.#timer);
    if (this.#request) await this.#request;
    if (this.#unsaved && !this.#needsSomeone) await this.#start();
    return !this.#unsaved && this.state === "saved";
  }

  /** Once more, after a login or by hand. */
  async retry() {
    if (this.state !== "logged_out" && this.state !== "failed") return;
    this.#say("unsaved");
    await this.flush();
  }

  /** What is here takes the place of what the server has: its tag is now this one. */
  async overwrite(/** @type {string} */ etag) {
    this.etag = etag;
    this.#say("unsaved");
    await this.flush();
  }

  #schedule(/** @type {number} */ ms) {
    this.#means.never(this.#timer);
    this.#timer = this.#means.later(() => this.#start(), ms);
  }

  #start() {
    this.#request ??= this.#save().finally(() => {
      this.#request = null;
    });
    return this.#request;
  }

  async #save() {
    const document = this.#unsaved;
    if (!document) return;
    this.#say("saving");
    const sent = this.id ? document : this.#first(document);
    const answer = this.id
      ? await this.#means.update(this.id, this.etag, document)
      : await this.#means.create(sent, this.#creating?.key ?? "");
    this.#take(answer, sent);
  }

  /** What was sent before goes once more with its key, and makes one draft however often. */
  #first(/** @type {Draft} */ document) {
    this.#creating ??= { document, key: this.#means.newKey() };
    return this.#creating.document;
  }

  /**
   * @param {Answer<DraftAnswer>} answer
   * @param {Draft} sent
   */
  #take({ status, etag, body, error }, sent) {
    if (status >= 200 && status < 300 && body) {
      this.#numFailures = 0;
      this.#creating = null;
      if (!this.id) this.#means.forget("");
      this.id = body.id;
      this.etag = etag;
      if (this.#unsaved === sent) {
        this.#unsaved = null;
        this.#means.forget(this.id);
        this.#say("saved");
      } else {
        if (this.#unsaved) this.#means.keep(this.id, this.etag, this.#unsaved);
        this.#say("unsaved");
        this.#schedule(PAUSE_MS);
      }
    } else if (status === 412) this.#say("conflict");
    else if (status === 401 || status === 403) this.#say("logged_out");
    else if (status === 404 && this.id) {
      // It was deleted elsewhere; what is here becomes another one.
      this.#means.forget(this.id);
      this.id = "";
      this.etag = "";
      this.#say("unsaved");
      this.#schedule(0);
    } else if (status === 0 || status === 429 || status >= 500) {
      this.#numFailures += 1;
      this.#say("failed", error?.message);
      this.#schedule(pauseS(this.#numFailures) * 1000);
    } else {
      this.#creating = null;
      this.#say("refused", error?.details?.[0]?.message ?? error?.message);
    }
  }

  /**
   * @param {SaveState} state
   * @param {string} [message]
   */
  #say(state, message) {
    this.state = state;
    this.#means.said(state, message ?? "");
  }
}
