// The clicks of a count-in: to the headphones, and to nothing else.

import { CLICK_S } from "./count-in.js";

/** @import { Click } from "./count-in.js" */

const ACCENT_HZ = 1760;
const BEAT_HZ = 1320;
const LEVEL = 0.4;

/**
 * @param {AudioContext} context
 * @param {Click[]} clicks
 * @returns {() => void} silences those that are still to come
 */
export function playClicks(context, clicks) {
  const sounding = clicks.map(({ atS, isAccent }) => {
    const tone = new OscillatorNode(context, { frequency: isAccent ? ACCENT_HZ : BEAT_HZ });
    const envelope = new GainNode(context, { gain: 0 });
    envelope.gain.setValueAtTime(LEVEL, atS);
    envelope.gain.exponentialRampToValueAtTime(0.001, atS + CLICK_S);
    tone.connect(envelope).connect(context.destination);
    tone.start(atS);
    tone.stop(atS + CLICK_S);
    return tone;
  });
  return () => {
    for (const tone of sounding) tone.disconnect();
  };
}
