// A render as it happens: over the socket, or by asking again and again where there is none. Both
// bring the same messages, and what they say is said by the server.

import { failed, isFinal, isLive, over, succeeded, tooMany } from "./connection.js";

const POLL_MS = 2000;
const TIMEOUT_MS = 10_000;
const SILENCE_MS = 30_000; // the server says something every 15 s
const SOCKET_EVERY_POLLS = 15; // where sockets do not get through they may some day
const REFUSED_MS = 10_000;
const LOGGED_OUT = 4001;
const TOO_MANY = 4029;
const KEY = "progress";

const byId = (id) => document.getElementById(id);

let watched = null;

class Watch {
  constructor(section) {
    this.section = section;
    this.numPolls = 0;
    this.numDrops = 0;
    this.isOver = false;
    this.refusedUntil = 0;
    this.hasSockets = Boolean(section.dataset.socket) && "WebSocket" in window;
    this.part("cancel")?.addEventListener("submit", (event) => this.cancel(event));
    this.headline = this.part("headline").textContent;
    if (this.hasSockets) this.connect();
    else setTimeout(() => this.poll(), POLL_MS);
  }

  part(name) {
    return this.section.querySelector(`[data-${name}]`);
  }

  connect() {
    const { protocol, host } = location;
    const scheme = protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${host}${this.section.dataset.socket}`);
    let numMessages = 0;
    const lost = (code) => {
      if (this.socket !== socket || this.isOver) return;
      this.socket = null;
      clearTimeout(this.silence);
      if (code === LOGGED_OUT) {
        this.stop(401);
        return;
      }
      if (code === TOO_MANY) tooMany();
      this.numDrops = numMessages > 2 ? 1 : this.numDrops + 1;
      if (numMessages) this.say("Reconnecting…");
      else this.hasSockets = false; // for the time being
      // Whatever it was: what the page has to know comes this way too.
      this.poll();
    };
    this.socket = socket;
    this.silence = setTimeout(lost, SILENCE_MS);
    socket.addEventListener("message", (event) => {
      if (this.socket !== socket) return;
      numMessages += 1;
      clearTimeout(this.silence);
      this.silence = setTimeout(lost, SILENCE_MS);
      this.say("");
      isLive();
      succeeded(KEY);
      this.receive(JSON.parse(event.data));
    });
    socket.addEventListener("close", (event) => lost(event.code));
  }

  async poll() {
    if (this.isOver || watched !== this) return;
    let status = 0;
    let message = null;
    try {
      const answer = await fetch(this.section.dataset.snapshot, {
        headers: { Accept: "application/json" },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      status = answer.status;
      if (answer.ok) message = await answer.json();
    } catch {
      message = null; // no answer, or not the whole of it
    }
    if (this.isOver) return;
    if (isFinal(status)) this.stop(status);
    else if (message) this.answered(message);
    else {
      this.say("");
      this.part("time-left").textContent = ""; // nobody knows now
      failed(KEY, status === 200 ? 0 : status, () => this.poll());
    }
  }

  answered(message) {
    succeeded(KEY);
    this.numPolls += 1;
    this.receive(message);
    if (this.isOver) return;
    const mayOpen = this.section.dataset.socket && "WebSocket" in window;
    if (mayOpen && (this.hasSockets || this.numPolls % SOCKET_EVERY_POLLS === 0)) {
      this.hasSockets = true;
      setTimeout(() => !this.isOver && this.connect(), 250 * 2 ** Math.min(this.numDrops, 5));
    } else {
      this.say("");
      setTimeout(() => this.poll(), POLL_MS);
    }
  }

  receive(message) {
    const root = this.section.querySelector("[data-job]").dataset.job;
    if (message.type === "status" && message.job_id !== root) {
      this.end(); // it was rendered anew, in another window
      return;
    }
    for (const child of message.children ?? []) this.showChild(child);
    if (message.job_id !== root) {
      this.showChild(message);
      return;
    }
    this.showRoot(message);
    refreshPublished(message);
    if (["completed", "failed", "cancelled"].includes(message.status)) this.end(message);
  }

  showRoot({ summary, message }) {
    if (summary.headline !== this.headline) {
      this.headline = summary.headline;
      this.part("headline").textContent = summary.headline;
      // The change is worth a word to those who do not see it; every percent is not.
      byId("progress-announcement").textContent = summary.headline;
    }
    const bar = this.part("total");
    bar.value = summary.progress;
    bar.setAttribute("aria-label", summary.part);
    this.part("part").textContent = summary.part;
    this.part("percent").textContent = Math.round(summary.progress);
    if (Date.now() >= this.refusedUntil) this.part("message").textContent = message;
    this.showTimeLeft(summary);
    if (!this.cancelling) this.showCancel();
  }

  // An estimate that grows a little is kept back: it would only make people nervous.
  showTimeLeft({ part, remaining_s: remainingS, time_left: text }) {
    const now = Date.now();
    const { until = 0, part: shownPart } = this.estimate ?? {};
    const shownS = (until - now) / 1000;
    if (text && part === shownPart && remainingS > shownS && remainingS < 1.5 * shownS + 5) return;
    this.estimate = text ? { part, until: now + remainingS * 1000 } : null;
    this.part("time-left").textContent = text;
  }

  showChild(child) {
    const list = document.querySelector("[data-jobs]");
    if (!list) return;
    let item = list.querySelector(`[data-child="${CSS.escape(child.job_id)}"]`);
    if (!item) {
      item = byId("step").content.firstElementChild.cloneNode(true);
      item.dataset.child = child.job_id;
      item.dataset.kind = child.kind;
      item.querySelector("[data-label]").textContent = child.label;
      item.querySelector("progress").setAttribute("aria-label", child.label);
      list.append(item);
    }
    const wasCompleted = item.dataset.status === "completed";
    item.dataset.status = child.status;
    const lamps = { running: "lamp--busy", completed: "lamp--good", failed: "lamp--bad" };
    item.querySelector("[data-lamp]").className = `lamp ${lamps[child.status] ?? ""}`;
    item.querySelector("progress").value = child.progress;
    item.querySelector("[data-value]").textContent =
      child.status === "running" ? `${Math.round(child.progress)} %` : child.status_label;
    const error = item.querySelector("[data-error]");
    error.textContent = child.error?.message ?? "";
    error.hidden = !child.error;
    if (child.status !== "completed" || wasCompleted) return;
    // The audio is published while the video is still being made.
    if (child.kind === "shootout.finalise") refresh("listen", "result", "film");
    if (child.kind === "shootout.video") refresh("film");
  }

  showCancel() {
    const button = this.part("cancel-button");
    const isVideo = this.part("part").textContent === "Video";
    if (button) button.textContent = isVideo ? "Cancel the video" : "Cancel";
  }

  async cancel(event) {
    event.preventDefault();
    const button = this.part("cancel-button");
    const isVideo = this.part("part").textContent === "Video";
    const child = document.querySelector('[data-jobs] [data-kind="shootout.video"]');
    const job = isVideo && child ? child.dataset.child : this.part("job").dataset.job;
    if (this.cancelling === job) return;
    this.cancelling = job;
    button.textContent = "Canceling…";
    button.setAttribute("aria-disabled", "true");
    const { "X-CSRFToken": token } = JSON.parse(document.body.getAttribute("hx-headers"));
    let status = 0;
    try {
      const answer = await fetch(`/api/v1/jobs/${job}/cancel/`, {
        method: "POST",
        headers: { "X-CSRFToken": token },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      status = answer.status;
    } catch {
      status = 0;
    }
    if (status === 202 || status === 409) return; // it stops, or has ended already
    this.cancelling = null;
    button.removeAttribute("aria-disabled");
    this.showCancel();
    if (status === 401) this.stop(status);
    this.refusedUntil = Date.now() + REFUSED_MS; // long enough to be read
    this.part("message").textContent = "It was not canceled: the server did not take it. Try again.";
  }

  say(text) {
    const place = this.part("connection");
    if (!place || place.textContent === text) return;
    place.textContent = text;
  }

  stop(status) {
    this.isOver = true;
    this.socket?.close();
    over(KEY, status);
  }

  /** All is said. What failed gets the server's own words; what went well needs none. */
  end(message = null) {
    if (this.isOver) return;
    this.isOver = true;
    this.socket?.close();
    const hasFailures = document.querySelector('[data-jobs] [data-status="failed"]');
    if (message?.status !== "completed" || hasFailures) {
      refresh("progress", "steps", "toolbar");
      return;
    }
    this.section.querySelector(".render").classList.add("is-done");
    this.part("foot").remove();
    this.part("bar").remove();
    byId("steps").replaceChildren();
    refresh("toolbar");
  }
}

function refresh(...ids) {
  for (const id of ids) htmx.trigger(byId(id), "poll");
}

// Whatever brought the news, a page that lacks what is published asks for it.
function refreshPublished({ manifest, video }) {
  if (manifest && manifest !== byId("listen").dataset.manifest) refresh("listen", "result", "film");
  else if (video && video !== byId("film").dataset.film) refresh("film");
}

function look() {
  const section = document.querySelector("[data-progress]");
  if (!section || section === watched?.section) return;
  if (watched) watched.isOver = true;
  watched = null;
  if (section.dataset.snapshot) watched = new Watch(section);
  refreshPublished(section.dataset);
}

document.addEventListener("htmx:afterSettle", look);
look();
