// What a page does when the server does not answer: it says so, counts down to the next try, and
// goes on by itself. Whatever asks the server again and again comes here when an answer fails.

const PAUSES_S = [2, 4, 8, 15];
const LOGIN = `/login/?next=${encodeURIComponent(location.pathname)}`;

// What failed, by key: { attempt, reason, numFailures, dueAt }.
const waiting = new Map();
let timer = null;

/** The request `key` has failed: call `attempt` after a pause, longer each time. */
export function failed(key, status, attempt) {
  const numFailures = (waiting.get(key)?.numFailures ?? 0) + 1;
  const pauseS = PAUSES_S[Math.min(numFailures, PAUSES_S.length) - 1];
  const reason = [0, 502, 503, 504].includes(status)
    ? "Server not reachable."
    : `The server answered with an error (${status}).`;
  waiting.set(key, { attempt, reason, numFailures, dueAt: Date.now() + pauseS * 1000 });
  tick();
}

/** The request `key` was answered. */
export function succeeded(key) {
  if (waiting.delete(key)) tick();
}

/** There is no use in asking for `key` again; what this means is said once and stays. */
export function over(key, status) {
  waiting.delete(key);
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
  document.getElementById("connection").replaceChildren(notice);
}

/** One has more pages open than may be told of what happens as it happens: this one asks instead. */
export function tooMany() {
  const place = document.getElementById("connection");
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

/** True where asking again cannot help. */
export function isFinal(status) {
  return [401, 403, 404, 410].includes(status);
}

function tryNow() {
  for (const entry of waiting.values()) if (entry.dueAt < Infinity) entry.dueAt = 0;
  tick();
}

function tick() {
  clearTimeout(timer);
  const now = Date.now();
  for (const entry of waiting.values()) {
    if (entry.dueAt > now) continue;
    entry.dueAt = Infinity; // until it is answered, or fails once more
    entry.attempt();
  }
  show();
  if (waiting.size) timer = setTimeout(tick, 250);
}

function show() {
  const place = document.getElementById("connection");
  let notice = place.querySelector("[data-retry]");
  if (!waiting.size) {
    notice?.remove();
    return;
  }
  if (!notice) {
    notice = document.getElementById("connection-lost").content.firstElementChild.cloneNode(true);
    notice.querySelector("button").addEventListener("click", tryNow);
    place.replaceChildren(notice);
  }
  const next = [...waiting.values()].reduce((a, b) => (b.dueAt < a.dueAt ? b : a));
  const leftS = Math.ceil((next.dueAt - Date.now()) / 1000);
  const isTrying = next.dueAt === Infinity;
  put(notice, "reason", next.reason);
  put(notice, "countdown", isTrying ? "Trying…" : `Next try in ${Math.max(1, leftS)} s`);
  notice.querySelector("button").disabled = isTrying;
}

// Written only when it changes: a screen reader reads what is written.
function put(notice, name, text) {
  const place = notice.querySelector(`[data-${name}]`);
  if (place.textContent !== text) place.textContent = text;
}

addEventListener("online", tryNow);

// Parts of a page that ask for themselves again (data-poll) -----------------------------------------

const TIMEOUT_MS = 10_000;
// Whoever asked may have been replaced by the answer: the event is then told to its parent.
const poll = ({ detail }) => {
  const elt = detail.requestConfig?.elt ?? detail.elt;
  return elt?.matches?.("[data-poll]") ? elt : null;
};
const keyOf = (elt) => elt.id || elt.getAttribute("hx-get");

document.addEventListener("htmx:configRequest", (event) => {
  if (!poll(event)) return;
  event.detail.timeout = TIMEOUT_MS;
  event.detail.headers["X-Poll"] = "true";
});
document.addEventListener("htmx:afterRequest", (event) => {
  const elt = poll(event);
  if (elt && event.detail.successful) succeeded(keyOf(elt));
});
for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    const elt = poll(event);
    if (!elt) return;
    const { status } = event.detail.xhr;
    if (isFinal(status)) {
      over(keyOf(elt), status);
      const state = elt.querySelector("[data-poll-state]");
      if (state) state.textContent = status === 401 ? "not known" : "no longer here";
    } else {
      failed(keyOf(elt), status, () => {
        if (elt.isConnected) htmx.trigger(elt, "poll");
        else succeeded(keyOf(elt));
      });
    }
  });
}
