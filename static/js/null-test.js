// The null test of two contenders: the API compares, this says it in words and plays the residual.

import { need } from "./dom.js";
import { describe } from "./logic/comparison.js";

/** @import { Comparison, Problem } from "./types.d.ts" */

/** A job compares two contenders once for all; until it has, the answer is 202. */
async function comparison(/** @type {string} */ url) {
  for (;;) {
    const answer = await fetch(url);
    if (answer.status !== 202) return answer;
    const seconds = Number(answer.headers.get("Retry-After")) || 1;
    await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  }
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.matches("[data-null-test]")) return;
  event.preventDefault();
  const a = need(form, '[name="a"]', HTMLSelectElement);
  const b = need(form, '[name="b"]', HTMLSelectElement);
  const query = new URLSearchParams({ di: form.dataset.di ?? "", a: a.value, b: b.value });
  const text = need(form, "[data-null-test-text]");
  const audio = need(form, "[data-null-test-audio]", HTMLAudioElement);
  const button = need(form, "button", HTMLButtonElement);
  need(form, "[data-null-test-result]").hidden = false;
  audio.hidden = true;
  audio.removeAttribute("src");
  text.textContent = "Comparing …";
  button.disabled = true;
  try {
    const answer = await comparison(`${form.getAttribute("action")}?${query}`);
    if (answer.ok) {
      /** @type {Comparison} */
      const found = await answer.json();
      const [nameOfA, nameOfB] = [a, b].map((select) => select.selectedOptions[0].text);
      text.textContent = describe(found, nameOfA, nameOfB);
      audio.hidden = found.esr_db === null;
      audio.src = found.residual_url;
    } else {
      /** @type {Problem} */
      const problem = await answer.json();
      text.textContent = problem.message;
    }
  } catch {
    text.textContent = "The server did not answer.";
  } finally {
    button.disabled = false;
  }
});
