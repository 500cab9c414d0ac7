"""What must be true of whole segments, from the DI's file to the render, whatever the chain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from scipy import signal as dsp

from jobs.pipeline.measure.alignment import align
from jobs.pipeline.measure.metrics import measure_metrics
from jobs.pipeline.measure.third_octaves import THIRD_OCTAVE_CENTERS_HZ, third_octave_difference_db
from jobs.pipeline.nam.tests import own_models
from jobs.pipeline.recipe import (
    BlockRecipe,
    CabBlock,
    CabIR,
    DISource,
    NamBlock,
    ProcessorBlock,
    SegmentRecipe,
)
from jobs.pipeline.render.publishing import match_levels, publish_segment
from jobs.pipeline.render.segment import SegmentRender, render_segment
from jobs.pipeline.render.tests.inputs import Inputs
from jobs.pipeline.render.tests.test_cab import cabinet
from jobs.pipeline.signal.decode import AudioFile
from jobs.pipeline.signal.samples import FloatArray, resample
from jobs.pipeline.tests.signals import level_db, noise, plucks, silence


def play(
    inputs: Inputs, out: Path, di: str, blocks: Sequence[BlockRecipe], **options: Any
) -> tuple[SegmentRender, FloatArray]:
    recipe = SegmentRecipe(DISource(di), tuple(blocks), **{"input_mode": "raw", **options})
    result = render_segment(recipe, inputs.paths, out)
    return result, soundfile.read(out, dtype="float32", always_2d=True)[0].T


def impulse(level: float = 1.0, num_frames: int = 64) -> FloatArray:
    taps = silence(num_frames / 48_000)
    taps[0, 0] = level
    return taps


@pytest.mark.parametrize("level", [1.0, 0.25])
def test_a_unit_impulse_for_a_cabinet_passes_to_the_bit(
    inputs: Inputs, tmp_path: Path, level: float
) -> None:
    """Scaled to unit energy it is 1 again: the documented gain is what the file lacked of it."""
    di, amp = inputs.sound(plucks()), NamBlock(inputs.capture([0.4, 0.3, -0.1]))
    _, without = play(inputs, tmp_path / "a.wav", di, [amp])
    result, through = play(
        inputs, tmp_path / "b.wav", di, [amp, CabBlock.of(inputs.sound(impulse(level)))]
    )
    assert np.array_equal(through[:, : without.shape[1]], without)
    [ir] = result.blocks[1]["irs"]
    assert ir["scaling_db"] == pytest.approx(-20.0 * np.log10(level), abs=1e-9)


def test_six_decibels_of_gain_are_six_decibels_in_a_cabinet_and_before_it(
    inputs: Inputs, tmp_path: Path
) -> None:
    di, amp = inputs.sound(plucks()), NamBlock(inputs.capture([0.4, 0.3]))
    taps = inputs.sound(cabinet(2))
    _, plain = play(inputs, tmp_path / "a.wav", di, [amp, CabBlock.of(taps)])
    louder = ProcessorBlock("gain", {"gain_db": 6.0})
    _, evened = play(inputs, tmp_path / "b.wav", di, [louder, amp, CabBlock.of(taps, -6.0)])
    assert level_db(evened - plain) < level_db(plain) - 120.0
    # Two equal responses of which one is turned over leave nothing of what they share.
    pair = CabBlock((CabIR(taps), CabIR(taps, gain_db=-6.0, is_inverted=True)))
    _, rest = play(inputs, tmp_path / "c.wav", di, [amp, pair])
    left = 1.0 - 10.0 ** (-6.0 / 20.0)
    length = rest.shape[1]  # quieter, so its tail ends earlier
    assert level_db(rest - plain[:, :length] * np.float32(left)) < level_db(rest) - 110.0


def test_three_seconds_of_silence_after_a_response_change_nothing(
    inputs: Inputs, tmp_path: Path
) -> None:
    di, amp = inputs.sound(plucks()), NamBlock(inputs.capture())
    taps = cabinet(7)
    padded = np.concatenate([taps, silence(3.0)], axis=1)
    (short, one), (long, other) = (
        play(inputs, tmp_path / "a.wav", di, [amp, CabBlock.of(inputs.sound(ir))])
        for ir in (taps, padded)
    )
    assert short.loudness.integrated_lufs is not None
    assert long.loudness.integrated_lufs == pytest.approx(short.loudness.integrated_lufs, abs=0.01)
    assert np.array_equal(one, other)


def test_an_injected_lag_and_inversion_are_reported_with_the_segment(
    inputs: Inputs, tmp_path: Path
) -> None:
    onset = cabinet(3, level=0.05)
    onset[0, 4] = 1.0
    di, cab = inputs.sound(plucks()), CabBlock.of(inputs.sound(onset))
    amp = [0.5, 0.3]
    late = [0.0] * 37 + [-tap for tap in amp]
    (plain, one), (moved, other) = (
        play(inputs, tmp_path / "a.wav", di, [NamBlock(inputs.capture(taps)), cab])
        for taps in (amp, late)
    )
    first, second = align([plain.response, moved.response])
    assert second.lag_samples - first.lag_samples == 37
    assert (first.polarity, second.polarity) == ("same", "inverted")
    assert first.is_trusted
    assert second.is_trusted
    # A render itself is not moved.
    length = one.shape[1]
    assert level_db(one[:, : length - 37] + other[:, 37:length]) < level_db(one) - 100.0


@pytest.mark.parametrize("gain_db", [3.0, -3.0])
def test_a_known_shelf_is_recovered_from_published_segments(
    inputs: Inputs, tmp_path: Path, gain_db: float
) -> None:
    """Third-octave differences of two level-matched files are the filter, less one constant."""
    di, amp = inputs.sound(noise(6 * 48_000)), NamBlock(inputs.capture())
    settings = {"low_freq_hz": 400.0, "low_gain_db": gain_db}
    chains: list[list[BlockRecipe]] = [[amp], [amp, ProcessorBlock("parametric_eq", settings)]]
    renders = [play(inputs, tmp_path / f"{n}.wav", di, chain)[0] for n, chain in enumerate(chains)]
    match = match_levels([render.loudness for render in renders])
    bands = []
    for number, gain in enumerate(match.gains_db):
        out = tmp_path / f"{number}.flac"
        publish_segment(tmp_path / f"{number}.wav", gain, out)
        bands.append(measure_metrics(out).third_octave_dbfs)
    found = np.array(third_octave_difference_db(bands[1], bands[0]), dtype=float)
    found -= match.gains_db[1] - match.gains_db[0]
    centers = np.array(THIRD_OCTAVE_CENTERS_HZ)
    audible = centers >= 31.0  # what the DC blocker leaves of both
    expected = low_shelf_db(400.0, gain_db, centers)
    assert found[audible] == pytest.approx(expected[audible], abs=0.25)
    assert found[(centers > 31.0) & (centers < 80.0)].mean() == pytest.approx(gain_db, abs=0.25)


def low_shelf_db(
    cutoff_hz: float, gain_db: float, frequencies_hz: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    """R. Bristow-Johnson's cookbook, Q = 1/√2, which JUCE and so pedalboard follow."""
    a, w = 10.0 ** (gain_db / 40.0), 2.0 * np.pi * cutoff_hz / 48_000
    c, beta = np.cos(w), 2.0 * np.sqrt(a) * np.sin(w) / np.sqrt(2.0)
    b = [a * (a + 1 - (a - 1) * c + beta), 2 * a * (a - 1 - (a + 1) * c)]
    b.append(a * (a + 1 - (a - 1) * c - beta))
    d = [a + 1 + (a - 1) * c + beta, -2 * (a - 1 + (a + 1) * c), a + 1 + (a - 1) * c - beta]
    _, response = dsp.freqz(b, d, frequencies_hz, fs=48_000)
    return np.asarray(20.0 * np.log10(np.abs(response)))


