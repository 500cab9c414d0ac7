// Files that are dropped on the page: a DI track is chosen, a capture goes to its place in the chain.

import { need } from "../dom.js";
import { startUploads } from "../uploads/uploads.js";
import { chooseTrack } from "./actions.js";
import { ask } from "./api.js";
import { catalog, commit, page, ready, root, say, show } from "./builder.js";
import { addCapture } from "./commands.js";

/** @import { Answer, Capture, Track } from "./types.d.ts" */

export function watchUploads() {
  startUploads({
    dropTarget: need(document, "#content"),
    list: need(root, "[data-files]"),
    onReady: (item) => (item.kind === "di" ? takeTrack(item.id) : takeCapture(item.id)),
  });
}

async function takeTrack(/** @type {string} */ id) {
  /** @type {Answer<Track>} */
  const { body } = await ask(`di-tracks/${id}/`);
  if (!body) return;
  await ready;
  catalog.addTrack(body);
  const isFull = page.draft.di_tracks.length >= page.known.data.max_di_tracks;
  if (isFull) show();
  else commit(chooseTrack(page.draft, id, true), "add");
}

async function takeCapture(/** @type {string} */ id) {
  /** @type {Answer<Capture>} */
  const { body } = await ask(`captures/${id}/`);
  if (!body) return;
  await ready;
  const most = page.known.data.max_contenders;
  if (!addCapture(body))
    say(`${body.gear.name} is uploaded. With it there would be more than ${most} chains.`);
}
