// Start and end of a DI: two handles over its waveform and two numbers, which say the same. The
// handles are range inputs, so the keyboard moves them as well.

const trim = document.querySelector("[data-trim]");

if (trim) {
  const duration = Number(trim.dataset.duration);
  const startField = document.querySelector('input[name="start_s"]');
  const endField = document.querySelector('input[name="end_s"]');
  const startHandle = trim.querySelector("[data-trim-start]");
  const endHandle = trim.querySelector("[data-trim-end]");
  const shortest = 0.4;

  const start = () => Number(startField.value) || 0;
  const end = () => (endField.value === "" ? duration : Number(endField.value));

  function show() {
    startHandle.value = start();
    endHandle.value = end();
    startHandle.setAttribute("aria-valuetext", `${start().toFixed(2)} s`);
    endHandle.setAttribute("aria-valuetext", `${end().toFixed(2)} s`);
    trim.querySelector("[data-trim-before]").style.width = `${(100 * start()) / duration}%`;
    trim.querySelector("[data-trim-after]").style.width = `${100 - (100 * end()) / duration}%`;
  }

  startHandle.addEventListener("input", () => {
    const latest = Math.max(0, end() - shortest);
    startField.value = Math.min(Number(startHandle.value), latest).toFixed(2);
    show();
  });
  endHandle.addEventListener("input", () => {
    const value = Math.max(Number(endHandle.value), start() + shortest);
    // A handle's step need not meet the last frame: at the right edge the end is the end.
    endField.value = value >= duration - 0.01 ? "" : value.toFixed(2);
    show();
  });
  startField.addEventListener("input", show);
  endField.addEventListener("input", show);
  startHandle.hidden = endHandle.hidden = false;
  show();
}
