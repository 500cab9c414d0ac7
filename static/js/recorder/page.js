// Small things of the page that records: texts, choices, and what it remembers.

/**
 * @param {number} durationS
 */
export function clockText(durationS) {
  const tenths = Math.floor(durationS * 10);
  const seconds = Math.floor(tenths / 10);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}.${tenths % 10}`;
}

/**
 * What a take is called until someone says otherwise.
 * @param {Date} at
 */
export function nameOf(at) {
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `Take ${day} ${two(at.getHours())}.${two(at.getMinutes())}.${two(at.getSeconds())}`;
}

/**
 * What is wrong with a take, in words; empty if nothing is.
 * @param {{numClips: number, numGaps: number}} found
 */
export function noteOf({ numClips, numGaps }) {
  const notes = [];
  if (numClips > 0) notes.push(numClips === 1 ? "clipped once" : `clipped ${numClips} times`);
  if (numGaps > 0) notes.push("the browser did not keep up: listen for gaps, and take it again");
  return notes.join(" · ");
}

/**
 * Whether a key is the space bar, and nothing on the page has its own use for it.
 * @param {KeyboardEvent} event
 */
export function isForSpace({ key, altKey, ctrlKey, metaKey, shiftKey, target }) {
  if (key !== " " || altKey || ctrlKey || metaKey || shiftKey) return false;
  const busy = "input, select, textarea, button, a, summary, audio, [role='combobox']";
  return !(target instanceof Element && target.closest(busy));
}

/**
 * Puts choices into a list; the one that was chosen stays so, or else the first.
 * @param {HTMLSelectElement} field
 * @param {[string, string][]} options value and name
 * @param {string} chosen
 */
export function choices(field, options, chosen) {
  field.replaceChildren(...options.map(([value, name]) => new Option(name, value)));
  if (options.some(([value]) => value === chosen)) field.value = chosen;
}

/** What this browser remembers of the page; nothing where it may not. */
export function saved() {
  const nameOfKey = (/** @type {string} */ key) => `gts-recorder-${key}`;
  return {
    get(/** @type {string} */ key) {
      try {
        return localStorage.getItem(nameOfKey(key)) ?? "";
      } catch {
        return "";
      }
    },
    set(/** @type {string} */ key, /** @type {string} */ value) {
      try {
        localStorage.setItem(nameOfKey(key), value);
      } catch {
        // It holds for this visit then.
      }
    },
  };
}
