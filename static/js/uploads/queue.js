// So many files at a time are sent; what the server makes of them is asked for until it has ended.

import { hasFailed, isUnderWay, itemFrom, itemOf, readyOf } from "./items.js";

/**
 * @typedef {import("../types.d.ts").Upload} Upload
 * @typedef {import("./items.js").Item} Item
 * @typedef {import("./files.js").Found} Found
 */

/**
 * The way to the server; tests have another one.
 * @typedef {object} Transport
 * @property {(item: Item, signal: AbortSignal, onProgress: (sentBytes: number) => void) => Promise<string>} sendFile
 * @property {(ids: Set<string>) => Promise<Upload[]>} uploadsUntil
 * @property {(id: string, changes: Wish) => Promise<Upload>} correctUpload
 * @property {(id: string) => Promise<void>} forgetUpload
 */

/** @typedef {{ kind?: string, name?: string, channel_rule?: string }} Wish */
/** @typedef {NonNullable<ReturnType<typeof readyOf>>} Ready */

// The server takes four from one user.
const MAX_SENDING = 3;
const FIRST_ASK_MS = 400;
const LAST_ASK_MS = 3000;
// Of many each answer is long, and the server has them to do.
const MORE_ASK_MS = 20;
const ASK_GROWTH = 1.3;

export class UploadQueue {
  /** @type {Map<string, Item>} */
  #items = new Map();
  /** @type {Map<string, AbortController>} */
  #sending = new Map();
  #numMade = 0;
  #isAsking = false;
  #transport;
  #onChange;
  #onReady;
  #wait;

  /**
   * @param {object} given
   * @param {Transport} given.transport
   * @param {() => void} given.onChange
   * @param {(ready: Ready) => void} given.onReady
   * @param {(ms: number) => Promise<void>} [given.wait]
   */
  constructor({ transport, onChange, onReady, wait = sleep }) {
    this.#transport = transport;
    this.#onChange = onChange;
    this.#onReady = onReady;
    this.#wait = wait;
  }

