// To hear a chain, or a change of it, before anything is rendered for good.
//
//   const audition = new Audition();
//   audition.addEventListener("state", ({ detail }) => …);  // {state, message, key, position_s}
//   await audition.play({ di_track_id, start_s, duration_s, blocks }, { loop: true });
//   await audition.update({ …, blocks: changed });          // over to it, when it is there
//   audition.swap();                                        // A/B between the last two
//
// The latest wish counts: what was asked for before it is not waited for, and taken back. The
// promises resolve in any case; what went wrong comes as a state with a message.

import { playAlone } from "../player/exclusive.js";
import { SAMPLE_RATE_HZ } from "../player/fades.js";
import { Graph } from "../player/graph.js";
import { NOTICES } from "../player/states.js";
import { Deck } from "./deck.js";
import { idOf, KeptSounds, LastTwo, placeOf } from "./requests.js";
import { announce, fetchBytesOfPage, fetchJsonOfPage, renderedPreview } from "./server.js";

/**
 * @import { PassageRequest } from "../types.d.ts"
 * @import { Sound } from "./requests.js"
 * @import { FetchJson } from "./server.js"
 *
 * @typedef {"idle" | "rendering" | "playing" | "failed"} AuditionState
 *
 * `key`: of the request that the state is about, `key` of it or else its body as text. `isSounding`:
 * an earlier one is still heard while another is being rendered, or has failed.
 * @typedef {object} StateDetail
 * @property {AuditionState} state
 * @property {string} message
 * @property {string} key
 * @property {number} position_s
 * @property {boolean} isSounding
 *
 * @typedef {object} Options
 * @property {FetchJson} [fetchJson]
 * @property {(url: string, signal: AbortSignal) => Promise<ArrayBuffer>} [fetchBytes]
 * @property {AudioContext} [context]
 */

const START_LIMIT_MS = 3000; // browsers that refuse to sound do not always say so
const REST_MS = 10_000; // the sound card is given back after this

export class Audition extends EventTarget {
  #fetchJson;
  #fetchBytes;
  #graph;
  #deck;
  #sounds = new KeptSounds();
  #lastTwo = new LastTwo();
  /** @type {AbortController | null} What is asked for and not there yet. */
  #wish = null;
  /** Whether that one starts the sound, or only takes over from one that sounds. */
  #isToStart = false;
  #isLooping = true;
  /** @type {AuditionState} */ #state = "idle";
  #message = "";
  #key = "";

  /** @param {Options} [options] */
  constructor({ fetchJson = fetchJsonOfPage, fetchBytes = fetchBytesOfPage, context } = {}) {
    super();
    this.#fetchJson = fetchJson;
    this.#fetchBytes = fetchBytes;
    this.#graph = new Graph(context && (() => context));
    this.#deck = new Deck(this.#graph);
    this.#deck.addEventListener("ended", () => this.#settle());
    this.#graph.addEventListener("state", () => this.#clockChanged());
    playAlone(this, new AbortController().signal);
    announce(fetchJson);
  }

  get state() {
    return this.#state;
  }

  get isSounding() {
    return this.#deck.isSounding;
  }

  /** Seconds into the passage, as heard now. */
  get position_s() {
    return this.#deck.position_s;
  }

  /** Whether there are two states to go to and fro between. */
  get canSwap() {
    return this.#lastTwo.previous !== null;
  }

  /**
   * From the beginning of the passage. Call it from a gesture: browsers start no sound otherwise.
   * @param {PassageRequest} request
   * @param {{loop?: boolean}} [options]
   */
  async play(request, { loop = true } = {}) {
    this.#isLooping = loop;
    const woken = this.#wake();
    await this.#ask(request, true, woken);
  }

