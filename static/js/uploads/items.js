// What is known of files on their way in, and what is said of them. No page, no network.

/**
 * @typedef {import("../types.d.ts").Upload} Upload
 * @typedef {import("../types.d.ts").Problem} Problem
 */

/**
 * A file of a drop. `phase`: before the server has all of it; `upload`: what the server says of it.
 * @typedef {object} Item
 * @property {string} key
 * @property {File | null} file null: it came out of an archive, or in an earlier visit
 * @property {string} fileName
 * @property {string} folder
 * @property {number} sizeBytes
 * @property {number} sentBytes
 * @property {"waiting" | "sending" | "broken" | "refused" | "sent"} phase
 * @property {string} kind as its owner wants it; empty: as its content says
 * @property {string} name
 * @property {string} channelRule
 * @property {Upload | null} upload
 * @property {Problem | null} problem
 * @property {boolean} isTold whether the page was told that it is ready
 */

const TAKEN = /\.(nam|wav|flac|aiff?|ogg|mp3|zip|json|aidax?|proteus|(aa)?snapshot)$/i;

/** Kinds as the server has them, for a list of choices. */
export const KINDS = /** @type {const} */ ([
  ["", "What the file says"],
  ["di", "DI track"],
  ["amp", "Amp head"],
  ["full_rig", "Full rig (cab baked in)"],
  ["pedal", "Pedal"],
  ["outboard", "Outboard"],
  ["cab", "Cabinet IR"],
  ["space", "Space (reverb IR)"],
]);

export const CHANNELS = /** @type {const} */ ([
  ["auto", "Automatic"],
  ["left", "Left"],
  ["right", "Right"],
  ["mix", "Mix"],
]);

const KIND_LABELS = new Map(KINDS);

/** Models of other programs are taken too: the server says what they are. */
export function isTaken(/** @type {string} */ fileName) {
  return TAKEN.test(fileName) && !fileName.startsWith(".");
}

/** The kinds that this file can be. */
export function kindsFor(/** @type {string} */ fileName) {
  const isModel = /\.nam$/i.test(fileName);
  const isPlayed = /\.(ogg|mp3)$/i.test(fileName);
  const ofModel = ["amp", "full_rig", "pedal", "outboard"];
  const ofSound = isPlayed ? ["di"] : ["di", "cab", "space"];
  return KINDS.filter(([kind]) => !kind || (isModel ? ofModel : ofSound).includes(kind));
}

/**
 * @param {string} key
 * @param {File} file
 * @param {string} folder
 * @returns {Item}
 */
export function itemOf(key, file, folder) {
  return {
    ...blank(key),
    file,
    fileName: file.name,
    folder,
    sizeBytes: file.size,
  };
}

/**
 * What the server has and this page has not sent.
 * @param {Upload} upload
 * @returns {Item}
 */
export function itemFrom(upload) {
  const isPartial = upload.state === "uploading";
  return {
    ...blank(upload.id),
    fileName: upload.file_name,
    folder: upload.folder,
    sizeBytes: upload.length_bytes,
    sentBytes: upload.offset_bytes,
    phase: isPartial ? "broken" : "sent",
    problem: isPartial ? { code: "FILE_NEEDED", message: "Choose the file again to go on." } : null,
    upload,
  };
}

/** @returns {Item} */
function blank(/** @type {string} */ key) {
  return {
    key,
    file: null,
    fileName: "",
    folder: "",
    sizeBytes: 0,
    sentBytes: 0,
    phase: "waiting",
    kind: "",
    name: "",
    channelRule: "",
    upload: null,
    problem: null,
    isTold: false,
  };
}

/** Whether the server is still at it. */
export function isUnderWay(/** @type {Item} */ { phase, upload }) {
  return phase === "sent" && (!upload || ["sorting", "checking"].includes(upload.state));
}

export function hasFailed(/** @type {Item} */ { phase, upload }) {
  return phase === "refused" || (phase === "sent" && upload?.state === "failed");
}

export function isDone(/** @type {Item} */ item) {
  return item.phase === "sent" && !isUnderWay(item) && !hasFailed(item);
}

/** 0 to 1, of the bytes alone. */
export function shareOf(/** @type {Item} */ { phase, sentBytes, sizeBytes }) {
  if (phase === "sent") return 1;
  return sizeBytes ? Math.min(sentBytes / sizeBytes, 1) : 0;
}

