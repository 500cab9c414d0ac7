// Picking in Tone 3000's catalog, in a window of its own. The page asks the server how it ended;
// the channel only makes that quicker, so nothing is lost where windows cannot find each other.

import { closestTo } from "./dom.js";

const CHANNEL = "gts-tone3000";
const WINDOW = "popup,width=1120,height=840";

const channel = "BroadcastChannel" in window ? new BroadcastChannel(CHANNEL) : null;

document.addEventListener("submit", (event) => {
  const form = closestTo(event, "[data-pick]", HTMLFormElement);
  if (!form) return;
  const address = new URL(form.action);
  for (const [name, value] of new FormData(form)) address.searchParams.set(name, String(value));
  address.searchParams.set("popup", "1");
  // Blocked: then the form leads there in this window, and back.
  if (!window.open(address, "gts-tone3000", WINDOW)) return;
  event.preventDefault();
  htmx.ajax("GET", form.dataset.state ?? "", { target: "#pick-state", swap: "outerHTML" });
});

channel?.addEventListener("message", () => htmx.trigger(document.body, "pick-ended"));

if (document.querySelector("[data-picked]")) {
  channel?.postMessage("ended");
  window.close();
}

// What was added here can be chosen at once in a chain form that is open in another tab.
const captures = "BroadcastChannel" in window ? new BroadcastChannel("gts-captures") : null;
document.body.addEventListener("captures-changed", () => captures?.postMessage("changed"));
