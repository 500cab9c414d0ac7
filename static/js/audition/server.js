// Asking the server for a passage, and waiting until it is rendered.

import { writingHeaders } from "../dom.js";
import { reasonOf } from "../logic/retries.js";
import { bodyOf } from "./requests.js";

/**
 * @import { PassageRequest, Preview } from "../types.d.ts"
 *
 * Resolves to the JSON of an answer; rejects with a message for people.
 * @typedef {(path: string, options: RequestInit) => Promise<any>} FetchJson
 */

const PREVIEWS = "/api/v1/previews/";
// The server answers as soon as it is there: no socket, and no asking again and again.
const WAITING = { Prefer: "wait=3" };

/** The other state was asked for in between: its job was cancelled, and is worth another try. */
const MAX_TRIES = 2;

/**
 * The finished preview. Rejects with a message for people, or when `signal` aborts.
 * @param {FetchJson} fetchJson
 * @param {PassageRequest} request
 * @param {AbortSignal} signal
 * @returns {Promise<Preview & {audio_url: string}>}
 */
export async function renderedPreview(fetchJson, request, signal) {
  const body = JSON.stringify(bodyOf(request));
  for (let tries = 1; ; tries += 1) {
    const headers = { ...WAITING, "Content-Type": "application/json" };
    /** @type {Preview} */
    let preview = await fetchJson(PREVIEWS, { method: "POST", headers, body, signal });
    while (preview.state === "rendering")
      preview = await fetchJson(`${PREVIEWS}${preview.id}/`, { headers: WAITING, signal });
    const { audio_url, job } = preview;
    if (audio_url) return { ...preview, audio_url };
    if (job?.state === "cancelled" && tries < MAX_TRIES) continue;
    throw new Error(job?.error?.message || "This could not be rendered. Try it again.");
  }
}

/** Someone may listen soon: a server that has just been started gets ready for it. */
export function announce(/** @type {FetchJson} */ fetchJson) {
  // It only saves time: without it the first one takes longer.
  fetchJson(`${PREVIEWS}readiness/`, { method: "POST" }).catch(() => null);
}

/** With the session of this page. @type {FetchJson} */
export async function fetchJsonOfPage(path, { headers, ...options }) {
  const response = await answerOf(path, {
    ...options,
    headers: { Accept: "application/json", ...writingHeaders(), ...headers },
  });
  return response.status === 204 ? null : response.json();
}

/**
 * @param {string} url
 * @param {AbortSignal} signal
 */
export async function fetchBytesOfPage(url, signal) {
  const response = await answerOf(url, { signal });
  return response.arrayBuffer();
}

/**
 * @param {string} url
 * @param {RequestInit} options
 */
async function answerOf(url, options) {
  /** @type {Response} */
  let response;
  try {
    response = await fetch(url, options);
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Error(reasonOf(0), { cause: error });
  }
  if (response.ok) return response;
  if (response.status === 401) throw new Error("You are logged out. Log in again.");
  const problem = await response.json().catch(() => null);
  throw new Error(problem?.message || reasonOf(response.status));
}
