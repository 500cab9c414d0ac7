// The A/B player: ties the engine to the page.

import { clock, colours, drawRuler, laneColour, LaneDrawing, SpectrumDrawing } from "./drawing.js";
import { Engine } from "./engine.js";
import { playAlone } from "./exclusive.js";
import { bindPress } from "./gestures.js";

const SEEK_S = 1;
const SHORTEST_MARK_S = 0.2; // a drag on the ruler that is no slip
const isCalm = matchMedia("(prefers-reduced-motion: reduce)");

class Player {
  constructor(root) {
    this.root = root;
    this.data = JSON.parse(root.querySelector('script[type="application/json"]').textContent);
    this.engine = new Engine();
    this.di = 0;
    this.drawings = [];
    this.palette = colours();
    this.spectrum = new SpectrumDrawing(this.part("spectrum"));
    // On the home page nothing is fetched before somebody wants to hear it.
    this.isEager = !root.classList.contains("player--hero") && !navigator.connection?.saveData;
    this.removal = new AbortController();
    this.paint();
    this.bind();
    this.openLink();
  }

  /** After its part of the page was replaced: it must not be heard from there. */
  remove() {
    this.engine.pause();
    this.removal.abort();
    this.resizes.disconnect();
  }

  part(name) {
    return this.root.querySelector(`[data-${name}]`);
  }

  get lanesElement() {
    return this.root.querySelector(`[data-lanes="${this.di}"]`);
  }

