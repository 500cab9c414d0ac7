// The page that records a DI track: an input, its level, a count-in, and takes.

import { find, need } from "../dom.js";
import { Capture, canCapture, inputs, reasonOf } from "./capture.js";
import { playClicks } from "./click.js";
import { beatAt, planCountIn } from "./count-in.js";
import { forgetTake, keptTakes } from "./kept.js";
import {
  advice,
  ClipCounter,
  DropoutCounter,
  dbfs,
  levelText,
  Meter,
  peakOf,
  shareOf,
} from "./meter.js";
import { choices, clockText, isForSpace, nameOf, noteOf, saved } from "./page.js";
import { Review } from "./review.js";
import { columnsOf, Take } from "./take.js";
import { maxFrames } from "./wav.js";

/** @import { Chunk } from "./take.js" */
/** @import { Click } from "./count-in.js" */
/** @import { KeptTake } from "../types.d.ts" */

const NUM_COLUMNS = 400;
const SHORTEST_S = 0.4;
const DEFAULT_BPM = 100;
/** A browser's queue of an input is as long as it needs to be after this. */
const SETTLED_S = 1;
/** So long the last frames of a take are waited for. */
const LAST_FRAMES_MS = 500;

const root = need(document, "[data-recorder]");
const recordButton = need(root, "[data-record]", HTMLButtonElement);
const deviceField = need(root, "[data-device]", HTMLSelectElement);
const channelField = need(root, "[data-channel]", HTMLSelectElement);
const countField = need(root, "[data-count-in]", HTMLSelectElement);
const bpmField = need(root, 'input[name="bpm"]', HTMLInputElement);
const levelField = need(root, 'input[name="input_level_dbu"]', HTMLInputElement);
const spaceField = need(root, "[data-space]", HTMLInputElement);
const bar = need(root, "[data-meter]");
const settings = saved();

/** @type {Capture | null} */
let capture = null;
/** @type {Take | null} */
let take = null;
/** @type {Click[]} */
let clicks = [];
let silenceClicks = () => {};
let meter = new Meter();
let dropouts = new DropoutCounter();
const clips = new ClipCounter();
let peakSinceDrawn = 0;
let peak = 0;
let nextFrame = 0;
let isSettled = false;
let saidAtMs = 0;

const review = new Review(root, {
  onGone: () => {
    recordButton.focus();
    showKept();
  },
  onStored: ({ id, name }) => {
    say(`${name} was uploaded and is being checked.`, `${root.dataset.tracks}${id}/`);
    tell("Ready for another take.");
  },
});

/** @param {string} text */
function tell(text) {
  const state = need(root, "[data-state]");
  if (state.textContent !== text) state.textContent = text;
}

/**
 * A notice on top of the page, which takes the focus.
 * @param {string} text
 * @param {string} address
 */
function say(text, address) {
  const notice = document.createElement("div");
  notice.className = "notice notice--success";
  notice.tabIndex = -1;
  const line = document.createElement("p");
  const link = document.createElement("a");
  link.href = address;
  link.textContent = "Open the DI track";
  line.append(text, " ", link);
  notice.append(line);
  need(root, "[data-kept]").prepend(notice);
  notice.focus();
}

/** @param {string} text */
function complain(text) {
  const problem = need(root, "[data-input-problem]");
  problem.textContent = text;
  problem.hidden = text === "";
}

async function open(deviceId = "") {
  complain("");
  stop();
  const before = capture;
  capture = null;
  await before?.close();
  const wanted = {
    deviceId,
    workletUrl: root.dataset.worklet ?? "",
    onChunk: receive,
    onEnd: lost,
  };
  try {
    capture = await Capture.open(wanted).catch((error) => {
      // The one of the last visit is not connected now.
      if (deviceId && error instanceof DOMException)
        return Capture.open({ ...wanted, deviceId: "" });
      throw error;
    });
  } catch (error) {
    complain(reasonOf(error));
    showOpened();
    return;
  }
  settings.set("device", capture.settings.deviceId ?? "");
  nextFrame = 0;
  isSettled = false;
  resetLevel();
  await showInputs();
  showOpened();
  requestAnimationFrame(draw);
}

async function showInputs() {
  const found = await inputs();
  const current = capture?.settings.deviceId ?? "";
  choices(
    deviceField,
    found.map(({ deviceId, label }, index) => [deviceId, label || `Input ${index + 1}`]),
    current,
  );
  const names =
    capture && capture.numChannels > 1 ? ["Left (input 1)", "Right (input 2)"] : ["Mono"];
  choices(
    channelField,
    names.map((name, index) => [String(index), name]),
    settings.get("channel"),
  );
  if (capture) capture.channel = Number(channelField.value);
}

