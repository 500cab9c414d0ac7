// Looking for parts of a page, with the kind of element that its template promises.

/**
 * @template {Element} T
 * @typedef {new (...values: never[]) => T} Kind
 */

/**
 * The first such element below `root`, or null.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {Kind<T>} [kind]
 * @returns {T | null}
 */
export function find(root, selector, kind) {
  return as(root.querySelector(selector), kind);
}

/**
 * The first such element below `root`, which the template has for sure.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {Kind<T>} [kind]
 * @returns {T}
 */
export function need(root, selector, kind) {
  const found = find(root, selector, kind);
  if (!found) throw new Error(`The page has no ${selector}.`);
  return found;
}

/**
 * All such elements below `root`.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {Kind<T>} [kind]
 * @returns {T[]}
 */
export function all(root, selector, kind) {
  return [...root.querySelectorAll(selector)].flatMap((found) => as(found, kind) ?? []);
}

/**
 * What an event happened to, or the element around it that the selector names.
 * @template {Element} [T=HTMLElement]
 * @param {Event} event
 * @param {string} selector
 * @param {Kind<T>} [kind]
 * @returns {T | null}
 */
export function closestTo({ target }, selector, kind) {
  return target instanceof Element ? closest(target, selector, kind) : null;
}

/**
 * The element itself, or the nearest one around it, that the selector names.
 * @template {Element} [T=HTMLElement]
 * @param {Element} element
 * @param {string} selector
 * @param {Kind<T>} [kind]
 * @returns {T | null}
 */
export function closest(element, selector, kind) {
  return as(element.closest(selector), kind);
}

/**
 * A copy of what is in the template with this id.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function copyOf(id) {
  const { content } = need(document, `#${id}`, HTMLTemplateElement);
  const copy = content.firstElementChild?.cloneNode(true);
  if (!(copy instanceof HTMLElement)) throw new Error(`The template ${id} is empty.`);
  return copy;
}

/** The headers that let a request of this page change something. */
export function writingHeaders() {
  const { "X-CSRFToken": token } = JSON.parse(document.body.getAttribute("hx-headers") ?? "{}");
  return { "X-CSRFToken": String(token) };
}

/**
 * @template {Element} [T=HTMLElement]
 * @param {Element | null} found
 * @param {Kind<T>} [kind]
 * @returns {T | null}
 */
function as(found, kind) {
  const wanted = kind ?? HTMLElement;
  return found instanceof wanted ? /** @type {T} */ (found) : null;
}
