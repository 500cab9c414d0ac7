// The A/B player: ties the engine to the page.

import { all, closest, closestTo, find, need } from "../dom.js";
import { clock, colors, drawRuler, LaneDrawing, laneColor, SpectrumDrawing } from "./drawing.js";
import { Engine } from "./engine.js";
import { playAlone } from "./exclusive.js";
import { bindPress } from "./gestures.js";
import { actionOf, rulerStep } from "./keys.js";

/**
 * @import { PlayerData, Region } from "../types.d.ts"
 * @import { Lane } from "./tracks.js"
 */

const SHORTEST_MARK_S = 0.2; // a drag on the ruler that is no slip
/** @type {Map<Lane["state"], string>} What a lane says of its sound. */
const LANE_STATES = new Map([
  ["loading", "loading"],
  ["failed", "not loaded"],
]);
const isCalm = matchMedia("(prefers-reduced-motion: reduce)");

class Player {
  engine = new Engine();
  di = 0;
  hasPlayed = false;
  palette = colors();
  /** @type {(LaneDrawing | null)[]} */
  drawings = [];
  /** @type {Region | null} What is being marked on the ruler. */
  marking = null;
  /** The time that is shown. */
  shownTime = "";
  frameRequest = 0;
  removal = new AbortController();
  resizes = new ResizeObserver(() => this.prepare());

