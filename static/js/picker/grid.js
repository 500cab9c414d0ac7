// A long list as an ARIA grid: only the rows in view are there, and the one that has the focus.

import { all } from "../dom.js";
import { changes, rangeOf, rowFor, scrollTopFor } from "./window.js";

/**
 * @typedef {object} Parts
 * @property {HTMLElement} scroller
 * @property {HTMLElement} grid
 * @property {() => HTMLElement} makeRow
 * @property {(row: HTMLElement, index: number) => void} bind says in a row what it stands for
 * @property {(last: number) => void} onRange rows up to `last` are drawn
 * @property {(index: number) => void} onMove a key led to this row
 * @property {() => void} onLeave a key led above the first row
 */

export class Grid {
  /** @type {Map<number, HTMLElement>} */
  #rows = new Map();
  /** @type {HTMLElement[]} rows that stand for nothing now */
  #spare = [];
  #parts;
  #num = 0;
  #rowHeight = 0;
  #active = 0;
  #column = 0;
  #isDrawing = false;
  /** @type {HTMLElement | undefined} where Tab leads to */
  #stop;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    const { scroller, grid } = parts;
    scroller.addEventListener("scroll", () => this.#drawSoon(), { passive: true });
    new ResizeObserver(() => this.#drawSoon()).observe(scroller);
    grid.addEventListener("keydown", (event) => this.#onKey(event));
    grid.addEventListener("focusin", (event) => this.#onFocus(event));
  }

  get active() {
    return this.#active;
  }

  /** Whether the focus is in it. */
  get hasFocus() {
    return this.#parts.grid.contains(document.activeElement);
  }

  /**
   * So many rows now. `isNew`: of another list, from its top.
   * @param {number} num
   * @param {boolean} isNew
   */
  show(num, isNew) {
    const hadFocus = this.hasFocus;
    this.#num = num;
    if (isNew) {
      this.#active = 0;
      this.#column = 0;
      this.#parts.scroller.scrollTop = 0;
      for (const index of [...this.#rows.keys()]) this.#release(index);
    }
    this.#parts.grid.hidden = num === 0;
    this.#draw();
    if (!hadFocus || this.hasFocus) return;
    if (num) this.focus();
    else this.#parts.onLeave();
  }

  /** The total, where it is known; -1 where it is not. */
  set total(/** @type {number} */ num) {
    this.#parts.grid.setAttribute("aria-rowcount", String(num));
  }

  /** Say again what drawn rows stand for. */
  refresh() {
    for (const [index, row] of this.#rows) this.#parts.bind(row, index);
  }

  /** The row, if it is drawn. */
  rowAt(/** @type {number} */ index) {
    return this.#rows.get(index) ?? null;
  }

  /** Of the row an event happened in; -1: in none. */
  indexOf(/** @type {EventTarget | null} */ target) {
    const row = target instanceof Element ? target.closest('[role="row"]') : null;
    for (const [index, known] of this.#rows) if (known === row) return index;
    return -1;
  }

  /** The focus goes to a row, in the column where it was last. */
  focus(index = this.#active) {
    if (!this.#num) return;
    this.#active = Math.min(Math.max(index, 0), this.#num - 1);
    const { scroller } = this.#parts;
    scroller.scrollTop = scrollTopFor(this.#view, this.#active);
    this.#draw();
    this.#markStop();
    this.#cells(this.#active)[this.#column]?.focus({ preventScroll: true });
  }

  get #view() {
    const { scrollTop, clientHeight } = this.#parts.scroller;
    return { num: this.#num, rowHeight: this.#rowHeight, scrollTop, viewHeight: clientHeight };
  }

  #drawSoon() {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    requestAnimationFrame(() => {
      this.#isDrawing = false;
      this.#draw();
    });
  }

  #draw() {
    const { grid, onRange } = this.#parts;
    if (this.#num && !this.#rowHeight) this.#measure();
    grid.style.height = `${this.#num * this.#rowHeight}px`;
    const range = rangeOf(this.#view);
    const pinned = this.hasFocus && this.#active < this.#num ? this.#active : -1;
    const { gone, come } = changes(this.#rows.keys(), range, pinned);
    for (const index of gone) this.#release(index);
    for (const index of come) this.#place(index);
    this.#markStop();
    onRange(range.last);
  }

  /** Rows are as high as the style sheet makes them, whatever the size of letters. */
  #measure() {
    const row = this.#parts.makeRow();
    this.#parts.grid.append(row);
    this.#rowHeight = row.offsetHeight;
    row.remove();
  }

  #place(/** @type {number} */ index) {
    const row = this.#spare.pop() ?? this.#parts.makeRow();
    row.style.transform = `translateY(${index * this.#rowHeight}px)`;
    row.setAttribute("aria-rowindex", String(index + 1));
    this.#parts.bind(row, index);
    this.#rows.set(index, row);
    // In the order of the list, for who reads them one after the other.
    const following = [...this.#rows.keys()].filter((known) => known > index);
    const next = following.length ? this.#rows.get(Math.min(...following)) : null;
    this.#parts.grid.insertBefore(row, next ?? null);
  }

  #release(/** @type {number} */ index) {
    const row = this.#rows.get(index);
    if (!row) return;
    this.#rows.delete(index);
    row.remove();
    this.#spare.push(row);
  }

  /** Tab stops once in a grid: where the focus was last, or in the first row that is seen. */
  #markStop() {
    if (!this.#rows.size) return;
    const isDrawn = this.#rows.has(this.#active);
    const index = isDrawn ? this.#active : Math.min(...this.#rows.keys());
    const cells = this.#cells(index);
    const stop = cells[this.#column] ?? cells[0];
    if (stop === this.#stop) return;
    if (this.#stop) this.#stop.tabIndex = -1;
    if (stop) stop.tabIndex = 0;
    this.#stop = stop;
  }

  /** What can have the focus in a row. */
  #cells(/** @type {number} */ index) {
    const row = this.#rows.get(index);
    return row ? all(row, "[data-stop]:not([hidden])") : [];
  }

  #onFocus(/** @type {FocusEvent} */ event) {
    const index = this.indexOf(event.target);
    if (index < 0) return;
    this.#active = index;
    const column = this.#cells(index).indexOf(/** @type {HTMLElement} */ (event.target));
    if (column >= 0) this.#column = column;
    this.#markStop();
  }

  #onKey(/** @type {KeyboardEvent} */ event) {
    if (event.target instanceof HTMLInputElement) return;
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const { key } = event;
    if (key === "ArrowLeft" || key === "ArrowRight") {
      const cells = this.#cells(this.#active);
      const column = this.#column + (key === "ArrowRight" ? 1 : -1);
      if (cells[column]) cells[column].focus();
      event.preventDefault();
      return;
    }
    const index = rowFor(key, this.#active, this.#view);
    if (index === null) return;
    event.preventDefault();
    if (index < 0) {
      this.#parts.onLeave();
      return;
    }
    this.focus(index);
    this.#parts.onMove(index);
  }
}
