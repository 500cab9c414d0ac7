// Pointers on a waveform and on the ruler. Nothing happens before the pointer is lifted: a finger that
// scrolls the page begins like one that taps.

const TAP_LIMIT_PX = 8;

/**
 * @typedef {object} Handlers
 * @property {(x: number) => void} onTap for a press that stays where it is
 * @property {(from: number, to: number) => void} [onDrag] while a drag along x goes on
 * @property {(from: number, to: number) => void} [onMark] at its end
 * @property {() => void} [onUndo] it came to nothing, because the browser scrolls or zooms instead
 *
 * @typedef {{id: number, x: number, y: number, hasMoved: boolean}} Press
 */

/**
 * @param {HTMLElement} element
 * @param {Handlers} handlers
 */
export function bindPress(element, { onTap, onDrag, onMark, onUndo }) {
  /** @type {Press | null} */
  let press = null;

  /** The press that an event belongs to, or null. */
  function pressOf(/** @type {PointerEvent} */ event) {
    return press?.id === event.pointerId ? press : null;
  }

  function undo() {
    press = null;
    onUndo?.();
  }

  element.addEventListener("pointerdown", (event) => {
    if (press) undo(); // a second finger: it is a pinch
    if (event.button !== 0 || !event.isPrimary) return;
    press = { id: event.pointerId, x: event.clientX, y: event.clientY, hasMoved: false };
    element.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", (event) => {
    const ours = pressOf(event);
    if (!ours) return;
    ours.hasMoved ||= distance(ours, event) > TAP_LIMIT_PX;
    if (ours.hasMoved) onDrag?.(ours.x, event.clientX);
  });
  element.addEventListener("pointerup", (event) => {
    const ours = pressOf(event);
    if (!ours) return;
    const { x, y, hasMoved } = ours;
    const isTap = !hasMoved && distance(ours, event) <= TAP_LIMIT_PX;
    const isAcross = Math.abs(event.clientX - x) > Math.abs(event.clientY - y);
    press = null;
    if (isTap) onTap(x);
    else if (isAcross && onMark) onMark(x, event.clientX);
    else onUndo?.();
  });
  element.addEventListener("pointercancel", (event) => {
    if (pressOf(event)) undo();
  });
}

/**
 * @param {Press} press
 * @param {PointerEvent} event
 */
function distance({ x, y }, { clientX, clientY }) {
  return Math.hypot(clientX - x, clientY - y);
}
