// The parameters of a block as sliders with a number beside them, and switches.

import { h, icon } from "./html.js";
import { numberOf, settableOf, sliderOf, stepOf, valueText } from "./parameters.js";

/** @import { Option, Page, Parameter, Values } from "./types.d.ts" */

/**
 * `part` 0 is the block itself, others are further impulse responses.
 * @param {Page} page
 * @param {Option} option
 * @param {number} part
 */
export function parameterRows(page, option, part) {
  const { block } = option;
  if (!block) return [];
  const { numbers, switches } = settableOf(block, part, page.known);
  const values = part ? (block.extra_irs?.[part - 1]?.parameters ?? {}) : block.parameters;
  return [
    numbers.length > 0 &&
      h(
        "div",
        { key: "numbers", class: `knobs${numbers.length > 6 ? " knobs--many" : ""}` },
        numbers.map((parameter) => knob(parameter, values, option.id, part)),
      ),
    switches.length > 0 &&
      h(
        "div",
        { key: "switches", class: "knobs__switches" },
        switches.map(({ name, label }) =>
          h(
            "label",
            { key: name, class: "check" },
            h("input", {
              type: "checkbox",
              checked: values[name] === true,
              "data-do": "switch",
              "data-option": option.id,
              "data-part": String(part),
              "data-name": name,
            }),
            h("span", {}, label),
          ),
        ),
      ),
  ];
}

/**
 * @param {Parameter} parameter
 * @param {Values} values
 * @param {string} optionId
 * @param {number} part
 */
function knob(parameter, values, optionId, part) {
  const value = numberOf(parameter, values);
  const id = `set-${optionId}-${part}-${parameter.name}`;
  const about = {
    "data-option": optionId,
    "data-part": String(part),
    "data-name": parameter.name,
  };
  const isDefault = value === parameter.default;
  return h(
    "div",
    { key: parameter.name, class: `knob${isDefault ? "" : " is-set"}` },
    h("label", { class: "knob__label", for: id }, parameter.label),
    h("input", {
      id,
      type: "range",
      class: "knob__slider",
      min: "0",
      max: "1000",
      step: "1",
      value: sliderOf(parameter, value),
      "aria-valuetext": valueText(parameter, value),
      title: "Double-click: back to default",
      "data-do": "slide",
      "--at": `${sliderOf(parameter, value) / 10}%`,
      "--zero": `${sliderOf(parameter, parameter.default) / 10}%`,
      ...about,
    }),
    h(
      "span",
      { class: "knob__number" },
      h("input", {
        type: "number",
        "aria-label": `${parameter.label}${parameter.unit ? ` in ${unitWord(parameter.unit)}` : ""}`,
        min: parameter.minimum,
        max: parameter.maximum,
        step: stepOf(parameter),
        value: Number(value.toFixed(3)),
        "data-do": "type",
        ...about,
      }),
      h("span", { class: "knob__unit", "aria-hidden": "true" }, parameter.unit),
    ),
    h(
      "button",
      {
        type: "button",
        class: "icon-button icon-button--small knob__reset",
        "aria-label": `${parameter.label} back to ${valueText(parameter, parameter.default)}`,
        title: `Back to ${valueText(parameter, parameter.default)}`,
        disabled: isDefault,
        "data-do": "reset",
        ...about,
      },
      icon("undo"),
    ),
  );
}

function unitWord(/** @type {string} */ unit) {
  if (unit === ":1") return "to one";
  return unit === "%" ? "percent" : unit;
}
