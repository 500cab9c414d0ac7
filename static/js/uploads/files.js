// The files of a drop or of a choice, folders and all.

/** @typedef {{ file: File, folder: string }} Found */

/**
 * Everything that was dropped. Call it inside the event: the browser empties the transfer after it.
 * @param {DataTransfer} transfer
 * @returns {Promise<Found[]>}
 */
export async function filesOfDrop(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  if (!entries.some(Boolean)) return [...transfer.files].map((file) => ({ file, folder: "" }));
  /** @type {Found[]} */
  const found = [];
  for (const entry of entries) if (entry) await collect(entry, "", found);
  return found;
}

/**
 * @param {Iterable<File>} files
 * @returns {Found[]}
 */
export function filesOfChoice(files) {
  return [...files].map((file) => ({ file, folder: folderOf(file.webkitRelativePath ?? "") }));
}

function folderOf(/** @type {string} */ path) {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
}

/**
 * @param {FileSystemEntry} entry
 * @param {string} folder
 * @param {Found[]} found
 */
async function collect(entry, folder, found) {
  if (entry.name.startsWith(".")) return;
  if (entry.isFile) {
    const file = await fileOf(/** @type {FileSystemFileEntry} */ (entry));
    if (file) found.push({ file, folder });
    return;
  }
  const inside = folder ? `${folder}/${entry.name}` : entry.name;
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  // A browser hands out some at a time, and none at the end.
  for (let batch = await someOf(reader); batch.length; batch = await someOf(reader)) {
    for (const each of batch) await collect(each, inside, found);
  }
}

/** @returns {Promise<File | null>} null: it cannot be read */
function fileOf(/** @type {FileSystemFileEntry} */ entry) {
  return new Promise((resolve) => entry.file(resolve, () => resolve(null)));
}

/** @returns {Promise<FileSystemEntry[]>} */
function someOf(/** @type {FileSystemDirectoryReader} */ reader) {
  return new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
}
