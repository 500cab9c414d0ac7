// Takes that the server does not have yet, kept by this browser until it does.

/** @import { KeptTake } from "../types.d.ts" */

const DATABASE = "gts-recorder";
const STORE = "takes";

/** @returns {Promise<IDBDatabase>} */
function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("The database is in use by an older page."));
  });
}

/**
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} work
 * @returns {Promise<T>}
 */
async function within(mode, work) {
  const database = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = work(transaction.objectStore(STORE));
      // What is written counts once the transaction is.
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/**
 * Rejects where the browser keeps nothing (a private window) or has no room.
 * @param {KeptTake} take
 */
export async function keepTake(take) {
  await within("readwrite", (store) => store.put(take));
}

/**
 * @param {string} id
 */
export async function forgetTake(id) {
  await within("readwrite", (store) => store.delete(id));
}

/**
 * Those of one person, oldest first: others may use the same browser.
 * @param {string} user
 * @returns {Promise<KeptTake[]>}
 */
export async function keptTakes(user) {
  /** @type {KeptTake[]} */
  const takes = await within("readonly", (store) => store.getAll());
  return takes
    .filter((take) => take.user === user)
    .sort((one, other) => one.takenAt.localeCompare(other.takenAt));
}
