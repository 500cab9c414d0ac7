// What can be set of a block, how it reads, and what its block is called.

/** @import { Block, BlockType, BuilderData, Capture, Option, Parameter, Settable, Values } from "./types.d.ts" */

/**
 * What names are made of: captures by id, block types by name, and the words of the page.
 * @typedef {{captures: Map<string, Capture>, types: Map<string, BlockType>, data: BuilderData}} Known
 */

/** @type {Settable} */
const NOTHING = { numbers: [], switches: [] };

/**
 * Of a block, or of a further impulse response of a cabinet (`part` above 0).
 * @param {Block} block
 * @param {number} part
 * @param {Known} known
 * @returns {Settable}
 */
export function settableOf(block, part, { captures, types, data }) {
  if (part > 0) return data.parameters.extra_ir;
  if (block.processor) {
    const numbers = types.get(block.processor)?.parameters ?? [];
    return { numbers, switches: [{ name: "bypass", label: "Bypass" }] };
  }
  const capture = captures.get(block.capture_id ?? "");
  if (!capture) return NOTHING;
  if (capture.gear.kind === "space") return data.parameters.space;
  if (capture.gear.kind === "cab") {
    const { numbers, switches } = data.parameters.cab;
    // There is nothing to bring together where there is but one.
    const isBlend = Boolean(block.extra_irs?.length);
    return { numbers, switches: switches.filter(({ name }) => isBlend || name !== "is_aligned") };
  }
  // Only containers have sizes to choose from.
  return /slimmable|a2/i.test(capture.architecture) ? data.parameters.model : NOTHING;
}

export function numberOf(/** @type {Parameter} */ parameter, /** @type {Values} */ values) {
  const value = values[parameter.name];
  return typeof value === "number" ? value : parameter.default;
}

/** What was typed, within the bounds; null where it is no number. */
export function typedValue(/** @type {Parameter} */ parameter, /** @type {string} */ text) {
  const value = Number(text.trim().replace(",", ".") || Number.NaN);
  if (!Number.isFinite(value)) return null;
  return Math.min(parameter.maximum, Math.max(parameter.minimum, value));
}

/** From one value to the next by slider and arrow keys: fine enough to hear no step. */
export function stepOf(/** @type {Parameter} */ { minimum, maximum }) {
  const span = maximum - minimum;
  if (span > 2000) return 10;
  if (span > 150) return 1;
  return span > 20 ? 0.1 : 0.01;
}

/** Frequencies are heard in octaves: their sliders move in these. */
export function isLogarithmic(/** @type {Parameter} */ { unit, minimum, maximum }) {
  return unit === "Hz" && minimum > 0 && maximum / minimum > 20;
}

const TICKS = 1000;

/** Where a slider stands, from 0 to 1000. */
export function sliderOf(/** @type {Parameter} */ parameter, /** @type {number} */ value) {
  const { minimum, maximum } = parameter;
  const part = isLogarithmic(parameter)
    ? Math.log(value / minimum) / Math.log(maximum / minimum)
    : (value - minimum) / (maximum - minimum);
  return Math.round(part * TICKS);
}

/** What a slider there means, rounded to what the parameter counts in. */
export function valueAt(/** @type {Parameter} */ parameter, /** @type {number} */ place) {
  const { minimum, maximum } = parameter;
  const part = place / TICKS;
  if (!isLogarithmic(parameter)) return rounded(minimum + part * (maximum - minimum), parameter);
  const value = minimum * (maximum / minimum) ** part;
  const digits = value < 100 ? 0 : 2 - Math.floor(Math.log10(value));
  return Math.min(maximum, Math.max(minimum, Number(value.toFixed(Math.max(0, digits)))));
}

/** One step of a key on a slider: `num` fine ones. */
export function stepped(
  /** @type {Parameter} */ parameter,
  /** @type {number} */ value,
  /** @type {number} */ num,
) {
  if (isLogarithmic(parameter)) {
    const next = Math.round(value * 2 ** (num / 24));
    const moved = next === Math.round(value) ? value + Math.sign(num) : next;
    return Math.min(parameter.maximum, Math.max(parameter.minimum, moved));
  }
  return rounded(value + num * stepOf(parameter), parameter);
}

function rounded(/** @type {number} */ value, /** @type {Parameter} */ parameter) {
  const step = stepOf(parameter);
  const whole = Number((Math.round(value / step) * step).toFixed(4));
  return Math.min(parameter.maximum, Math.max(parameter.minimum, whole));
}

/** A number with its unit for people: "+3 dB", "80 Hz", "4:1". */
export function valueText(/** @type {Parameter} */ { unit }, /** @type {number} */ value) {
  const number = String(Number(value.toFixed(2))).replace("-", "−");
  if (unit === "dB") return `${value > 0 ? "+" : ""}${number} dB`;
  return `${number}${unit === "" || unit === ":1" ? "" : " "}${unit}`;
}

/** What an option is called. */
export function nameOf(/** @type {Option} */ { block }, /** @type {Known} */ known) {
  if (!block) return "None";
  if (block.processor) return known.types.get(block.processor)?.title ?? block.processor;
  const first = captureName(known.captures.get(block.capture_id ?? ""));
  const others = (block.extra_irs ?? []).map((ir) =>
    captureName(known.captures.get(ir.capture_id)),
  );
  return [first, ...others].join(" + ");
}

export function captureName(/** @type {Capture | undefined} */ capture) {
  if (!capture) return "Deleted capture";
  const { gear, name, tone3000_id: isModel } = capture;
  // Of one tone there may be several models; else it is the name of a file.
  return isModel ? `${gear.name}, ${name}` : gear.name;
}

/** The line below: what was captured, and with what. */
export function detailOf(/** @type {Option} */ { block }, /** @type {Known} */ known) {
  if (!block || block.processor) return "";
  const capture = known.captures.get(block.capture_id ?? "");
  if (!capture) return "It is no longer here: choose another one.";
  const { gear, architecture } = capture;
  const kind = gear.kind === "full_rig" ? "Full rig" : "";
  return [gear.make, kind, architecture].filter(Boolean).join(" · ");
}

/** What is set otherwise than it comes: "Gain +6 dB, bypassed". */
export function settingsText(/** @type {Block} */ block, /** @type {Known} */ known) {
  const { numbers, switches } = settableOf(block, 0, known);
  const isProcessor = Boolean(block.processor);
  const set = numbers.filter(
    (parameter) => isProcessor || numberOf(parameter, block.parameters) !== parameter.default,
  );
  const words = set
    .slice(0, 4)
    .map((each) => `${each.label} ${valueText(each, numberOf(each, block.parameters))}`);
  const on = switches.filter(({ name }) => block.parameters[name] === true);
  return [...words, ...on.map(({ label }) => label)].join(", ");
}
