// The line-up: who plays, and in which order. The ticks in the lists are the truth; this is the
// order they are sent in, and what it adds up to.

const lineup = document.querySelector("[data-lineup]");
const list = lineup.querySelector("[data-lineup-list]");
const orderField = document.querySelector("[data-chain-order]");
const template = document.getElementById("lineup-item");
const title = document.querySelector('input[name="title"]');
let order = orderField.value.split(",").filter(Boolean);

function ticks(kind) {
  return [...document.querySelectorAll(`input[data-pick="${kind}"]:checked:not(:disabled)`)];
}

function show(text, name) {
  lineup.querySelector(`[data-count-${name}]`).textContent = text;
}

function update() {
  const picked = new Map(ticks("chain").map((tick) => [tick.value, tick]));
  order = order.filter((id) => picked.has(id));
  for (const id of picked.keys()) if (!order.includes(id)) order.push(id);
  orderField.value = order.join(",");
  list.replaceChildren(
    ...order.map((id, index) => {
      const item = template.content.firstElementChild.cloneNode(true);
      const { name } = picked.get(id).dataset;
      item.dataset.id = id;
      item.querySelector("[data-place]").textContent = index + 1;
      item.querySelector("[data-name]").textContent = name;
      const [up, down] = item.querySelectorAll("[data-shift]");
      up.setAttribute("aria-label", `Move ${name} up`);
      down.setAttribute("aria-label", `Move ${name} down`);
      up.disabled = index === 0;
      down.disabled = index === order.length - 1;
      item.querySelector("[data-drop-out]").setAttribute("aria-label", `Take ${name} out`);
      return item;
    }),
  );
  const numTracks = ticks("track").length;
  lineup.querySelector("[data-lineup-empty]").hidden = order.length > 0 || numTracks > 0;
  show(order.length, "chains");
  show(numTracks, "tracks");
  show(order.length * numTracks, "segments");
  const missing = [];
  if (order.length < 2) missing.push(order.length ? "one more chain" : "two chains");
  if (!numTracks) missing.push("a track");
  lineup.querySelector("[data-lineup-hint]").textContent = missing.length
    ? `Still needed: ${missing.join(" and ")}.`
    : "Creates the shootout and starts rendering at once.";
  const names = order.map((id) => picked.get(id).dataset.name);
  title.placeholder = names.length > 1 ? names.join(" vs ") : "Untitled shootout";
}

list.addEventListener("click", (event) => {
  const id = event.target.closest("li")?.dataset.id;
  const shift = event.target.closest("[data-shift]");
  if (shift) {
    const step = Number(shift.dataset.shift);
    const from = order.indexOf(id);
    order.splice(from, 1);
    order.splice(from + step, 0, id);
    update();
    const moved = [...list.children].find((item) => item.dataset.id === id);
    const button = moved.querySelector(`[data-shift="${step}"]`);
    (button.disabled ? moved.querySelector("[data-shift]:not(:disabled)") : button)?.focus();
  } else if (event.target.closest("[data-drop-out]")) {
    document.querySelector(`input[data-pick="chain"][value="${id}"]`).checked = false;
    update();
    lineup.querySelector("h2").scrollIntoView({ block: "nearest" });
  }
});

document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-pick]")) update();
});
document.addEventListener("htmx:afterSettle", update);
update();
