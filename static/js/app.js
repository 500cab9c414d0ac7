// What every page has: theme, menu, confirmation, file drops, listening to a DI track.

const root = document.documentElement;

function currentTheme() {
  if (root.dataset.theme) return root.dataset.theme;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

const themeButton = document.querySelector("[data-theme-toggle]");
themeButton.hidden = false;
themeButton.addEventListener("click", () => {
  root.dataset.theme = currentTheme() === "dark" ? "light" : "dark";
  try {
    localStorage.setItem("gts-theme", root.dataset.theme);
  } catch {
    // It holds for this page then.
  }
  // Canvases have no style sheet: they ask for their colours again.
  document.dispatchEvent(new CustomEvent("gts:theme"));
});

const menuButton = document.querySelector("[data-menu]");
const nav = document.getElementById("nav");
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
  const question = event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});

// What has to be put right comes first.
const WRONG = '[data-focus], [aria-invalid="true"]';
document.querySelector(WRONG)?.focus();

// A form that its answer replaces takes the focus along: it goes on where it was, or to what is wrong.
let isFormInFocus = false;
document.addEventListener("htmx:beforeRequest", ({ detail: { elt } }) => {
  isFormInFocus = elt.matches("form") && elt.contains(document.activeElement);
});
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  const elt = detail?.elt;
  if (!isFormInFocus || !elt?.matches("form") || document.activeElement !== document.body) return;
  isFormInFocus = false;
  (elt.querySelector(WRONG) ?? elt.querySelector(".actions button"))?.focus();
});

// File drops: the whole box is the file input; these lines only say what is in it.
document.addEventListener("change", (event) => {
  const drop = event.target.closest?.("[data-drop]");
  if (!drop) return;
  const [file] = event.target.files;
  if (file) drop.querySelector("[data-drop-name]").textContent = file.name;
  // A kind that the file cannot be is taken back: then the file says what it is.
  const kinds = [...event.target.form.querySelectorAll('input[name="kind"]')];
  const chosen = kinds.find(({ checked }) => checked)?.value;
  if (!file || !chosen) return;
  const isIR = !/\.nam$/i.test(file.name);
  if (isIR !== ["cab", "space"].includes(chosen)) kinds.find(({ value }) => !value).checked = true;
});
for (const [name, isOver] of [["dragenter", true], ["dragleave", false], ["drop", false]]) {
  document.addEventListener(name, (event) => {
    event.target.closest?.("[data-drop]")?.classList.toggle("is-over", isOver);
  });
}

// Chapters of a video.
document.addEventListener("click", (event) => {
  const chapter = event.target.closest("[data-chapter]");
  if (!chapter) return;
  const video = document.querySelector("video[data-video]");
  video.currentTime = Number(chapter.dataset.chapter);
  video.play();
});

// One DI track at a time.
const listener = new Audio();
let listening = null;

function stopListening() {
  listener.pause();
  listening?.setAttribute("aria-pressed", "false");
  listening?.querySelector("use").setAttribute("href", "#icon-play");
  listening = null;
}

listener.addEventListener("ended", stopListening);
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-listen]");
  if (!button) return;
  const wasThis = button === listening;
  stopListening();
  if (wasThis) return;
  listening = button;
  button.setAttribute("aria-pressed", "true");
  button.querySelector("use").setAttribute("href", "#icon-pause");
  listener.src = button.dataset.listen;
  listener.play().catch(stopListening);
});

// What was said of an upload goes when its check has an answer: the row says it then.
document.addEventListener("htmx:afterSettle", () => {
  for (const said of document.querySelectorAll("[data-uploaded]"))
    if (document.querySelector(`[data-checked="${CSS.escape(said.dataset.uploaded)}"]`)) said.remove();
});

// htmx swaps nothing when something went wrong on the way: say so instead.
function complain(text) {
  const notice = document.createElement("div");
  notice.className = "notice notice--error";
  notice.dataset.complaint = "";
  notice.textContent = text;
  document.getElementById("messages").replaceChildren(notice);
  notice.scrollIntoView({ block: "center" });
}

// The next request that goes well takes it away.
document.addEventListener("htmx:afterRequest", ({ detail: { elt, successful } }) => {
  if (successful && !elt.matches?.("[data-poll]"))
    document.querySelector("[data-complaint]")?.remove();
});

// What asks again by itself (data-poll) is the matter of js/connection.js.
for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.addEventListener(name, ({ detail: { elt, xhr, requestConfig } }) => {
    if (elt.matches?.("[data-poll]")) return;
    const loss = requestConfig.verb === "get" ? "Try again." : "Nothing was saved.";
    if (xhr.status === 413) complain("That file is larger than this server takes.");
    else if (xhr.status) complain(`The server answered with an error (${xhr.status}). ${loss}`);
    else complain(`The server did not answer. ${loss}`);
  });
}
