// Saving of a draft: when, how often, and what becomes of it when it does not get through.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Saver } from "../../../static/js/builder/saving.js";

const document = (title) => ({ title });
const good = (id, revision) => ({
  status: 200,
  etag: `"${revision}-x"`,
  body: { id },
  error: null,
});
const bad = (status, message = "") => ({ status, etag: "", body: null, error: { message } });

/** A saver whose server answers what it is told to, in order, and whose clock stands still. */
function saving(...answers) {
  const log = { sent: [], kept: new Map(), states: [], timers: [] };
  const answer = async (entry) => {
    log.sent.push(entry);
    const next = answers.shift();
    return typeof next === "function" ? next() : next;
  };
  const saver = new Saver({
    create: (sent, key) => answer({ create: sent.title, key }),
    update: (id, etag, sent) => answer({ update: sent.title, id, etag }),
    keep: (id, etag, kept) => log.kept.set(id, { etag, title: kept.title }),
    forget: (id) => log.kept.delete(id),
    later: (run, ms) => log.timers.push({ run, ms }),
    never: () => {
      log.timers.length = 0;
    },
    newKey: () => `key-${log.sent.length}`,
    said: (state) => log.states.push(state),
  });
  return { saver, log };
}

describe("a draft", () => {
  test("is made by its first change and updated by the next, with the tag of the last", async () => {
    const { saver, log } = saving(good("d1", 1), good("d1", 2));
    saver.changed(document("a"));
    assert.deepEqual(log.sent, []);
    assert.equal(log.timers.length, 1);
    await saver.flush();
    saver.changed(document("b"));
    saver.changed(document("c"));
    assert.equal(log.timers.length, 1);
    assert.ok(await saver.flush());
    assert.deepEqual(log.sent, [
      { create: "a", key: "key-0" },
      { update: "c", id: "d1", etag: '"1-x"' },
    ]);
    assert.equal(saver.state, "saved");
    assert.equal(log.kept.size, 0);
  });

  test("is kept in the browser until it is saved", async () => {
    const { saver, log } = saving(bad(0), good("d1", 1));
    saver.changed(document("a"));
    assert.ok(!(await saver.flush()));
    assert.deepEqual([...log.kept], [["", { etag: "", title: "a" }]]);
    assert.equal(saver.state, "failed");
    assert.equal(log.timers[0].ms, 2000);
    await log.timers[0].run();
    assert.equal(saver.state, "saved");
    assert.equal(log.kept.size, 0);
  });

  test("whose first answer was lost is sent again with its key, and then what is new", async () => {
    const { saver, log } = saving(bad(0), good("d1", 1), good("d1", 2));
    saver.changed(document("a"));
    await saver.flush();
    saver.changed(document("b"));
    await saver.flush();
    assert.equal(saver.state, "unsaved");
    await saver.flush();
    assert.deepEqual(
      log.sent.map((each) => each.create ?? each.update),
      ["a", "a", "b"],
    );
    assert.equal(log.sent[0].key, log.sent[1].key);
    assert.equal(saver.state, "saved");
  });

  test("that changes while it is saved is saved once more", async () => {
    const { saver, log } = saving(
      () => {
        saver.changed(document("b"));
        return good("d1", 2);
      },
      good("d1", 3),
    );
    saver.loaded("d1", '"1-x"');
    saver.changed(document("a"));
    assert.ok(!(await saver.flush()));
    assert.deepEqual(log.kept.get("d1"), { etag: '"2-x"', title: "b" });
    assert.ok(await saver.flush());
    assert.deepEqual(log.sent[1], { update: "b", id: "d1", etag: '"2-x"' });
  });

  test("that someone else has changed waits for a decision", async () => {
    const { saver, log } = saving(bad(412), good("d1", 9));
    saver.loaded("d1", '"1-x"');
    saver.changed(document("a"));
    await saver.flush();
    assert.equal(saver.state, "conflict");
    saver.changed(document("b"));
    await saver.flush();
    assert.equal(log.sent.length, 1);
    await saver.overwrite('"8-x"');
    assert.deepEqual(log.sent[1], { update: "b", id: "d1", etag: '"8-x"' });
    assert.equal(saver.state, "saved");
  });

  test("goes on after a login", async () => {
    const { saver, log } = saving(bad(401), good("d1", 2));
    saver.loaded("d1", '"1-x"');
    saver.changed(document("a"));
    await saver.flush();
    saver.changed(document("b"));
    assert.equal(saver.state, "logged_out");
    assert.equal(log.timers.length, 0);
    await saver.retry();
    assert.equal(saver.state, "saved");
    assert.equal(log.sent[1].update, "b");
  });

  test("that was deleted elsewhere becomes another one", async () => {
    const { saver, log } = saving(bad(404), good("d2", 1));
    saver.loaded("d1", '"1-x"');
    saver.changed(document("a"));
    await saver.flush();
    await saver.flush();
    assert.equal(saver.id, "d2");
    assert.equal(log.sent[1].create, "a");
  });

  test("that the server refuses is kept, and saved when it is good again", async () => {
    const { saver } = saving(bad(422, "Too long."), good("d1", 2));
    saver.loaded("d1", '"1-x"');
    saver.changed(document("a".repeat(300)));
    await saver.flush();
    assert.equal(saver.state, "refused");
    assert.ok(saver.hasUnsaved);
    saver.changed(document("a"));
    assert.ok(await saver.flush());
  });
});
