// Choices of a filter: what the captures of a list have, with how many of them.

/** @typedef {import("../types.d.ts").FacetValue} FacetValue */

/**
 * The same choice stays, also where there is nothing of it just now.
 * @param {HTMLSelectElement} select
 * @param {FacetValue[]} values
 */
export function facetChoices(select, values) {
  const chosen = select.value;
  const [any] = select.options;
  const known = values.some(({ value }) => value === chosen);
  const shown = chosen && !known ? [{ value: chosen, num_captures: 0 }, ...values] : values;
  const made = shown.map(({ value, num_captures: num }) => {
    return new Option(`${value} (${num})`, value, false, value === chosen);
  });
  select.replaceChildren(any, ...made);
  select.value = chosen;
}
