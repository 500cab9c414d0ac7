// What a page does when the server does not answer: it says so, counts down to the next try, and
// goes on by itself. Whatever asks the server again and again comes here when an answer fails.

import { copyOf, find, need } from "./dom.js";
import { isFinal, Retries } from "./logic/retries.js";

/** @import { HtmxDetail } from "./types.d.ts" */

const LOGIN = `/login/?next=${encodeURIComponent(location.pathname)}`;

const retries = new Retries();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/**
 * The request `key` has failed: call `attempt` after a pause, longer each time.
 * @param {string} key
 * @param {number} status
 * @param {() => void} attempt
 */
export function failed(key, status, attempt) {
  retries.add(key, status, attempt, Date.now());
  tick();
}

/** The request `key` was answered. */
export function succeeded(/** @type {string} */ key) {
  if (retries.remove(key)) tick();
}

/**
 * There is no use in asking for `key` again; what this means is said once and stays.
 * @param {string} key
 * @param {number} status
 */
export function over(key, status) {
  retries.remove(key);
  tick();
  const text = document.createElement("p");
  if (status === 401) {
    const link = document.createElement("a");
    link.href = LOGIN;
    link.textContent = "Log in again";
    text.append("You are logged out. ", link, " to see how it goes on.");
  } else text.textContent = "This is no longer here. It was deleted, or is no longer shared.";
  const notice = document.createElement("div");
  notice.className = "notice notice--warning";
  notice.append(text);
  need(document, "#connection").replaceChildren(notice);
}

/** One has more pages open than may be told of what happens as it happens: this one asks instead. */
export function tooMany() {
  const place = need(document, "#connection");
  if (place.querySelector("[data-too-many]")) return;
  const text = document.createElement("p");
  text.textContent =
    "You have many pages of GTS open, so this one is not updated live, only now and then. " +
    "Close some of the others to change that.";
  const notice = document.createElement("div");
  notice.className = "notice notice--warning";
  notice.dataset.tooMany = "";
  notice.append(text);
  place.append(notice);
}

/** A page is told live again. */
export function isLive() {
  document.querySelector("#connection [data-too-many]")?.remove();
}

function tryNow() {
  retries.hurry();
  tick();
}

function tick() {
  clearTimeout(timer);
  retries.run(Date.now());
  show();
  if (!retries.isEmpty) timer = setTimeout(tick, 250);
}

function show() {
  const place = need(document, "#connection");
  const { next } = retries;
  let notice = find(place, "[data-retry]");
  if (!next) {
    notice?.remove();
    return;
  }
  if (!notice) {
    notice = copyOf("connection-lost");
    need(notice, "button").addEventListener("click", tryNow);
    place.replaceChildren(notice);
  }
  const leftS = Math.ceil((next.dueAt - Date.now()) / 1000);
  const isTrying = next.dueAt === Infinity;
  put(notice, "reason", next.reason);
  put(notice, "countdown", isTrying ? "Trying…" : `Next try in ${Math.max(1, leftS)} s`);
  need(notice, "button", HTMLButtonElement).disabled = isTrying;
}

/**
 * Written only when it changes: a screen reader reads what is written.
 * @param {HTMLElement} notice
 * @param {string} name
 * @param {string} text
 */
function put(notice, name, text) {
  const place = need(notice, `[data-${name}]`);
  if (place.textContent !== text) place.textContent = text;
}

addEventListener("online", tryNow);

// Parts of a page that ask for themselves again (data-poll) -----------------------------------------

const TIMEOUT_MS = 10_000;
const FAILURES = /** @type {const} */ (["htmx:sendError", "htmx:responseError", "htmx:timeout"]);

/**
 * Which part asks. It may have been replaced by the answer: the event is then told to its parent.
 * @param {CustomEvent<HtmxDetail>} event
 */
function polling({ detail }) {
  const elt = detail.requestConfig?.elt ?? detail.elt;
  return elt instanceof HTMLElement && elt.matches("[data-poll]") ? elt : null;
}

function keyOf(/** @type {HTMLElement} */ elt) {
  return elt.id || (elt.getAttribute("hx-get") ?? "");
}

document.addEventListener("htmx:configRequest", (event) => {
  if (!polling(event)) return;
  event.detail.timeout = TIMEOUT_MS;
  event.detail.headers["X-Poll"] = "true";
});
document.addEventListener("htmx:afterRequest", (event) => {
  const elt = polling(event);
  if (elt && event.detail.successful) succeeded(keyOf(elt));
});
for (const name of FAILURES) {
  document.addEventListener(name, (event) => {
    const elt = polling(event);
    if (!elt) return;
    const { status } = event.detail.xhr;
    if (isFinal(status)) {
      over(keyOf(elt), status);
      const state = find(elt, "[data-poll-state]");
      if (state) state.textContent = status === 401 ? "not known" : "no longer here";
    } else {
      failed(keyOf(elt), status, () => {
        if (elt.isConnected) htmx.trigger(elt, "poll");
        else succeeded(keyOf(elt));
      });
    }
  });
}
