// When the clicks of a count-in sound, and when the take begins.

const BEATS_PER_BAR = 4;
/** A first note that is picked early is in the take, the last click (30 ms) is over. */
const EARLY_S = 0.1;
export const CLICK_S = 0.03;

export const MIN_BPM = 20;
export const MAX_BPM = 400;

/**
 * @typedef {{atS: number, isAccent: boolean}} Click
 */

/**
 * All times by the clock of the sound. `delayS`: how much later one hears what is played then.
 * @param {{bpm: number, numBars: number, nowS: number, delayS?: number}} wanted
 * @returns {{clicks: Click[], downbeatS: number, takeStartS: number}}
 */
export function planCountIn({ bpm, numBars, nowS, delayS = 0 }) {
  const numBeats = numBars * BEATS_PER_BAR;
  if (numBeats === 0) return { clicks: [], downbeatS: nowS, takeStartS: nowS };
  const beatS = 60 / Math.min(MAX_BPM, Math.max(MIN_BPM, bpm));
  const firstS = nowS + EARLY_S;
  const clicks = Array.from({ length: numBeats }, (_, beat) => ({
    atS: firstS + beat * beatS,
    isAccent: beat % BEATS_PER_BAR === 0,
  }));
  const downbeatS = firstS + numBeats * beatS;
  // At a fast tempo a tenth of a second is most of a beat.
  const earlyS = Math.min(EARLY_S, beatS / 2);
  return { clicks, downbeatS, takeStartS: downbeatS + delayS - earlyS };
}

/**
 * Which beat is counted now, from 1 in each bar; 0 before and after.
 * @param {Click[]} clicks
 * @param {number} nowS
 */
export function beatAt(clicks, nowS) {
  const numPast = clicks.filter(({ atS }) => atS <= nowS).length;
  return numPast === 0 ? 0 : ((numPast - 1) % BEATS_PER_BAR) + 1;
}
