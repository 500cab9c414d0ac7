// A render as it happens: over the socket, or by asking again and again where there is none. Both
// bring the same messages, and what they say is said by the server.

import { failed, isLive, over, succeeded, tooMany } from "./connection.js";
import { copyOf, find, need, writingHeaders } from "./dom.js";
import {
  changesOf,
  countDrops,
  isFinished,
  partsAfter,
  partsBehind,
  reconnectAfterMs,
  TimeLeft,
} from "./logic/progress.js";
import { isFinal } from "./logic/retries.js";

/** @import { Job, JobMessage, Summary } from "./types.d.ts" */

const POLL_MS = 2000;
const TIMEOUT_MS = 10_000;
const SILENCE_MS = 30_000; // the server says something every 15 s
const SOCKET_EVERY_POLLS = 15; // where sockets do not get through they may some day
const REFUSED_MS = 10_000;
const LOGGED_OUT = 4001;
const TOO_MANY = 4029;
const KEY = "progress";
const INDICATORS = new Map([
  ["running", "indicator--busy"],
  ["completed", "indicator--good"],
  ["failed", "indicator--bad"],
]);

/** @type {Watch | null} */
let watched = null;

class Watch {
  #numPolls = 0;
  #numDrops = 0;
  #refusedUntil = 0;
  #timeLeft = new TimeLeft();
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #silence;
  /** @type {string | null} The job that is being canceled. */
  #canceling = null;

  constructor(/** @type {HTMLElement} */ section) {
    this.section = section;
    this.isOver = false;
    this.hasSockets = Boolean(section.dataset.socket) && "WebSocket" in window;
    find(section, "[data-cancel]")?.addEventListener("submit", (event) => this.cancel(event));
    this.headline = this.part("headline").textContent;
    if (this.hasSockets) this.connect();
    else setTimeout(() => this.poll(), POLL_MS);
  }

  part(/** @type {string} */ name) {
    return need(this.section, `[data-${name}]`);
  }

