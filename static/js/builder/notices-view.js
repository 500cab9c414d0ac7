// What stands between someone and their draft: not saved, changed elsewhere, logged out.

import { h } from "./html.js";

/** @import { Page } from "./types.d.ts" */
/** @import { Given } from "./html.js" */

/** What the line beside Undo says of saving. */
export function saveText(/** @type {Page} */ { save }) {
  switch (save.state) {
    case "saved":
      return "Saved";
    case "saving":
    case "unsaved":
      return "Saving…";
    case "failed":
      return "Not saved: trying again";
    default:
      return "Not saved";
  }
}

/**
 * @param {string} key
 * @param {string} kind
 * @param {string} text
 * @param {Given[]} actions
 */
function notice(key, kind, text, actions) {
  return h(
    "div",
    { key, class: `notice notice--${kind} builder__notice` },
    h("p", {}, text),
    h("div", { class: "actions" }, actions),
  );
}

function button(/** @type {string} */ text, /** @type {string} */ action, isMain = false) {
  return h(
    "button",
    {
      key: action,
      type: "button",
      class: `button button--small${isMain ? " button--primary" : ""}`,
      "data-do": action,
    },
    text,
  );
}

/** @returns {Given[]} */
export function noticesView(/** @type {Page} */ page) {
  const { state, message } = page.save;
  const { login_url: login, page_url: here } = page.known.data;
  switch (state) {
    case "logged_out":
      return [
        notice(
          "logged_out",
          "warning",
          "You are logged out. Nothing is lost: what you do here is kept in this tab, and saved when you are logged in again.",
          [
            h(
              "a",
              {
                key: "login",
                class: "button button--small button--primary",
                href: `${login}?next=${encodeURIComponent(here)}`,
                target: "_blank",
                "data-login": true,
              },
              "Log in, in a new tab",
            ),
            button("Save now", "retry"),
          ],
        ),
      ];
    case "conflict":
      return [
        notice(
          "conflict",
          "warning",
          "This draft was changed in another window or on another device since you opened it here.",
          [
            button("Keep what is here", "keep-mine", true),
            button("Load what is saved", "load-theirs"),
          ],
        ),
      ];
    case "refused":
      return [notice("refused", "error", `Not saved: ${message}`, [])];
    default:
      return page.shootoutId ? [shootoutNotice(page)] : [];
  }
}

function shootoutNotice(/** @type {Page} */ { isMade, shootoutId }) {
  const link = h(
    "a",
    { key: "open", class: "button button--small", href: `/shootouts/${shootoutId}/` },
    "Open the shootout",
  );
  const text = isMade
    ? "This draft has become a shootout. What you change here is rendered again when you press Render; what is the same is not computed again."
    : "You are editing the line-up of a shootout. Its page stays as it is until you press Render.";
  return notice("shootout", isMade ? "success" : "warning", text, [link]);
}

/**
 * Drafts that are not open here.
 * @param {Page} page
 * @returns {Given[]}
 */
export function draftsView(page) {
  if (!page.others.length) return [];
  return [
    h(
      "details",
      { key: "drafts", class: "disclosure builder__drafts" },
      h(
        "summary",
        {},
        page.others.length === 1 ? "1 other draft" : `${page.others.length} other drafts`,
      ),
      h(
        "ul",
        { class: "disclosure__body rows" },
        page.others.map(({ id, title, updated_at: at }) =>
          h(
            "li",
            { key: id, class: "row" },
            h(
              "a",
              { class: "row__title", href: `${page.known.data.page_url}?draft=${id}` },
              title || "Untitled",
            ),
            h(
              "span",
              { class: "row__tools" },
              h("time", { class: "meta num", datetime: at }, new Date(at).toLocaleString()),
              h(
                "button",
                {
                  type: "button",
                  class: "icon-button icon-button--small",
                  "aria-label": `Delete the draft ${title || "Untitled"}`,
                  "data-do": "delete-draft",
                  "data-id": id,
                },
                h("svg", { "aria-hidden": "true" }, h("use", { href: "#icon-bin" })),
              ),
            ),
          ),
        ),
      ),
    ),
  ];
}
