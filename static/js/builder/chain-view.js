// The chain as it stands there once: places from pickup to loudspeaker, each with its options.

import { hasRoomForIR } from "./actions.js";
import { SLOTS } from "./document.js";
import { emptyText, namesIn } from "./grid.js";
import { h, icon } from "./html.js";
import { captureName, detailOf, settableOf, settingsText } from "./parameters.js";
import { parameterRows } from "./parameters-view.js";

/** @import { Option, Page, SlotEntry, SlotName, SlotWord } from "./types.d.ts" */
/** @import { Given } from "./html.js" */

const ADD = { pre: "Add a pedal", amp: "Add amps", loop: "Add to the loop", cab: "Add cabs" };
const ONE_MORE = { pre: "Another pedal after it", loop: "Another one after it" };

/** @returns {Given[]} */
export function chainView(/** @type {Page} */ page) {
  return SLOTS.map((name) => {
    const word = wordOf(page, name);
    const entries = page.draft.slots.filter(({ slot }) => slot === name);
    const isCore = name === "amp" || name === "cab";
    const hint = entries.length ? "" : emptyText(page.draft, name);
    return h(
      "li",
      {
        key: name,
        "data-drop-slot": name,
        class: `slot${isCore ? " slot--core" : ""}${entries.length ? " is-used" : ""}`,
      },
      h(
        "div",
        { class: "slot__head" },
        h("h3", { class: "slot__title", id: `slot-${name}`, tabindex: "-1" }, word.label),
        h("p", { class: "field__help" }, word.help),
      ),
      h(
        "div",
        { class: "slot__body" },
        entries.map((entry, index) => entryView(page, word, entry, index, entries.length)),
        hint && h("p", { key: "hint", class: "slot__message" }, hint),
        (!isCore || !entries.length) &&
          h(
            "div",
            { key: "add", class: "slot__add" },
            addButton(name, "", entries.length ? moreText(name) : addText(name), !entries.length),
          ),
      ),
    );
  });
}

function addText(/** @type {SlotName} */ name) {
  return name === "post" ? "Add post FX" : ADD[name];
}

function moreText(/** @type {SlotName} */ name) {
  return name === "pre" || name === "loop" ? ONE_MORE[name] : "Another effect after it";
}

/**
 * @param {SlotName} name
 * @param {string} slotId
 * @param {string} text
 * @param {boolean} isFirst
 */
function addButton(name, slotId, text, isFirst) {
  const isCore = name === "amp" || name === "cab";
  return h(
    "button",
    {
      type: "button",
      class: `button button--small${isFirst && isCore ? " button--add" : ""}`,
      "data-do": "add",
      "data-slot": name,
      "data-slot-id": slotId,
    },
    icon("plus"),
    text,
  );
}

function wordOf(/** @type {Page} */ page, /** @type {SlotName} */ name) {
  return /** @type {SlotWord} */ (page.known.data.slots.find((slot) => slot.name === name));
}

/**
 * @param {Page} page
 * @param {SlotWord} word
 * @param {SlotEntry} entry
 * @param {number} index
 * @param {number} count
 */
function entryView(page, word, entry, index, count) {
  const guidance = page.expansion?.slots.find(({ id }) => id === entry.id);
  const names = namesIn(entry.options, page.known);
  const isCore = entry.slot === "amp" || entry.slot === "cab";
  const hasNone = entry.options.some(({ block }) => !block);
  const title = count > 1 ? `${word.label} ${index + 1}` : word.label;
  return h(
    "div",
    { key: entry.id, class: "entry", role: "group", "aria-label": `Options of ${title}` },
    count > 1 &&
      h(
        "p",
        { key: "title", class: "entry__title silk" },
        title,
        entryTools(entry, title, index, count),
      ),
    h(
      "ul",
      { key: "options", class: "options" },
      entry.options.map((option, place) =>
        optionView(page, entry, option, names[place], place, entry.options.length),
      ),
    ),
    guidance?.message && h("p", { key: "message", class: "slot__message" }, guidance.message),
    h(
      "div",
      { key: "add", class: "slot__add" },
      addButton(entry.slot, entry.id, isCore ? addText(entry.slot) : "Add an option", false),
      !hasNone &&
        mayBeNone(entry, guidance?.allows_none) &&
        h(
          "button",
          {
            key: "none",
            type: "button",
            class: "button button--small",
            "data-do": "none",
            "data-slot-id": entry.id,
          },
          icon("plus"),
          `Also without ${entry.slot === "cab" ? "a cab" : "it"}`,
        ),
    ),
  );
}

function mayBeNone(/** @type {SlotEntry} */ entry, /** @type {boolean | undefined} */ isAllowed) {
  if (entry.slot === "amp") return false;
  return entry.slot !== "cab" || Boolean(isAllowed);
}

/**
 * @param {SlotEntry} entry
 * @param {string} title
 * @param {number} index
 * @param {number} count
 */
function entryTools(entry, title, index, count) {
  const tool = (
    /** @type {string} */ name,
    /** @type {string} */ label,
    /** @type {string} */ action,
    /** @type {boolean} */ isOff,
    /** @type {string} */ step,
  ) =>
    h(
      "button",
      {
        key: name,
        type: "button",
        class: "icon-button icon-button--small",
        "aria-label": `${label} ${title}`,
        "data-do": action,
        "data-slot-id": entry.id,
        "data-step": step,
        disabled: isOff,
      },
      icon(name),
    );
  return h(
    "span",
    { class: "entry__tools" },
    tool("up", "Earlier in the signal:", "move-slot", index === 0, "-1"),
    tool("down", "Later in the signal:", "move-slot", index === count - 1, "1"),
    tool("bin", "Remove", "remove-slot", false, ""),
  );
}