function showOpened() {
  const hiding = need(root, capture ? "[data-closed]" : "[data-opened]");
  const hadFocus = hiding.contains(document.activeElement);
  need(root, "[data-opened]").hidden = !capture;
  need(root, "[data-closed]").hidden = Boolean(capture);
  // Not to the list of devices, which has its own use for the space bar.
  if (hadFocus) need(root, capture ? "#input-heading" : "[data-open]").focus();
  recordButton.disabled = !(capture && isSettled);
  if (!capture) {
    tell("Choose an input first.");
    return;
  }
  const rate = `${capture.sampleRateHz / 1000} kHz, the rate of the device; stored with 24 bit.`;
  const kept = capture.processing;
  need(root, "[data-facts]").textContent =
    kept.length > 0
      ? `${rate} This browser still does ${kept.join(" and ")}: use another one.`
      : rate;
  tell(isSettled ? "Ready." : "The input is being opened.");
}

function lost() {
  if (!capture) return;
  stop();
  capture.close();
  capture = null;
  showOpened();
  complain("The input was disconnected. Connect it, and choose an input again.");
}

function resetLevel() {
  peak = 0;
  clips.reset();
  meter = new Meter();
}

/** @param {Chunk} chunk */
function receive(chunk) {
  const { frame, samples } = chunk;
  nextFrame = frame + samples.length;
  const level = peakOf(samples);
  peakSinceDrawn = Math.max(peakSinceDrawn, level);
  peak = Math.max(peak, level);
  clips.add(samples);
  if (!isSettled && capture && nextFrame >= SETTLED_S * capture.sampleRateHz) {
    isSettled = true;
    showOpened();
  }
  if (!take) return;
  dropouts.add(take.add(chunk));
  if (take.isWhole) finish(take);
}

function draw() {
  if (!capture) return;
  requestAnimationFrame(draw);
  const nowMs = performance.now();
  const { shownDbfs, heldDbfs } = meter.update(peakSinceDrawn, nowMs / 1000);
  peakSinceDrawn = 0;
  need(bar, "[data-meter-fill]").style.transform = `scaleX(${shareOf(shownDbfs)})`;
  need(bar, "[data-meter-held]").style.transform = `translateX(${100 * shareOf(heldDbfs) - 100}%)`;
  bar.classList.toggle("is-hot", clips.num > 0);
  showClock();
  if (nowMs - saidAtMs < 250) return; // numbers that can be read, and said
  saidAtMs = nowMs;
  bar.ariaValueNow = String(Math.max(-72, Math.round(heldDbfs)));
  bar.ariaValueText = levelText(heldDbfs);
  need(root, "[data-level-now]").textContent = levelText(heldDbfs);
  need(root, "[data-level-peak]").textContent = levelText(dbfs(peak));
  const count = need(root, "[data-level-clips]");
  count.textContent = String(clips.num);
  count.classList.toggle("is-bad", clips.num > 0);
  const isCalibrated = levelField.value !== "";
  const text = advice({ peakDbfs: dbfs(peak), numClips: clips.num, isCalibrated });
  const said = need(root, "[data-advice]");
  if (said.textContent !== text) said.textContent = text;
}

function showClock() {
  if (!capture || !take) return;
  const beat = beatAt(clicks, capture.context.currentTime);
  const isCounting = take.numFrames === 0 && clicks.length > 0;
  need(root, "[data-clock]").textContent = isCounting
    ? String(beat || "…")
    : clockText(take.durationS);
  if (!isCounting) tell("The take is running.");
}

function record() {
  if (!capture || !isSettled || take || review.isStoring) return;
  review.silence();
  if (review.id) review.putAway();
  const numBars = Number(countField.value);
  if (numBars > 0 && !(Number(bpmField.value) > 0)) bpmField.value = String(DEFAULT_BPM);
  const { context, sampleRateHz } = capture;
  const delayS = numBars > 0 ? context.outputLatency || context.baseLatency || 0 : 0;
  const plan = planCountIn({
    bpm: Number(bpmField.value),
    numBars,
    nowS: context.currentTime,
    delayS,
  });
  clicks = plan.clicks;
  silenceClicks = playClicks(context, clicks);
  const limits = {
    maxBytes: Number(root.dataset.maxBytes),
    maxDurationS: Number(root.dataset.maxDuration),
    sampleRateHz,
  };
  resetLevel();
  dropouts = new DropoutCounter();
  take = new Take({
    sampleRateHz,
    // What has come already does not come again.
    startFrame: Math.max(nextFrame, capture.frameAt(plan.takeStartS)),
    maxFrames: maxFrames(limits),
  });
  deviceField.disabled = channelField.disabled = true;
  recordButton.textContent = "Stop";
  recordButton.classList.add("is-rolling");
  tell(numBars > 0 ? "Counting in." : "The take is running.");
}

