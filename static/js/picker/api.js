// Asking the API of this server, with its errors as sentences.

import { writingHeaders } from "../dom.js";

/** @typedef {import("../types.d.ts").Capture} Capture */
/** @typedef {import("../types.d.ts").Problem} Problem */

const root = "/api/v1/";
const away = "The server did not answer. Try again.";
const loggedOut = "You are logged out. Log in again in another tab, then try again.";

export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {number} status 0: there was no answer
   * @param {Partial<Problem> & {existing?: {id: string}}} body
   * @param {number} waitS how long to wait before it is asked again
   */
  constructor(message, status, body, waitS) {
    super(message);
    this.status = status;
    this.existingId = body.existing?.id ?? "";
    this.waitS = waitS;
  }
}

/**
 * What the API answers; an address of its own (`next` of a list) or one below `/api/v1/`.
 * Throws `ApiError`, and what an aborted fetch throws.
 * @param {string} address
 * @param {{method?: string, body?: object, signal?: AbortSignal}} [options]
 * @returns {Promise<any>}
 */
export async function ask(address, { method = "GET", body, signal } = {}) {
  const url = address.startsWith("http") ? pathOf(address) : root + address;
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (method !== "GET") Object.assign(headers, writingHeaders());
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method === "POST") headers["Idempotency-Key"] = newKey();
  /** @type {Response} */
  let answer;
  try {
    answer = await fetch(url, { method, headers, signal, body: body && JSON.stringify(body) });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(away, 0, {}, 0);
  }
  if (answer.status === 204) return null;
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) return said;
  const message = answer.status === 401 ? loggedOut : said.message || away;
  throw new ApiError(message, answer.status, said, Number(answer.headers.get("Retry-After") ?? 0));
}

/**
 * What is kept of a capture, in one's library: its nickname, or that it is a favorite.
 * @param {string} captureId
 * @param {string} entryId empty: it is not in the library yet
 * @param {{nickname?: string, is_favorite?: boolean}} values
 * @returns {Promise<NonNullable<Capture["library_entry"]>>}
 */
export async function keep(captureId, entryId, values) {
  if (entryId) return ask(`library/${entryId}/`, { method: "PATCH", body: values });
  try {
    return await ask("library/", { method: "POST", body: { capture_id: captureId, ...values } });
  } catch (error) {
    // Saved meanwhile, in another tab.
    if (!(error instanceof ApiError) || !error.existingId) throw error;
    return ask(`library/${error.existingId}/`, { method: "PATCH", body: values });
  }
}

/** Of this server, whatever a proxy in front of it is called. */
function pathOf(/** @type {string} */ address) {
  const { pathname, search } = new URL(address);
  return pathname + search;
}

/** Random; `crypto.randomUUID` is there over HTTPS alone. */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