  /**
   * Rendered, and then in place of what sounds, at the same place of the loop. When nothing sounds
   * or is about to, this does nothing.
   * @param {PassageRequest} request
   */
  async update(request) {
    if (!this.#deck.isSounding && !(this.#wish && this.#isToStart)) return;
    const isToStart = !this.#deck.isSounding || (this.#wish !== null && this.#isToStart);
    await this.#ask(request, isToStart, this.#wake());
  }

  /** A/B: the other one of the last two. */
  swap() {
    if (!this.#deck.isSounding) return;
    this.#takeBack();
    const other = this.#lastTwo.swap();
    if (!other) return;
    this.#deck.switchTo(other);
    this.#tell("playing", other.key);
  }

  stop() {
    this.#takeBack();
    this.#deck.stop();
    this.#settle();
  }

  /** The same, for what plays in its place (player/exclusive.js). */
  pause() {
    if (this.#wish || this.#deck.isSounding) this.stop();
  }

  /**
   * @param {PassageRequest} request
   * @param {boolean} isToStart
   * @param {Promise<string>} woken
   */
  async #ask(request, isToStart, woken) {
    this.#takeBack();
    const wish = new AbortController();
    this.#wish = wish;
    this.#isToStart = isToStart;
    const id = idOf(request);
    const key = request.key ?? id;
    if (!this.#sounds.get(id)) this.#tell("rendering", key);
    try {
      const [sound, refusal] = await Promise.all([
        this.#soundOf(id, key, request, wish.signal),
        woken,
      ]);
      if (wish.signal.aborted) return;
      this.#wish = null;
      if (refusal) this.#tell("failed", key, refusal);
      else this.#sound({ ...sound, key }, isToStart);
    } catch (error) {
      if (wish.signal.aborted) return;
      this.#wish = null;
      this.#tell("failed", key, error instanceof Error ? error.message : String(error));
    }
  }

  #sound(/** @type {Sound} */ sound, /** @type {boolean} */ isToStart) {
    // What has ended while another was rendered does not begin again by itself.
    if (!isToStart && !this.#deck.isSounding) {
      this.#settle();
      return;
    }
    this.dispatchEvent(new Event("play")); // all else falls silent
    if (isToStart) this.#deck.play(sound, this.#isLooping);
    else this.#deck.switchTo(sound);
    this.#lastTwo.add(sound);
    this.#tell("playing", sound.key);
  }

  /**
   * @param {string} id
   * @param {string} key
   * @param {PassageRequest} request
   * @param {AbortSignal} signal
   * @returns {Promise<Sound>}
   */
  async #soundOf(id, key, request, signal) {
    const kept = this.#sounds.get(id);
    if (kept) return kept;
    const preview = await renderedPreview(this.#fetchJson, request, signal);
    const bytes = await this.#fetchBytes(preview.audio_url, signal);
    // An offline context needs no permission to sound, so this may happen before any click.
    const decoder = new OfflineAudioContext(1, 1, SAMPLE_RATE_HZ);
    const buffer = await decoder.decodeAudioData(bytes);
    const passage_s = preview.passage_s ?? buffer.duration;
    const numFrames = Math.min(buffer.length, Math.round(passage_s * SAMPLE_RATE_HZ));
    const sound = { id, key, place: placeOf(request), buffer, numFrames };
    this.#sounds.add(id, sound);
    return sound;
  }

  /** What keeps the browser from sounding, or "" when the clock runs. */
  #wake() {
    const refused = new Promise((resolve) => setTimeout(resolve, START_LIMIT_MS, NOTICES.refused));
    const woken = this.#graph.wake().then(
      () => "",
      () => NOTICES.refused,
    );
    return /** @type {Promise<string>} */ (Promise.race([woken, refused]));
  }

  #takeBack() {
    this.#wish?.abort();
    this.#wish = null;
  }

  /** Nothing sounds any more. */
  #settle() {
    if (!this.#wish) this.#tell("idle", "");
    setTimeout(() => !this.#wish && !this.#deck.isSounding && this.#graph.sleep(), REST_MS);
  }

  #clockChanged() {
    if (this.#graph.isRunning || !this.#deck.isSounding) return;
    this.#takeBack();
    this.#deck.stop();
    this.#tell("failed", this.#key, NOTICES.interrupted);
  }

  /**
   * @param {AuditionState} state
   * @param {string} key
   * @param {string} [message]
   */
  #tell(state, key, message = "") {
    if (state === this.#state && key === this.#key && message === this.#message) return;
    [this.#state, this.#key, this.#message] = [state, key, message];
    const { position_s, isSounding } = this.#deck;
    const detail = { state, message, key, position_s, isSounding };
    this.dispatchEvent(new CustomEvent("state", { detail }));
  }
}
