// A take goes the way of every upload, and says how far it has come.

import { writingHeaders } from "../dom.js";

/** @import { Uploaded, UploadProblem } from "../types.d.ts" */

/**
 * @typedef {{ok: true, track: Uploaded} | {ok: false, problem: UploadProblem}} Outcome
 */

/**
 * What became of it. `isThere`: the server has this DI track already, so nothing is lost.
 * @param {number} status of the answer; 0: there was none
 * @param {string} body
 * @returns {Outcome}
 */
export function outcomeOf(status, body) {
  const answer = parsed(body);
  if (status >= 200 && status < 300 && answer) return { ok: true, track: answer };
  const problem = { status, isThere: answer?.code === "DUPLICATE", message: "", details: [] };
  if (status === 0) problem.message = "The server did not answer.";
  else if (status === 401 || status === 403) {
    problem.message = "You are logged out. Log in in another tab, then store it again.";
  } else if (status === 413)
    problem.message = answer?.message ?? "The server takes no file as large.";
  else problem.message = answer?.message ?? `The server answered with an error (${status}).`;
  return { ok: false, problem: { ...problem, details: answer?.details ?? [] } };
}

/**
 * @param {{url: string, key: string, form: FormData, onProgress: (share: number) => void, signal: AbortSignal}} wanted
 * @returns {Promise<Outcome>}
 */
export function upload({ url, key, form, onProgress, signal }) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest(); // fetch does not tell how much was sent
    request.open("POST", url);
    for (const [name, value] of Object.entries(writingHeaders())) {
      request.setRequestHeader(name, value);
    }
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Idempotency-Key", key);
    request.upload.addEventListener("progress", ({ loaded, total, lengthComputable }) => {
      if (lengthComputable && total > 0) onProgress(loaded / total);
    });
    request.addEventListener("loadend", () => {
      resolve(outcomeOf(request.status, request.responseText));
    });
    signal.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

/**
 * @param {string} body
 */
function parsed(body) {
  try {
    return JSON.parse(body);
  } catch {
    return null; // a proxy's page
  }
}
