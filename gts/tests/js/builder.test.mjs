// The builder's document: cells, their keys, the line-up, undo, and what can be done to it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import * as actions from "../../../static/js/builder/actions.js";
import {
  blocksOf,
  cellsOf,
  emptyDocument,
  isEmpty,
  lineUpOf,
  numCells,
  readDocument,
} from "../../../static/js/builder/document.js";
import { arrowed, gridOf, validity } from "../../../static/js/builder/grid.js";
import { History, stepOfKey } from "../../../static/js/builder/history.js";
import {
  settableOf,
  sliderOf,
  stepped,
  typedValue,
  valueAt,
  valueText,
} from "../../../static/js/builder/parameters.js";

const amp = (name) => ({ capture_id: name, parameters: {} });
const always = () => true;
const keysOf = (draft) => cellsOf(draft).map(({ key }) => key);
const playing = (draft) => lineUpOf(draft, always).map(({ key }) => key);

/** Amps o1 and o2, cabs o4 and o5. */
function twoByTwo() {
  const amps = actions.addOptions(emptyDocument(), "amp", [amp("A"), amp("B")]);
  return actions.addOptions(amps, "cab", [amp("X"), amp("Y")]);
}

const KNOWN = {
  captures: new Map(
    ["A", "B", "X", "Y"].map((id) => [id, { id, gear: { name: `Gear ${id}`, kind: "amp" } }]),
  ),
  types: new Map([["gain", { name: "gain", title: "Gain", parameters: [] }]]),
  data: { parameters: { cab: {}, space: {}, model: {}, extra_ir: {} } },
};

describe("slots and options", () => {
  test("make every combination, the last slot fastest", () => {
    const draft = twoByTwo();
    assert.equal(numCells(draft), 4);
    assert.deepEqual(keysOf(draft), ["o1/o4", "o1/o5", "o2/o4", "o2/o5"]);
    assert.deepEqual(blocksOf(draft, "o2/o4"), [
      { slot: "amp", ...amp("B") },
      { slot: "cab", ...amp("X") },
    ]);
  });

  test("stand in the order of the signal, whenever they came", () => {
    const draft = actions.addOptions(twoByTwo(), "pre", [{ processor: "gain", parameters: {} }]);
    assert.deepEqual(
      draft.slots.map(({ slot }) => slot),
      ["pre", "amp", "cab"],
    );
  });

  test("a capture is there once, an effect as often as one likes", () => {
    const draft = twoByTwo();
    assert.equal(actions.addOptions(draft, "amp", [amp("A")]), draft);
    const gain = { processor: "gain", parameters: {} };
    const one = actions.addOptions(draft, "pre", [gain]);
    const two = actions.addOptions(one, "pre", [gain], one.slots[0].id);
    assert.equal(two.slots[0].options.length, 2);
    const behind = actions.addOptions(two, "pre", [gain]);
    assert.deepEqual(
      behind.slots.map(({ slot }) => slot),
      ["pre", "pre", "amp", "cab"],
    );
  });

  test("nothing is an option once, first, and never the only one", () => {
    const draft = actions.addNone(twoByTwo(), "s6");
    assert.deepEqual(
      draft.slots[1].options.map(({ block }) => block?.capture_id ?? null),
      [null, "X", "Y"],
    );
    assert.equal(actions.addNone(draft, "s6").slots[1].options.length, 3);
    const less = ["o4", "o5"].reduce(actions.removeOption, draft);
    assert.deepEqual(
      less.slots.map(({ slot }) => slot),
      ["amp"],
    );
  });

  test("a copy has its own settings", () => {
    const copied = actions.duplicateOption(twoByTwo(), "o1");
    const [, copy] = copied.slots[0].options;
    const set = actions.setParameter(copied, copy.id, 0, "slim_size", 0.5);
    assert.deepEqual(
      set.slots[0].options.map(({ block }) => block.parameters),
      [{}, { slim_size: 0.5 }, {}],
    );
  });

  test("further impulse responses of a cabinet have settings of their own, four in all", () => {
    const draft = ["P", "Q", "R", "S"].reduce(
      (now, id) => actions.addIR(now, "o4", id),
      twoByTwo(),
    );
    const set = actions.setParameter(draft, "o4", 2, "gain_db", -6);
    const [block] = set.slots[1].options.map((option) => option.block);
    assert.deepEqual(
      block.extra_irs.map((ir) => [ir.capture_id, ir.parameters]),
      [
        ["P", {}],
        ["Q", { gain_db: -6 }],
        ["R", {}],
      ],
    );
    assert.ok(!actions.hasRoomForIR(block));
    const less = actions.removeIR(set, "o4", 1).slots[1].options[0].block;
    assert.deepEqual(
      less.extra_irs.map((ir) => ir.capture_id),
      ["Q", "R"],
    );
  });

  test("no document that was there is touched", () => {
    const draft = twoByTwo();
    const before = structuredClone(draft);
    actions.removeOption(draft, "o1");
    actions.setParameter(draft, "o1", 0, "slim_size", 0);
    actions.moveContender(draft, "o1/o4", 2, always);
    actions.toggleCell(draft, "o1/o4");
    assert.deepEqual(draft, before);
  });
});

