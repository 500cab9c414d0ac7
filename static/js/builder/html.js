// Elements as values, and bringing the page in line with them: what stays is kept as it is, with
// focus, selection and what is being typed.

/**
 * `key`: what it is, among its siblings; needed where these come, go and move.
 * @typedef {Record<string, string | number | boolean | null | undefined>} Props
 * @typedef {{tag: string, props: Props, children: Child[]}} Node_
 * @typedef {Node_ | string} Child
 * @typedef {Child | null | false | undefined | Given[]} Given
 */

const SVG = "http://www.w3.org/2000/svg";
const TYPED = "textarea, input:not([type=range])";
const AS_PROPERTY = new Set(["value", "checked"]);

/** @type {WeakMap<Element, string>} */
const keys = new WeakMap();

/**
 * @param {string} tag
 * @param {Props} props
 * @param {Given[]} children
 * @returns {Node_}
 */
export function h(tag, props, ...children) {
  return { tag, props, children: flat(children) };
}

/** @returns {Child[]} */
function flat(/** @type {Given[]} */ given) {
  return given.flatMap((each) => {
    if (Array.isArray(each)) return flat(each);
    return each === null || each === undefined || each === false ? [] : [each];
  });
}

/** One of the symbols in templates/partials/icons.html. */
export function icon(/** @type {string} */ name) {
  return h("svg", { "aria-hidden": "true" }, h("use", { href: `#icon-${name}` }));
}

/**
 * Make `root` have these children. Who had the focus keeps it as long as it is there.
 * @param {Element} root
 * @param {Given[]} children
 * @param {boolean} isForced also what is being typed is replaced
 */
export function patch(root, children, isForced = false) {
  const focused = document.activeElement;
  fill(root, flat(children), isForced);
  if (focused instanceof HTMLElement && focused.isConnected && focused !== document.activeElement)
    focused.focus({ preventScroll: true });
}

/**
 * @param {Element} parent
 * @param {Child[]} children
 * @param {boolean} isForced
 */
function fill(parent, children, isForced) {
  const kept = new Set();
  /** @type {ChildNode | null} */
  let place = parent.firstChild;
  for (const child of children) {
    const found = findNode(parent, child, place, kept);
    const node = found ?? made(child);
    kept.add(node);
    if (node === place) place = place?.nextSibling ?? null;
    else parent.insertBefore(node, place);
    if (typeof child === "string") {
      if (node.nodeValue !== child) node.nodeValue = child;
    } else if (node instanceof Element && !(found && child.props["data-keep"])) {
      // What is to be kept belongs to another script once it is there.
      setProps(node, child.props, isForced);
      fill(node, child.children, isForced);
      // A list says its value only once it has its options.
      if (node instanceof HTMLSelectElement) setProps(node, child.props, true);
    }
  }
  for (const node of [...parent.childNodes]) if (!kept.has(node)) node.remove();
}

/**
 * @param {Element} parent
 * @param {Child} child
 * @param {ChildNode | null} place
 * @param {Set<unknown>} kept
 */
function findNode(parent, child, place, kept) {
  const fits = (/** @type {ChildNode} */ node) => {
    if (kept.has(node)) return false;
    if (typeof child === "string") return node.nodeType === Node.TEXT_NODE;
    if (!(node instanceof Element) || node.localName !== child.tag) return false;
    return (keys.get(node) ?? "") === String(child.props.key ?? "");
  };
  if (place && fits(place)) return place;
  return [...parent.childNodes].find(fits) ?? null;
}

function made(/** @type {Child} */ child) {
  if (typeof child === "string") return document.createTextNode(child);
  const isSVG = child.tag === "svg" || child.tag === "use";
  const element = isSVG
    ? document.createElementNS(SVG, child.tag)
    : document.createElement(child.tag);
  keys.set(element, String(child.props.key ?? ""));
  return element;
}

/**
 * @param {Element} element
 * @param {Props} props
 * @param {boolean} isForced
 */
function setProps(element, props, isForced) {
  for (const { name } of [...element.attributes]) {
    const isWanted = name in props && props[name] !== null && props[name] !== undefined;
    // The style is that of custom properties, which stand in `props` by themselves.
    if (!isWanted && name !== "style") element.removeAttribute(name);
  }
  for (const [name, value] of Object.entries(props)) {
    if (name === "key" || value === null || value === undefined) continue;
    if (name.startsWith("--")) setCustom(element, name, String(value));
    else if (AS_PROPERTY.has(name)) setProperty(element, name, value, isForced);
    else if (value === false) element.removeAttribute(name);
    else setAttribute(element, name, value === true ? "" : String(value));
  }
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {string} value
 */
function setCustom(element, name, value) {
  if (element instanceof HTMLElement && element.style.getPropertyValue(name) !== value)
    element.style.setProperty(name, value);
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {string} value
 */
function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {string | number | boolean} value
 * @param {boolean} isForced
 */
function setProperty(element, name, value, isForced) {
  if (name === "checked" && element instanceof HTMLInputElement) {
    element.checked = Boolean(value);
  } else if (
    element instanceof HTMLInputElement ||
    element instanceof HTMLTextAreaElement ||
    element instanceof HTMLSelectElement
  ) {
    const isTyped = element === document.activeElement && element.matches(TYPED);
    if ((isForced || !isTyped) && element.value !== String(value)) element.value = String(value);
  } else {
    setAttribute(element, name, String(value)); // an option's
  }
}
