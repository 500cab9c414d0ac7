// The picker of captures: which rows are drawn, what is asked for, what is chosen.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  numFilters,
  parametersOf,
  statusOf,
  toneIdIn,
  unfiltered,
  withoutFilters,
} from "../../../static/js/picker/query.js";
import { Results } from "../../../static/js/picker/results.js";
import { detailsOf, titleOf } from "../../../static/js/picker/rows.js";
import { Selection } from "../../../static/js/picker/selection.js";
import {
  changes,
  overscan,
  rangeOf,
  rowFor,
  scrollTopFor,
} from "../../../static/js/picker/window.js";

const view = (scrollTop, num = 10_000) => ({ num, rowHeight: 60, scrollTop, viewHeight: 600 });

describe("the rows that are drawn", () => {
  test("are those in view and a few more, wherever it is scrolled to", () => {
    for (let scrollTop = 0; scrollTop <= 10_000 * 60; scrollTop += 4_321) {
      const { first, last } = rangeOf(view(scrollTop));
      const top = Math.min(scrollTop, 10_000 * 60 - 600);
      assert.ok(first * 60 <= top, "the upper edge is covered");
      assert.ok(last * 60 >= top + 600, "the lower edge is covered");
      assert.ok(last - first <= 11 + 2 * overscan, "and not much more");
    }
  });

  test("are all of a short list, and none of an empty one", () => {
    assert.deepEqual(rangeOf(view(0, 3)), { first: 0, last: 3 });
    assert.deepEqual(rangeOf(view(0, 0)), { first: 0, last: 0 });
  });

  test("are there after a list became shorter than where it was scrolled to", () => {
    assert.deepEqual(rangeOf(view(500_000, 4)), { first: 0, last: 4 });
  });

  test("go and come as it scrolls; the one with the focus stays", () => {
    const drawn = [0, 1, 2, 3];
    assert.deepEqual(changes(drawn, { first: 2, last: 6 }, -1), { gone: [0, 1], come: [4, 5] });
    assert.deepEqual(changes(drawn, { first: 2, last: 6 }, 1), { gone: [0], come: [4, 5] });
    assert.deepEqual(changes(drawn, { first: 0, last: 0 }, -1), { gone: drawn, come: [] });
  });
});

describe("keys", () => {
  test("lead to a row, and never past the last one", () => {
    assert.equal(rowFor("ArrowDown", 4, view(0)), 5);
    assert.equal(rowFor("ArrowDown", 9_999, view(0)), 9_999);
    assert.equal(rowFor("PageDown", 9_998, view(0)), 9_999);
    assert.equal(rowFor("PageDown", 0, view(0)), 9);
    assert.equal(rowFor("PageUp", 3, view(0)), 0);
    assert.equal(rowFor("End", 3, view(0)), 9_999);
    assert.equal(rowFor("Home", 3, view(0)), 0);
    assert.equal(rowFor("x", 3, view(0)), null);
  });

  test("above the first row is the field", () => {
    assert.equal(rowFor("ArrowUp", 0, view(0)), -1);
  });

  test("a row that is led to is seen whole, and one in view does not move", () => {
    assert.equal(scrollTopFor(view(600), 12), 600);
    assert.equal(scrollTopFor(view(600), 5), 300);
    assert.equal(scrollTopFor(view(600), 30), 31 * 60 - 600);
  });
});

describe("what is asked for", () => {
  const all = unfiltered("mine");

  test("only what can be played, of the kinds that fit", () => {
    assert.equal(
      String(parametersOf(all, ["amp", "full_rig"])),
      "scope=mine&is_usable=true&kind=amp&kind=full_rig",
    );
    assert.equal(
      parametersOf({ ...all, kinds: ["amp", "cab"] }, ["amp", "full_rig"])
        .getAll("kind")
        .join(),
      "amp",
      "a kind that was ticked for another slot is not asked for",
    );
  });

  test("everything that narrows the list, and nothing that is left blank", () => {
    const filters = {
      ...all,
      search: " jcm ",
      make: "Vox",
      gainMin: "0,5",
      gainMax: "7",
      isCalibrated: true,
    };
    assert.deepEqual(Object.fromEntries(parametersOf(filters, [])), {
      scope: "mine",
      is_usable: "true",
      make: "Vox",
      gain_min: "0.5",
      gain_max: "1",
      is_calibrated: "true",
      search: "jcm",
    });
    assert.equal(numFilters(filters), 3, "a range counts once, words do not");
    assert.equal(numFilters(withoutFilters(filters)), 0);
    assert.equal(withoutFilters(filters).search, " jcm ");
  });

  test("what is no number is not asked for", () => {
    assert.equal(parametersOf({ ...all, gainMin: "loud" }, []).get("gain_min"), null);
  });

  test("what was found is told", () => {
    assert.equal(statusOf(all, { num: 1, isComplete: true }), "1 capture");
    assert.equal(statusOf(all, { num: 40, isComplete: false }), "More than 40 captures");
    assert.equal(
      statusOf({ ...all, search: "x" }, { num: 0, isComplete: true }),
      "No results for “x”",
    );
  });
});

