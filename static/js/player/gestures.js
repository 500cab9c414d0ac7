// Pointers on a waveform and on the ruler. Nothing happens before the pointer is lifted: a finger that
// scrolls the page begins like one that taps.

const TAP_LIMIT_PX = 8;

/**
 * `onTap(x)` for a press that stays where it is. Where an element takes a drag along x as well:
 * `onDrag(from, to)` while it goes on, `onMark(from, to)` at its end, and `onUndo()` if it comes to
 * nothing because the browser scrolls or zooms instead.
 */
export function bindPress(element, { onTap, onDrag, onMark, onUndo }) {
  let press = null;

  const distance = ({ clientX, clientY }) => Math.hypot(clientX - press.x, clientY - press.y);
  const isOurs = (event) => press?.id === event.pointerId;

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
    if (!isOurs(event)) return;
    press.hasMoved ||= distance(event) > TAP_LIMIT_PX;
    if (press.hasMoved) onDrag?.(press.x, event.clientX);
  });
  element.addEventListener("pointerup", (event) => {
    if (!isOurs(event)) return;
    const { x, y, hasMoved } = press;
    const isTap = !hasMoved && distance(event) <= TAP_LIMIT_PX;
    const isAcross = Math.abs(event.clientX - x) > Math.abs(event.clientY - y);
    press = null;
    if (isTap) onTap(x);
    else if (isAcross && onMark) onMark(x, event.clientX);
    else onUndo?.();
  });
  element.addEventListener("pointercancel", (event) => {
    if (isOurs(event)) undo();
  });
}
