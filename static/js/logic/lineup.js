// What a line-up adds up to.

/**
 * What is missing before it can be rendered.
 * @param {number} numChains
 * @param {number} numTracks
 */
export function lineupHint(numChains, numTracks) {
  const missing = [];
  if (numChains < 2) missing.push(numChains ? "one more chain" : "two chains");
  if (!numTracks) missing.push("a DI track");
  return missing.length
    ? `Still needed: ${missing.join(" and ")}.`
    : "Creates the shootout and starts rendering at once.";
}

/** The title that a shootout gets if it is given none. */
export function lineupTitle(/** @type {string[]} */ names) {
  return names.length > 1 ? names.join(" vs ") : "Untitled shootout";
}
