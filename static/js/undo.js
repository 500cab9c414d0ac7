// Deleting: the row goes at once, the request ten seconds later, and until then it can be undone.
// A page that is left sends it right away.

import { all, closest, copyOf, find, need, writingHeaders } from "./dom.js";
import { Countdown, recent, successor, withDeleted } from "./logic/undo.js";

/** @import { Deleted } from "./logic/undo.js" */

/**
 * What is to be deleted: its address in the API, where it is told what that touches, its name.
 * @typedef {{url: string, usesUrl: string, name: string}} Thing
 */

const HANDED_ON = "gts-deleting";
const DELETED = "gts-deleted";

/** @type {Set<Deletion>} */
const underWay = new Set();

class Deletion {
  #thing;
  #row;
  #toast;
  #countdown = new Countdown(performance.now());
  #timer = 0;

  /**
   * @param {Thing} thing
   * @param {HTMLElement | null} row
   */
  constructor(thing, row) {
    this.#thing = thing;
    this.#row = row;
    if (row) leaveRow(row);
    this.#toast = copyOf("undo-toast");
    this.#say(`“${thing.name}” is deleted.`);
    need(this.#toast, "[data-undo]").setAttribute("aria-label", `Undo: keep ${thing.name}`);
    need(this.#toast, "[data-undo]").addEventListener("click", () => this.#undo());
    this.#pauseWith("pointer", "pointerenter", "pointerleave");
    this.#pauseWith("focus", "focusin", "focusout");
    need(document, "#toasts").append(this.#toast);
    underWay.add(this);
    this.#run();
    this.#tellUses();
  }

  /**
   * @param {string} holder
   * @param {string} begins
   * @param {string} ends
   */
  #pauseWith(holder, begins, ends) {
    this.#toast.addEventListener(begins, () => {
      this.#countdown.hold(holder, performance.now());
      this.#run();
    });
    this.#toast.addEventListener(ends, () => {
      this.#countdown.letGo(holder, performance.now());
      this.#run();
    });
  }

  #run() {
    clearTimeout(this.#timer);
    if (!underWay.has(this) || this.#countdown.isPaused) return;
    const afterMs = this.#countdown.remainingMs(performance.now());
    this.#timer = setTimeout(() => this.#send(), afterMs);
  }

  #say(/** @type {string} */ text) {
    need(this.#toast, "[data-said]").textContent = text;
  }

  async #tellUses() {
    try {
      const answer = await fetch(this.#thing.usesUrl, { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      const { message } = await answer.json();
      need(this.#toast, "[data-touches]").textContent = message;
    } catch {
      // It is deleted all the same; the list says no more than before.
    }
  }

  #undo() {
    this.#end();
    if (this.#row) this.#row.hidden = false;
    this.#leaveToast(this.#row && placeIn(this.#row));
  }

  #end() {
    underWay.delete(this);
    clearTimeout(this.#timer);
  }

  /** The focus goes on to `place`, if it was in the toast. */
  #leaveToast(/** @type {HTMLElement | null} */ place) {
    const hadFocus = this.#toast.contains(document.activeElement);
    this.#toast.remove();
    if (hadFocus) (place ?? need(document, "#content")).focus();
  }

  /** Before its time: the page is being left. */
  sendAtOnce() {
    this.#end();
    remember(this.#thing.url);
    request(this.#thing.url).catch(() => {});
  }

  async #send() {
    this.#end();
    try {
      const answer = await request(this.#thing.url);
      if (!answer.ok && answer.status !== 404) {
        this.#refuse(await reasonOf(answer));
        return;
      }
    } catch {
      this.#refuse("The server did not answer.");
      return;
    }
    this.#leaveToast(null);
    this.#row?.remove();
  }

  #refuse(/** @type {string} */ reason) {
    if (this.#row) this.#row.hidden = false;
    this.#toast.classList.add("notice--error");
    this.#say(`“${this.#thing.name}” is not deleted.`);
    need(this.#toast, "[data-touches]").textContent = reason;
    const button = need(this.#toast, "[data-undo]");
    const close = button.cloneNode();
    if (!(close instanceof HTMLElement)) return;
    close.textContent = "Close";
    close.setAttribute("aria-label", `Close: ${this.#thing.name} is not deleted`);
    close.addEventListener("click", () => this.#leaveToast(this.#row && placeIn(this.#row)));
    button.replaceWith(close);
  }
}

/** The row goes; a focus in it moves on to the next one. */
function leaveRow(/** @type {HTMLElement} */ row) {
  const hadFocus = row.contains(document.activeElement);
  const rows = all(row.parentElement ?? document.body, ":scope > *").filter(
    ({ hidden }) => !hidden,
  );
  const next = successor(rows.indexOf(row), rows.length);
  row.hidden = true;
  if (!hadFocus) return;
  (next === null ? need(document, "#content") : placeIn(rows[next])).focus();
}

/** Where the focus of someone who deletes rows goes on. */
function placeIn(/** @type {HTMLElement} */ row) {
  const place = find(row, "form[data-delete] button") ?? find(row, "a, button");
  return place ?? need(document, "#content");
}

function request(/** @type {string} */ url) {
  return fetch(url, { method: "DELETE", headers: writingHeaders(), keepalive: true });
}

async function reasonOf(/** @type {Response} */ answer) {
  try {
    const { message } = await answer.json();
    return String(message);
  } catch {
    return `The server answered with an error (${answer.status}).`;
  }
}

function rowOf(/** @type {string} */ url) {
  const named = CSS.escape(url);
  const found = find(document, `form[data-delete="${named}"]:not([data-leaves])`);
  return found ? closest(found, ".row") : find(document, `[data-thing="${named}"]`);
}

/** @returns {Deleted[]} */
function remembered() {
  try {
    return recent(JSON.parse(sessionStorage.getItem(DELETED) ?? "[]"), Date.now());
  } catch {
    return [];
  }
}

function remember(/** @type {string} */ url) {
  try {
    const deleted = withDeleted(remembered(), url, Date.now());
    sessionStorage.setItem(DELETED, JSON.stringify(deleted));
  } catch {
    // Then a list that was asked for too early still shows it.
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.dataset.delete) return;
  const { delete: url, uses: usesUrl = "", name = "", list = "/" } = form.dataset;
  const thing = { url, usesUrl, name };
  if (form.dataset.leaves === undefined) {
    event.preventDefault();
    new Deletion(thing, closest(form, ".row"));
    return;
  }
  try {
    // Its own page cannot stay: the list goes on with it.
    sessionStorage.setItem(HANDED_ON, JSON.stringify(thing));
  } catch {
    return; // Deleted at once, as without scripts.
  }
  event.preventDefault();
  location.assign(list);
});

addEventListener("pagehide", () => {
  for (const deletion of [...underWay]) deletion.sendAtOnce();
});

function hideDeleted() {
  for (const { url } of remembered()) {
    const row = rowOf(url);
    if (row) row.hidden = true;
  }
}

function takeOver() {
  let handedOn = null;
  try {
    handedOn = sessionStorage.getItem(HANDED_ON);
    sessionStorage.removeItem(HANDED_ON);
  } catch {
    return;
  }
  if (!handedOn) return;
  /** @type {Thing} */
  const thing = JSON.parse(handedOn);
  new Deletion(thing, rowOf(thing.url));
}

hideDeleted();
takeOver();
