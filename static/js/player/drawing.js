// What the player draws: lanes, ruler, spectrum. Colors come from the style sheet's tokens.

/**
 * @import { PlayerSegment, Region } from "../types.d.ts"
 *
 * @typedef {ReturnType<typeof colors>} Palette
 */

export function colors() {
  const style = getComputedStyle(document.documentElement);
  const token = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: token("ink"),
    faint: token("ink-3"),
    line: token("line"),
    edge: token("edge"),
    wave: token("wave"),
    accent: token("accent"),
    laneLightness: token("lane-lightness"),
    mono: token("mono"),
  };
}

const FIRST_HUE_DEG = 68;
const GOLDEN_ANGLE_DEG = 137.50776;
const CHROMA = 0.17;

/**
 * A contender's color, as in the video: the hue goes on by the golden angle.
 * @param {number} index
 * @param {string} lightness
 */
export function laneColor(index, lightness) {
  const hue = (FIRST_HUE_DEG + index * GOLDEN_ANGLE_DEG) % 360;
  return `oklch(${lightness} ${CHROMA} ${hue.toFixed(2)})`;
}

/** Makes the bitmap as large as the element on this screen; says the device pixels of one of the page. */
function fit(/** @type {HTMLCanvasElement} */ canvas) {
  const scale = devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * scale);
  const height = Math.round(canvas.clientHeight * scale);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  return scale;
}

function penOf(/** @type {HTMLCanvasElement} */ canvas) {
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("This browser draws nothing on a canvas.");
  return pen;
}

/**
 * @param {number[]} peaks
 * @param {number} loudest
 * @param {number} width
 * @param {number} height
 * @param {string} color
 */
function outline(peaks, loudest, width, height, color) {
  const bitmap = document.createElement("canvas");
  bitmap.width = width;
  bitmap.height = height;
  const pen = penOf(bitmap);
  pen.fillStyle = color;
  const step = Math.max(2, Math.round(3 * (devicePixelRatio || 1)));
  const bar = Math.max(1, Math.round(step * 0.66));
  const middle = height / 2;
  for (let x = 0; x < width; x += step) {
    const first = Math.floor((x / width) * peaks.length);
    const last = Math.max(first + 1, Math.floor(((x + step) / width) * peaks.length));
    let peak = 0;
    for (let n = first; n < last && n < peaks.length; n += 1) peak = Math.max(peak, peaks[n]);
    const half = Math.max(0.5, (peak / loudest) * (middle - 3));
    pen.fillRect(x, middle - half, bar, half * 2);
  }
  return bitmap;
}

/** The waveform of one contender: drawn twice once, then only cut and pasted at the playhead. */
export class LaneDrawing {
  /** @type {ReturnType<LaneDrawing["outlines"]> | null} */
  #outlines = null;
  /** What was drawn last: it is not drawn twice. */
  #last = "";

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {PlayerSegment} segment
   * @param {number} duration
   * @param {number} loudest
   */
  constructor(canvas, segment, duration, loudest) {
    this.canvas = canvas;
    this.segment = segment;
    this.duration = duration;
    this.loudest = loudest;
  }

  /** After a change of size or theme. */
  prepare(/** @type {Palette} */ palette) {
    const scale = fit(this.canvas);
    this.#outlines = this.outlines(palette, scale);
    this.#last = "";
  }

  /**
   * @param {Palette} palette
   * @param {number} scale
   */
  outlines(palette, scale) {
    const { width, height } = this.canvas;
    const { waveform, duration_s, contender } = this.segment;
    const span = Math.max(1, Math.round((duration_s / this.duration) * width));
    const inColor = (/** @type {string} */ color) =>
      outline(waveform, this.loudest, span, height, color);
    return {
      rest: inColor(palette.wave),
      idle: inColor(palette.edge),
      played: inColor(laneColor(contender, palette.laneLightness)),
      palette,
      scale,
    };
  }

