// The bell: over a socket, or by asking again and again where there is none.

import { isLive, tooMany } from "./connection.js";
import { find, need, writingHeaders } from "./dom.js";
import { bellLabel, countText, endingOf, Reconnecting } from "./logic/notifications.js";

/** @import { BellMessage, Notification } from "./types.d.ts" */

const POLL_MS = 30_000;

/** @type {Bell | null} */
let current = null;

class Bell {
  #reconnecting = new Reconnecting();
  /** @type {Set<string>} */
  #told = new Set();

  constructor(/** @type {HTMLElement} */ link) {
    this.link = link;
    this.#connect();
  }

  #connect() {
    const { protocol, host } = location;
    const scheme = protocol === "https:" ? "wss:" : "ws:";
    let socket;
    try {
      socket = new WebSocket(`${scheme}//${host}${this.link.dataset.bell}`);
    } catch {
      this.#poll();
      return;
    }
    let hasOpened = false;
    socket.addEventListener("message", (event) => {
      hasOpened = true;
      isLive();
      this.#reconnecting.reset();
      this.#receive(JSON.parse(event.data));
    });
    socket.addEventListener("close", (event) => {
      const next = this.#reconnecting.next(event.code, hasOpened);
      if (next === "stop") return;
      if (typeof next === "number") {
        setTimeout(() => this.#connect(), next);
        return;
      }
      if (next === "give way") tooMany();
      this.#poll();
    });
  }

  /** The server's own picture of the bell; with the new one a socket is tried again. */
  #poll() {
    setTimeout(() => htmx.trigger(this.link, "poll"), POLL_MS);
  }

  #receive(/** @type {BellMessage} */ message) {
    const { num_unread: numUnread } = message;
    const count = need(this.link, "[data-count]");
    count.textContent = countText(numUnread);
    count.hidden = numUnread === 0;
    this.link.setAttribute("aria-label", bellLabel(numUnread));
    if (message.type !== "notification" || this.#told.has(message.id)) return;
    this.#told.add(message.id);
    tell(message);
  }
}

function tell(/** @type {Notification} */ { id, label, kind, state, message, path }) {
  if (path === location.pathname) {
    see(id); // the page itself shows it
    return;
  }
  const box = document.createElement("div");
  box.className = `notice notice--${state === "failed" ? "error" : "success"}`;
  const text = document.createElement("p");
  text.append(nameOf(id, label || kind, path), endingOf(state), message);
  const close = document.createElement("button");
  close.className = "icon-button icon-button--small";
  close.setAttribute("aria-label", "Close");
  close.innerHTML = '<svg aria-hidden="true"><use href="#icon-close"/></svg>';
  close.addEventListener("click", () => box.remove());
  box.append(text, close);
  const news = need(document, "#news");
  news.append(box);
  while (news.childElementCount > 3) news.firstElementChild?.remove();
}

/**
 * What it is about, as a link where it has a page.
 * @param {string} id
 * @param {string} text
 * @param {string} path
 */
function nameOf(id, text, path) {
  if (!path) {
    const name = document.createElement("strong");
    name.textContent = text;
    return name;
  }
  const link = document.createElement("a");
  link.textContent = text;
  link.href = path;
  link.addEventListener("click", () => see(id));
  return link;
}

function see(/** @type {string} */ id) {
  fetch(`/api/v1/notifications/${id}/read/`, {
    method: "POST",
    headers: writingHeaders(),
    keepalive: true, // the page may be left already
  }).catch(() => {}); // then it stays new, and the bell says so
}

function look() {
  const link = find(document, "[data-bell]");
  if (link && link !== current?.link) current = new Bell(link);
}

document.addEventListener("htmx:afterSettle", look);
look();
