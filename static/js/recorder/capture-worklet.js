// Runs in the audio thread: hands on one channel of an input, with the numbers of its frames.
//
// It only reads. What it hands on is the input alone: the click of a count-in goes from the page straight to the
// headphones and has no way into this.

import { ChunkGatherer } from "./chunks.js";

class CaptureProcessor extends AudioWorkletProcessor {
  #channel = 0;
  #gatherer = new ChunkGatherer(({ frame, samples }) => {
    this.port.postMessage({ frame, samples }, [samples.buffer]);
  });

  constructor() {
    super();
    this.port.onmessage = ({ data }) => {
      this.#channel = data.channel;
    };
  }

  /**
   * @param {Float32Array[][]} inputs
   */
  process([input]) {
    // None while the device is between two states: the gap shows in the numbers.
    const samples = input?.[this.#channel] ?? input?.[0];
    if (samples) this.#gatherer.add(samples, currentFrame);
    return true;
  }
}

registerProcessor("gts-capture", CaptureProcessor);
