// A render as it happens: over the socket, or by asking again and again where there is none.

const POLL_MS = 2000;
const RECONNECT_MS = [500, 1000, 2000, 4000];
const REFUSED = [4001, 4004]; // not logged in any more; not ours

let watched = null;

class Watch {
  constructor(section) {
    this.section = section;
    this.attempts = 0;
    this.isOver = false;
    this.connect();
  }

  connect() {
    const { protocol, host } = location;
    let hasOpened = false;
    try {
      this.socket = new WebSocket(
        `${protocol === "https:" ? "wss:" : "ws:"}//${host}${this.section.dataset.socket}`,
      );
    } catch {
      this.poll();
      return;
    }
    this.socket.addEventListener("open", () => {
      hasOpened = true;
      this.attempts = 0;
      this.say("live", "on");
    });
    this.socket.addEventListener("message", (event) => this.receive(JSON.parse(event.data)));
    this.socket.addEventListener("close", (event) => {
      if (this.isOver) return;
      if (event.code === 1000) this.end();
      else if (hasOpened && !REFUSED.includes(event.code) && this.attempts < RECONNECT_MS.length) {
        this.say("reconnecting", "busy");
        setTimeout(() => !this.isOver && this.connect(), RECONNECT_MS[this.attempts++]);
      } else this.poll();
    });
  }

  // The server's own picture of the same part of the page, every two seconds.
  poll() {
    this.say("asking every 2 s", "busy");
    setTimeout(() => {
      if (!this.isOver) htmx.trigger(this.section, "progress-poll");
    }, POLL_MS);
  }

  say(text, lamp) {
    const place = this.section.querySelector("[data-connection]");
    if (!place) return;
    place.querySelector("[data-connection-text]").textContent = text;
    place.querySelector(".lamp").className = `lamp lamp--${lamp}`;
  }

  receive(message) {
    const rootId = this.section.querySelector("[data-job]")?.dataset.job;
    if (message.job_id === rootId) {
      this.showRoot(message);
      for (const child of message.children ?? []) this.showChild(child);
    } else if (message.job_id) this.showChild(message);
    if (message.job_id === rootId && ["completed", "failed", "cancelled"].includes(message.status))
      this.end();
  }

  showRoot({ progress, message }) {
    this.section.querySelector("[data-total]").value = progress;
    this.section.querySelector("[data-percent]").textContent = Math.round(progress);
    if (message) this.section.querySelector("[data-message]").textContent = message;
    const tenth = Math.floor(progress / 10) * 10;
    if (tenth !== this.announced && tenth > 0) {
      this.announced = tenth;
      this.section.querySelector("[data-announce]").textContent = `${tenth} percent`;
    }
  }

  showChild(child) {
    let item = this.section.querySelector(`[data-child="${CSS.escape(child.job_id)}"]`);
    if (!item) {
      item = newItem(child);
      this.section.querySelector("[data-jobs]").append(item);
    }
    const wasCompleted = item.dataset.status === "completed";
    item.dataset.status = child.status;
    const lamps = { running: "lamp--busy", completed: "lamp--good", failed: "lamp--bad" };
    item.querySelector("[data-lamp]").className = `lamp ${lamps[child.status] ?? ""}`;
    item.querySelector("progress").value = child.progress;
    item.querySelector("[data-value]").textContent =
      child.status === "running" ? `${Math.round(child.progress)} %` : child.status;
    if (child.error && !item.querySelector("[data-error]")) {
      const error = document.createElement("span");
      error.className = "render__error";
      error.dataset.error = "";
      error.textContent = child.error.message;
      item.append(error);
    }
    if (child.status !== "completed" || wasCompleted) return;
    // The sound is published while the video is still being made.
    if (child.kind === "shootout.finalise") {
      refresh("result");
      refresh("film");
    }
    if (child.kind === "shootout.video") refresh("film");
  }

  end() {
    if (this.isOver) return;
    this.isOver = true;
    this.socket?.close();
    refresh("progress");
  }
}

function newItem({ job_id: id, label }) {
  const item = document.createElement("li");
  item.dataset.child = id;
  const lamp = document.createElement("span");
  lamp.dataset.lamp = "";
  const name = document.createElement("span");
  name.className = "render__label";
  name.textContent = label;
  const value = document.createElement("span");
  value.className = "num";
  value.dataset.value = "";
  const bar = document.createElement("progress");
  bar.max = 100;
  bar.setAttribute("aria-label", label);
  item.append(lamp, name, value, bar);
  return item;
}

let parts = "";

function refresh(part) {
  return htmx.ajax("GET", parts.replace("/progress/", `/${part}/`), {
    target: `#${part}`,
    swap: "outerHTML",
  });
}

function look() {
  const section = document.querySelector("[data-progress]");
  if (!section) return;
  parts = section.dataset.parts ?? parts;
  // Whatever brought the news, a page that lacks what is published asks for it.
  const result = document.getElementById("result");
  const film = document.getElementById("film");
  if (parts && section.dataset.manifest && section.dataset.manifest !== result.dataset.manifest)
    refresh("result");
  if (
    parts &&
    (section.dataset.film !== film.dataset.film ||
      (section.dataset.manifest && !film.childElementCount))
  )
    refresh("film");
  if (parts && !section.dataset.parts) refresh("toolbar");
  if (section === watched?.section) return;
  if (watched) watched.isOver = true;
  watched = section.dataset.socket ? new Watch(section) : null;
}

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target?.id === "progress" || event.detail.elt?.id === "progress") look();
});
// A poll that fails is tried again.
document.addEventListener("htmx:sendError", () => watched?.poll());
look();