  bind() {
    const { signal } = this.removal;
    playAlone(this.engine, signal);
    this.part("play").addEventListener("click", (event) => {
      this.toggle();
      release(event);
    });
    this.part("loop").addEventListener("click", (event) => {
      this.toggleRepeat();
      release(event);
    });
    this.part("copy").addEventListener("click", () => this.copyLink());
    this.part("volume").addEventListener("input", (event) => {
      // Loudness is heard logarithmically: the square is close enough for a slider.
      this.engine.setVolume(event.target.value ** 2);
    });
    for (const radio of this.root.querySelectorAll("[data-di-pick]"))
      radio.addEventListener("change", () => this.showDi(Number(radio.value)));
    // A label passes the click on to its input: that has the focus only then.
    this.root.addEventListener("pointerup", () => setTimeout(releaseInput));
    this.root.addEventListener("click", (event) => {
      const pick = event.target.closest(".lane__pick");
      if (!pick) return;
      this.engine.switchTo(Number(pick.closest("[data-lane]").dataset.lane));
      if (!this.engine.isPlaying && !this.hasPlayed) this.engine.play();
      release(event);
    });
    for (const wave of this.root.querySelectorAll(".lane__wave"))
      bindPress(wave, {
        onTap: (x) => {
          this.engine.switchTo(Number(wave.closest("[data-lane]").dataset.lane));
          this.engine.seek(this.timeAt(wave, x));
        },
      });
    for (const ruler of this.root.querySelectorAll("[data-ruler]")) this.bindRuler(ruler);
    const prepare = () => this.prepare();
    document.addEventListener("keydown", (event) => this.key(event), { signal });
    document.addEventListener("gts:theme", prepare, { signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", prepare, { signal });
    this.resizes = new ResizeObserver(prepare);
    this.resizes.observe(this.root);
    document.fonts?.ready.then(() => this.prepare());
    this.engine.addEventListener("change", () => this.show());
  }

  // Each contender in its colour wherever the page speaks of it.
  paint() {
    const places = document.querySelectorAll("[data-lane], [data-rig], [data-contender]");
    for (const place of places) {
      const { lane, rig, contender } = place.dataset;
      const colour = laneColour(Number(lane ?? rig ?? contender), "var(--lane-lightness)");
      place.style.setProperty("--lane", colour);
    }
  }

  drawSpectrum() {
    const { analyser, isIdle, live } = this.engine;
    this.spectrum.draw(isIdle ? null : analyser, laneColour(live, this.palette.laneLightness));
  }

  timeAt(element, clientX) {
    const { left, width } = element.getBoundingClientRect();
    const share = Math.max(0, Math.min(1, (clientX - left) / width));
    return share * this.engine.duration;
  }

  // A click on the ruler seeks; a drag marks a region that is repeated.
  bindRuler(ruler) {
    const region = (from, to) => {
      const [start, end] = [from, to].map((x) => this.timeAt(ruler, x)).sort((a, b) => a - b);
      return { start, end };
    };
    const seekTo = (x) => {
      if (this.engine.loop) this.engine.setLoop(null);
      this.engine.seek(this.timeAt(ruler, x));
    };
    bindPress(ruler, {
      onTap: seekTo,
      onDrag: (from, to) => {
        this.marking = region(from, to);
        this.drawRuler();
      },
      onMark: (from, to) => {
        this.marking = null;
        const marked = region(from, to);
        if (marked.end - marked.start < SHORTEST_MARK_S) seekTo(from);
        else {
          this.engine.setRepeating(true);
          this.engine.setLoop(marked);
        }
        this.drawRuler();
      },
      onUndo: () => {
        this.marking = null;
        this.drawRuler();
      },
    });
    ruler.addEventListener("keydown", (event) => {
      const steps = {
        ArrowLeft: -SEEK_S,
        ArrowDown: -SEEK_S,
        ArrowRight: SEEK_S,
        ArrowUp: SEEK_S,
        PageDown: -5 * SEEK_S,
        PageUp: 5 * SEEK_S,
        Home: -this.engine.duration,
        End: this.engine.duration,
      };
      if (!(event.key in steps)) return;
      event.preventDefault();
      event.stopPropagation();
      this.engine.seekBy(steps[event.key]);
    });
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest("input, select, textarea, video, audio, [contenteditable]")) return;
    if (event.key === "ArrowLeft") this.engine.seekBy(-SEEK_S);
    else if (event.key === "ArrowRight") this.engine.seekBy(SEEK_S);
    else if (event.key === " " && !event.target.closest("button, a, summary")) {
      event.preventDefault();
      if (!event.repeat) this.toggle();
    } else if (event.repeat) return;
    else if (/^[1-9]$/.test(event.key)) this.engine.switchTo(Number(event.key) - 1);
    else if (event.key.toLowerCase() === "l" && !event.shiftKey) this.toggleRepeat();
  }

  toggle() {
    if (this.engine.isPlaying) this.engine.pause();
    else this.engine.play();
    this.hasPlayed = true;
  }

  toggleRepeat() {
    this.engine.setRepeating(!this.engine.isRepeating);
  }

  showDi(index) {
    this.di = index;
    this.lastTime = null;
    for (const lanes of this.root.querySelectorAll("[data-lanes]"))
      lanes.hidden = Number(lanes.dataset.lanes) !== index;
    for (const note of this.root.querySelectorAll("[data-di-note]"))
      note.hidden = Number(note.dataset.diNote) !== index;
    const segments = this.data.contenders.map(
      (_, contender) =>
        this.data.segments.find((s) => s.di === index && s.contender === contender) ?? null,
    );
    this.engine.setTracks(segments);
    const loudest = Math.max(1e-6, ...segments.flatMap((segment) => segment?.waveform ?? []));
    this.drawings = segments.map((segment, contender) => {
      const canvas = this.lanesElement.querySelector(`[data-lane="${contender}"] canvas`);
      return segment && new LaneDrawing(canvas, segment, this.engine.duration, loudest);
    });
    this.prepare();
    if (this.isEager || this.engine.isPlaying) this.engine.load();
  }

  prepare() {
    this.palette = colours();
    for (const drawing of this.drawings) drawing?.prepare(this.palette);
    this.drawRuler();
    this.show();
    this.drawLanes();
    this.drawSpectrum();
  }

  drawRuler() {
    const canvas = this.lanesElement.querySelector("[data-ruler] canvas");
    const loop = this.marking ?? this.engine.loop;
    drawRuler(canvas, this.engine.duration, loop, this.palette);
  }

  drawLanes() {
    const { position, live, loop } = this.engine;
    this.drawings.forEach((drawing, index) => drawing?.draw(position, index === live, loop));
  }

  /** Everything that does not move with the playhead. */
  show() {
    const { engine } = this;
    const play = this.part("play");
    const word = engine.isPlaying ? "Pause" : "Play";
    play.setAttribute("aria-pressed", String(engine.isPlaying));
    play.setAttribute("aria-label", word);
    this.part("play-text").textContent = word;
    const isLooping = engine.isRepeating || Boolean(engine.loop);
    this.part("loop").setAttribute("aria-pressed", String(isLooping));
    this.part("total").textContent = clock(engine.duration);
    const label = this.data.contenders[engine.live]?.label ?? "–";
    if (this.part("on-air").textContent !== label) this.part("on-air").textContent = label;
    engine.lanes.forEach((lane, index) => this.showLane(lane, index));
    const status = this.part("status");
    const isLoading = engine.lanes.some((lane) => lane?.state === "loading");
    const text = isLoading ? `Loading ${engine.numReady} of ${engine.numLanes}` : "";
    const failed = engine.lanes.find((lane) => lane?.state === "failed");
    const failure = failed && `A segment could not be loaded: ${failed.reason}`;
    status.textContent = engine.notice || failure || text;
    this.root.dataset.ready = engine.numReady;
    for (const rig of document.querySelectorAll("[data-rig]"))
      rig.classList.toggle("is-live", Number(rig.dataset.rig) === engine.live);
    for (const row of document.querySelectorAll("[data-fair]"))
      row.classList.toggle("is-live", row.dataset.fair === `${this.di}-${engine.live}`);
    this.drawRuler();
    this.requestFrame();
  }

  showLane(lane, index) {
    const element = this.lanesElement.querySelector(`[data-lane="${index}"]`);
    const isLive = index === this.engine.live;
    element.classList.toggle("is-live", isLive);
    element.querySelector(".lane__pick").setAttribute("aria-pressed", String(isLive));
    const state = element.querySelector("[data-state]");
    const says = { loading: "loading", failed: "not loaded" };
    if (state) state.textContent = says[lane?.state] ?? "";
  }

  /** Frames are drawn while something moves, and not while it rests. */
  requestFrame() {
    this.frameRequest ??= requestAnimationFrame(() => {
      this.frameRequest = null;
      this.frame();
    });
  }

  frame() {
    const { engine } = this;
    const { position } = engine;
    const tenths = clock(position, true);
    if (tenths !== this.lastTime) {
      this.lastTime = tenths;
      this.part("time").textContent = tenths;
      const ruler = this.lanesElement.querySelector("[data-ruler]");
      ruler.setAttribute("aria-valuemax", engine.duration.toFixed(1));
      ruler.setAttribute("aria-valuenow", position.toFixed(1));
      ruler.setAttribute("aria-valuetext", `${clock(position)} of ${clock(engine.duration)}`);
    }
    this.drawLanes();
    if (!isCalm.matches) this.drawSpectrum();
    if (!engine.isIdle) this.requestFrame();
  }

  /** ?di=1&chain=2&t=12.5, counted as people count. */
  openLink() {
    const query = new URLSearchParams(location.search);
    const di = Number(query.get("di")) - 1;
    const chain = Number(query.get("chain")) - 1;
    const time = Number(query.get("t"));
    if (this.data.dis[di]) {
      this.di = di;
      const radio = this.root.querySelector(`[data-di-pick][value="${di}"]`);
      if (radio) radio.checked = true;
    }
    this.showDi(this.di);
    if (this.data.contenders[chain]) this.engine.switchTo(chain);
    if (time > 0) this.engine.seek(time);
  }

  async copyLink() {
    const link = new URL(location.href);
    link.search = new URLSearchParams({
      di: this.di + 1,
      chain: this.engine.live + 1,
      t: this.engine.position.toFixed(1),
    });
    link.hash = "";
    const status = this.part("status");
    try {
      await navigator.clipboard.writeText(link.href);
      status.textContent = "The link is on the clipboard.";
    } catch {
      status.textContent = link.href;
    }
  }
}

// After a click with a pointer the keys belong to the player again, not to the control.
function release(event) {
  if (event.detail > 0) event.target.closest("button")?.blur();
}

function releaseInput() {
  if (document.activeElement?.matches("input[type=radio], input[type=range]"))
    document.activeElement.blur();
}

const players = new Set();

// Parts of the page come and go: players with them.
function look() {
  for (const player of players) {
    if (player.root.isConnected) continue;
    player.remove();
    players.delete(player);
  }
  for (const root of document.querySelectorAll("[data-player]")) {
    if (root.player) continue;
    root.player = new Player(root);
    players.add(root.player);
  }
}

document.addEventListener("htmx:afterSettle", look);
look();
