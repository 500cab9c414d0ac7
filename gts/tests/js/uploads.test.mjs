import assert from "node:assert/strict";
import { test } from "node:test";

import { filesOfChoice, filesOfDrop } from "../../../static/js/uploads/files.js";
import {
  isTaken,
  itemOf,
  kindsFor,
  problemText,
  stateText,
  summaryOf,
  totalsOf,
} from "../../../static/js/uploads/items.js";
import { UploadQueue } from "../../../static/js/uploads/queue.js";

const file = (name, size = 4) => ({ name, size, webkitRelativePath: "" });

const fileEntry = (name) => ({
  name,
  isFile: true,
  file: (resolve, reject) => (name === "unreadable.wav" ? reject() : resolve(file(name))),
});

/** Hands out two at a time, as browsers hand out a hundred. */
const folderEntry = (name, children) => ({
  name,
  isFile: false,
  createReader() {
    const left = [...children];
    return { readEntries: (resolve) => resolve(left.splice(0, 2)) };
  },
});

test("a dropped folder is read to its end, folders in it too, hidden files not", async () => {
  const irs = folderEntry("irs", ["a.wav", "b.wav", "c.wav"].map(fileEntry));
  const pack = folderEntry("pack", [
    fileEntry("amp.nam"),
    fileEntry(".DS_Store"),
    fileEntry("unreadable.wav"),
    irs,
  ]);
  const items = [pack, fileEntry("riff.wav")].map((entry) => ({ webkitGetAsEntry: () => entry }));
  const found = await filesOfDrop({ items, files: [] });
  assert.deepEqual(
    found.map((each) => `${each.folder}/${each.file.name}`),
    ["pack/amp.nam", "pack/irs/a.wav", "pack/irs/b.wav", "pack/irs/c.wav", "/riff.wav"],
  );
  const chosen = filesOfChoice([{ name: "a.nam", webkitRelativePath: "pack/clean/a.nam" }]);
  assert.equal(chosen[0].folder, "pack/clean");
});

test("what can be nothing here is left out, and no file is offered what it cannot be", () => {
  for (const name of ["a.NAM", "b.wav", "c.aiff", "d.zip", "e.aidax"]) assert.ok(isTaken(name));
  for (const name of ["a.txt", "b.pdf", "._c.wav", "d"]) assert.ok(!isTaken(name));
  assert.deepEqual(
    kindsFor("x.wav").map(([kind]) => kind),
    ["", "di", "cab", "space"],
  );
  assert.ok(!kindsFor("x.nam").some(([kind]) => kind === "di"));
});

/** A server in memory: each upload is sorted when it is asked for, ready the time after. */
class FakeServer {
  uploads = [];
  numSending = 0;
  maxSending = 0;
  forgotten = [];
  corrected = [];
  release = [];

  transport(fails = () => null) {
    return {
      sendFile: async (item, signal, onProgress) => {
        this.numSending += 1;
        this.maxSending = Math.max(this.maxSending, this.numSending);
        await new Promise((resolve) => setImmediate(resolve));
        onProgress(item.sizeBytes / 2);
        this.numSending -= 1;
        if (signal.aborted) throw new DOMException("", "AbortError");
        const error = fails(item);
        if (error) throw error;
        const id = `u${this.uploads.length}`;
        this.add({ id, file_name: item.fileName });
        return id;
      },
      uploadsUntil: async () => {
        for (const upload of this.uploads) this.step(upload);
        return [...this.uploads].reverse();
      },
      correctUpload: async (id, changes) => {
        this.corrected.push([id, changes]);
        const upload = this.uploads.find((each) => each.id === id);
        Object.assign(upload, { state: "sorting", di_track_id: null, error: null }, changes);
        return { ...upload };
      },
      forgetUpload: async (id) => this.forgotten.push(id),
    };
  }

  add(values) {
    this.uploads.push({
      archive_id: null,
      folder: "",
      length_bytes: 4,
      offset_bytes: 4,
      state: "sorting",
      kind: "",
      name: "",
      di_track_id: null,
      capture_id: null,
      error: null,
      ...values,
    });
  }

  step(upload) {
    const next = { sorting: "checking", checking: "ready" };
    const isArchive = upload.file_name.endsWith(".zip");
    if (isArchive && upload.state === "sorting") {
      upload.state = "unpacked";
      for (const name of ["in1.wav", "in2.wav"]) {
        this.add({ id: name, file_name: name, archive_id: upload.id });
      }
      return;
    }
    upload.state = next[upload.state] ?? upload.state;
    if (upload.file_name.includes("bad") && !upload.kind && upload.state === "ready") {
      upload.state = "failed";
      upload.error = { code: "IR_SILENT", message: "It is silent." };
    }
    if (upload.state === "ready") upload.di_track_id = `di-${upload.id}`;
  }
}

