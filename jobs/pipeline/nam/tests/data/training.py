"""Trains a small network for some seconds on what a simulated amplifier makes of a demo track.

It need not sound good; its weights must only be those of a training.
"""

# mypy: ignore-errors

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import Any

import soundfile
import torch

REPOSITORY = Path(__file__).resolve().parents[5]
DEMO_PROGRAMS = REPOSITORY / "tools" / "demo"
DEMO_PACK = REPOSITORY / "shootouts" / "demo"
sys.path.append(str(DEMO_PROGRAMS))

import amps  # noqa: E402

TRACK = DEMO_PACK / "di" / "undertow-132bpm.flac"
AMP = "crunch"
BATCH = 16
SEGMENT_FRAMES = 1024
# Frames of each segment that an LSTM gets to settle and that no error is counted in.
BURN_IN_FRAMES = 512
LEARNING_RATE = 1e-2
TARGET_RMS = 0.125


@functools.cache
def track() -> tuple[torch.Tensor, torch.Tensor]:
    """The demo track, and the amplifier's answer at a level that networks learn well."""
    dry, _ = soundfile.read(TRACK, dtype="float64")
    (amp,) = (one for one in amps.AMPS if one.key == AMP)
    wet = amps.play(amp, dry)
    wet *= TARGET_RMS / wet.std()
    return torch.tensor(dry, dtype=torch.float32), torch.tensor(wet, dtype=torch.float32)


def train(model: Any, num_steps: int) -> dict[str, Any]:
    """Adam on random segments. What the file says about it: ``esr`` is that of the last ones."""
    x, y = track()
    before = model.receptive_field - 1 or BURN_IN_FRAMES
    optimiser = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, num_steps)
    model.train()
    errors = []
    for _ in range(num_steps):
        starts = torch.randint(before, len(x) - SEGMENT_FRAMES, (BATCH,)).tolist()
        inputs = torch.stack([x[s - before : s + SEGMENT_FRAMES] for s in starts])
        wanted = torch.stack([y[s : s + SEGMENT_FRAMES] for s in starts])
        error = (model(inputs, pad_start=False)[:, -SEGMENT_FRAMES:] - wanted).square().mean()
        optimiser.zero_grad()
        error.backward()
        optimiser.step()
        schedule.step()
        errors.append(float(error.detach()) / TARGET_RMS**2)
    model.eval()
    source = f"{AMP} of tools/demo/amps.py, {TRACK.stem}"
    return {"source": source, "steps": num_steps, "esr": round(sum(errors[-20:]) / 20, 4)}
