// Who plays, in which order and under which name; what it adds up to; and Render.

import { laneColor } from "../player/drawing.js";
import { lineUpOf, numCells } from "./document.js";
import { durationText, gridOf, lengthText, validity } from "./grid.js";
import { h, icon } from "./html.js";

/** @import { Page } from "./types.d.ts" */
/** @import { Given } from "./html.js" */

/**
 * The contenders with the names that they get if they are given none.
 * @param {Page} page
 */
export function contendersOf(page) {
  const cells = gridOf(page.draft, page.expansion, page.known).rows.flatMap((row) => row.cells);
  const labels = new Map(cells.map(({ key, label }) => [key, label]));
  const told = new Map(
    page.expansion?.line_up.map((item) => [item.key ?? item.chain_id ?? "", item]),
  );
  return lineUpOf(page.draft, validity(page.expansion)).map(({ key, entry }) => {
    const isChain = "chain_id" in entry;
    const name = isChain ? page.chains.get(key)?.name : labels.get(key);
    const item = told.get(key);
    return {
      key,
      isChain,
      label: entry.label,
      name: name ?? item?.label ?? "…",
      problem: item && !item.is_valid ? item.message || "It cannot be played as it is now." : "",
    };
  });
}

/** @returns {Given[]} */
export function lineUpView(/** @type {Page} */ page) {
  const contenders = contendersOf(page);
  return [
    contenders.length === 0 &&
      h(
        "p",
        { key: "empty", class: "muted small" },
        "Add two amps, or two cabs, and one DI track.",
      ),
    h(
      "ol",
      { key: "list", class: "lineup__list", "data-line-up": true },
      contenders.map((each, index) => {
        const name = each.label || each.name;
        const place = `${index + 1} of ${contenders.length}`;
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
              class: "icon-button icon-button--tiny",
              "aria-label": label,
              "data-do": action,
              "data-key": each.key,
              ...more,
            },
            icon(symbol),
          );
        return h(
          "li",
          {
            key: each.key,
            class: `contender${each.problem ? " is-wrong" : ""}`,
            "data-key": each.key,
            "--lane": laneColor(index, "var(--lane-lightness)"),
          },
          h(
            "button",
            {
              type: "button",
              class: "key contender__grip",
              "aria-label": `Move ${name}, ${place}: arrow keys, or drag`,
              title: "Drag, or arrow keys",
              "data-do": "grip",
              "data-key": each.key,
            },
            String(index + 1),
          ),
          h("textarea", {
            class: "contender__name",
            rows: "1",
            value: each.label,
            placeholder: each.name,
            maxlength: "200",
            "aria-label": `Label of ${each.name}, number ${index + 1}`,
            autocomplete: "off",
            "data-do": "label",
            "data-key": each.key,
          }),
          h(
            "span",
            { class: "contender__tools" },
            tool("up", `Move ${name} up`, "shift", { "data-step": "-1", disabled: index === 0 }),
            tool("down", `Move ${name} down`, "shift", {
              "data-step": "1",
              disabled: index === contenders.length - 1,
            }),
            tool("close", `Take ${name} out`, "drop-out"),
          ),
          each.problem &&
            h("p", { key: "problem", class: "field__error contender__problem" }, each.problem),
        );
      }),
    ),
  ];
}

/** @returns {Given[]} */
export function sumView(/** @type {Page} */ page) {
  const num = contendersOf(page).length;
  const { max_contenders: most } = page.known.data;
  const numTracks = page.draft.di_tracks.length;
  const estimate = page.isCurrent ? page.expansion?.estimate : null;
  const figure = (
    /** @type {string} */ name,
    /** @type {string} */ value,
    /** @type {string} */ more = "",
  ) =>
    h(
      "div",
      { key: name },
      h("dt", { class: "silk" }, name),
      h(
        "dd",
        { class: more === "bad" ? "bad" : "" },
        value,
        more && more !== "bad" && h("small", {}, more),
      ),
    );
  const hasTime = estimate && num > 0 && numTracks > 0;
  const total = (estimate?.render_s ?? 0) + (estimate?.video_s ?? 0);
  return [
    h(
      "dl",
      { key: "sum", class: "lineup__sum" },
      figure("Contenders", String(num), num > most ? "bad" : `of ${most}`),
      figure("DI tracks", String(numTracks)),
      figure("Rendering", hasTime && total > 0 ? `≈ ${durationText(total)}` : "–"),
      hasTime && estimate.video_duration_s
        ? figure("Video", lengthText(estimate.video_duration_s))
        : figure("Video", "–"),
    ),
  ];
}

/** What keeps it from being rendered: of the server, or before it has answered what is plain. */
export function problemsOf(/** @type {Page} */ page) {
  if (page.expansion && page.isCurrent) return page.expansion.problems;
  const num = contendersOf(page).length;
  const most = page.known.data.max_contenders;
  const problems = [];
  if (numCells(page.draft) === 0 && num === 0) problems.push("Add amps and cabs.");
  else if (num < 2) problems.push("Add one more contender.");
  if (num > most) problems.push(`A shootout has at most ${most} contenders.`);
  if (!page.draft.di_tracks.length) problems.push("Choose a DI track.");
  return problems;
}

/** @returns {Given[]} */
export function renderView(/** @type {Page} */ page) {
  const problems = problemsOf(page);
  const isOff = problems.length > 0 || page.isRendering;
  return [
    page.refusal && h("p", { key: "refusal", class: "notice notice--error" }, page.refusal),
    h(
      "button",
      {
        key: "render",
        type: "button",
        class: "button button--primary button--big button--wide",
        "data-do": "render",
        "aria-disabled": isOff ? "true" : null,
        "aria-describedby": "render-problems",
      },
      page.isRendering ? "Starting…" : "Render",
    ),
    h(
      "ul",
      { key: "problems", class: "lineup__problems small", id: "render-problems" },
      problems.map((text) => h("li", { key: text }, text)),
      !problems.length &&
        h(
          "li",
          { key: "good", class: "muted" },
          page.shootoutId
            ? "Changes the shootout and renders what is new."
            : "Creates the shootout and starts rendering at once.",
        ),
    ),
  ];
}
