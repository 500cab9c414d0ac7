// Which rows of a long list are drawn, and where it scrolls to.

/**
 * Rows of equal height in a window: how many there are, and what of them is seen.
 * @typedef {{num: number, rowHeight: number, scrollTop: number, viewHeight: number}} View
 */

/** Rows that are drawn beyond either edge, so that a scroll shows no gap before the next frame. */
export const overscan = 4;

/**
 * The rows to draw: from `first` to before `last`.
 * @param {View} view
 * @returns {{first: number, last: number}}
 */
export function rangeOf({ num, rowHeight, scrollTop, viewHeight }) {
  if (num <= 0 || rowHeight <= 0) return { first: 0, last: 0 };
  const top = Math.min(Math.max(scrollTop, 0), Math.max(num * rowHeight - viewHeight, 0));
  const first = Math.max(Math.floor(top / rowHeight) - overscan, 0);
  const last = Math.min(Math.ceil((top + viewHeight) / rowHeight) + overscan, num);
  return { first, last };
}

/**
 * What of `drawn` goes and what comes, for a range. A pinned row (that has the focus) stays.
 * @param {Iterable<number>} drawn
 * @param {{first: number, last: number}} range
 * @param {number} pinned -1: none
 * @returns {{gone: number[], come: number[]}}
 */
export function changes(drawn, { first, last }, pinned) {
  const known = new Set(drawn);
  const gone = [...known].filter((index) => (index < first || index >= last) && index !== pinned);
  const come = [];
  for (let index = first; index < last; index += 1) if (!known.has(index)) come.push(index);
  return { gone, come };
}

/**
 * Where to scroll to so that a row is seen whole; as it is if it is already.
 * @param {View} view
 * @param {number} index
 */
export function scrollTopFor({ rowHeight, scrollTop, viewHeight }, index) {
  const top = index * rowHeight;
  if (top < scrollTop) return top;
  return Math.max(scrollTop, top + rowHeight - viewHeight);
}

/**
 * The row that a key leads to, or null for a key that leads nowhere. -1: above the first one.
 * @param {string} key
 * @param {number} index
 * @param {View} view
 */
export function rowFor(key, index, { num, rowHeight, viewHeight }) {
  const page = Math.max(Math.floor(viewHeight / rowHeight) - 1, 1);
  switch (key) {
    case "ArrowDown":
      return Math.min(index + 1, num - 1);
    case "ArrowUp":
      return index - 1;
    case "PageDown":
      return Math.min(index + page, num - 1);
    case "PageUp":
      return Math.max(index - page, 0);
    case "Home":
      return 0;
    case "End":
      return num - 1;
    default:
      return null;
  }
}
