// What the messages about a render change on its page.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  changesOf,
  countDrops,
  isFinished,
  partsAfter,
  partsBehind,
  reconnectAfterMs,
  TimeLeft,
} from "../../../static/js/logic/progress.js";

const ROOT = "render-1";
const job = (id) => ({
  job_id: id,
  kind: "shootouts.render_segment",
  label: id,
  progress: 0,
  message: "",
});

describe("a message", () => {
  test("about the render brings the jobs below it along", () => {
    const message = { ...job(ROOT), type: "snapshot", children: [job("a"), job("b")] };
    const { isReplaced, children, root } = changesOf(message, ROOT);
    assert.ok(!isReplaced);
    assert.deepEqual(
      children.map((child) => child.job_id),
      ["a", "b"],
    );
    assert.equal(root, message);
  });

  test("about one job below it leaves the render as it is", () => {
    const message = { ...job("a"), type: "progress" };
    assert.deepEqual(changesOf(message, ROOT), {
      isReplaced: false,
      children: [message],
      root: null,
    });
  });

  test("about the render alone leaves the jobs as they are", () => {
    const message = { ...job(ROOT), type: "progress" };
    assert.deepEqual(changesOf(message, ROOT), { isReplaced: false, children: [], root: message });
  });

  test("with the whole of another render means that this one was replaced", () => {
    const message = { ...job("render-2"), type: "snapshot", children: [job("c")] };
    assert.deepEqual(changesOf(message, ROOT), { isReplaced: true, children: [], root: null });
    assert.ok(
      changesOf({ type: "snapshot", job_id: null }, ROOT).isReplaced,
      "there is none at all",
    );
  });
});

describe("the socket", () => {
  test("is opened again later each time, up to 8 s", () => {
    assert.deepEqual(
      [0, 1, 2, 3, 4, 5, 9].map(reconnectAfterMs),
      [250, 500, 1000, 2000, 4000, 8000, 8000],
    );
  });

  test("counts as lost in a row until it has told something", () => {
    let numDrops = 0;
    for (const numMessages of [0, 1, 2]) numDrops = countDrops(numDrops, numMessages);
    assert.equal(numDrops, 3);
    assert.equal(countDrops(numDrops, 3), 1);
  });
});

describe("parts of the page", () => {
  test("come again when what they show was published", () => {
    assert.deepEqual(partsAfter("shootouts.finalize_shootout"), ["listen", "result", "film"]);
    assert.deepEqual(partsAfter("shootouts.make_video"), ["film"]);
    assert.deepEqual(partsAfter("shootouts.render_segment"), []);
  });

  test("come again where they are behind, and only there", () => {
    const published = { manifest: "m2", video: "v2" };
    assert.deepEqual(partsBehind(published, { manifest: "m1", video: "v1" }), [
      "listen",
      "result",
      "film",
    ]);
    assert.deepEqual(partsBehind(published, { manifest: "m2", video: "v1" }), ["film"]);
    assert.deepEqual(partsBehind(published, published), []);
    assert.deepEqual(partsBehind({ manifest: null, video: null }, { manifest: "m1" }), []);
    assert.deepEqual(partsBehind({}, { manifest: "" }), [], "progress says nothing of it");
  });
});

test("a job that has ended stays as it is", () => {
  assert.deepEqual(["completed", "failed", "cancelled"].map(isFinished), [true, true, true]);
  assert.deepEqual(["pending", "queued", "running"].map(isFinished), [false, false, false]);
});

describe("the time left", () => {
  const summary = (remaining_s, part = "Audio") => ({
    part,
    remaining_s,
    time_left: remaining_s === null ? "" : `about ${remaining_s} s left`,
  });

  test("goes down", () => {
    const left = new TimeLeft();
    assert.equal(left.update(summary(40), 0), "about 40 s left");
    assert.equal(left.update(summary(20), 5000), "about 20 s left");
  });

  test("does not go up for a little, but does for much", () => {
    const left = new TimeLeft();
    left.update(summary(40), 0);
    assert.equal(left.update(summary(45), 10_000), null, "30 s were shown, and 45 is less than 50");
    assert.equal(left.update(summary(50), 10_000), "about 50 s left");
  });

  test("is kept back only while the one that is shown is of the same part", () => {
    const left = new TimeLeft();
    left.update(summary(40), 0);
    assert.equal(left.update(summary(41, "Video"), 1000), "about 41 s left");
  });

  test("goes when it is not known, and comes back whatever it is then", () => {
    const left = new TimeLeft();
    left.update(summary(40), 0);
    assert.equal(left.update(summary(null), 1000), "");
    assert.equal(left.update(summary(41), 2000), "about 41 s left");
  });
});