describe("cells that are off", () => {
  const off = actions.toggleCell(twoByTwo(), "o1/o5");

  test("do not play, and play again", () => {
    assert.deepEqual(playing(off), ["o1/o4", "o2/o4", "o2/o5"]);
    assert.deepEqual(actions.toggleCell(off, "o1/o5").off, []);
  });

  test("stay off behind a new pedal, with each of its options", () => {
    const one = actions.addOptions(off, "pre", [{ processor: "gain", parameters: {} }]);
    const pedal = one.slots[0].options[0].id;
    assert.deepEqual(one.off, [`${pedal}/o1/o5`]);
    // The second option is new: what was said is of the first.
    const two = actions.addNone(one, one.slots[0].id);
    assert.equal(numCells(two), 8);
    assert.deepEqual(two.off, [`${pedal}/o1/o5`]);
    assert.deepEqual(actions.removeSlot(two, two.slots[0].id).off, []);
    assert.deepEqual(actions.removeSlot(one, one.slots[0].id).off, ["o1/o5"]);
  });

  test("go with their option; a new one is on", () => {
    assert.deepEqual(actions.removeOption(off, "o5").off, []);
    const more = actions.addOptions(off, "cab", [amp("Z")]);
    assert.deepEqual(more.off, ["o1/o5"]);
    assert.equal(playing(more).length, 5);
  });

  test("what the server finds invalid does not play", () => {
    const told = { cells: [{ key: "o1/o4", is_valid: false, errors: [] }] };
    const keys = lineUpOf(off, validity(told)).map(({ key }) => key);
    assert.deepEqual(keys, ["o2/o4", "o2/o5"]);
  });
});

describe("the line-up", () => {
  test("is in the order of the cells until someone moves one", () => {
    const moved = actions.moveContender(twoByTwo(), "o2/o5", -3, always);
    assert.deepEqual(playing(moved), ["o2/o5", "o1/o4", "o1/o5", "o2/o4"]);
    const more = actions.addOptions(moved, "cab", [amp("Z")]);
    assert.deepEqual(playing(more).slice(0, 4), ["o2/o5", "o1/o4", "o1/o5", "o2/o4"]);
    assert.equal(playing(more).length, 6);
  });

  test("has saved chains, each once", () => {
    const draft = actions.addChains(twoByTwo(), ["c1", "c2"], always);
    assert.equal(actions.addChains(draft, ["c1"], always), draft);
    assert.deepEqual(playing(draft).slice(-2), ["c1", "c2"]);
    assert.deepEqual(playing(actions.removeContender(draft, "c1")).slice(-1), ["c2"]);
    const without = actions.removeSlot(actions.removeSlot(draft, "s3"), "s6");
    assert.deepEqual(playing(without), ["c1", "c2"]);
  });

  test("taking a cell out switches it off", () => {
    const draft = actions.removeContender(twoByTwo(), "o1/o4");
    assert.deepEqual(draft.off, ["o1/o4"]);
    assert.equal(playing(draft).length, 3);
  });

  test("labels follow their chain, unless it becomes several", () => {
    const named = actions.setLabel(twoByTwo(), "o1/o4", "The loud one", always);
    const label = (draft) => lineUpOf(draft, always)[0].entry.label;
    const one = actions.addOptions(named, "pre", [{ processor: "gain", parameters: {} }]);
    assert.equal(label(one), "The loud one");
    assert.equal(label(actions.moveOption(named, "o1", 1)), "The loud one");
    assert.equal(label(actions.removeOption(named, "o1")), "");
  });
});

