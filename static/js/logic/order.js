// Lists that people put in order.

/**
 * The same list with one item so many places further on; at an end it stays there.
 * @template T
 * @param {T[]} items
 * @param {T} item
 * @param {number} step
 */
export function shifted(items, item, step) {
  const from = items.indexOf(item);
  const others = items.toSpliced(from, 1);
  const to = Math.min(Math.max(0, from + step), others.length);
  return others.toSpliced(to, 0, item);
}