  /**
   * @param {number} position
   * @param {boolean} isLive
   * @param {Region | null} loop
   */
  draw(position, isLive, loop) {
    const { width, height } = this.canvas;
    if (!this.#outlines || !width) return;
    const { rest, idle, played, palette, scale } = this.#outlines;
    const x = Math.round((position / this.duration) * width);
    const key = `${x} ${isLive} ${loop?.start} ${loop?.end}`;
    if (key === this.#last) return;
    this.#last = key;
    const pen = penOf(this.canvas);
    pen.clearRect(0, 0, width, height);
    pen.drawImage(isLive ? idle : rest, 0, 0);
    if (isLive && x > 0) {
      pen.clearRect(0, 0, x, height);
      pen.drawImage(played, 0, 0, x, height, 0, 0, x, height);
    }
    if (loop) {
      pen.globalAlpha = 0.55;
      pen.fillStyle = palette.line;
      pen.fillRect(0, 0, (loop.start / this.duration) * width, height);
      const end = (loop.end / this.duration) * width;
      pen.fillRect(end, 0, width - end, height);
      pen.globalAlpha = 1;
    }
    pen.fillStyle = isLive ? palette.ink : palette.edge;
    const line = Math.max(1, Math.round(scale * (isLive ? 2 : 1)));
    pen.fillRect(Math.min(x, width - line), 0, line, height);
  }
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {number} duration
 * @param {Region | null} loop
 * @param {Palette} palette
 */
export function drawRuler(canvas, duration, loop, palette) {
  const scale = fit(canvas);
  const { width, height } = canvas;
  const pen = penOf(canvas);
  pen.clearRect(0, 0, width, height);
  if (!duration || !width) return;
  if (loop) {
    pen.fillStyle = palette.accent;
    const start = (loop.start / duration) * width;
    pen.fillRect(start, height - 6 * scale, (loop.end / duration) * width - start, 6 * scale);
  }
  const steps = [0.5, 1, 2, 5, 10, 15, 30, 60, 120];
  const step = steps.find((s) => (s / duration) * width > 56 * scale) ?? 300;
  pen.font = `500 ${11 * scale}px ${palette.mono}`;
  pen.textBaseline = "top";
  for (let n = 0; (n * step) / 5 <= duration; n += 1) {
    const time = (n * step) / 5;
    const x = Math.round((time / duration) * (width - 1));
    const isMajor = n % 5 === 0;
    pen.fillStyle = isMajor ? palette.edge : palette.line;
    const length = (isMajor ? 12 : 6) * scale;
    pen.fillRect(x, height - length, Math.max(1, scale), length);
    if (!isMajor) continue;
    const text = clock(time, step < 1);
    pen.fillStyle = palette.faint;
    pen.fillText(text, Math.min(x + 4 * scale, width - pen.measureText(text).width), 3 * scale);
  }
}

const NUM_BANDS = 36;
const LOW_HZ = 50;
const HIGH_HZ = 14000;

/** The spectrum of what sounds, in bands of equal musical width. */
export class SpectrumDrawing {
  #bins = new Uint8Array();

  constructor(/** @type {HTMLCanvasElement} */ canvas) {
    this.canvas = canvas;
  }

  /**
   * Without an analyser: a flat line.
   * @param {AnalyserNode | null} analyser
   * @param {string} color
   */
  draw(analyser, color) {
    fit(this.canvas);
    const { width, height } = this.canvas;
    const pen = penOf(this.canvas);
    pen.clearRect(0, 0, width, height);
    if (!width) return;
    const bins = analyser ? this.#measure(analyser) : new Uint8Array();
    const hzPerBin = analyser ? analyser.context.sampleRate / analyser.fftSize : 1;
    const step = width / NUM_BANDS;
    pen.fillStyle = color;
    for (let band = 0; band < NUM_BANDS; band += 1) {
      const from = LOW_HZ * (HIGH_HZ / LOW_HZ) ** (band / NUM_BANDS);
      const to = LOW_HZ * (HIGH_HZ / LOW_HZ) ** ((band + 1) / NUM_BANDS);
      const first = Math.round(from / hzPerBin);
      const last = Math.max(first + 1, Math.round(to / hzPerBin));
      let level = 0;
      for (let bin = first; bin < last; bin += 1) level = Math.max(level, bins[bin] ?? 0);
      const tall = Math.max(2, (level / 255) * height);
      pen.fillRect(band * step, height - tall, Math.max(1, step * 0.7), tall);
    }
  }
  #measure(/** @type {AnalyserNode} */ analyser) {
    if (!this.#bins.length) this.#bins = new Uint8Array(analyser.frequencyBinCount);
    analyser.getByteFrequencyData(this.#bins);
    return this.#bins;
  }
}

/**
 * Minutes and seconds, cut off and not rounded: a second is shown when it is over.
 * @param {number} seconds
 * @param {boolean} [hasTenths]
 */
export function clock(seconds, hasTenths = false) {
  const minutes = Math.floor(seconds / 60);
  const rest = seconds - minutes * 60;
  const text = hasTenths ? (Math.floor(rest * 10) / 10).toFixed(1) : String(Math.floor(rest));
  return `${minutes}:${text.padStart(hasTenths ? 4 : 2, "0")}`;
}
