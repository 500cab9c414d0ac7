// Two contenders against each other: the API compares, this says it in words and offers the rest.

function level(decibels, digits) {
  const text = Math.abs(decibels).toFixed(digits);
  return `${decibels < 0 && Number(text) !== 0 ? "\u2212" : ""}${text} dB`;
}

function describe(found, a, b) {
  if (found.esr_db === null) return "Nothing is left: the two are the same.";
  const changes = [`changed by ${level(found.gain_db ?? 0, 1)}`];
  if (found.is_inverted) changes.push("turned over");
  if (found.lag_frames) {
    const direction = found.lag_frames > 0 ? "earlier" : "later";
    changes.push(`moved ${Math.abs(found.lag_frames)} samples ${direction}`);
  }
  // No more can be left than there was, so this is never above it.
  const left = `What is left lies ${level(-found.esr_db, 1)} below it.`;
  return `${b}, ${changes.join(", ")}, was taken from ${a}. ${left}`;
}

// A job compares two contenders once for everybody; until it has, the answer is 202.
async function comparison(url) {
  for (;;) {
    const answer = await fetch(url);
    if (answer.status !== 202) return answer;
    const seconds = Number(answer.headers.get("Retry-After")) || 1;
    await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  }
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-versus]")) return;
  event.preventDefault();
  const [a, b] = [form.elements.a, form.elements.b];
  const query = new URLSearchParams({ di: form.dataset.di, a: a.value, b: b.value });
  const text = form.querySelector("[data-versus-text]");
  const audio = form.querySelector("[data-versus-audio]");
  const button = form.querySelector("button");
  form.querySelector("[data-versus-result]").hidden = false;
  audio.hidden = true;
  audio.removeAttribute("src");
  text.textContent = "Comparing …";
  button.disabled = true;
  try {
    const answer = await comparison(`${form.getAttribute("action")}?${query}`);
    const found = await answer.json();
    if (answer.ok) {
      const [nameOfA, nameOfB] = [a, b].map((select) => select.selectedOptions[0].text);
      text.textContent = describe(found, nameOfA, nameOfB);
      audio.hidden = found.esr_db === null;
      audio.src = found.residual_url;
    } else {
      text.textContent = found.message;
    }
  } catch {
    text.textContent = "The server did not answer.";
  } finally {
    button.disabled = false;
  }
});
