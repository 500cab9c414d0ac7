// The bar that shows what is heard, over which passage, and goes to and fro between two states.

import { findOption } from "./document.js";
import { lengthText } from "./grid.js";
import { h, icon } from "./html.js";
import { nameOf } from "./parameters.js";

/** @import { Page, Track } from "./types.d.ts" */
/** @import { Given } from "./html.js" */

/**
 * @param {Page} page
 * @param {Track | null} track what is heard of
 * @returns {Given[]}
 */
export function listenView(page, track) {
  const { state, message, canSwap } = page.audition;
  if (state === "idle" || !track) return [];
  const ready = page.tracks.filter((each) => each.state === "ready");
  const chosen = ready.filter(({ id }) => page.draft.di_tracks.includes(id));
  const tracks = chosen.length ? chosen : ready.slice(0, 8);
  const lastS = Math.max(0, (track.duration_s ?? 0) - page.passage.durationS);
  const startS = Math.min(page.passage.startS ?? 0, lastS);
  return [
    h(
      "section",
      { key: "bar", class: "listen", "aria-label": "Audition" },
      h(
        "button",
        {
          type: "button",
          class: "icon-button",
          "aria-label": "Stop",
          title: "Stop",
          "data-do": "stop",
        },
        icon("pause"),
      ),
      h(
        "div",
        { class: "listen__what" },
        h("span", { class: "option__name" }, nameHeard(page)),
        h(
          "span",
          { class: "option__detail" },
          state === "playing" ? "Level-matched, in a loop" : stateText(state, message),
        ),
      ),
      tracks.length > 1 &&
        h(
          "select",
          {
            key: "track",
            "aria-label": "DI track to hear it over",
            value: track.id,
            "data-do": "passage-track",
          },
          tracks.map(({ id, name }) => h("option", { key: id, value: id }, name)),
        ),
      lastS > 0.5 &&
        h(
          "label",
          { key: "start", class: "listen__start" },
          h("span", { class: "small" }, `From ${lengthText(startS)}`),
          h("input", {
            type: "range",
            class: "knob__slider",
            min: "0",
            max: String(Math.floor(lastS * 10) / 10),
            step: "0.1",
            value: startS,
            "--at": `${(startS / lastS) * 100}%`,
            "aria-valuetext": lengthText(startS),
            "data-do": "passage-start",
          }),
        ),
      h(
        "button",
        {
          key: "swap",
          type: "button",
          class: "button button--small",
          "data-do": "swap",
          disabled: !canSwap,
          title: "To and fro between the last two",
        },
        "A/B",
      ),
    ),
  ];
}

function stateText(/** @type {string} */ state, /** @type {string} */ message) {
  return message || (state === "rendering" ? "Rendering…" : "");
}

function nameHeard(/** @type {Page} */ page) {
  const { key } = page.audition;
  const id = key.slice(key.indexOf(":") + 1);
  if (key.startsWith("cell:"))
    return page.expansion?.cells.find((cell) => cell.key === id)?.label ?? "";
  if (key.startsWith("picked:")) return page.known.captures.get(id)?.gear.name ?? "A capture";
  const option = findOption(page.draft, id)?.option;
  return option ? nameOf(option, page.known) : "";
}
