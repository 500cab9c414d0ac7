// What the player does, apart from drawing and from Web Audio: docs/player.md has its table.
//
// There is a voice if and only if the state is "playing", and only the machine starts or stops it. What
// a voice that was replaced still reports concerns no one. All edges follow one another: one that is
// asked for while another is under way begins when that has ended, so no more than two voices sound at
// once, one fading out while the other fades in.
//
// Frames are counted inside, seconds outside.

import { EDGE_FADE_FRAMES, SWITCH_FADE_FRAMES } from "./fades.js";
import { loopWithin, placeWithin } from "./regions.js";
import { MOVES, NOTICES } from "./states.js";
import { Timeline } from "./timeline.js";

/** @import { PlayerSegment, Region } from "../types.d.ts" */
/** @import { Graph, Voice } from "./graph.js" */
/** @import { PlayerEvent, State } from "./states.js" */
/** @import { Tracks } from "./tracks.js" */

const START_LIMIT_MS = 3000; // browsers that refuse to sound do not always say so
const REST_MS = 10_000; // the sound card is given back after this
const NEAR_END_S = 0.05; // Play begins again from here on

export class Machine extends EventTarget {
  #graph;
  #tracks;
  #after;
  /** @type {State} */ #state = "paused";
  #entries = 0; // tells a timer whether its state was left in between
  /** @type {Voice | null} */ #voice = null;
  #timeline = new Timeline(0);
  #edge = { at: 0, end: 0 }; // where the voice before this one fades out
  #settledAt = 0; // the end of the last edge
  /** @type {Region | null} */ #loop = null;
  #isRepeating = false;
  #live = 0;
  /** @type {number | null} */ #pending = null;