describe("the table", () => {
  test("has the options of the last slot with a choice as columns", () => {
    const grid = gridOf(twoByTwo(), null, KNOWN);
    assert.deepEqual(grid.columns, ["Gear X", "Gear Y"]);
    assert.deepEqual(
      grid.rows.map(({ name }) => name),
      ["Gear A", "Gear B"],
    );
    assert.equal(grid.rows[1].cells[0].label, "Gear B + Gear X");
    assert.deepEqual(
      grid.rows.flatMap(({ cells }) => cells.map(({ number }) => number)),
      [1, 2, 3, 4],
    );
  });

  test("says what the server says of a cell", () => {
    const errors = [{ message: "An amp head needs a cabinet." }];
    const told = { cells: [{ key: "o1/o4", label: "A and X", is_valid: false, errors }] };
    const [cell, other] = gridOf(twoByTwo(), told, KNOWN).rows[0].cells;
    assert.deepEqual(
      [cell.label, cell.isValid, cell.reason, cell.number],
      ["A and X", false, "An amp head needs a cabinet.", 0],
    );
    assert.equal(other.number, 1);
  });

  test("arrows lead to its edges", () => {
    assert.deepEqual(arrowed(0, 0, "ArrowRight", 2, 3), { row: 0, column: 1 });
    assert.deepEqual(arrowed(1, 2, "ArrowDown", 2, 3), { row: 1, column: 2 });
    assert.deepEqual(arrowed(1, 2, "Home", 2, 3), { row: 1, column: 0 });
    assert.equal(arrowed(1, 2, "Enter", 2, 3), null);
  });
});

describe("undo", () => {
  test("goes back twenty steps and forth again", () => {
    const history = new History(emptyDocument());
    for (let step = 1; step <= 30; step += 1)
      history.push({ ...history.present, title: String(step) }, "", step);
    let back = 0;
    while (history.undo()) back += 1;
    assert.equal(back, 20);
    assert.equal(history.present.title, "10");
    assert.ok(history.redo());
    assert.equal(history.present.title, "11");
    history.push({ ...history.present, title: "else" }, "", 99);
    assert.ok(!history.canRedo);
  });

  test("one turn of a knob is one step", () => {
    const history = new History(twoByTwo());
    const first = history.present;
    for (let value = 1; value <= 9; value += 1) {
      const next = actions.setParameter(history.present, "o1", 0, "slim_size", value);
      history.push(next, "o1:slim_size", value * 100);
    }
    history.push(
      actions.setParameter(history.present, "o1", 0, "slim_size", 0),
      "o1:slim_size",
      9e4,
    );
    assert.ok(history.undo());
    assert.equal(history.present.slots[0].options[0].block.parameters.slim_size, 9);
    assert.ok(history.undo());
    assert.equal(history.present, first);
  });

  test("what changes nothing is no step", () => {
    const history = new History(emptyDocument());
    assert.ok(!history.push(history.present, "", 0));
    assert.ok(!history.canUndo);
  });

  test("its keys", () => {
    const key = (text, more) => ({ key: text, ctrlKey: true, metaKey: false, ...more });
    assert.equal(stepOfKey(key("z", {})), "undo");
    assert.equal(stepOfKey(key("Z", { shiftKey: true })), "redo");
    assert.equal(stepOfKey(key("y", {})), "redo");
    assert.equal(stepOfKey(key("z", { ctrlKey: false })), null);
    assert.equal(stepOfKey(key("z", { ctrlKey: false, metaKey: true })), "undo");
  });
});

