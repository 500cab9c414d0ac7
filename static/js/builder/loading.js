// Opening a draft: the one that the address names, that of a shootout, or the last one that was left
// unfinished; and what another window or device has done to it meanwhile.

import { ask, newKey } from "./api.js";
import * as backup from "./backup.js";
import {
  catalog,
  commit,
  data,
  expand,
  expandSoon,
  learn,
  nameInAddress,
  page,
  replaceDraft,
  saver,
  show,
  showAll,
  showFromNowOn,
} from "./builder.js";
import { readDocument } from "./document.js";

/** @import { Answer, DraftAnswer, Expansion } from "./types.d.ts" */

// So long the page waits for the names and the judgment of what it shows.
const PATIENCE_MS = 2500;

/**
 * @param {DraftAnswer} answer
 * @param {string} etag
 */
function open(answer, etag) {
  replaceDraft(readDocument(answer.document));
  saver.loaded(answer.id, etag);
  const unsaved = backup.kept(answer.id);
  page.shootoutId = answer.shootout_id ?? "";
  page.isMade = answer.state === "made";
  if (unsaved) {
    replaceDraft(readDocument(unsaved.document));
    saver.etag = unsaved.etag;
    saver.changed(page.draft);
    saver.flush();
  }
  nameInAddress(answer.id);
  page.expansion = null;
  expandSoon();
  learn();
  showAll();
}

export async function load(/** @type {string} */ id) {
  /** @type {Answer<DraftAnswer>} */
  const { body, etag, status } = await ask(`drafts/${id}/`);
  if (body) open(body, etag);
  return status;
}

/** Of a shootout: the draft that it was made from, or that is open for it, or a new one. */
export async function editShootout(/** @type {string} */ shootoutId) {
  /** @type {Answer<{results: DraftAnswer[]}>} */
  const { body: drafts } = await ask("drafts/?page_size=100");
  const found = drafts?.results.find((draft) => draft.shootout_id === shootoutId);
  if (found && (await load(found.id)) === 200) {
    if (page.isMade) await takeChanges(shootoutId);
    return;
  }
  /** @type {Answer<DraftAnswer>} */
  const { body, etag, error } = await ask("drafts/", {
    method: "POST",
    body: { shootout_id: shootoutId },
    headers: { "Idempotency-Key": newKey() },
  });
  if (body) open(body, etag);
  else page.refusal = error?.message ?? "";
  show();
}

/** What was changed of the shootout on its own page since it was made from this draft. */
async function takeChanges(/** @type {string} */ shootoutId) {
  /** @type {Answer<Record<string, string>>} */
  const { body } = await ask(`shootouts/${shootoutId}/`);
  if (!body) return;
  const { title, description, options } = page.draft;
  /** @type {Answer<Expansion>} */
  const { body: judged } = await ask("drafts/expansion/", {
    method: "POST",
    body: { document: page.draft },
  });
  const isTitled = title !== "" || body.title !== judged?.auto_title;
  const names = Object.keys(options);
  const now = {
    ...page.draft,
    title: isTitled ? body.title : "",
    description: body.description ?? description,
    options: Object.fromEntries(names.map((name) => [name, body[name] ?? options[name]])),
  };
  if (JSON.stringify(now) !== JSON.stringify(page.draft)) commit(now);
}

/** An empty draft; the one before stays among the others. */
export async function startOver() {
  await saver.flush();
  location.assign(`${data.page_url}?new`);
}

async function loadOthers() {
  /** @type {Answer<{results: DraftAnswer[]}>} */
  const { body } = await ask("drafts/?state=open&page_size=24");
  page.others = body?.results ?? [];
}

export async function start() {
  const query = new URLSearchParams(location.search);
  const [id, shootoutId] = [query.get("draft"), query.get("shootout")];
  await Promise.all([catalog.load(), loadOthers()]);
  const unsaved = backup.kept("");
  if (id && (await load(id)) === 200) {
    // That is it.
  } else if (shootoutId) await editShootout(shootoutId);
  else if (unsaved && !query.has("new")) commit(readDocument(unsaved.document));
  else if (!query.has("new")) {
    const newest = page.others.find(({ shootout_id: of }) => !of);
    if (newest) await load(newest.id);
  } else nameInAddress("");
  page.others = page.others.filter((other) => other.id !== saver.id);
  const patience = new Promise((done) => setTimeout(done, PATIENCE_MS));
  await Promise.race([Promise.all([learn(), expand()]), patience]);
  showFromNowOn();
}

/** Another device may have gone on; what is unsaved here is not given up for that. */
export async function refresh() {
  if (saver.state === "logged_out") await saver.retry();
  if (!saver.id || saver.hasUnsaved || saver.state !== "saved") return;
  /** @type {Answer<DraftAnswer>} */
  const { body, etag } = await ask(`drafts/${saver.id}/`);
  const isSame = etag.split("-")[0] === saver.etag.split("-")[0];
  if (!body || saver.hasUnsaved) return;
  if (isSame) {
    page.shootoutId = body.shootout_id ?? "";
    page.isMade = body.state === "made";
    show();
  } else open(body, etag);
}

export async function keepMine() {
  const { etag } = await ask(`drafts/${saver.id}/`);
  await saver.overwrite(etag);
}

export async function loadTheirs() {
  backup.forget(saver.id);
  await load(saver.id);
}