function stop() {
  const ending = take;
  if (!capture || !ending) return;
  silenceClicks();
  ending.stopAt(capture.frameAt(capture.context.currentTime));
  if (ending.isWhole) finish(ending);
  else setTimeout(() => finish(ending), LAST_FRAMES_MS);
}

/** @param {Take} ended */
function finish(ended) {
  if (take !== ended) return;
  take = null;
  clicks = [];
  deviceField.disabled = channelField.disabled = false;
  recordButton.textContent = "Record";
  recordButton.classList.remove("is-rolling");
  need(root, "[data-clock]").textContent = clockText(ended.durationS);
  if (ended.durationS < SHORTEST_S) {
    tell("That was too short to be a take.");
    return;
  }
  tell("The take is ready. Listen to it below.");
  const now = new Date();
  /** @type {KeptTake} */
  const kept = {
    id: crypto.randomUUID(),
    user: root.dataset.user ?? "",
    takenAt: now.toISOString(),
    wav: new Blob(ended.parts(), { type: "audio/wav" }),
    sampleRateHz: ended.sampleRateHz,
    durationS: ended.durationS,
    columns: columnsOf(ended.peaks(), NUM_COLUMNS),
    fields: { name: nameOf(now), start_s: "", end_s: "" },
  };
  const numGaps = dropouts.num + (ended.numLostFrames > 0 ? 1 : 0);
  review.show(kept, { isKept: false, note: noteOf({ numClips: clips.num, numGaps }) });
}

async function showKept() {
  const takes = await keptTakes(root.dataset.user ?? "").catch(() => []);
  const list = need(root, "[data-kept]");
  for (const old of list.querySelectorAll("[data-kept-take]")) old.remove();
  for (const kept of takes) {
    if (kept.id === review.id) continue;
    list.append(keptNotice(kept));
  }
}

/** @param {KeptTake} kept */
function keptNotice(kept) {
  const notice = document.createElement("div");
  notice.className = "notice notice--warning";
  notice.dataset.keptTake = kept.id;
  const text = document.createElement("p");
  text.textContent = `${kept.fields.name || "A take"} (${kept.durationS.toFixed(1)} s) is in this browser only. `;
  notice.append(text);
  for (const [label, act] of /** @type {[string, () => void][]} */ ([
    ["Open", () => reopen(kept)],
    ["Discard", () => drop(kept)],
  ])) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button button--small";
    button.textContent = label;
    button.ariaLabel = `${label} ${kept.fields.name || "the take"}`;
    button.addEventListener("click", act);
    notice.append(button);
  }
  return notice;
}

/** @param {KeptTake} kept */
async function reopen(kept) {
  if (review.isStoring) return;
  if (review.id) review.putAway();
  review.show(kept, { isKept: true });
  await showKept();
  need(root, "#review-heading").focus();
}

/** @param {KeptTake} kept */
async function drop(kept) {
  if (!confirm("Discard this take? It is stored nowhere else.")) return;
  await forgetTake(kept.id).catch(() => {});
  await showKept();
  (find(root, "[data-kept-take] button") ?? find(root, "[data-open]") ?? recordButton).focus();
}

need(root, "[data-open]").addEventListener("click", () => open(settings.get("device")));
deviceField.addEventListener("change", () => open(deviceField.value));
channelField.addEventListener("change", () => {
  settings.set("channel", channelField.value);
  if (capture) capture.channel = Number(channelField.value);
  resetLevel();
});
need(root, "[data-level-reset]").addEventListener("click", resetLevel);
countField.value = settings.get("count") || "0";
countField.addEventListener("change", () => settings.set("count", countField.value));
spaceField.checked = settings.get("space") !== "off";
spaceField.addEventListener("change", () =>
  settings.set("space", spaceField.checked ? "on" : "off"),
);
recordButton.addEventListener("click", () => (take ? stop() : record()));
document.addEventListener("keydown", (event) => {
  if (!spaceField.checked || !capture || event.repeat || !isForSpace(event)) return;
  event.preventDefault();
  if (take) stop();
  else record();
});

if (canCapture())
  navigator.mediaDevices.addEventListener("devicechange", () => capture && showInputs());
else {
  need(root, "[data-closed]").hidden = true;
  complain(
    "Browsers let a page use an input only over https, or at the machine itself (localhost). Ask the operator for https, or upload a file.",
  );
}
showKept();
