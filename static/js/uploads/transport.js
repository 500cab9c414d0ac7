// The two ways to the server: bytes by tus, everything else as JSON.

import { writingHeaders } from "../dom.js";

/**
 * @typedef {import("../types.d.ts").Upload} Upload
 * @typedef {import("../types.d.ts").Problem} Problem
 * @typedef {import("../types.d.ts").TusModule} TusModule
 * @typedef {import("../types.d.ts").TusError} TusError
 * @typedef {import("./items.js").Item} Item
 */

const ENDPOINT = "/api/v1/uploads/";
// What a cut connection costs at most.
const CHUNK_BYTES = 4 * 1024 * 1024;
const RETRY_DELAYS_MS = [0, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000];
const MAX_PAGES = 10;
// What may go well another time; 460: the bytes were not those that were sent.
const TEMPORARY = [0, 408, 409, 423, 429, 460];

const NO_ANSWER = { code: "NO_ANSWER", message: "The server does not answer." };

/** @type {Promise<TusModule> | null} */
let loading = null;

/** @returns {Promise<TusModule>} */
function loadTus() {
  loading ??= import(new URL("../../vendor/tus-js-client/tus.min.js", import.meta.url).href).then(
    () => window.tus,
  );
  return loading;
}

/** Whether an earlier visit has left an upload that can be gone on with. */
export function hasEarlierUploads() {
  try {
    return Object.keys(localStorage).some((key) => key.startsWith("tus::"));
  } catch {
    return false;
  }
}

/**
 * Send a file, from where an earlier try has stopped. `signal` ends it here and on the server.
 * @param {Item} item
 * @param {AbortSignal} signal
 * @param {(sentBytes: number) => void} onProgress
 * @returns {Promise<string>} the id of the upload
 */
export async function sendFile(item, signal, onProgress) {
  const { file } = item;
  if (!file) throw new UploadError(0, { code: "FILE_NEEDED", message: "Choose the file again." });
  const tus = await loadTus();
  return new Promise((resolve, reject) => {
    const upload = new tus.Upload(file, {
      endpoint: ENDPOINT,
      chunkSize: CHUNK_BYTES,
      retryDelays: RETRY_DELAYS_MS,
      uploadDataDuringCreation: true,
      removeFingerprintOnSuccess: true,
      metadata: metadataOf(item),
      headers: { ...writingHeaders(), "Idempotency-Key": crypto.randomUUID() },
      onShouldRetry: (error) => isTemporary(statusOf(error)),
      onProgress,
      onError: (error) => reject(new UploadError(statusOf(error), problemOf(error))),
      onSuccess: () => resolve(idOf(upload.url ?? "")),
    });
    signal.addEventListener("abort", () => {
      upload.abort(true).catch(() => {});
      reject(new DOMException("It was canceled.", "AbortError"));
    });
    upload.findPreviousUploads().then((earlier) => {
      if (signal.aborted) return;
      if (earlier[0]) upload.resumeFromPreviousUpload(earlier[0]);
      upload.start();
    }, reject);
  });
}

/** @returns {Record<string, string>} */
function metadataOf(/** @type {Item} */ { fileName, folder, kind, name, channelRule }) {
  const all = { filename: fileName, folder, kind, name, channel_rule: channelRule };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value));
}

function idOf(/** @type {string} */ url) {
  return url.split("/").at(-3) ?? "";
}

export class UploadError extends Error {
  /**
   * @param {number} status 0: there was no answer
   * @param {Problem} problem
   */
  constructor(status, problem) {
    super(problem.message);
    this.status = status;
    this.problem = problem;
  }

  /** Whether the same may go well later; else the file itself is refused. */
  get isTemporary() {
    return isTemporary(this.status) || this.status === 401 || this.status === 403;
  }
}

function isTemporary(/** @type {number} */ status) {
  return TEMPORARY.includes(status) || status >= 500;
}

function statusOf(/** @type {TusError | Error} */ error) {
  return ("originalResponse" in error && error.originalResponse?.getStatus()) || 0;
}

/** @returns {Problem} */
function problemOf(/** @type {TusError | Error} */ error) {
  const answer = "originalResponse" in error ? error.originalResponse : null;
  if (!answer) return NO_ANSWER;
  return problemFrom(answer.getStatus(), answer.getBody());
}

/** @returns {Problem} */
function problemFrom(/** @type {number} */ status, /** @type {string} */ body) {
  if (status === 401 || status === 403) {
    return { code: "LOGIN_NEEDED", message: "Log in again in another tab, then try again." };
  }
  try {
    const { code, message } = JSON.parse(body);
    if (code && message) return { code, message };
  } catch {
    // No JSON: something between here and the server has answered.
  }
  return { code: "NO_ANSWER", message: `The server answered with an error (${status}).` };
}

/**
 * @param {string} path
 * @param {RequestInit} [init]
 */
async function ask(path, init = {}) {
  const headers = { Accept: "application/json", ...writingHeaders(), ...init.headers };
  const answer = await fetch(path, { ...init, headers }).catch(() => null);
  if (!answer) throw new UploadError(0, NO_ANSWER);
  const body = await answer.text();
  if (!answer.ok) throw new UploadError(answer.status, problemFrom(answer.status, body));
  return body ? JSON.parse(body) : null;
}

/**
 * The uploads of who is logged in, newest first, until all of `ids` are among them.
 * @param {Set<string>} ids
 * @returns {Promise<Upload[]>}
 */
export async function uploadsUntil(ids) {
  /** @type {Upload[]} */
  const found = [];
  const missing = new Set(ids);
  let path = `${ENDPOINT}?page_size=100`;
  for (let page = 0; page < MAX_PAGES && path; page += 1) {
    const { results, next } = await ask(path);
    found.push(...results);
    for (const { id } of results) missing.delete(id);
    path = missing.size && next ? next : "";
  }
  return found;
}

/**
 * @param {string} id
 * @param {{ kind?: string, name?: string, channel_rule?: string }} changes
 * @returns {Promise<Upload>}
 */
export function correctUpload(id, changes) {
  const headers = { "Content-Type": "application/json" };
  return ask(`${ENDPOINT}${id}/`, { method: "PATCH", headers, body: JSON.stringify(changes) });
}

/** What it has become already stays. */
export async function forgetUpload(/** @type {string} */ id) {
  await ask(`${ENDPOINT}${id}/`, { method: "DELETE" }).catch(() => null);
}
