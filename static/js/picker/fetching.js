// Models of a tone into one's own gear: each is a job of the server, which are waited for together.

import { ApiError, ask } from "./api.js";

/** @typedef {import("../types.d.ts").Capture} Capture */
/** @typedef {import("../types.d.ts").ToneDetail} ToneDetail */
/** @typedef {ToneDetail["models"][number]} Model */

const betweenMs = 1_000;
/** So many jobs are asked for at a time; those after them are not done sooner. */
const numAsked = 4;
const ended = new Set(["completed", "failed", "cancelled"]);

/**
 * Says of each, as it comes, its capture or why there is none. Returns how many did not come.
 * @param {{tone: ToneDetail, models: Model[], kind: string, signal: AbortSignal}} wanted
 * @param {(id: string, got: Capture | Error) => void} onGot
 */
export async function fetchModels({ tone, models, kind, signal }, onGot) {
  let numFailed = 0;
  /** @type {{id: string, job: string}[]} */
  const waiting = [];
  const got = async (/** @type {string} */ id, /** @type {string} */ captureId) => {
    onGot(id, await ask(`captures/${captureId}/`, { signal }));
  };
  const failed = (/** @type {string} */ id, /** @type {unknown} */ error) => {
    if (signal.aborted) return;
    numFailed += 1;
    onGot(id, error instanceof Error ? error : new Error(String(error)));
  };
  for (const model of models) {
    if (signal.aborted) break;
    try {
      const captureId = model.capture_id ?? "";
      const queued = captureId ? null : await queue(tone.id, model.id, kind, signal);
      if (queued?.job) waiting.push({ id: model.id, job: queued.job });
      else await got(model.id, queued?.captureId ?? captureId);
    } catch (error) {
      failed(model.id, error);
    }
  }
  while (waiting.length && !signal.aborted) {
    await pause(betweenMs);
    for (const one of waiting.slice(0, numAsked)) {
      try {
        const job = await ask(`jobs/${one.job}/`, { signal });
        if (!ended.has(job.state)) continue;
        waiting.splice(waiting.indexOf(one), 1);
        if (job.result.capture_id) await got(one.id, job.result.capture_id);
        else failed(one.id, new Error(job.error?.message ?? "It was not fetched."));
      } catch (error) {
        if (error instanceof ApiError && error.waitS) await pause(1_000 * error.waitS);
        else if (!(error instanceof ApiError) || error.status) {
          if (waiting.includes(one)) waiting.splice(waiting.indexOf(one), 1);
          failed(one.id, error);
        }
      }
    }
  }
  return numFailed;
}

/**
 * @param {string} toneId
 * @param {string} modelId
 * @param {string} kind
 * @param {AbortSignal} signal
 * @returns {Promise<{job?: string, captureId?: string}>}
 */
async function queue(toneId, modelId, kind, signal) {
  const body = { tone_id: toneId, model_id: modelId, ...(kind && { kind }) };
  for (;;) {
    try {
      const job = await ask("tone3000/captures/", { method: "POST", body, signal });
      return { job: job.id };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.existingId) return { captureId: error.existingId };
      if (error.status !== 429) throw error;
      await pause(1_000 * Math.max(error.waitS, 1));
    }
  }
}

function pause(/** @type {number} */ ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
