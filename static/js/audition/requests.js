// What is to be heard, as the server takes it, and what was heard last. Nothing here knows a page.

/**
 * @import { PassageRequest } from "../types.d.ts"
 *
 * Rendered, fetched and decoded. `id`: of its request. `numFrames`: of the passage, where a loop ends; what is behind it is
 * the tail. `place`: which seconds of which DI track; where two are equal one takes up where the
 * other is.
 * @typedef {{id: string, key: string, place: string, buffer: AudioBuffer, numFrames: number}} Sound
 */

const BYTES_PER_SAMPLE = 4;

/** The body of the request: `key` is the page's own, and what is not told is left to the server. */
export function bodyOf(/** @type {PassageRequest} */ { key: _, ...body }) {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}

/** Equal for requests that sound alike, in whatever order their fields were written. */
export function idOf(/** @type {PassageRequest} */ request) {
  return JSON.stringify(bodyOf(request), (_, value) =>
    value && typeof value === "object" && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

/** Which seconds of which DI track it plays. */
export function placeOf(/** @type {PassageRequest} */ { di_track_id, start_s, duration_s }) {
  return [di_track_id, start_s ?? "", duration_s ?? ""].join(" ");
}

/** The two that were heard last: A/B goes to and fro between them. */
export class LastTwo {
  /** @type {Sound | null} */ current = null;
  /** @type {Sound | null} */ previous = null;

  /** This one is heard from now on. The same once more is no other state. */
  add(/** @type {Sound} */ sound) {
    if (sound.id !== this.current?.id) this.previous = this.current;
    this.current = sound;
  }

  /** The other one, or null where there is none. */
  swap() {
    if (!this.previous) return null;
    [this.current, this.previous] = [this.previous, this.current];
    return this.current;
  }
}

/** Sounds by the id of their request, the last ones used, as many as fit. */
export class KeptSounds {
  #maxBytes;
  /** @type {Map<string, Sound>} The one not used for longest is first. */
  #sounds = new Map();

  constructor(maxBytes = 48e6) {
    this.#maxBytes = maxBytes;
  }

  get(/** @type {string} */ id) {
    const sound = this.#sounds.get(id);
    if (sound) this.add(id, sound);
    return sound ?? null;
  }

  /**
   * @param {string} id
   * @param {Sound} sound
   */
  add(id, sound) {
    this.#sounds.delete(id);
    this.#sounds.set(id, sound);
    let bytes = [...this.#sounds.values()].reduce((sum, { buffer }) => sum + bytesOf(buffer), 0);
    for (const [oldest, { buffer }] of this.#sounds) {
      if (bytes <= this.#maxBytes || oldest === id) return;
      this.#sounds.delete(oldest);
      bytes -= bytesOf(buffer);
    }
  }
}

function bytesOf(/** @type {AudioBuffer} */ { length, numberOfChannels }) {
  return length * numberOfChannels * BYTES_PER_SAMPLE;
}

/**
 * How alike two sounds are around a frame: −1 to 1, 0 where one of them is silent.
 * @param {Float32Array} a
 * @param {Float32Array} b
 * @param {number} frame
 * @param {number} numFrames
 */
export function correlation(a, b, frame, numFrames) {
  const start = Math.max(0, frame);
  const end = Math.min(a.length, b.length, frame + numFrames);
  let [ofA, ofB, ofBoth] = [0, 0, 0];
  for (let n = start; n < end; n += 1) {
    ofA += a[n] * a[n];
    ofB += b[n] * b[n];
    ofBoth += a[n] * b[n];
  }
  return ofA && ofB ? ofBoth / Math.sqrt(ofA * ofB) : 0;
}