  constructor(/** @type {HTMLElement} */ root) {
    this.root = root;
    const json = need(root, 'script[type="application/json"]').textContent;
    /** @type {PlayerData} */
    this.data = JSON.parse(json);
    this.spectrum = new SpectrumDrawing(need(root, "[data-spectrum]", HTMLCanvasElement));
    // On the home page nothing is fetched before someone wants to hear it.
    this.isEager = !root.classList.contains("player--hero") && !navigator.connection?.saveData;
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

  part(/** @type {string} */ name) {
    return need(this.root, `[data-${name}]`);
  }

  get lanesElement() {
    return need(this.root, `[data-lanes="${this.di}"]`);
  }

  laneElement(/** @type {number} */ index) {
    return need(this.lanesElement, `[data-lane="${index}"]`);
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
    const volume = need(this.root, "[data-volume]", HTMLInputElement);
    volume.addEventListener("input", () => {
      // Loudness is heard logarithmically: the square is close enough for a slider.
      this.engine.setVolume(Number(volume.value) ** 2);
    });
    for (const radio of all(this.root, "[data-di-pick]", HTMLInputElement))
      radio.addEventListener("change", () => this.showDi(Number(radio.value)));
    // A label passes the click on to its input: that has the focus only then.
    this.root.addEventListener("pointerup", () => setTimeout(releaseInput));
    this.root.addEventListener("click", (event) => {
      const lane = closestTo(event, ".lane__pick") && closestTo(event, "[data-lane]");
      if (!lane) return;
      this.engine.switchTo(Number(lane.dataset.lane));
      if (!this.engine.isPlaying && !this.hasPlayed) this.engine.play();
      release(event);
    });
    for (const wave of all(this.root, ".lane__wave")) this.bindWave(wave);
    for (const ruler of all(this.root, "[data-ruler]")) this.bindRuler(ruler);
    const prepare = () => this.prepare();
    document.addEventListener("keydown", (event) => this.key(event), { signal });
    document.addEventListener("gts:theme", prepare, { signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", prepare, { signal });
    this.resizes.observe(this.root);
    document.fonts?.ready.then(() => this.prepare());
    this.engine.addEventListener("change", () => this.show());
  }

  // Each contender in its color wherever the page speaks of it.
  paint() {
    for (const place of all(document, "[data-lane], [data-contender-chain], [data-contender]")) {
      const { lane, contenderChain, contender } = place.dataset;
      const color = laneColor(Number(lane ?? contenderChain ?? contender), "var(--lane-lightness)");
      place.style.setProperty("--lane", color);
    }
  }

  drawSpectrum() {
    const { analyser, isIdle, live } = this.engine;
    this.spectrum.draw(isIdle ? null : analyser, laneColor(live, this.palette.laneLightness));
  }

  /**
   * @param {HTMLElement} element
   * @param {number} clientX
   */
  timeAt(element, clientX) {
    const { left, width } = element.getBoundingClientRect();
    const share = Math.max(0, Math.min(1, (clientX - left) / width));
    return share * this.engine.duration;
  }

  bindWave(/** @type {HTMLElement} */ wave) {
    const contender = Number(closest(wave, "[data-lane]")?.dataset.lane);
    bindPress(wave, {
      onTap: (x) => {
        this.engine.switchTo(contender);
        this.engine.seek(this.timeAt(wave, x));
      },
    });
  }

  // A click on the ruler seeks; a drag marks a region that is repeated.
  bindRuler(/** @type {HTMLElement} */ ruler) {
    const region = (/** @type {number} */ from, /** @type {number} */ to) => {
      const [start, end] = [from, to].map((x) => this.timeAt(ruler, x)).sort((a, b) => a - b);
      return { start, end };
    };
    const seekTo = (/** @type {number} */ x) => {
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
      const step = rulerStep(event.key, this.engine.duration);
      if (step === null) return;
      event.preventDefault();
      event.stopPropagation();
      this.engine.seekBy(step);
    });
  }

  key(/** @type {KeyboardEvent} */ event) {
    const { target } = event;
    if (event.defaultPrevented || !(target instanceof Element)) return;
    if (target.closest("input, select, textarea, video, audio, [contenteditable]")) return;
    const isOnControl = target.closest("button, a, summary") !== null;
    const action = actionOf(event, { isOnControl });
    if (action?.type === "seek") this.engine.seekBy(action.seconds);
    else if (action?.type === "switch") this.engine.switchTo(action.index);
    else if (action?.type === "repeat") this.toggleRepeat();
    else if (action?.type === "toggle") {
      event.preventDefault();
      if (!event.repeat) this.toggle();
    }
  }

  toggle() {
    if (this.engine.isPlaying) this.engine.pause();
    else this.engine.play();
    this.hasPlayed = true;
  }

  toggleRepeat() {
    this.engine.setRepeating(!this.engine.isRepeating);
  }

  showDi(/** @type {number} */ index) {
    this.di = index;
    this.shownTime = "";
    for (const lanes of all(this.root, "[data-lanes]"))
      lanes.hidden = Number(lanes.dataset.lanes) !== index;
    for (const note of all(this.root, "[data-di-note]"))
      note.hidden = Number(note.dataset.diNote) !== index;
    const segments = this.data.contenders.map(
      (_, contender) =>
        this.data.segments.find((s) => s.di === index && s.contender === contender) ?? null,
    );
    this.engine.setTracks(segments);
    const loudest = Math.max(1e-6, ...segments.flatMap((segment) => segment?.waveform ?? []));
    this.drawings = segments.map((segment, contender) => {
      if (!segment) return null;
      const canvas = need(this.laneElement(contender), "canvas", HTMLCanvasElement);
      return new LaneDrawing(canvas, segment, this.engine.duration, loudest);
    });
    this.prepare();
    if (this.isEager || this.engine.isPlaying) this.engine.load();
  }

  prepare() {
    this.palette = colors();
    for (const drawing of this.drawings) drawing?.prepare(this.palette);
    this.drawRuler();
    this.show();
    this.drawLanes();
    this.drawSpectrum();
  }

  drawRuler() {
    const canvas = need(this.lanesElement, "[data-ruler] canvas", HTMLCanvasElement);
    const loop = this.marking ?? this.engine.loop;
    drawRuler(canvas, this.engine.duration, loop, this.palette);
  }

  drawLanes() {
    const { position, live, loop } = this.engine;
    for (const [index, drawing] of this.drawings.entries())
      drawing?.draw(position, index === live, loop);
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
    for (const [index, lane] of engine.lanes.entries()) this.showLane(lane, index);
    const status = this.part("status");
    const isLoading = engine.lanes.some((lane) => lane?.state === "loading");
    const text = isLoading ? `Loading ${engine.numReady} of ${engine.numLanes}` : "";
    const failed = engine.lanes.find((lane) => lane?.state === "failed");
    const failure = failed ? `A segment could not be loaded: ${failed.reason}` : "";
    status.textContent = engine.notice || failure || text;
    this.root.dataset.ready = String(engine.numReady);
    for (const chain of all(document, "[data-contender-chain]"))
      chain.classList.toggle("is-live", Number(chain.dataset.contenderChain) === engine.live);
    for (const row of all(document, "[data-fair]"))
      row.classList.toggle("is-live", row.dataset.fair === `${this.di}-${engine.live}`);
    this.drawRuler();
    this.requestFrame();
  }

  /**
   * @param {Lane | null} lane
   * @param {number} index
   */
  showLane(lane, index) {
    const element = this.laneElement(index);
    const isLive = index === this.engine.live;
    element.classList.toggle("is-live", isLive);
    need(element, ".lane__pick").setAttribute("aria-pressed", String(isLive));
    const state = find(element, "[data-state]");
    if (state) state.textContent = (lane && LANE_STATES.get(lane.state)) ?? "";
  }

  /** Frames are drawn while something moves, and not while it rests. */
  requestFrame() {
    this.frameRequest ||= requestAnimationFrame(() => {
      this.frameRequest = 0;
      this.frame();
    });
  }

  frame() {
    const { engine } = this;
    const { position } = engine;
    const tenths = clock(position, true);
    if (tenths !== this.shownTime) {
      this.shownTime = tenths;
      this.part("time").textContent = tenths;
      const ruler = need(this.lanesElement, "[data-ruler]");
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
      const radio = find(this.root, `[data-di-pick][value="${di}"]`, HTMLInputElement);
      if (radio) radio.checked = true;
    }
    this.showDi(this.di);
    if (this.data.contenders[chain]) this.engine.switchTo(chain);
    if (time > 0) this.engine.seek(time);
  }

  async copyLink() {
    const link = new URL(location.href);
    const place = new URLSearchParams({
      di: String(this.di + 1),
      chain: String(this.engine.live + 1),
      t: this.engine.position.toFixed(1),
    });
    link.search = place.toString();
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
function release(/** @type {MouseEvent} */ event) {
  if (event.detail > 0) closestTo(event, "button")?.blur();
}

function releaseInput() {
  const { activeElement } = document;
  const isControl = activeElement?.matches("input[type=radio], input[type=range]");
  if (activeElement instanceof HTMLElement && isControl) activeElement.blur();
}

/** @type {Map<HTMLElement, Player>} */
const players = new Map();

// Parts of the page come and go: players with them.
function look() {
  for (const [root, player] of players) {
    if (root.isConnected) continue;
    player.remove();
    players.delete(root);
  }
  for (const root of all(document, "[data-player]")) {
    if (players.has(root)) continue;
    const player = new Player(root);
    players.set(root, player);
    Object.assign(root, { player }); // where tests and consoles find it
  }
}

document.addEventListener("htmx:afterSettle", look);
look();