  /**
   * `after(ms, what)` calls back like setTimeout.
   * @param {{graph: Graph, tracks: Tracks, after?: (ms: number, what: () => void) => void}} parts
   */
  constructor({ graph, tracks, after = (ms, what) => setTimeout(what, ms) }) {
    super();
    this.#graph = graph;
    this.#tracks = tracks;
    this.#after = after;
    this.notice = "";
    graph.addEventListener("state", () => this.#send(graph.isRunning ? "running" : "suspended"));
    tracks.addEventListener("change", () => this.#changed());
    tracks.addEventListener("lane", (event) => {
      this.#laneArrived(/** @type {CustomEvent<number>} */ (event).detail);
    });
  }

  get state() {
    return this.#state;
  }

  /** It plays, or will as soon as it can. */
  get isPlaying() {
    return ["starting", "waiting", "playing"].includes(this.#state);
  }

  /** The contender that sounds, or will when it plays. */
  get live() {
    return this.#live;
  }

  /** The contender that takes over as soon as it is loaded, or null. */
  get pending() {
    return this.#pending;
  }

  get lanes() {
    return this.#tracks.lanes;
  }

  get duration() {
    return this.#seconds(this.#tracks.numFrames);
  }

  /** Seconds into the music, as heard now. */
  get position() {
    const { heardFrame } = this.#graph;
    this.#timeline.forget(heardFrame);
    return this.#seconds(this.#timeline.at(heardFrame));
  }

  get isRepeating() {
    return this.#isRepeating;
  }

  /** The region that is repeated, {start, end}, or null. */
  get loop() {
    if (!this.#loop) return null;
    return { start: this.#seconds(this.#loop.start), end: this.#seconds(this.#loop.end) };
  }

  /** Whether the position stays where it is until something happens. */
  get isIdle() {
    if (this.#voice) return false;
    return !this.#graph.isRunning || this.#timeline.isResting(this.#graph.heardFrame);
  }

  /** The frame of the clock as from which nothing fades any more. */
  get settledAt() {
    return this.#settledAt;
  }

  /** Other contenders, or those of another DI track; null where there is nothing to hear. */
  setTracks(/** @type {(PlayerSegment | null)[]} */ segments) {
    const isMoving = this.#state === "playing";
    if (this.#voice) this.#endVoice(this.#voice, EDGE_FADE_FRAMES);
    this.#tracks.replace(segments);
    this.#loop = null;
    this.#pending = null;
    if (!segments[this.#live]) this.#live = Math.max(0, segments.findIndex(Boolean));
    const { numFrames } = this.#tracks;
    const position = Math.min(this.#timeline.planned(this.#graph.frame), numFrames);
    this.#timeline = new Timeline(numFrames);
    this.#timeline.rest(position);
    if (isMoving) this.#send("tracks changed");
    else if (this.#state === "waiting") this.#enterWaiting();
    this.#changed();
  }

  /** Decode what fits, so that it is there when it is wanted. */
  load() {
    return this.#tracks.loadAll(this.#live);
  }

  play() {
    if (this.isPlaying || !this.lanes[this.#live]) return;
    const { frame } = this.#graph;
    const isAtEnd = this.#timeline.planned(frame) >= this.#frames(this.duration - NEAR_END_S);
    if (isAtEnd && !this.#loop) this.#timeline.rest(0);
    this.#send("play");
    this.load();
  }

  pause() {
    this.#send("pause");
  }

  seek(/** @type {number} */ position) {
    this.#moveTo(this.#clamp(this.#frames(position)));
    this.#changed();
  }

  /** From where the last change leads to, be it heard yet or not. */
  seekBy(/** @type {number} */ seconds) {
    this.seek(this.#seconds(this.#timeline.planned(this.#graph.frame)) + seconds);
  }

  /** A region {start, end} in seconds that is repeated; null for none. */
  setLoop(/** @type {Region | null} */ region) {
    this.#loop = region && loopWithin(region, this.#graph.rate_hz, this.#tracks.numFrames);
    const reached = this.#timeline.planned(this.#graph.frame);
    const target = this.#clamp(reached);
    if (target !== reached) this.#moveTo(target);
    else if (this.#state === "playing") this.#replaceVoice(null);
    this.#changed();
  }

  /** Begin again at the end. Without it there is no loop either. */
  setRepeating(/** @type {boolean} */ isRepeating) {
    this.#isRepeating = isRepeating;
    if (this.#loop && !isRepeating) this.setLoop(null);
    else if (this.#voice && !this.#loop) this.#repeatVoice(this.#voice);
    this.#changed();
  }

  setVolume(/** @type {number} */ volume) {
    this.#graph.volume = volume;
  }

  /** Hear another contender, from where we are; one that is not loaded takes over when it is. */
  switchTo(/** @type {number} */ index) {
    const lane = this.lanes[index];
    if (!lane) return;
    this.#pending = null;
    this.#tracks.want(index, [this.#live, index]);
    if (index !== this.#live) {
      if (this.#state !== "playing") this.#live = index;
      else if (lane.state === "ready") this.#soundNow(index);
      else this.#pending = index;
    }
    if (this.#state === "waiting") this.#enterWaiting();
    this.#changed();
  }

  // States -----------------------------------------------------------------------------------------

  #send(/** @type {PlayerEvent} */ event) {
    const left = this.#state;
    const next = MOVES[left][event];
    if (!next) return;
    const wasPlaying = this.isPlaying;
    if (this.#voice) this.#endVoice(this.#voice, EDGE_FADE_FRAMES);
    this.#state = next;
    this.dispatchEvent(new CustomEvent("move", { detail: { from: left, event, to: next } }));
    this.#entries += 1;
    if (next !== "playing") this.#live = this.#pending ?? this.#live;
    this.#pending = null;
    if (this.isPlaying && !wasPlaying) this.dispatchEvent(new Event("play"));
    if (next === "starting") this.#enterStarting();
    else if (next === "waiting") this.#enterWaiting();
    else if (next === "playing") this.#enterPlaying();
    else if (next === "paused") this.#enterPaused(event);
    else this.notice = NOTICES.interrupted;
    this.#changed();
  }

  #enterStarting() {
    this.notice = "";
    if (this.#graph.isRunning) {
      this.#send("running");
      return;
    }
    const refuse = this.#whileHere(() => this.#send("refused"));
    this.#graph.wake().then(() => this.#graph.isRunning && this.#send("running"), refuse);
    this.#after(START_LIMIT_MS, refuse);
  }

  #enterWaiting() {
    this.notice = "";
    const lane = this.lanes[this.#live];
    if (!lane) this.#send("failed");
    else if (lane.state === "ready") this.#send("ready");
    else this.#tracks.want(this.#live, [this.#live]);
  }

  #enterPlaying() {
    this.#prepareLoop();
    this.#startVoice(this.#clamp(this.#timeline.planned(this.#graph.frame)), EDGE_FADE_FRAMES);
  }

  #enterPaused(/** @type {PlayerEvent} */ event) {
    this.notice = event === "refused" ? NOTICES.refused : "";
    this.#after(
      REST_MS,
      this.#whileHere(() => this.#graph.sleep()),
    );
  }

  #whileHere(/** @type {() => void} */ what) {
    const entry = this.#entries;
    return () => {
      if (entry === this.#entries) what();
    };
  }

  #laneArrived(/** @type {number} */ index) {
    const isReady = this.lanes[index]?.state === "ready";
    if (index === this.#pending) {
      this.#pending = null;
      if (isReady) this.#soundNow(index);
    } else if (index === this.#live && this.#state === "waiting") {
      this.#send(isReady ? "ready" : "failed");
    }
    this.#changed();
  }

  // Sound ------------------------------------------------------------------------------------------

  #moveTo(/** @type {number} */ target) {
    if (this.#state === "playing") this.#replaceVoice(target);
    else this.#timeline.rest(target);
  }

  #soundNow(/** @type {number} */ index) {
    this.#live = index;
    this.#replaceVoice(null);
  }

  /**
   * Another voice in the place of this one: at `target`, when the one before is silent; or, for null,
   * from where that one is, while it fades out.
   * @param {number | null} target
   */
  #replaceVoice(target) {
    this.#prepareLoop();
    const replaced = this.#voice;
    if (!replaced) return;
    const fade = target === null ? SWITCH_FADE_FRAMES : EDGE_FADE_FRAMES;
    const hasBegun = this.#endVoice(replaced, fade);
    // One that has not begun hands over its beginning.
    const at = hasBegun ? this.#edge.at : replaced.at;
    const reached = this.#timeline.planned(at);
    const position = this.#clamp(target ?? reached);
    if (target === null && position === reached && this.#graph.isRunning)
      this.#startVoice(position, hasBegun ? SWITCH_FADE_FRAMES : replaced.fade, at);
    else this.#startVoice(position, EDGE_FADE_FRAMES);
  }

  /**
   * @param {number} position
   * @param {number} fade
   * @param {number} [at]
   */
  #startVoice(position, fade, at = this.#nextStart()) {
    const loop = this.#loop;
    this.#voice = this.#graph.start({
      buffer: this.#buffer,
      at,
      position,
      fade,
      loop,
      isRepeating: this.#isRepeating,
      onEnd: (voice) => this.#voiceEnded(voice),
    });
    this.#timeline.move(position, at, this.#repeated);
    this.#settledAt = at + fade;
  }

  /** What takes time comes before the clock is read. */
  #prepareLoop() {
    if (this.#loop) this.#graph.cutOut(this.#buffer, this.#loop);
  }

  /** The sound of the present contender, which is there before anything plays. */
  get #buffer() {
    const buffer = this.lanes[this.#live]?.buffer;
    if (!buffer) throw new Error("The contender is not loaded.");
    return buffer;
  }

  /** Silence comes first. */
  #nextStart() {
    const { frame, leadFrames } = this.#graph;
    return Math.max(frame + leadFrames, this.#settledAt);
  }

  /** Whether it was heard. The music rests where it was left, or was to begin. */
  #endVoice(/** @type {Voice} */ voice, /** @type {number} */ fade) {
    const { frame, leadFrames, isRunning } = this.#graph;
    this.#voice = null;
    const hasBegun = voice.at <= frame + leadFrames / 2;
    if (isRunning && hasBegun) {
      const at = this.#nextStart();
      voice.stop(at, fade);
      this.#edge = { at, end: at + fade };
    } else {
      voice.kill();
      if (!isRunning) {
        this.#graph.killAll();
        this.#edge = { at: frame, end: frame };
      }
    }
    this.#settledAt = this.#edge.end;
    this.#timeline.rest(this.#timeline.planned(this.#edge.at), this.#edge.at);
    return hasBegun;
  }

  /** The source itself begins again, or not: nothing is heard of the change. */
  #repeatVoice(/** @type {Voice} */ voice) {
    const { frame, leadFrames } = this.#graph;
    const from = Math.max(frame, voice.at);
    const position = this.#timeline.planned(from);
    // Near the end no one knows which of both comes first.
    if (position + leadFrames >= this.#tracks.numFrames) this.#replaceVoice(null);
    else {
      voice.isRepeating = this.#isRepeating;
      this.#timeline.move(position, from, this.#repeated);
    }
  }

  #voiceEnded(/** @type {Voice} */ voice) {
    if (voice !== this.#voice) return;
    this.#voice = null;
    this.#timeline.rest(0);
    if (this.#isRepeating) this.#startVoice(0, EDGE_FADE_FRAMES);
    else this.#send("ended");
    this.#changed();
  }

  get #repeated() {
    if (this.#loop) return this.#loop;
    return this.#isRepeating ? { start: 0, end: this.#tracks.numFrames } : null;
  }

  #clamp(/** @type {number} */ position) {
    return placeWithin(position, this.#repeated, this.#tracks.numFrames);
  }

  #frames(/** @type {number} */ seconds) {
    return Math.round(seconds * this.#graph.rate_hz);
  }

  #seconds(/** @type {number} */ frames) {
    return frames / this.#graph.rate_hz;
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
