"""Compiled kernels against what stands in for them, and the same on every processor."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from accounts.tests import needs
from jobs.pipeline.jit import sound_kernels
from jobs.pipeline.measure import loudness_kernels
from jobs.pipeline.measure.loudness import LoudnessMeter, k_weighting, measure_chunks
from jobs.pipeline.measure.loudness_kernels import TruePeak, between_taps
from jobs.pipeline.render import chain
from jobs.pipeline.render.cab import CabProcessor, ImpulseResponse
from jobs.pipeline.render.chain import DCBlocker
from jobs.pipeline.signal import convolution
from jobs.pipeline.signal.convolution import CompiledConvolver, SciPyConvolver
from jobs.pipeline.signal.samples import FloatArray, gain_to_db
from jobs.pipeline.tests.signals import cut, noise, plucks

pytest.importorskip("llvmlite", reason=needs.LLVM)

from jobs.pipeline.jit.compiler import this_host
from jobs.pipeline.jit.sound import SoundKernels

RATE_HZ = 48_000


@pytest.fixture(scope="module")
def kernels() -> SoundKernels:
    compiled = sound_kernels()
    if compiled is None:
        pytest.skip(needs.FUSED_MULTIPLY_ADD)
    return compiled


@pytest.fixture
def without_kernels(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def forget() -> None:
        for module in (convolution, chain, loudness_kernels, loudness_kernels):
            monkeypatch.setattr(module, "sound_kernels", lambda: None)

    return forget


@pytest.mark.parametrize("num_taps", [2, 64, 1393, 2048, 2049, 9_000])
def test_convolution_is_scipys(kernels: SoundKernels, num_taps: int) -> None:
    rng = np.random.default_rng(num_taps)
    taps = rng.standard_normal(num_taps) * np.exp(-np.arange(num_taps) / 400.0)
    compiled, plain = CompiledConvolver(taps, kernels), SciPyConvolver(taps)
    for num_frames in (1, compiled.unit_frames // 2 + 1, compiled.unit_frames):
        frames = noise(num_frames, seed=num_frames)[0]
        wet = compiled.convolve(frames)
        expected = np.zeros(num_frames + num_taps - 1)
        for start in range(0, num_frames, plain.unit_frames):
            part = plain.convolve(frames[start : start + plain.unit_frames])
            expected[start : start + len(part)] += part
        assert wet.shape == expected.shape
        # −260 dB of the loudest.
        assert np.abs(wet - expected).max() < 1e-13 * np.abs(expected).max()


def test_one_half_of_a_unit_is_not_heard_in_the_other(kernels: SoundKernels) -> None:
    taps = np.random.default_rng(5).standard_normal(1_000)
    convolver = CompiledConvolver(taps, kernels)
    half = convolver.unit_frames // 2
    frames = np.zeros(convolver.unit_frames, np.float32)
    frames[half:] = noise(half)[0]
    assert np.abs(convolver.convolve(frames)[:half]).max() < convolver.noise_floor


def test_a_cabinet_is_the_same_compiled_or_not_in_chunks_of_any_length(
    kernels: SoundKernels, without_kernels: Callable[[], None]
) -> None:
    taps = np.random.default_rng(6).standard_normal(700) * np.exp(-np.arange(700) / 90.0)
    # Loud, then nothing: after the tail there must be nothing left of it.
    dry = np.concatenate([noise(50_000, num_channels=2), np.zeros((2, 40_000), np.float32)], axis=1)
    compiled = through_cabinet(taps, dry, dry.shape[1])
    np.testing.assert_array_equal(through_cabinet(taps, dry, 511), compiled)
    without_kernels()
    plain = through_cabinet(taps, dry, dry.shape[1])
    np.testing.assert_array_equal(through_cabinet(taps, dry, 511), plain)
    np.testing.assert_allclose(compiled, plain, atol=1e-7 * np.abs(plain).max())
    for wet in (compiled, plain):
        assert wet.shape == (2, 90_000 + 699)
        assert not wet[:, 50_000 + 699 :].any()


def through_cabinet(
    taps: np.ndarray[tuple[int], np.dtype[np.float64]], dry: FloatArray, chunk_frames: int
) -> FloatArray:
    response = ImpulseResponse(taps, 0, RATE_HZ, 0.0, RATE_HZ, len(taps), ())
    processor = CabProcessor(response, len(dry))
    parts = [processor.process(chunk) for chunk in cut(dry, chunk_frames)]
    return np.concatenate([*parts, processor.finish()], axis=1)


@pytest.mark.parametrize("chunk_frames", [1, 7, 8, 511, 20_000])
def test_the_dc_blocker_gives_the_same_bits_compiled_or_not(
    kernels: SoundKernels, without_kernels: Callable[[], None], chunk_frames: int
) -> None:
    dry = noise(20_001 if chunk_frames > 1 else 500, num_channels=2) + np.float32(0.1)
    compiled = chunk_by_chunk(dry, chunk_frames)
    without_kernels()
    np.testing.assert_array_equal(chunk_by_chunk(dry, chunk_frames), compiled)
    np.testing.assert_array_equal(chunk_by_chunk(dry, dry.shape[1]), compiled)


def chunk_by_chunk(dry: FloatArray, chunk_frames: int) -> FloatArray:
    blocker = DCBlocker(RATE_HZ, len(dry))
    return np.concatenate([blocker.process(chunk) for chunk in cut(dry, chunk_frames)], axis=1)


def test_the_dc_blocker_lets_nothing_of_a_constant_through() -> None:
    wet = DCBlocker(RATE_HZ, 1).process(np.full((1, 40 * RATE_HZ), 0.5, np.float32))
    assert wet[0, 0] == pytest.approx(0.5, rel=1e-3)
    # e^(−2π·5·t): below the smallest float32 there is.
    assert not wet[0, -RATE_HZ:].any()


@pytest.mark.parametrize("sample_rate_hz", [44_100, 48_000, 192_000])
def test_the_meter_reads_the_same_compiled_or_not(
    kernels: SoundKernels, without_kernels: Callable[[], None], sample_rate_hz: int
) -> None:
    signal = np.concatenate([plucks(4.0), noise(4 * RATE_HZ)[:, : plucks(4.0).shape[1]]])
    compiled = measure_chunks(cut(signal, 30_011), sample_rate_hz, 2)
    without_kernels()
    plain = measure_chunks(cut(signal, 30_011), sample_rate_hz, 2)
    for name, value in compiled.as_json().items():
        # Loudness within rounding; true peak far within a thousandth of a decibel.
        assert value == pytest.approx(getattr(plain, name), abs=1e-5), name
    assert compiled.true_peak_dbtp != compiled.sample_peak_dbfs


def test_every_hop_gets_the_energy_of_its_own_frames(
    kernels: SoundKernels, without_kernels: Callable[[], None]
) -> None:
    def powers() -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        meter = LoudnessMeter(44_101, 1)
        for chunk in cut(plucks(2.0), 777):
            meter.add(chunk)
        return meter.momentary_powers()

    compiled = powers()
    without_kernels()
    np.testing.assert_allclose(compiled, powers(), rtol=1e-10)


@pytest.mark.parametrize("frequency_hz", [100.0, 997.0, 6_000.0, 12_000.0, 16_000.0, 20_000.0])
def test_true_peak_finds_the_top_of_a_sine(frequency_hz: float) -> None:
    """Wherever the samples stand: four points per sample miss it by little, the filter adds less.

    Between the points the top may hide: 1 − cos(π·f/(4·48 kHz)) at most.
    """
    time_s = np.arange(RATE_HZ) / RATE_HZ
    hidden_db = -gain_to_db(np.cos(np.pi * frequency_hz / (4 * RATE_HZ)))
    for phase in np.linspace(0.0, np.pi, 7):
        tone = np.sin(2 * np.pi * frequency_hz * time_s + phase)
        # Faded, so that no step is measured.
        tone *= np.minimum(1.0, np.minimum(time_s, time_s[::-1]) / 0.1)
        result = measure_chunks(cut(tone[np.newaxis].astype(np.float32), 10_000), RATE_HZ, 1)
        assert result.true_peak_dbtp is not None
        assert -hidden_db - 0.02 < result.true_peak_dbtp < 0.02


def test_true_peak_hears_to_the_end() -> None:
    """Two equal samples at the very end have a top between them, and so they have at the start."""
    for place in (slice(-2, None), slice(0, 2)):
        signal = np.zeros((1, 1_000), np.float32)
        signal[0, place] = 1.0
        meter = TruePeak(1)
        meter.add(signal)
        meter.finish()
        assert meter.peak == pytest.approx(4.0 / np.pi, abs=0.03)


def test_every_processor_gives_the_same_bits(kernels: SoundKernels) -> None:
    host = this_host()
    assert host
    heard = noise(10_007)[0]
    sections = k_weighting(RATE_HZ)
    taps = np.random.default_rng(3).standard_normal(900)
    results = []
    for lanes in (4, 8, 16):
        made = SoundKernels(dataclasses.replace(host, lanes=lanes))
        energies = np.zeros(2)
        made.weigh(heard, sections, np.zeros(6), np.array([5_000, 10_007]), energies)
        wet = CompiledConvolver(taps, made).convolve(heard)
        results.append((made.loudest_between(heard, between_taps()), *energies, *wet))
    assert results[0] == results[1] == results[2]


def test_kernels_refuse_what_would_reach_outside_an_array(kernels: SoundKernels) -> None:
    heard, taps = noise(40)[0], between_taps()
    with pytest.raises(ValueError, match="9 outputs"):
        kernels.loudest_between(heard, taps)
    with pytest.raises(ValueError, match="eight frames"):
        kernels.high_pass(heard[:7], np.ones(8), 0.5, np.zeros(8))
    with pytest.raises(ValueError, match="beyond the samples"):
        kernels.weigh(heard, k_weighting(RATE_HZ), np.zeros(6), np.array([41]), np.zeros(1))
    tables = CompiledConvolver(np.ones(100), kernels)._tables
    with pytest.raises(ValueError, match="tables are for"):
        kernels.convolve(np.zeros((2, 100)), tables)
