// The drop zone of a page with a list: what is ready comes into the list.

import { find, need } from "../dom.js";
import { startUploads } from "./uploads.js";

// Many are ready at once: the list is fetched again when none has followed for so long.
const SETTLED_MS = 800;

const zone = need(document, "[data-uploads-list]");
const listId = zone.dataset.uploadsList ?? "";
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

startUploads({
  dropTarget: need(document, "#content"),
  list: zone,
  onReady: () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, SETTLED_MS);
  },
});

async function refresh() {
  const list = find(document, `#${listId}`);
  // Someone is in it with the keyboard: it would take the focus along.
  if (!list || list.contains(document.activeElement)) {
    timer = setTimeout(refresh, SETTLED_MS);
    return;
  }
  const section = `section:has(#${listId})`;
  await htmx.ajax("get", location.href, { target: section, select: section, swap: "outerHTML" });
}
