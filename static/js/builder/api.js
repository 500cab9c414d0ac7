// Asking the API: every answer is a value, also none at all.

import { writingHeaders } from "../dom.js";

/** @import { Answer } from "./types.d.ts" */

const NO_ANSWER = { code: "NO_ANSWER", message: "The server did not answer." };

/** After a login in another tab the cookie has another token than this page was given. */
function csrfToken() {
  const found = /(?:^|;\s*)(?:__Host-)?csrftoken=([^;]+)/.exec(document.cookie);
  return found?.[1] ?? writingHeaders()["X-CSRFToken"];
}

/**
 * @template T
 * @param {string} path below `/api/v1/`, or an address of its own
 * @param {{method?: string, body?: unknown, headers?: Record<string, string>,
 *   signal?: AbortSignal, keepalive?: boolean}} [request]
 * @returns {Promise<Answer<T>>}
 */
export async function ask(path, { method = "GET", body, headers = {}, signal, keepalive } = {}) {
  const isWriting = method !== "GET";
  try {
    const response = await fetch(path.startsWith("/") ? path : `/api/v1/${path}`, {
      method,
      signal,
      keepalive,
      credentials: "same-origin",
      headers: {
        Accept: "application/json",
        ...(isWriting ? { "X-CSRFToken": csrfToken() } : {}),
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const isJSON = response.headers.get("Content-Type")?.includes("json");
    const content = isJSON ? await response.json() : null;
    const etag = response.headers.get("ETag") ?? "";
    if (response.ok && (isJSON || response.status === 204))
      return { status: response.status, etag, body: content, error: null };
    // A page instead of an answer: the login.
    const status = response.ok ? 401 : response.status;
    const error = content ?? {
      code: "",
      message: `The server answered with an error (${status}).`,
    };
    return { status, etag, body: null, error };
  } catch {
    return { status: 0, etag: "", body: null, error: NO_ANSWER };
  }
}

/**
 * All rows of a list, or its first ones.
 * @template T
 * @param {string} path
 * @param {number} [most]
 * @returns {Promise<{rows: T[], hasMore: boolean}>}
 */
export async function askList(path, most = 100) {
  /** @type {Answer<{results: T[], next: string | null}>} */
  const { body } = await ask(`${path}${path.includes("?") ? "&" : "?"}page_size=${most}`);
  return { rows: body?.results ?? [], hasMore: Boolean(body?.next) };
}

/** For one thing that is to be done once, however often it is asked for. */
export function newKey() {
  return globalThis.crypto?.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
}
