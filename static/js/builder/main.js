// The page of the builder: its listeners. They look for `data-do`, which names an action.

import { closestTo } from "../dom.js";
import { page, root, saver, show, showAll, step } from "./builder.js";
import { changeField, runCommand } from "./commands.js";
import { watchDragging, watchDropping } from "./drag.js";
import { watchUploads } from "./files.js";
import { stepOfKey } from "./history.js";
import { keyPressed } from "./keys.js";
import { refresh, start } from "./loading.js";

const TEXT_FIELDS =
  "textarea, input:not([type=range], [type=checkbox], [type=radio], [type=number])";

root.addEventListener("click", (event) => {
  const target = closestTo(event, "[data-do]");
  if (target && !target.matches("input, textarea, select")) runCommand(target);
});
root.addEventListener("input", (event) => {
  const target = closestTo(event, "input, textarea");
  if (target?.matches("[data-do]:not([type=checkbox])")) runCommand(target);
  else if (target) changeField(target);
});
root.addEventListener("change", (event) => {
  const target = closestTo(event, "input, textarea, select");
  if (target?.matches("[data-do][type=checkbox], select[data-do]")) runCommand(target);
  showAll();
});
root.addEventListener("dblclick", (event) => {
  const target = closestTo(event, '[data-do="slide"]');
  if (target) runCommand(target, "reset");
});
root.addEventListener("keydown", keyPressed);
watchDragging(root);
watchDropping(root);
watchUploads();

document.addEventListener("keydown", (event) => {
  const isText = event.target instanceof Element && event.target.matches(TEXT_FIELDS);
  const isElsewhere = event.target instanceof Element && event.target.closest("dialog");
  const direction = stepOfKey(event);
  // In a text field it is the field's own undo.
  if (!direction || isText || isElsewhere || event.defaultPrevented) return;
  event.preventDefault();
  step(direction);
});

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") refresh();
  else saver.flush();
});
addEventListener("pageshow", ({ persisted }) => {
  page.isRendering = false;
  if (persisted) refresh();
  show();
});
addEventListener("beforeunload", (event) => {
  // What is unsaved is kept in this tab; one that is closed takes it along.
  if (saver.hasUnsaved && saver.state !== "saving" && saver.state !== "unsaved")
    event.preventDefault();
});

start();
