// A list of the API as far as it was read: page after page, as they are needed.

/** Rows of the first page: a window full, so that it is there at once. */
const firstPage = 40;
const followingPage = 100;
/** So many rows before the end of what was read the next page is asked for. */
const reserve = 80;

/**
 * @template T
 * @typedef {{next: string | null, results: T[]}} Page
 */

/** @template T */
export class Results {
  /** @type {T[]} */
  rows = [];
  isComplete = false;
  /** @type {string} why the last page did not come */
  error = "";
  /** @type {string | null} */
  #next;
  /** @type {Promise<void> | null} */
  #loading = null;
  #fetchPage;
  #aborter = new AbortController();

  /**
   * @param {string} address of the list, with all it is narrowed by
   * @param {(address: string, options: {signal: AbortSignal}) => Promise<Page<T>>} fetchPage
   */
  constructor(address, fetchPage) {
    const mark = address.includes("?") ? "&" : "?";
    this.#next = `${address}${mark}page_size=${firstPage}`;
    this.#fetchPage = fetchPage;
  }

  get isLoading() {
    return this.#loading !== null;
  }

  /** Whether a page is wanted for someone who sees the rows up to `last`. */
  isShortOf(/** @type {number} */ last) {
    return !this.isComplete && !this.error && last > this.rows.length - reserve;
  }

  /**
   * Read the next page. Of several calls at once there is one request; after `stop` nothing
   * comes any more.
   * @returns {Promise<void>}
   */
  load() {
    if (this.#next === null) return Promise.resolve();
    this.#loading ??= this.#load(this.#next).finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  /** Ask again for a page that did not come. */
  retry() {
    this.error = "";
    return this.load();
  }

  stop() {
    this.#aborter.abort();
  }

  get isStopped() {
    return this.#aborter.signal.aborted;
  }

  async #load(/** @type {string} */ address) {
    try {
      const page = await this.#fetchPage(address, { signal: this.#aborter.signal });
      if (this.isStopped) return;
      this.rows = this.rows.length ? this.rows.concat(page.results) : page.results;
      this.#next = page.next && withPageSize(page.next);
      this.isComplete = page.next === null;
    } catch (error) {
      if (!this.isStopped) this.error = error instanceof Error ? error.message : String(error);
    }
  }
}

function withPageSize(/** @type {string} */ address) {
  return address.replace(/([?&]page_size=)\d+/, `$1${followingPage}`);
}
