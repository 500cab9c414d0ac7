// The DI tracks to choose from: those that are chosen first, in their order.

import { lengthText } from "./grid.js";
import { h, icon } from "./html.js";

/** @import { Page, Track } from "./types.d.ts" */
/** @import { Given } from "./html.js" */

/** @returns {Given[]} */
export function tracksView(/** @type {Page} */ page) {
  const chosen = page.draft.di_tracks.map(
    (id) => page.tracks.find((track) => track.id === id) ?? gone(id),
  );
  const words = page.find.toLowerCase();
  const others = page.tracks.filter(
    ({ id, name }) => !page.draft.di_tracks.includes(id) && name.toLowerCase().includes(words),
  );
  const isFull = chosen.length >= page.known.data.max_di_tracks;
  const hasFind = page.hasMoreTracks || page.tracks.length > 8;
  return [
    hasFind &&
      h("input", {
        key: "find",
        type: "search",
        class: "find",
        placeholder: "Find one of your DI tracks",
        "aria-label": "Find one of your DI tracks",
        value: page.find,
        "data-do": "find-track",
      }),
    h(
      "ul",
      { key: "list", class: "tracks" },
      [...chosen, ...others.slice(0, 24)].map((track) => row(page, track, isFull)),
    ),
    page.tracks.length === 0 &&
      chosen.length === 0 &&
      h(
        "p",
        { key: "empty", class: "muted" },
        "No DI tracks yet: a dry guitar, eight to twenty seconds of something you know by heart.",
      ),
  ];
}

/** @returns {Track} */
function gone(/** @type {string} */ id) {
  const nothing = { duration_s: null, guitar: "", audio_url: "" };
  return { id, name: "Deleted DI track", state: "gone", ...nothing };
}

/**
 * @param {Page} page
 * @param {Track} track
 * @param {boolean} isFull
 */
function row(page, track, isFull) {
  const isChosen = page.draft.di_tracks.includes(track.id);
  const isReady = track.state === "ready";
  return h(
    "li",
    { key: track.id, class: `take${isChosen ? " is-chosen" : ""}` },
    h(
      "label",
      { class: "take__pick" },
      h("input", {
        type: "checkbox",
        checked: isChosen,
        disabled: !isChosen && isFull,
        "data-do": "track",
        "data-id": track.id,
      }),
      h(
        "span",
        { class: "take__text" },
        h("span", { class: "take__name" }, track.name),
        h(
          "span",
          { class: "meta" },
          track.duration_s !== null &&
            h("span", { key: "length", class: "num" }, lengthText(track.duration_s)),
          track.guitar && h("span", { key: "guitar" }, track.guitar),
          track.state === "pending" && h("span", { key: "state", class: "tag" }, "being checked"),
        ),
      ),
    ),
    isReady &&
      h(
        "button",
        {
          key: "listen",
          type: "button",
          class: "icon-button icon-button--small",
          "data-listen": track.audio_url,
          "data-keep": true,
          "aria-pressed": "false",
          "aria-label": `Play ${track.name}`,
        },
        icon("play"),
      ),
  );
}
