// Gathers the 128 frames that an audio worklet gets at a time into chunks that are worth a message.

export const CHUNK_FRAMES = 2048;

export class ChunkGatherer {
  #numFrames;
  #chunk;
  #frame = 0;
  #filled = 0;

  /**
   * @param {(chunk: {frame: number, samples: Float32Array}) => void} send
   * @param {number} [numFrames]
   */
  constructor(send, numFrames = CHUNK_FRAMES) {
    this.send = send;
    this.#numFrames = numFrames;
    this.#chunk = new Float32Array(numFrames);
  }

  /**
   * `frame`: the number of the first one. What does not follow on what was before begins a chunk.
   * @param {Float32Array} samples
   * @param {number} frame
   */
  add(samples, frame) {
    if (this.#filled > 0 && frame !== this.#frame + this.#filled) this.flush();
    if (this.#filled === 0) this.#frame = frame;
    let read = 0;
    while (read < samples.length) {
      const part = samples.subarray(read, read + this.#numFrames - this.#filled);
      this.#chunk.set(part, this.#filled);
      this.#filled += part.length;
      read += part.length;
      if (this.#filled < this.#numFrames) continue;
      this.flush();
      this.#frame = frame + read;
    }
  }

  /** Sends what there is. */
  flush() {
    if (this.#filled === 0) return;
    const samples =
      this.#filled === this.#numFrames ? this.#chunk : this.#chunk.slice(0, this.#filled);
    // A chunk is given away with its memory, so the next one has its own.
    this.#chunk = new Float32Array(this.#numFrames);
    this.#filled = 0;
    this.send({ frame: this.#frame, samples });
  }
}