/** In a few words, for its row. */
export function stateText(/** @type {Item} */ item) {
  const { phase, upload } = item;
  if (phase === "waiting") return "Waiting";
  if (phase === "sending") return `${Math.floor(100 * shareOf(item))} %`;
  if (phase === "broken") return "Interrupted";
  if (hasFailed(item)) return "Failed";
  if (upload?.state === "checking") return "Being checked";
  if (upload?.state === "unpacked") return "Unpacked";
  if (upload?.state === "deleted") return "Deleted";
  if (upload?.state === "ready") return upload.is_known ? "You had it already" : "Ready";
  return "Being sorted";
}

/** What it is, or is to be. */
export function kindText(/** @type {Item} */ { upload, kind, fileName }) {
  const known = upload?.kind || kind;
  if (known) return KIND_LABELS.get(/** @type {typeof KINDS[number][0]} */ (known)) ?? known;
  return /\.zip$/i.test(fileName) ? "Archive" : "";
}

/** What is wrong with it and what to do about that; empty where nothing is. */
export function problemText(/** @type {Item} */ item) {
  const problem = item.phase === "sent" ? item.upload?.error : item.problem;
  if (!problem) return "";
  const what = advice(problem.code, item);
  return what ? `${problem.message} ${what}` : problem.message;
}

function advice(/** @type {string} */ code, /** @type {Item} */ { upload, fileName }) {
  if (upload && /^(DI_|AUDIO_SILENT|NO_SIGNAL)/.test(code) && upload.kind === "di") {
    return "If it is an impulse response, correct its kind.";
  }
  if (/^(IR_|SPACE_)/.test(code)) return "If it was played, correct its kind to DI track.";
  if (code.startsWith("AUDIO_TRUNCATED")) return "Export it again, and upload that.";
  if (code === "ARCHIVE_TOO_LARGE") return "Unpack it, and drop the folder instead.";
  if (code === "ARCHIVE_UNSAFE" || code === "ARCHIVE_UNSUPPORTED" || code === "ARCHIVE_INVALID") {
    return /\.zip$/i.test(fileName) ? "Pack it again as a plain zip, or drop the folder." : "";
  }
  return "";
}

/**
 * @typedef {object} Totals
 * @property {number} numFiles
 * @property {number} numDone
 * @property {number} numFailed
 * @property {number} numBroken
 * @property {number} share of the bytes that have been sent
 * @property {boolean} isActive whether anything still goes on by itself
 */

/**
 * @param {Iterable<Item>} items
 * @returns {Totals}
 */
export function totalsOf(items) {
  const totals = { numFiles: 0, numDone: 0, numFailed: 0, numBroken: 0, isActive: false };
  let sent = 0;
  let size = 0;
  for (const item of items) {
    totals.numFiles += 1;
    totals.numDone += Number(isDone(item));
    totals.numFailed += Number(hasFailed(item));
    totals.numBroken += Number(item.phase === "broken");
    totals.isActive ||= item.phase === "waiting" || item.phase === "sending" || isUnderWay(item);
    size += item.sizeBytes;
    sent += item.phase === "refused" ? item.sizeBytes : shareOf(item) * item.sizeBytes;
  }
  return { ...totals, share: size ? sent / size : 0 };
}

/** One sentence over the list, which is also read aloud. */
export function summaryOf(
  /** @type {Totals} */ { numFiles, numDone, numFailed, numBroken },
  /** @type {number} */ numLeftOut,
) {
  if (!numFiles && !numLeftOut) return "";
  const parts = [`${numDone} of ${numFiles} ${numFiles === 1 ? "file" : "files"} ready`];
  if (numFailed) parts.push(`${numFailed} failed`);
  if (numBroken) parts.push(`${numBroken} interrupted`);
  if (numLeftOut) parts.push(`${numLeftOut} of other kinds left out`);
  return `${parts.join(", ")}.`;
}

/**
 * What the page is told of an item that is ready.
 * @param {Upload} upload
 */
export function readyOf({ kind, di_track_id, capture_id, name }) {
  if (di_track_id) return { kind: /** @type {const} */ ("di"), id: di_track_id, name };
  if (!capture_id) return null;
  return { kind: /** @type {const} */ ("capture"), id: capture_id, name, gear_kind: kind };
}