function queueOn(server, fails) {
  const ready = [];
  const queue = new UploadQueue({
    transport: server.transport(fails),
    onChange: () => {},
    onReady: (item) => ready.push(item),
    wait: () => new Promise((resolve) => setImmediate(resolve)),
  });
  const ended = async () => {
    for (let turn = 0; totalsOf(queue.items).isActive; turn += 1) {
      assert.ok(turn < 2000, "it does not end");
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { queue, ready, ended };
}

const found = (...names) => names.map((name) => ({ file: file(name), folder: "" }));

test("two hundred are sent three at a time, and each is told of once", async () => {
  const server = new FakeServer();
  const { queue, ready, ended } = queueOn(server);
  queue.add(found(...Array.from({ length: 200 }, (_, index) => `${index}.wav`)));
  await ended();
  assert.equal(server.maxSending, 3);
  assert.equal(new Set(ready.map(({ id }) => id)).size, 200);
  assert.equal(ready.length, 200);
  assert.equal(
    summaryOf(totalsOf(queue.items), 2),
    "200 of 200 files ready, 2 of other kinds left out.",
  );
});

test("what was interrupted goes on, what was refused says why, and neither holds up the others", async () => {
  const server = new FakeServer();
  let isDown = true;
  const away = { isTemporary: true, problem: { code: "NO_ANSWER", message: "No answer." } };
  const large = { isTemporary: false, problem: { code: "TOO_LARGE", message: "Too large." } };
  const { queue, ready, ended } = queueOn(server, ({ fileName }) => {
    if (fileName === "large.wav") return large;
    return isDown && fileName === "cut.wav" ? away : null;
  });
  queue.add(found("cut.wav", "large.wav", "fine.wav"));
  await ended();
  const [cut, refused] = queue.items;
  assert.equal(stateText(cut), "Interrupted");
  assert.equal(problemText(refused), "Too large.");
  assert.equal(ready.length, 1);
  isDown = false;
  queue.retryBroken();
  await ended();
  assert.equal(stateText(cut), "Ready");
  assert.equal(stateText(refused), "Failed");
});

test("the files of an archive come into the list by themselves", async () => {
  const { queue, ready, ended } = queueOn(new FakeServer());
  queue.add(found("pack.zip"));
  await ended();
  assert.deepEqual(
    queue.items.map((item) => `${item.fileName} ${stateText(item)}`),
    ["pack.zip Unpacked", "in1.wav Ready", "in2.wav Ready"],
  );
  assert.equal(ready.length, 2);
});

test("a failure says what to do, and is gone when the kind was corrected", async () => {
  const server = new FakeServer();
  const { queue, ready, ended } = queueOn(server);
  queue.add(found("bad.wav"));
  await ended();
  const [item] = queue.items;
  assert.match(problemText(item), /correct its kind to DI track/);
  assert.equal(ready.length, 0);
  await queue.correct(item.key, { kind: "di" });
  await ended();
  assert.deepEqual(server.corrected, [["u0", { kind: "di" }]]);
  assert.deepEqual(ready, [{ kind: "di", id: "di-u0", name: "" }]);
});

test("what is cancelled while it is sent is not told of; what failed is forgotten on the server", async () => {
  const server = new FakeServer();
  const { queue, ready, ended } = queueOn(server);
  queue.add(found("a.wav", "bad.wav"));
  queue.remove(queue.items[0].key);
  await ended();
  assert.equal(ready.length, 0);
  queue.remove(queue.items[0].key);
  assert.deepEqual(server.forgotten, ["u0"]);
  assert.deepEqual(queue.items, []);
});

test("an upload of an earlier visit waits for its file, and takes it", async () => {
  const server = new FakeServer();
  const { queue, ready, ended } = queueOn(server);
  const left = { id: "old", file_name: "long.wav", folder: "", length_bytes: 9, offset_bytes: 5 };
  queue.recall([
    { ...left, state: "uploading" },
    { ...left, id: "done", state: "ready" },
  ]);
  assert.equal(queue.items.length, 1);
  assert.match(problemText(queue.items[0]), /Choose the file again/);
  queue.add([{ file: file("long.wav", 9), folder: "" }]);
  await ended();
  assert.equal(queue.items.length, 1);
  assert.equal(ready.length, 1);
});

test("progress is that of the bytes", () => {
  const half = { ...itemOf("a", file("a.wav", 100), ""), phase: "sending", sentBytes: 50 };
  const whole = { ...itemOf("b", file("b.wav", 300), ""), phase: "sent" };
  assert.equal(totalsOf([half, whole]).share, 350 / 400);
  assert.equal(stateText(half), "50 %");
});