describe("parameters", () => {
  const GAIN = { name: "gain_db", unit: "dB", minimum: -24, maximum: 24, default: 0 };
  const CUTOFF = { name: "cutoff_hz", unit: "Hz", minimum: 20, maximum: 20000, default: 80 };

  test("what is typed stays within the bounds", () => {
    assert.equal(typedValue(GAIN, "3,5"), 3.5);
    assert.equal(typedValue(GAIN, "99"), 24);
    assert.equal(typedValue(GAIN, ""), null);
    assert.equal(typedValue(GAIN, "loud"), null);
  });

  test("a slider comes back to where it was", () => {
    for (const parameter of [GAIN, CUTOFF]) {
      assert.equal(valueAt(parameter, 0), parameter.minimum);
      assert.equal(valueAt(parameter, 1000), parameter.maximum);
      const value = valueAt(parameter, 400);
      assert.ok(Math.abs(sliderOf(parameter, value) - 400) <= 2);
    }
    // An octave is as far at either end.
    const octave = sliderOf(CUTOFF, 200) - sliderOf(CUTOFF, 100);
    assert.ok(Math.abs(sliderOf(CUTOFF, 2000) - sliderOf(CUTOFF, 1000) - octave) <= 1);
  });

  test("keys move it finely, and to the bounds at most", () => {
    assert.equal(stepped(GAIN, 0, 1), 0.1);
    assert.equal(stepped(GAIN, 0, 10), 1);
    assert.equal(stepped(GAIN, 24, 1), 24);
    assert.equal(stepped(CUTOFF, 80, 24), 160);
    assert.equal(stepped(CUTOFF, 20, 1), 21);
  });

  test("read as people write them", () => {
    assert.equal(valueText(GAIN, 3), "+3 dB");
    assert.equal(valueText(GAIN, -3.25), "−3.25 dB");
    assert.equal(valueText({ unit: ":1" }, 4), "4:1");
    assert.equal(valueText(CUTOFF, 80), "80 Hz");
  });

  test("of a processor can be bypassed; of an unknown capture nothing is set", () => {
    const { switches } = settableOf({ processor: "gain", parameters: {} }, 0, KNOWN);
    assert.deepEqual(switches, [{ name: "bypass", label: "Bypass" }]);
    assert.deepEqual(settableOf(amp("gone"), 0, KNOWN), { numbers: [], switches: [] });
  });
});

describe("a document from elsewhere", () => {
  test("is read whatever is missing, in the order of the signal", () => {
    const option = { id: "o1", block: amp("A") };
    const kept = {
      title: "Kept",
      slots: [
        { id: "s1", slot: "cab", options: [option] },
        { id: "s2", slot: "post", options: [] },
        { id: "s3", slot: "amp", options: [{ ...option, id: "o2" }] },
      ],
    };
    const draft = readDocument(kept);
    assert.deepEqual(keysOf(draft), ["o2/o1"]);
    assert.ok(!isEmpty(draft));
    assert.ok(isEmpty(emptyDocument()));
    assert.ok(isEmpty({ ...emptyDocument(), options: { has_video: false } }));
  });

  test("with more cells than can be shown has none to show", () => {
    const slots = Array.from({ length: 3 }, (_, slot) => ({
      id: `s${100 + slot}`,
      slot: "post",
      options: Array.from({ length: 9 }, (__, index) => ({
        id: `o${slot * 10 + index}`,
        block: amp(`${index}`),
      })),
    }));
    const draft = readDocument({ slots });
    assert.equal(numCells(draft), 729);
    assert.deepEqual(keysOf(draft), []);
  });
});
