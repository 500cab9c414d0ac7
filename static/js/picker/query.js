// What a list of captures is narrowed by, as the API takes it and as people read it.

/**
 * @typedef {object} Filters
 * @property {"mine" | "public" | "favorites"} scope
 * @property {string} search
 * @property {string[]} kinds those that were ticked; none: all that fit
 * @property {string} make
 * @property {string} architecture
 * @property {string} licence
 * @property {string} tag
 * @property {string} gainMin a number from 0 to 1, or nothing
 * @property {string} gainMax
 * @property {boolean} isCalibrated
 * @property {string} ordering nothing: the best or the newest first
 */

/** @type {Omit<Filters, "scope" | "search" | "ordering">} */
const nothing = {
  kinds: [],
  make: "",
  architecture: "",
  licence: "",
  tag: "",
  gainMin: "",
  gainMax: "",
  isCalibrated: false,
};

/**
 * @param {Filters["scope"]} scope
 * @returns {Filters}
 */
export function unfiltered(scope) {
  return { ...nothing, kinds: [], scope, search: "", ordering: "" };
}

/**
 * The same list without what narrows it, words apart.
 * @param {Filters} filters
 * @returns {Filters}
 */
export function withoutFilters(filters) {
  return { ...filters, ...nothing, kinds: [] };
}

/** How many of them narrow the list, words apart. */
export function numFilters(/** @type {Filters} */ filters) {
  const { kinds, make, architecture, licence, tag, gainMin, gainMax, isCalibrated } = filters;
  const texts = [make, architecture, licence, tag, gainMin || gainMax].filter(Boolean);
  return texts.length + Number(kinds.length > 0) + Number(isCalibrated);
}

/**
 * The parameters behind `captures/?`. `fitting`: the kinds that may be chosen; none: any.
 * @param {Filters} filters
 * @param {string[]} fitting
 */
export function parametersOf(filters, fitting) {
  const asked = new URLSearchParams({ scope: filters.scope, is_usable: "true" });
  const ticked = filters.kinds.filter((kind) => !fitting.length || fitting.includes(kind));
  for (const kind of ticked.length ? ticked : fitting) asked.append("kind", kind);
  const texts = {
    make: filters.make,
    architecture: filters.architecture,
    licence: filters.licence,
    tag: filters.tag,
    gain_min: gainOf(filters.gainMin),
    gain_max: gainOf(filters.gainMax),
    is_calibrated: filters.isCalibrated ? "true" : "",
    search: filters.search.trim().slice(0, 200),
    ordering: filters.ordering,
  };
  for (const [name, value] of Object.entries(texts)) if (value) asked.set(name, value);
  return asked;
}

/** A number that the API takes, or nothing. */
function gainOf(/** @type {string} */ text) {
  const gain = Number(text.trim().replace(",", "."));
  return text.trim() && Number.isFinite(gain) ? String(Math.min(Math.max(gain, 0), 1)) : "";
}

/**
 * What is told of a list.
 * @param {Filters} filters
 * @param {{num: number, isComplete: boolean}} found
 */
export function statusOf(filters, { num, isComplete }) {
  if (num) {
    const noun = num === 1 && isComplete ? "capture" : "captures";
    return `${isComplete ? "" : "More than "}${num} ${noun}`;
  }
  const words = filters.search.trim();
  if (words) return `No results for “${words}”`;
  if (numFilters(filters)) return "No capture has all of these.";
  return {
    mine: "You have no captures of this kind yet.",
    public: "This server shares no captures of this kind.",
    favorites: "You have no favorites of this kind yet. The star of a capture makes it one.",
  }[filters.scope];
}

/**
 * The id of a tone of Tone 3000 in what was pasted: a link to it, or the id itself; else nothing.
 * @param {string} text
 */
export function toneIdIn(text) {
  const pasted = text.trim();
  const path = /^https?:\/\//i.test(pasted) ? pathOf(pasted) : pasted;
  const last = path.split("/").filter(Boolean).pop() ?? "";
  const uuid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.exec(last);
  if (uuid) return uuid[0];
  const number = /(?:^|-)(\d{1,20})$/.exec(last);
  if (number) return number[1];
  return /^[a-z0-9][a-z0-9._-]{0,63}$/i.test(last) && !last.includes(".com") ? last : "";
}

function pathOf(/** @type {string} */ link) {
  try {
    return new URL(link).pathname;
  } catch {
    return "";
  }
}
