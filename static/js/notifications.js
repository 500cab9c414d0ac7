// The bell: over a socket, or by asking again and again where there is none.

import { isLive, tooMany } from "./connection.js";

const POLL_MS = 30_000;
const RECONNECT_MS = [1000, 2000, 5000, 10_000];
const NOT_AUTHENTICATED = 4001;
const TOO_MANY = 4029;

let current = null;

class Bell {
  constructor(link) {
    this.link = link;
    this.attempts = 0;
    this.told = new Set();
    this.connect();
  }

  connect() {
    const { protocol, host } = location;
    try {
      this.socket = new WebSocket(
        `${protocol === "https:" ? "wss:" : "ws:"}//${host}${this.link.dataset.bell}`,
      );
    } catch {
      this.poll();
      return;
    }
    let hasOpened = false;
    this.socket.addEventListener("message", (event) => {
      hasOpened = true;
      isLive();
      this.attempts = 0;
      this.receive(JSON.parse(event.data));
    });
    this.socket.addEventListener("close", (event) => {
      if (event.code === NOT_AUTHENTICATED) return; // logged out in another window
      if (event.code === TOO_MANY) {
        tooMany();
        this.poll();
        return;
      }
      if (hasOpened || this.attempts > 0) this.reconnect();
      else this.poll();
    });
  }

  reconnect() {
    if (this.attempts === RECONNECT_MS.length) {
      this.poll();
      return;
    }
    setTimeout(() => this.connect(), RECONNECT_MS[this.attempts++]);
  }

  // The server's own picture of the bell; with the new one a socket is tried again.
  poll() {
    setTimeout(() => htmx.trigger(this.link, "poll"), POLL_MS);
  }

  receive({ type, num_unread: numUnread, ...note }) {
    const count = this.link.querySelector("[data-count]");
    count.textContent = numUnread > 99 ? "99+" : numUnread;
    count.hidden = numUnread === 0;
    const text = numUnread ? `Notifications: ${numUnread} new` : "Notifications";
    this.link.setAttribute("aria-label", text);
    if (type === "notification" && !this.told.has(note.id)) {
      this.told.add(note.id);
      tell(note);
    }
  }
}

function tell({ id, label, kind, status, message, path }) {
  if (path === location.pathname) {
    see(id); // the page itself shows it
    return;
  }
  const box = document.createElement("div");
  box.className = `notice notice--${status === "failed" ? "error" : "success"}`;
  const text = document.createElement("p");
  const name = document.createElement(path ? "a" : "strong");
  name.textContent = label || kind;
  if (path) {
    name.href = path;
    name.addEventListener("click", () => see(id));
  }
  const ending = { failed: " failed. ", completed: " is done. " }[status] ?? ": ";
  text.append(name, ending, message);
  const close = document.createElement("button");
  close.className = "icon-button icon-button--small";
  close.setAttribute("aria-label", "Close");
  close.innerHTML = '<svg aria-hidden="true"><use href="#icon-close"/></svg>';
  close.addEventListener("click", () => box.remove());
  box.append(text, close);
  const news = document.getElementById("news");
  news.append(box);
  while (news.childElementCount > 3) news.firstElementChild.remove();
}

function see(id) {
  const { "X-CSRFToken": token } = JSON.parse(document.body.getAttribute("hx-headers"));
  fetch(`/api/v1/notifications/${id}/read/`, {
    method: "POST",
    headers: { "X-CSRFToken": token },
    keepalive: true, // the page may be left already
  }).catch(() => {}); // then it stays new, and the bell says so
}

function look() {
  const link = document.querySelector("[data-bell]");
  if (link && link !== current?.link) current = new Bell(link);
}

document.addEventListener("htmx:afterSettle", look);
look();
