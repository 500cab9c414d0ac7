// One thing sounds on a page: a player, the video or an audio element.

const engines = new Set();

/** From now on this engine is silent while something else plays, and the other way round. */
export function playAlone(engine, signal) {
  engines.add(engine);
  signal.addEventListener("abort", () => engines.delete(engine));
  engine.addEventListener("play", () => silenceAllBut(engine));
}

function silenceAllBut(sounding) {
  for (const engine of engines) if (engine !== sounding) engine.pause();
  for (const element of document.querySelectorAll("audio, video"))
    if (element !== sounding) element.pause();
}

// "play" does not bubble, but it can be caught on its way down.
document.addEventListener("play", (event) => silenceAllBut(event.target), { capture: true });