test("the id of a tone is found in what is pasted", () => {
  assert.equal(toneIdIn("https://www.tone3000.com/tones/marshall-jcm-800-4321"), "4321");
  assert.equal(toneIdIn(" https://www.tone3000.com/crunch-77?utm=1#top "), "77");
  assert.equal(toneIdIn("4321"), "4321");
  const uuid = "0b8f7c1e-5a41-4a35-9a2b-1f0e6c9d8e7f";
  assert.equal(toneIdIn(`https://www.tone3000.com/tones/plexi-${uuid}`), uuid);
  for (const text of ["", "https://", "https://www.tone3000.com/", "two words"])
    assert.equal(toneIdIn(text), "", text);
});

describe("pages of a list", () => {
  /** 250 rows in pages; `asked` collects the addresses. */
  function server(asked) {
    return async (address) => {
      asked.push(address);
      const url = new URL(address, "http://x/api/");
      const first = Number(url.searchParams.get("cursor") ?? 0);
      const size = Number(url.searchParams.get("page_size"));
      const results = Array.from({ length: Math.min(size, 250 - first) }, (_, row) => first + row);
      const following = first + results.length;
      url.searchParams.set("cursor", String(following));
      return { results, next: following < 250 ? String(url) : null };
    };
  }

  test("come one after the other until the end, each row once", async () => {
    const asked = [];
    const results = new Results("captures/?scope=mine", server(asked));
    while (!results.isComplete) {
      await Promise.all([results.load(), results.load()]);
    }
    assert.deepEqual(
      results.rows,
      Array.from({ length: 250 }, (_, row) => row),
    );
    assert.equal(asked.length, 4, "two calls at once are one request");
    await results.load();
    assert.equal(asked.length, 4, "nothing comes after the end");
  });

  test("are asked for before the end of what is there comes into view", async () => {
    const results = new Results("captures/", server([]));
    await results.load();
    assert.equal(results.isShortOf(10), true);
    await results.load();
    assert.equal(results.isShortOf(20), false);
    assert.equal(results.isShortOf(100), true);
  });

  test("a page that does not come is told, and can be asked for again", async () => {
    let isAway = true;
    const good = server([]);
    const results = new Results("captures/", (address) => {
      return isAway ? Promise.reject(new Error("Away.")) : good(address);
    });
    await results.load();
    assert.equal(results.error, "Away.");
    assert.equal(results.isShortOf(10), false, "it is not asked for again and again");
    isAway = false;
    await results.retry();
    assert.equal(results.error, "");
    assert.equal(results.rows.length, 40);
  });

  test("of a list that was left nothing comes any more", async () => {
    const results = new Results("captures/", server([]));
    const loaded = results.load();
    results.stop();
    await loaded;
    assert.deepEqual(results.rows, []);
    assert.equal(results.error, "");
  });
});

const PLEXI = {
  id: "p",
  name: "Bright",
  architecture: "A1 standard",
  gain: 0.5,
  tags: [],
  tone3000_id: "",
  library_entry: null,
  gear: { name: "Plexi", make: "Marshall", kind: "amp", creator: "", licence: "" },
};

describe("the selection", () => {
  const cab = { ...PLEXI, id: "c" };

  test("keeps the order, what was chosen before comes first", () => {
    const selection = new Selection(["c"]);
    selection.toggle(PLEXI);
    assert.deepEqual(selection.unread, ["c"]);
    selection.read("c", cab);
    assert.deepEqual(
      selection.captures.map(({ id }) => id),
      ["c", "p"],
    );
    assert.equal(selection.toggle(cab), false);
    assert.equal(selection.num, 1);
  });

  test("what is gone, or was let go meanwhile, does not come back", () => {
    const selection = new Selection(["c", "d"]);
    selection.read("c", null);
    selection.toggle({ ...PLEXI, id: "d" });
    selection.read("d", { ...PLEXI, id: "d" });
    assert.equal(selection.num, 0);
  });

  test("drags all that are chosen, or the one that is not", () => {
    const selection = new Selection([]);
    selection.toggle(PLEXI);
    selection.toggle(cab);
    assert.deepEqual(selection.draggedWith(cab), [PLEXI, cab]);
    const other = { ...PLEXI, id: "x" };
    assert.deepEqual(selection.draggedWith(other), [other]);
  });
});

test("a row says what is known, and a nickname takes the place of the name", () => {
  assert.equal(titleOf(PLEXI), "Plexi");
  assert.equal(titleOf({ ...PLEXI, tone3000_id: "7" }), "Plexi, Bright");
  const label = () => "Amp";
  assert.equal(detailsOf(PLEXI, label), "Marshall · Amp · A1 standard · gain 0.50");
  const named = {
    ...PLEXI,
    gain: null,
    library_entry: { id: "e", nickname: "Loud", is_favorite: true },
  };
  assert.equal(titleOf(named), "Loud");
  assert.equal(detailsOf(named, label), "Marshall Plexi · Amp · A1 standard");
});

test("of one that is wanted the next one takes the place", () => {
  const selection = new Selection(["c"], true);
  selection.toggle(PLEXI);
  assert.deepEqual(selection.captures, [PLEXI]);
  assert.deepEqual(selection.unread, []);
});