/**
 * @param {Page} page
 * @param {SlotEntry} entry
 * @param {Option} option
 * @param {string} name
 * @param {number} place
 * @param {number} count
 */
function optionView(page, entry, option, name, place, count) {
  const { block, id } = option;
  const isMissing = Boolean(block?.capture_id && !page.known.captures.has(block.capture_id));
  const settable = block ? settableOf(block, 0, page.known) : null;
  const hasSettings = Boolean(settable && (settable.numbers.length || settable.switches.length));
  const isOpen = page.opened.has(id) && Boolean(block);
  const detail = detailOf(option, page.known);
  const settings = block && !isOpen ? settingsText(block, page.known) : "";
  const finding = page.expansion?.cells
    .flatMap(({ errors }) => errors)
    .find(({ option_id: of, code }) => of === id && isMissing && code);
  const tool = (
    /** @type {string} */ symbol,
    /** @type {string} */ label,
    /** @type {string} */ action,
    /** @type {Record<string, string | boolean>} */ more = {},
  ) =>
    h(
      "button",
      {
        key: action + (more["data-step"] ?? ""),
        type: "button",
        class: "icon-button icon-button--small",
        "aria-label": `${label} ${name}`,
        title: label,
        "data-do": action,
        "data-option": id,
        ...more,
      },
      icon(symbol),
    );
  return h(
    "li",
    {
      key: id,
      class: ["option", isOpen && "is-open", !block && "is-none", isMissing && "is-missing"]
        .filter(Boolean)
        .join(" "),
      "data-option": id,
    },
    h(
      "div",
      { class: "option__head" },
      h(
        "div",
        { class: "option__text" },
        h("span", { class: "option__name", id: `name-${id}` }, block ? name : noneText(entry.slot)),
        detail && h("span", { key: "detail", class: "option__detail" }, detail),
        settings && h("span", { key: "settings", class: "option__detail" }, settings),
      ),
      h(
        "div",
        { class: "option__tools" },
        block && playButton(page, `option:${id}`, name),
        block &&
          hasSettings &&
          tool("sliders", "Settings of", "open", {
            "aria-expanded": String(isOpen),
            "aria-controls": `settings-${id}`,
          }),
        block && !hasSettings && isMissing && tool("sliders", "Replace", "replace"),
        block && tool("copy", "Duplicate", "duplicate"),
        tool("close", "Remove", "remove-option"),
      ),
    ),
    finding && h("p", { key: "finding", class: "field__error" }, finding.message),
    isOpen && block && settingsPanel(page, entry, option, name, place, count),
  );
}

function noneText(/** @type {SlotName} */ slot) {
  return slot === "cab" ? "No cab" : "None";
}

/** Plays an option or a cell, as far as there is something to hear. */
export function playButton(
  /** @type {Page} */ page,
  /** @type {string} */ key,
  /** @type {string} */ name,
) {
  const isThis =
    page.audition.key === key && ["playing", "rendering"].includes(page.audition.state);
  const isBusy = isThis && page.audition.state === "rendering";
  return h(
    "button",
    {
      key: "play",
      type: "button",
      class: `icon-button icon-button--small play${isBusy ? " is-busy" : ""}`,
      "aria-label": `Play ${name}`,
      "aria-pressed": String(isThis),
      "data-do": "play",
      "data-play": key,
    },
    icon(isThis ? "pause" : "play"),
  );
}

/**
 * @param {Page} page
 * @param {SlotEntry} entry
 * @param {Option} option
 * @param {string} name
 * @param {number} place
 * @param {number} count
 */
function settingsPanel(page, entry, option, name, place, count) {
  const block = /** @type {import("./types.d.ts").Block} */ (option.block);
  const isCab = entry.slot === "cab";
  const button = (
    /** @type {string} */ symbol,
    /** @type {string} */ text,
    /** @type {string} */ action,
    /** @type {Record<string, string | boolean>} */ more = {},
  ) =>
    h(
      "button",
      {
        key: action + (more["data-step"] ?? ""),
        type: "button",
        class: "button button--small",
        "data-do": action,
        "data-option": option.id,
        ...more,
      },
      icon(symbol),
      text,
    );
  return h(
    "div",
    {
      key: "panel",
      class: "option__panel",
      id: `settings-${option.id}`,
      role: "group",
      "aria-label": `Settings of ${name}`,
    },
    isCab && block.extra_irs?.length
      ? h(
          "p",
          { key: "first", class: "silk" },
          captureName(page.known.captures.get(block.capture_id ?? "")),
        )
      : null,
    parameterRows(page, option, 0),
    (block.extra_irs ?? []).map((ir, index) =>
      h(
        "div",
        {
          key: `ir-${index}`,
          class: "option__ir",
          role: "group",
          "aria-label": `Impulse response ${index + 2}`,
        },
        h(
          "p",
          { class: "option__ir-head silk" },
          captureName(page.known.captures.get(ir.capture_id)),
          h(
            "button",
            {
              type: "button",
              class: "icon-button icon-button--small",
              "aria-label": `Take impulse response ${index + 2} out`,
              "data-do": "remove-ir",
              "data-option": option.id,
              "data-part": String(index + 1),
            },
            icon("close"),
          ),
        ),
        parameterRows(page, option, index + 1),
      ),
    ),
    h(
      "div",
      { key: "tools", class: "slot__add" },
      isCab &&
        hasRoomForIR(block) &&
        button("plus", block.extra_irs?.length ? "Add another IR" : "Add second IR", "add-ir"),
      count > 1 &&
        button("up", "Move up", "move-option", { "data-step": "-1", disabled: place === 0 }),
      count > 1 &&
        button("down", "Move down", "move-option", {
          "data-step": "1",
          disabled: place === count - 1,
        }),
    ),
  );
}