  connect() {
    const { protocol, host } = location;
    const scheme = protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${host}${this.section.dataset.socket}`);
    let numMessages = 0;
    const lost = (/** @type {number | undefined} */ code) => {
      if (this.#socket !== socket || this.isOver) return;
      this.#socket = null;
      clearTimeout(this.#silence);
      if (code === LOGGED_OUT) {
        this.stop(401);
        return;
      }
      if (code === TOO_MANY) tooMany();
      this.#numDrops = countDrops(this.#numDrops, numMessages);
      if (numMessages) this.say("Reconnecting…");
      else this.hasSockets = false; // for the time being
      // Whatever it was: what the page has to know comes this way too.
      this.poll();
    };
    this.#socket = socket;
    this.#silence = setTimeout(() => lost(undefined), SILENCE_MS);
    socket.addEventListener("message", (event) => {
      if (this.#socket !== socket) return;
      numMessages += 1;
      clearTimeout(this.#silence);
      this.#silence = setTimeout(() => lost(undefined), SILENCE_MS);
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
    /** @type {JobMessage | null} */
    let message = null;
    try {
      const answer = await fetch(this.section.dataset.snapshot ?? "", {
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
      this.part("time-left").textContent = ""; // no one knows now
      failed(KEY, status === 200 ? 0 : status, () => this.poll());
    }
  }

  answered(/** @type {JobMessage} */ message) {
    succeeded(KEY);
    this.#numPolls += 1;
    this.receive(message);
    if (this.isOver) return;
    const mayOpen = this.section.dataset.socket && "WebSocket" in window;
    if (mayOpen && (this.hasSockets || this.#numPolls % SOCKET_EVERY_POLLS === 0)) {
      this.hasSockets = true;
      setTimeout(() => !this.isOver && this.connect(), reconnectAfterMs(this.#numDrops));
    } else {
      this.say("");
      setTimeout(() => this.poll(), POLL_MS);
    }
  }

  receive(/** @type {JobMessage} */ message) {
    const { isReplaced, children, root } = changesOf(message, this.part("job").dataset.job);
    if (isReplaced) {
      this.end(); // it was rendered again, in another window
      return;
    }
    for (const child of children) this.showChild(child);
    if (!root) return;
    if (root.summary) this.showRoot(root.summary, root.message);
    refreshPublished(root);
    if (isFinished(root.state)) this.end(root);
  }

  /**
   * @param {Summary} summary
   * @param {string} message
   */
  showRoot(summary, message) {
    if (summary.headline !== this.headline) {
      this.headline = summary.headline;
      this.part("headline").textContent = summary.headline;
      // The change is worth a word to those who do not see it; every percent is not.
      need(document, "#progress-announcement").textContent = summary.headline;
    }
    const bar = need(this.section, "[data-total]", HTMLProgressElement);
    bar.value = summary.progress;
    bar.setAttribute("aria-label", summary.part);
    this.part("part").textContent = summary.part;
    this.part("percent").textContent = String(Math.round(summary.progress));
    const now = Date.now();
    if (now >= this.#refusedUntil) this.part("message").textContent = message;
    const timeLeft = this.#timeLeft.update(summary, now);
    if (timeLeft !== null) this.part("time-left").textContent = timeLeft;
    if (!this.#canceling) this.showCancel();
  }

  showChild(/** @type {Job} */ child) {
    const list = find(document, "[data-jobs]");
    if (!list) return;
    let item = find(list, `[data-child="${CSS.escape(child.job_id)}"]`);
    if (!item) {
      item = copyOf("step");
      item.dataset.child = child.job_id;
      item.dataset.kind = child.kind;
      need(item, "[data-label]").textContent = child.label;
      need(item, "progress").setAttribute("aria-label", child.label);
      list.append(item);
    }
    const wasCompleted = item.dataset.state === "completed";
    item.dataset.state = child.state;
    need(item, "[data-indicator]").className = `indicator ${INDICATORS.get(child.state) ?? ""}`;
    need(item, "progress", HTMLProgressElement).value = child.progress;
    need(item, "[data-value]").textContent =
      child.state === "running" ? `${Math.round(child.progress)} %` : child.state_label;
    const error = need(item, "[data-error]");
    error.textContent = child.error?.message ?? "";
    error.hidden = !child.error;
    if (child.state === "completed" && !wasCompleted) refresh(...partsAfter(child.kind));
  }

  get isAtVideo() {
    return this.part("part").textContent === "Video";
  }

  showCancel() {
    const button = find(this.section, "[data-cancel-button]");
    if (button) button.textContent = this.isAtVideo ? "Cancel the video" : "Cancel";
  }

  async cancel(/** @type {Event} */ event) {
    event.preventDefault();
    const button = this.part("cancel-button");
    const video = find(document, '[data-jobs] [data-kind="shootouts.make_video"]');
    const job = (this.isAtVideo && video?.dataset.child) || this.part("job").dataset.job;
    if (!job) return;
    if (this.#canceling === job) return;
    this.#canceling = job;
    button.textContent = "Canceling…";
    button.setAttribute("aria-disabled", "true");
    let status = 0;
    try {
      const answer = await fetch(`/api/v1/jobs/${job}/cancel/`, {
        method: "POST",
        headers: writingHeaders(),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      status = answer.status;
    } catch {
      status = 0;
    }
    if (status === 202 || status === 409) return; // it stops, or has ended already
    this.#canceling = null;
    button.removeAttribute("aria-disabled");
    this.showCancel();
    if (status === 401) this.stop(status);
    this.#refusedUntil = Date.now() + REFUSED_MS; // long enough to be read
    this.part("message").textContent =
      "It was not canceled: the server did not take it. Try again.";
  }

  say(/** @type {string} */ text) {
    const place = find(this.section, "[data-connection]");
    if (place && place.textContent !== text) place.textContent = text;
  }

  stop(/** @type {number} */ status) {
    this.isOver = true;
    this.#socket?.close();
    over(KEY, status);
  }

  /**
   * All is said. What failed gets the server's own words; what went well needs none.
   * @param {JobMessage} [message] the last one about this render
   */
  end(message) {
    if (this.isOver) return;
    this.isOver = true;
    this.#socket?.close();
    const hasFailures = find(document, '[data-jobs] [data-state="failed"]');
    if (message?.state !== "completed" || hasFailures) {
      refresh("progress", "steps", "toolbar");
      return;
    }
    need(this.section, ".render").classList.add("is-done");
    this.part("foot").remove();
    this.part("bar").remove();
    need(document, "#steps").replaceChildren();
    refresh("toolbar");
  }
}

function refresh(/** @type {string[]} */ ...ids) {
  for (const id of ids) htmx.trigger(need(document, `#${id}`), "poll");
}

/**
 * However the news came, a page that lacks what is published asks for it.
 * @param {{manifest?: string | null, video?: string | null}} published
 */
function refreshPublished(published) {
  const { manifest } = need(document, "#listen").dataset;
  const { film: video } = need(document, "#film").dataset;
  refresh(...partsBehind(published, { manifest, video }));
}

function look() {
  const section = find(document, "[data-progress]");
  if (!section || section === watched?.section) return;
  if (watched) watched.isOver = true;
  watched = null;
  if (section.dataset.snapshot) watched = new Watch(section);
  refreshPublished(section.dataset);
}

document.addEventListener("htmx:afterSettle", look);
look();
