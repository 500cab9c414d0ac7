// What every page has: theme, menu, confirmation, file drops, listening to a DI track.

import { all, closestTo, find, need } from "./dom.js";

const root = document.documentElement;

function currentTheme() {
  if (root.dataset.theme) return root.dataset.theme;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

const themeButton = need(document, "[data-theme-toggle]");
themeButton.hidden = false;
themeButton.addEventListener("click", () => {
  root.dataset.theme = currentTheme() === "dark" ? "light" : "dark";
  try {
    localStorage.setItem("gts-theme", root.dataset.theme);
  } catch {
    // It holds for this page then.
  }
  // Canvases have no style sheet: they ask for their colors again.
  document.dispatchEvent(new CustomEvent("gts:theme"));
});

const menuButton = need(document, "[data-menu]");
const nav = need(document, "#nav");
menuButton.addEventListener("click", () => {
  const isOpen = nav.classList.toggle("is-open");
  menuButton.setAttribute("aria-expanded", String(isOpen));
});
nav.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !nav.classList.contains("is-open")) return;
  menuButton.click();
  menuButton.focus();
});

document.addEventListener("submit", (event) => {
  const question = event.target instanceof HTMLElement && event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});

// What has to be put right comes first.
const WRONG = '[data-focus], [aria-invalid="true"]';
find(document, WRONG)?.focus();

// A form that its answer replaces takes the focus along: it goes on where it was, or to what is wrong.
let isFormInFocus = false;
document.addEventListener("htmx:beforeRequest", ({ detail: { elt } }) => {
  isFormInFocus = elt.matches("form") && elt.contains(document.activeElement);
});
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  const form = detail?.elt;
  if (!isFormInFocus || !(form instanceof HTMLFormElement)) return;
  if (document.activeElement !== document.body) return;
  isFormInFocus = false;
  (find(form, WRONG) ?? find(form, ".actions button"))?.focus();
});

// File drops: the whole box is the file input; these lines only say what is in it.
document.addEventListener("change", (event) => {
  const drop = closestTo(event, "[data-drop]");
  const field = event.target;
  if (!drop || !(field instanceof HTMLInputElement) || !field.form) return;
  const file = field.files?.[0];
  if (file) need(drop, "[data-drop-name]").textContent = file.name;
  // A kind that the file cannot be is taken back: then the file says what it is.
  const kinds = all(field.form, 'input[name="kind"]', HTMLInputElement);
  const chosen = kinds.find(({ checked }) => checked)?.value;
  if (!file || !chosen) return;
  const isIR = !/\.nam$/i.test(file.name);
  const unsaid = kinds.find(({ value }) => !value);
  if (unsaid && isIR !== ["cab", "space"].includes(chosen)) unsaid.checked = true;
});
for (const name of ["dragenter", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    closestTo(event, "[data-drop]")?.classList.toggle("is-over", name === "dragenter");
  });
}

// Chapters of a video.
document.addEventListener("click", (event) => {
  const chapter = closestTo(event, "[data-chapter]");
  if (!chapter) return;
  const video = need(document, "video[data-video]", HTMLVideoElement);
  video.currentTime = Number(chapter.dataset.chapter);
  video.play();
});

// One DI track at a time.
const listener = new Audio();
/** @type {HTMLElement | null} */
let listening = null;

function stopListening() {
  listener.pause();
  if (listening) showListening(listening, false);
  listening = null;
}

/**
 * @param {HTMLElement} button
 * @param {boolean} isPlaying
 */
function showListening(button, isPlaying) {
  button.setAttribute("aria-pressed", String(isPlaying));
  const icon = isPlaying ? "#icon-pause" : "#icon-play";
  need(button, "use", SVGUseElement).setAttribute("href", icon);
}

listener.addEventListener("ended", stopListening);
document.addEventListener("click", (event) => {
  const button = closestTo(event, "[data-listen]");
  if (!button) return;
  const wasThis = button === listening;
  stopListening();
  if (wasThis) return;
  listening = button;
  showListening(button, true);
  listener.src = button.dataset.listen ?? "";
  listener.play().catch(stopListening);
});

// What was said of an upload goes when its check has an answer: the row says it then.
document.addEventListener("htmx:afterSettle", () => {
  for (const said of all(document, "[data-uploaded]")) {
    const id = CSS.escape(said.dataset.uploaded ?? "");
    if (find(document, `[data-checked="${id}"]`)) said.remove();
  }
});

// htmx swaps nothing when something went wrong on the way: say so instead.
function complain(/** @type {string} */ text) {
  const notice = document.createElement("div");
  notice.className = "notice notice--error";
  notice.dataset.complaint = "";
  notice.textContent = text;
  need(document, "#messages").replaceChildren(notice);
  notice.scrollIntoView({ block: "center" });
}

// The next request that goes well takes it away.
document.addEventListener("htmx:afterRequest", ({ detail: { elt, successful } }) => {
  if (successful && !elt.matches("[data-poll]")) find(document, "[data-complaint]")?.remove();
});

const FAILURES = /** @type {const} */ (["htmx:sendError", "htmx:responseError", "htmx:timeout"]);

// What asks again by itself (data-poll) is the matter of js/connection.js.
for (const name of FAILURES) {
  document.addEventListener(name, ({ detail: { elt, xhr, requestConfig } }) => {
    if (elt.matches("[data-poll]")) return;
    const loss = requestConfig?.verb === "get" ? "Try again." : "Nothing was saved.";
    if (xhr.status === 413) complain("That file is larger than this server takes.");
    else if (xhr.status) complain(`The server answered with an error (${xhr.status}). ${loss}`);
    else complain(`The server did not answer. ${loss}`);
  });
}
