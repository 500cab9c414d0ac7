// What is in the chain form, and what the chain still needs.

/**
 * Of an amp or a cabinet that was chosen: its name, and of an amp its kind.
 * @typedef {{name: string, kind: string, hasOwnCab: boolean}} Choice
 */

/** A full rig brings its own cabinet, and the FX loop is inside. */
export function isFullRig(/** @type {Choice | null} */ amp) {
  return amp?.kind === "full_rig";
}

/**
 * The name that a chain gets if it is given none.
 * @param {Choice | null} amp
 * @param {Choice | null} cab
 */
export function chainName(amp, cab) {
  const names = [amp?.name, isFullRig(amp) ? "" : cab?.name];
  return names.filter(Boolean).join(" + ") || "Amp + Cab";
}

/**
 * What to do next.
 * @param {Choice | null} amp
 * @param {Choice | null} cab
 */
export function guidance(amp, cab) {
  if (!amp?.name) return "Choose an amp or a full rig.";
  if (isFullRig(amp)) return "Ready: a full rig brings its own cabinet.";
  if (!amp.hasOwnCab && !cab?.name) return "An amp head needs a cabinet.";
  return "Ready: this chain is complete.";
}