  /** @returns {Item[]} in the order in which they came */
  get items() {
    return [...this.#items.values()];
  }

  /** @returns {Item | undefined} */
  item(/** @type {string} */ key) {
    return this.#items.get(key);
  }

  add(/** @type {Found[]} */ found) {
    for (const { file, folder } of found) {
      if (this.#goOn(file)) continue;
      this.#numMade += 1;
      const item = itemOf(`f${this.#numMade}`, file, folder);
      this.#items.set(item.key, item);
    }
    this.#next();
  }

  /** Of an earlier visit: what the server still waits for. */
  recall(/** @type {Upload[]} */ uploads) {
    for (const upload of uploads) {
      const isThere = this.items.some((item) => item.upload?.id === upload.id);
      if (upload.state === "uploading" && !isThere) this.#items.set(upload.id, itemFrom(upload));
    }
    this.#onChange();
  }

  /** The file that an interrupted upload lacks, chosen again. */
  #goOn(/** @type {File} */ file) {
    const lacking = this.items.find(
      (item) =>
        item.phase === "broken" &&
        !item.file &&
        item.fileName === file.name &&
        item.sizeBytes === file.size,
    );
    if (!lacking) return false;
    lacking.file = file;
    lacking.phase = "waiting";
    lacking.problem = null;
    return true;
  }

  #next() {
    for (const item of this.#items.values()) {
      if (this.#sending.size >= MAX_SENDING) break;
      if (item.phase === "waiting") this.#send(item);
    }
    this.#onChange();
  }

  async #send(/** @type {Item} */ item) {
    const control = new AbortController();
    this.#sending.set(item.key, control);
    item.phase = "sending";
    item.problem = null;
    const sent = wishOf(item);
    try {
      const id = await this.#transport.sendFile(item, control.signal, (sentBytes) => {
        item.sentBytes = sentBytes;
        this.#onChange();
      });
      item.phase = "sent";
      item.upload = this.#blank(item, id);
      const changed = changesBetween(sent, wishOf(item));
      if (changed) item.upload = await this.#transport.correctUpload(id, changed);
    } catch (error) {
      if (!control.signal.aborted) this.#stopped(item, error);
    } finally {
      this.#sending.delete(item.key);
      this.#next();
      this.#ask();
    }
  }

  #stopped(/** @type {Item} */ item, /** @type {any} */ error) {
    if (item.phase === "sent") return; // it has come; only the correction was refused
    item.phase = error?.isTemporary ? "broken" : "refused";
    item.problem = error?.problem ?? { code: "NO_ANSWER", message: "It could not be sent." };
  }

  /**
   * Until the server has said more.
   * @param {Item} item
   * @param {string} id
   * @returns {Upload}
   */
  #blank({ upload, fileName, folder, sizeBytes, kind }, id) {
    return {
      archive_id: null,
      file_name: fileName,
      folder,
      length_bytes: sizeBytes,
      offset_bytes: sizeBytes,
      name: "",
      channel_rule: "",
      di_track_id: null,
      capture_id: null,
      gear_id: null,
      is_known: false,
      num_skipped: 0,
      html_url: null,
      error: null,
      ...upload,
      id,
      kind,
      state: "sorting",
    };
  }

  async #ask() {
    if (this.#isAsking) return;
    this.#isAsking = true;
    let pauseMs = FIRST_ASK_MS;
    while (this.items.some(isUnderWay)) {
      const numUnderWay = this.items.filter(isUnderWay).length;
      await this.#wait(Math.min(pauseMs + numUnderWay * MORE_ASK_MS, LAST_ASK_MS));
      pauseMs *= ASK_GROWTH;
      const ids = this.items.filter(isUnderWay).map(({ upload }) => upload?.id ?? "");
      try {
        const before = this.#numEnded();
        this.#take(await this.#transport.uploadsUntil(new Set(ids)), new Set(ids));
        if (this.#numEnded() > before) pauseMs = FIRST_ASK_MS;
      } catch {
        pauseMs = LAST_ASK_MS; // it goes on when the server answers again
      }
      this.#onChange();
    }
    this.#isAsking = false;
  }

  #numEnded() {
    return this.items.filter((item) => item.phase === "sent" && !isUnderWay(item)).length;
  }

  #take(/** @type {Upload[]} */ uploads, /** @type {Set<string>} */ asked) {
    const byId = new Map(uploads.map((upload) => [upload.id, upload]));
    for (const item of this.items) {
      const id = item.upload?.id ?? "";
      if (item.phase !== "sent" || !asked.has(id)) continue;
      const found = byId.get(id);
      if (found) this.#update(item, found);
      else if (item.upload) item.upload = { ...item.upload, state: "deleted" };
    }
    const known = new Set(this.items.map(({ upload }) => upload?.id));
    for (const upload of [...uploads].reverse()) {
      const isOfOurs = upload.archive_id && known.has(upload.archive_id);
      if (!isOfOurs || known.has(upload.id)) continue;
      const item = itemFrom(upload);
      this.#items.set(item.key, item);
      this.#update(item, upload);
    }
  }

  #update(/** @type {Item} */ item, /** @type {Upload} */ upload) {
    item.upload = upload;
    const ready = upload.state === "ready" && !item.isTold ? readyOf(upload) : null;
    if (!ready) return;
    item.isTold = true;
    this.#onReady(ready);
  }

  /** After a break, or when the reason of a refusal has gone. */
  retry(/** @type {string} */ key) {
    const item = this.#items.get(key);
    if (!item?.file || (item.phase !== "broken" && item.phase !== "refused")) return;
    item.phase = "waiting";
    this.#next();
  }

  /** All that was interrupted: the network is back. */
  retryBroken() {
    for (const item of this.items) if (item.phase === "broken" && item.file) this.retry(item.key);
  }

  /** Cancel it, or take it off the list. What it has become stays. */
  remove(/** @type {string} */ key) {
    const item = this.#items.get(key);
    if (!item) return;
    this.#items.delete(key);
    const control = this.#sending.get(key);
    if (control) control.abort();
    else if (item.upload && (item.phase !== "sent" || isUnderWay(item) || hasFailed(item))) {
      this.#transport.forgetUpload(item.upload.id);
    }
    this.#next();
  }

  removeUnfinished() {
    for (const item of this.items) {
      if (item.phase !== "sent" && item.phase !== "refused") this.remove(item.key);
    }
  }

  /**
   * Change its kind, name or channel. Throws what the server says against it.
   * @param {string} key
   * @param {Wish} changes
   */
  async correct(key, changes) {
    const item = this.#items.get(key);
    if (!item) return;
    item.kind = changes.kind ?? item.kind;
    item.name = changes.name ?? item.name;
    item.channelRule = changes.channel_rule ?? item.channelRule;
    if (item.phase === "sent" && item.upload) {
      const before = item.upload.di_track_id ?? item.upload.capture_id;
      const upload = await this.#transport.correctUpload(item.upload.id, changes);
      item.isTold =
        upload.state === "ready" && before === (upload.di_track_id ?? upload.capture_id);
      item.upload = upload;
      this.#ask();
    }
    this.#onChange();
  }
}

/** @returns {Wish} */
function wishOf(/** @type {Item} */ { kind, name, channelRule }) {
  return { kind, name, channel_rule: channelRule };
}

/** @returns {Wish | null} */
function changesBetween(/** @type {Wish} */ before, /** @type {Wish} */ after) {
  const changes = Object.entries(after).filter(
    ([name, value]) => value !== before[/** @type {keyof Wish} */ (name)],
  );
  return changes.length ? Object.fromEntries(changes) : null;
}

/** @returns {Promise<void>} */
function sleep(/** @type {number} */ ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
