// What a level meter shows: a peak that falls slowly, the highest one for a while, and what clipped.

/** As a peak program meter of IEC 60268-10, type I: 20 dB in 1.7 s, and at once up. */
const FALL_DB_PER_S = 20 / 1.7;
const HOLD_S = 2;
export const FLOOR_DBFS = -72;

/**
 * What a converter of 16 bits gives at the most, 32767/32768: a browser may hand those on from any interface.
 */
const CLIP_AT = 32_767 / 32_768;

/**
 * Advice: peaks of the loudest part should lie between these.
 */
const GOOD_FROM_DBFS = -12;
const GOOD_TO_DBFS = -6;
const FAINT_DBFS = -40;

/**
 * @param {number} amplitude 1 is full scale
 */
export function dbfs(amplitude) {
  return amplitude > 0 ? 20 * Math.log10(amplitude) : Number.NEGATIVE_INFINITY;
}

/**
 * @param {Float32Array} samples
 */
export function peakOf(samples) {
  let peak = 0;
  for (const sample of samples) {
    const size = Math.abs(sample);
    if (size > peak) peak = size;
  }
  return peak;
}

export class Meter {
  #shownDbfs = Number.NEGATIVE_INFINITY;
  #heldDbfs = Number.NEGATIVE_INFINITY;
  #heldAtS = Number.NEGATIVE_INFINITY;
  #atS = Number.NEGATIVE_INFINITY;

  /**
   * @param {number} peak of what came since the last time
   * @param {number} nowS
   */
  update(peak, nowS) {
    const level = dbfs(peak);
    const elapsedS = Number.isFinite(this.#atS) ? Math.max(0, nowS - this.#atS) : 0;
    this.#atS = nowS;
    this.#shownDbfs = Math.max(level, this.#shownDbfs - FALL_DB_PER_S * elapsedS);
    if (level >= this.#heldDbfs || nowS - this.#heldAtS > HOLD_S) {
      this.#heldDbfs = this.#shownDbfs;
      this.#heldAtS = nowS;
    }
    return { shownDbfs: this.#shownDbfs, heldDbfs: this.#heldDbfs };
  }
}

/** Counts what clipped: samples at full scale in a row are one. */
export class ClipCounter {
  #isIn = false;
  num = 0;

  add(/** @type {Float32Array} */ samples) {
    for (const sample of samples) {
      const isOver = Math.abs(sample) >= CLIP_AT;
      if (isOver && !this.#isIn) this.num += 1;
      this.#isIn = isOver;
    }
  }

  reset() {
    this.num = 0;
  }
}

/** From this level on sound does not stop at once… */
const SOUNDING = 10 ** (-50 / 20);
/** …with so many frames of exactly nothing. A converter always has noise; a browser that has nothing to give has none. */
const DROPOUT_FRAMES = 64;

/** Counts where sound that was there is missing: the browser or the device did not keep up. */
export class DropoutCounter {
  #numZeros = 0;
  #before = 0;
  num = 0;

  add(/** @type {Float32Array} */ samples) {
    for (const sample of samples) {
      if (sample !== 0) {
        // The loudest of the last few: a wave may be near zero just where it is cut off.
        this.#before = Math.max(Math.abs(sample), this.#numZeros > 0 ? 0 : this.#before * 0.98);
        this.#numZeros = 0;
        continue;
      }
      this.#numZeros += 1;
      if (this.#numZeros === DROPOUT_FRAMES && this.#before > SOUNDING) this.num += 1;
    }
  }
}

/**
 * Where a level stands on a scale from the floor to full scale, 0 to 1.
 * @param {number} level
 */
export function shareOf(level) {
  return Math.min(1, Math.max(0, 1 - level / FLOOR_DBFS));
}

/**
 * A level as people read it.
 * @param {number} level
 */
export function levelText(level) {
  if (level < FLOOR_DBFS) return "−∞ dBFS";
  return `${level.toFixed(1).replace("-", "−").replace("−0.0", "0.0")} dBFS`;
}

/**
 * What to do about the loudest peak so far. `isCalibrated`: the input level is known, which holds with the gain
 * of the interface at its minimum only, so a low level is no reason to turn it up.
 * @param {{peakDbfs: number, numClips: number, isCalibrated: boolean}} seen
 */
export function advice({ peakDbfs, numClips, isCalibrated }) {
  if (numClips > 0) {
    return isCalibrated
      ? "It clipped. Turn the guitar down, or take an input that takes more level."
      : "It clipped. Turn the gain of the interface down and play your loudest part again.";
  }
  if (peakDbfs < FAINT_DBFS) return "Play your loudest part: peaks should reach −12 to −6 dBFS.";
  if (peakDbfs > GOOD_TO_DBFS) {
    return isCalibrated
      ? "Close to clipping. It is fine as long as it does not clip."
      : "Close to clipping. Turn the gain of the interface down a little.";
  }
  if (peakDbfs >= GOOD_FROM_DBFS) return "Good level.";
  return isCalibrated
    ? "Good: with a known input level the gain stays at its minimum, however low the peaks are."
    : "Low. Turn the gain of the interface up until peaks reach −12 to −6 dBFS.";
}