def every_kind_of_block(inputs: Inputs) -> list[BlockRecipe]:
    """Networks at two rates, a blended cabinet, dynamics, sweeps, and two channels at the end."""
    return [
        ProcessorBlock("noise_gate", {"threshold_db": -50.0}),
        ProcessorBlock("chorus", {"mix_pct": 30.0}),
        NamBlock(inputs.known(own_models.model_path("wavenet_two_arrays"))),
        ProcessorBlock("gain", {"gain_db": 24.0}),
        NamBlock(inputs.capture([0.7, 0.2], sample_rate_hz=44_100)),
        CabBlock(
            (
                CabIR(inputs.sound(cabinet(1), 44_100)),
                CabIR(inputs.sound(cabinet(2)), gain_db=-4.0, is_inverted=True, delay_ms=1.3),
            ),
            is_aligned=True,
        ),
        ProcessorBlock("compressor", {"threshold_db": -30.0}),
        ProcessorBlock("delay", {"time_ms": 90.0}),
        ProcessorBlock("reverb", {}),
    ]


@pytest.mark.parametrize("chunk_frames", [1, 7, 64, 511, 1 << 20])
def test_a_whole_segment_does_not_depend_on_how_its_di_is_cut(
    inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk_frames: int
) -> None:
    di = inputs.sound(plucks(0.5, sample_rate_hz=44_100), 44_100)
    blocks = every_kind_of_block(inputs)
    expected, one = play(inputs, tmp_path / "a.wav", di, blocks)
    assert one.shape[0] == 2

    decode = AudioFile.chunks

    def cut(self: AudioFile, _wanted: int = 0, **span: Any) -> Iterator[FloatArray]:
        return decode(self, chunk_frames, **span)

    monkeypatch.setattr(AudioFile, "chunks", cut)
    result, other = play(inputs, tmp_path / "b.wav", di, blocks)
    assert other.shape == one.shape
    assert np.abs(other - one).max() < 1e-6
    assert replace(result, loudness=expected.loudness, waveform=expected.waveform) == expected


@pytest.mark.parametrize("name", ["wavenet_two_arrays", "wavenet_options", "convnet"])
def test_a_network_hears_the_same_from_a_di_at_another_rate(
    inputs: Inputs, tmp_path: Path, name: str
) -> None:
    at_44100 = plucks(1.5, sample_rate_hz=44_100)
    amp = NamBlock(inputs.known(own_models.model_path(name)))
    cab = CabBlock.of(inputs.sound(cabinet(5)))
    for mode in ("auto", "raw"):
        (_, one), (_, other) = (
            play(inputs, tmp_path / "a.wav", di, [amp, cab], input_mode=mode)
            for di in (
                inputs.sound(at_44100, 44_100),
                inputs.sound(resample(at_44100, 44_100, 48_000)),
            )
        )
        inside = slice(0, 70_000)
        assert level_db(one[:, inside] - other[:, inside]) < level_db(one[:, inside]) - 60.0
