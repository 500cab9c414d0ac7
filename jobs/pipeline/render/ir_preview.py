"""A short piece of a DI through an impulse response alone, to choose one of its channels by ear."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from jobs.pipeline.measure.loudness import measure_gated_chunks
from jobs.pipeline.recipe import CHANNEL_RULES, ChannelRule, IRSettings
from jobs.pipeline.render.cab import CabProcessor, load_impulse_response
from jobs.pipeline.render.di_preview import played_passage, wav_16
from jobs.pipeline.render.publishing import match_levels
from jobs.pipeline.signal.samples import OUTPUT_SAMPLE_RATE_HZ, FloatArray, db_to_gain, resample
from jobs.pipeline.signal.trim import WHOLE, Trim

MAX_PASSAGE_S: Final = 8.0


@dataclass(frozen=True, slots=True)
class Passage:
    """What is played through the impulse response: the first 8 s of that part of a DI."""

    path: Path
    channel_rule: ChannelRule = "mix"
    trim: Trim = WHOLE


def ir_preview_wav(path: Path, settings: IRSettings, passage: Passage) -> bytes:
    """A 16-bit mono WAV at 48 kHz of the passage through the impulse response as ``settings`` say.

    As loud as with each other channel, by BS.1770: −14 LUFS, or less where with one of them it
    would pass −1 dBTP. Raises what ``load_impulse_response`` and ``played_passage`` raise, and
    LOUDNESS_UNKNOWN.
    """
    dry, rate_hz = played_passage(passage.path, passage.channel_rule, passage.trim, MAX_PASSAGE_S)
    dry = resample(dry, rate_hz, OUTPUT_SAMPLE_RATE_HZ)
    heard = {
        rule: _through(path, replace(settings, channel_rule=rule), dry) for rule in CHANNEL_RULES
    }
    match = match_levels(
        [measure_gated_chunks([wet], OUTPUT_SAMPLE_RATE_HZ, 1) for wet in heard.values()]
    )
    gains_db = dict(zip(heard, match.gains_db, strict=True))
    gain = np.float32(db_to_gain(gains_db[settings.channel_rule]))
    return wav_16(heard[settings.channel_rule] * gain, OUTPUT_SAMPLE_RATE_HZ)


def _through(path: Path, settings: IRSettings, dry: FloatArray) -> FloatArray:
    """``(1, n)`` to ``(1, n + tail)``."""
    processor = CabProcessor(load_impulse_response(path, OUTPUT_SAMPLE_RATE_HZ, settings), 1)
    return np.concatenate([processor.process(dry), processor.finish()], axis=1)
