// What names are made of: captures, chains, block types and DI tracks, asked for once.

import { ask, askList } from "./api.js";
import { captureIds, chainIds } from "./document.js";

/** @import { BlockType, BuilderData, Capture, Chain, Draft, Track } from "./types.d.ts" */

const CHECKED_EVERY_MS = 1000;
// Then it is for the DI page to say what goes on.
const MAX_CHECKS = 120;

export class Catalog {
  /** @type {Map<string, Capture>} */
  captures = new Map();
  /** @type {Map<string, BlockType>} */
  types = new Map();
  /** @type {Map<string, Chain>} */
  chains = new Map();
  /** @type {Track[]} */
  tracks = [];
  hasMoreTracks = false;
  /** @type {Set<string>} Asked for: what does not exist is not asked for again. */
  #asked = new Set();
  #numChecks = 0;
  #isWatching = false;
  #changed;

  /**
   * @param {BuilderData} data
   * @param {() => void} changed
   */
  constructor(data, changed) {
    this.data = data;
    this.#changed = changed;
  }

  /** Block types and DI tracks. */
  async load() {
    const [types] = await Promise.all([
      /** @type {Promise<import("./types.d.ts").Answer<BlockType[]>>} */ (ask("block-types/")),
      this.loadTracks(),
    ]);
    this.types = new Map(types.body?.map((type) => [type.name, type]));
  }

  async loadTracks() {
    /** @type {{rows: Track[], hasMore: boolean}} */
    const { rows, hasMore } = await askList("di-tracks/");
    this.tracks = rows;
    this.hasMoreTracks = hasMore;
  }

  /** More of them, by a part of their name. */
  async findTracks(/** @type {string} */ text) {
    /** @type {{rows: Track[], hasMore: boolean}} */
    const { rows } = await askList(`di-tracks/?search=${encodeURIComponent(text)}`);
    this.#put(rows);
  }

  #put(/** @type {Track[]} */ rows) {
    const fresh = rows.filter(({ id }) => !this.tracks.some((track) => track.id === id));
    const known = new Map(rows.map((track) => [track.id, track]));
    this.tracks = [...fresh, ...this.tracks.map((track) => known.get(track.id) ?? track)];
    this.#changed();
  }

  /** Whatever the document names and is not known yet. */
  async learn(/** @type {Draft} */ draft) {
    const captures = captureIds(draft).filter((id) => !this.captures.has(id));
    const chains = chainIds(draft).filter((id) => !this.chains.has(id));
    const tracks = draft.di_tracks.filter((id) => !this.tracks.some((track) => track.id === id));
    await Promise.all([
      ...this.#unasked(captures).map(async (id) => this.add(await one(`captures/${id}/`))),
      ...this.#unasked(chains).map(async (id) => this.addChain(await one(`chains/${id}/`))),
      ...this.#unasked(tracks).map(async (id) => this.addTrack(await one(`di-tracks/${id}/`))),
    ]);
    this.#watch(draft);
  }

  #unasked(/** @type {string[]} */ ids) {
    const fresh = ids.filter((id) => !this.#asked.has(id));
    for (const id of fresh) this.#asked.add(id);
    return fresh;
  }

  add(/** @type {Capture | null} */ capture) {
    if (capture) this.captures.set(capture.id, capture);
  }

  addChain(/** @type {Chain | null} */ chain) {
    if (chain) this.chains.set(chain.id, chain);
  }

  addTrack(/** @type {Track | null} */ track) {
    if (track) this.#put([track]);
  }

  /** DI tracks that are still being checked are looked at until they are good, or gone. */
  #watch(/** @type {Draft} */ draft) {
    const pending = this.tracks.filter(
      ({ id, state }) => state === "pending" && draft.di_tracks.includes(id),
    );
    if (!pending.length || this.#isWatching || this.#numChecks >= MAX_CHECKS) return;
    this.#isWatching = true;
    this.#numChecks += 1;
    setTimeout(async () => {
      const answers = await Promise.all(
        pending.map(({ id }) => /** @type {Promise<Track | null>} */ (one(`di-tracks/${id}/`))),
      );
      const gone = pending.filter((_, index) => answers[index] === null).map(({ id }) => id);
      this.tracks = this.tracks.filter(({ id }) => !gone.includes(id));
      this.#isWatching = false;
      this.#put(answers.flatMap((track) => track ?? []));
      this.#watch(draft);
    }, CHECKED_EVERY_MS);
  }
}

/**
 * @template T
 * @param {string} path
 * @returns {Promise<T | null>}
 */
async function one(path) {
  /** @type {import("./types.d.ts").Answer<T>} */
  const { body } = await ask(path);
  return body;
}
