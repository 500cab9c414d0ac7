// An input of this device, opened without anything that a browser does to voices.

/** @import { Chunk } from "./take.js" */

/** Off: each of them is made for speech and ruins a guitar. */
const NO_PROCESSING = {
  echoCancellation: false,
  noiseSuppression: false,
  autoGainControl: false,
};

/** What a browser says when it gives no input, as people may act on it. */
const REASONS = {
  NotAllowedError:
    "The browser was not allowed to use an input. Allow it for this page, and try again.",
  NotFoundError: "There is no input. Connect your audio interface, and try again.",
  NotReadableError: "The input could not be opened. Another program may be using it.",
  OverconstrainedError: "This input is gone. Choose another one.",
};

/**
 * @param {unknown} error
 */
export function reasonOf(error) {
  const name = error instanceof DOMException ? error.name : "";
  return (
    REASONS[/** @type {keyof typeof REASONS} */ (name)] ??
    "The input could not be opened. Try again, or choose another one."
  );
}

/** Whether this page may ask for an input at all: only over https, or at this machine. */
export function canCapture() {
  return "mediaDevices" in navigator && typeof AudioWorkletNode === "function";
}

/** Inputs by their names, which a browser tells once one was allowed. */
export async function inputs() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter(({ kind, deviceId }) => kind === "audioinput" && deviceId !== "");
}

export class Capture {
  /** @type {MediaStream} */
  #stream;
  /** @type {AudioWorkletNode} */
  #node;
  #isClosed = false;

  /**
   * @param {{deviceId: string, workletUrl: string, onChunk: (chunk: Chunk) => void, onEnd: () => void}} wanted
   */
  static async open({ deviceId, workletUrl, onChunk, onEnd }) {
    const audio = { ...NO_PROCESSING, channelCount: { ideal: 2 } };
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: deviceId ? { ...audio, deviceId: { exact: deviceId } } : audio,
    });
    /** @type {AudioContext | null} */
    let context = null;
    try {
      const rate = stream.getAudioTracks()[0]?.getSettings().sampleRate;
      // At the rate of the device nothing is resampled. Small buffers are as long as what the
      // device gives at a time: with the larger ones of "playback" Chromium leaves a hole of 10 ms in the first second.
      context = new AudioContext({
        latencyHint: "interactive",
        ...(rate ? { sampleRate: rate } : {}),
      });
      await context.audioWorklet.addModule(workletUrl);
      await context.resume();
      return new Capture(stream, context, onChunk, onEnd);
    } catch (error) {
      for (const track of stream.getTracks()) track.stop();
      await context?.close();
      throw error;
    }
  }

  /**
   * @param {MediaStream} stream
   * @param {AudioContext} context
   * @param {(chunk: Chunk) => void} onChunk
   * @param {() => void} onEnd
   */
  constructor(stream, context, onChunk, onEnd) {
    this.#stream = stream;
    this.context = context;
    const source = context.createMediaStreamSource(stream);
    this.#node = new AudioWorkletNode(context, "gts-capture", {
      numberOfOutputs: 1,
      outputChannelCount: [1],
      channelCountMode: "max",
      channelInterpretation: "discrete",
    });
    this.#node.port.onmessage = ({ data }) => onChunk(data);
    source.connect(this.#node);
    // Its output is silent, but what leads nowhere may not be run.
    this.#node.connect(context.destination);
    for (const track of stream.getTracks()) track.addEventListener("ended", onEnd);
    context.addEventListener("statechange", () => {
      if (context.state !== "running" && !this.#isClosed) onEnd();
    });
  }

  get settings() {
    return this.#stream.getAudioTracks()[0]?.getSettings() ?? {};
  }

  get sampleRateHz() {
    return this.context.sampleRate;
  }

  get numChannels() {
    return this.settings.channelCount ?? 1;
  }

  /** What the browser does to the sound in spite of what was asked. */
  get processing() {
    const { echoCancellation, noiseSuppression, autoGainControl } = this.settings;
    return [
      echoCancellation && "echo cancellation",
      noiseSuppression && "noise suppression",
      autoGainControl && "automatic gain",
    ].filter((name) => typeof name === "string");
  }

  /** The number of the frame that sounds at a time of the context. */
  frameAt(/** @type {number} */ timeS) {
    return Math.round(timeS * this.sampleRateHz);
  }

  set channel(/** @type {number} */ channel) {
    this.#node.port.postMessage({ channel });
  }

  async close() {
    this.#isClosed = true;
    this.#node.port.onmessage = null;
    for (const track of this.#stream.getTracks()) track.stop();
    if (this.context.state !== "closed") await this.context.close();
  }
}
