"""Twelve cabinets with known onsets behind three amps: all 36 begin together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from jobs.pipeline.formats.shootout_info import ContenderInfo, DIInfo, ShootoutInfo
from jobs.pipeline.measure.alignment import Alignment, align
from jobs.pipeline.measure.chain_probes import ChainResponse, PartResponse
from jobs.pipeline.recipe import CabBlock, DISource, NamBlock, SegmentRecipe
from jobs.pipeline.render.prefix import FolderPrefixes
from jobs.pipeline.render.segment import render_segment
from jobs.pipeline.render.tests.cab_pack import LATE_FRAMES, KnownCab, make_pack
from jobs.pipeline.render.tests.inputs import Inputs
from jobs.pipeline.shootout import FinishedAudio, SegmentResult, finish_audio
from jobs.pipeline.signal.samples import db_to_gain
from jobs.pipeline.tests.signals import level_db, plucks

PACK = Path(__file__).resolve().parents[4] / "shootouts" / "demo"

# Clean, crunch and lead, each behind a pedal that is so late, and the second one inverted.
AMP_LAGS = (0, 11, 23)
AMP_SIGNS = (1, -1, 1)


@pytest.fixture(scope="module")
def amps(tmp_path_factory: pytest.TempPathFactory) -> tuple[Inputs, list[tuple[NamBlock, ...]]]:
    inputs = Inputs(tmp_path_factory.mktemp("amps"))
    captures = ("halyard-22-clean", "bosun-45-crunch", "tempest-100-lead")
    chains: list[tuple[NamBlock, ...]] = [
        (
            NamBlock(inputs.capture([0.0] * lag + [float(sign)])),
            NamBlock(inputs.known(PACK / "captures" / f"{name}.nam")),
        )
        for lag, sign, name in zip(AMP_LAGS, AMP_SIGNS, captures, strict=True)
    ]
    return inputs, chains


@pytest.fixture(scope="module")
def finished(
    amps: tuple[Inputs, list[tuple[NamBlock, ...]]], tmp_path_factory: pytest.TempPathFactory
) -> FinishedAudio:
    """All 36, rendered and published."""
    inputs, chains = amps
    folder = tmp_path_factory.mktemp("pack")
    di = inputs.sound(plucks(1.0))
    prefixes = FolderPrefixes(folder / "prefixes")
    results = []
    for number, (chain, cab) in enumerate((a, c) for a in chains for c in make_pack(1)):
        recipe = SegmentRecipe(DISource(di), (*chain, CabBlock.of(inputs.sound(cab.as_sound()))))
        path = folder / f"{number}.wav"
        render = render_segment(recipe, inputs.paths, path, prefixes=prefixes)
        results.append(SegmentResult(0, number, recipe, render, path))
    info = ShootoutInfo(
        title="Pack",
        dis=(DIInfo("Riff", di),),
        contenders=tuple(ContenderInfo(str(number)) for number in range(len(results))),
    )
    (folder / "out").mkdir()
    return finish_audio(info, results, folder / "out")


@pytest.fixture(scope="module")
def amp_responses(finished: FinishedAudio) -> list[PartResponse]:
    responses = [s.result.render.response for s in finished.segments[:: len(make_pack(1))]]
    return [r.captured for r in responses if r is not None and r.captured is not None]


def true_onsets(cabs: list[KnownCab]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([lag + cab.onset_frame for lag in AMP_LAGS for cab in cabs], dtype=np.float64)


def lags(alignments: list[Alignment]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([alignment.advance_frames for alignment in alignments], dtype=np.float64)


def test_all_begin_within_four_samples_with_the_right_polarity(finished: FinishedAudio) -> None:
    alignments = [s.alignment for s in finished.segments if s.alignment is not None]
    assert len(alignments) == 36
    left = true_onsets(make_pack(1)) - lags(alignments)
    assert np.abs(left).max() <= 4.0
    signs = np.array([sign * cab.sign for sign in AMP_SIGNS for cab in make_pack(1)])
    # 14 of 36 are inverted: the others are the majority.
    assert [a.polarity for a in alignments] == np.where(signs > 0, "same", "inverted").tolist()
    assert all(a.is_trusted and a.is_accepted for a in alignments)


def test_the_late_one_is_told_and_no_other(finished: FinishedAudio) -> None:
    for number, segment in enumerate(finished.segments):
        assert segment.alignment is not None
        codes = [warning.code for warning in segment.alignment.warnings]
        if number % 12 == 11:
            assert codes == ["ALIGNMENT_LATE"]
            assert set(segment.warnings) >= {w.text for w in segment.alignment.warnings}
            # What its impulse response says of itself is not said again.
            [silence] = [text for text in segment.warnings if "silence" in text]
            assert "begins with 15." in silence
        else:
            assert codes == []


def test_what_is_published_is_the_render_from_the_lag_on(finished: FinishedAudio) -> None:
    """Equally loud as it is played, and a constant gain is all that was applied."""
    for segment in finished.segments[::5]:
        assert segment.alignment is not None
        before = soundfile.read(segment.result.pre_gain_path, dtype="float32")[0]
        after = soundfile.read(segment.path, dtype="float32")[0]
        played = before[segment.alignment.advance_frames :] * np.float32(
            db_to_gain(segment.gain_db)
        )
        assert len(after) == max(len(played), segment.result.render.di_num_frames)
        rest = after[: len(played)] - played
        assert level_db(rest[np.newaxis]) < level_db(after[np.newaxis]) - 90.0
        loudness_lufs = segment.published.loudness.integrated_lufs
        assert loudness_lufs == pytest.approx(finished.levels.common_target_lufs, abs=0.02)


@pytest.mark.parametrize("seed", range(12))
def test_every_pack_comes_together(amp_responses: list[PartResponse], seed: int) -> None:
    cabs = make_pack(seed)
    alignments = align(
        [ChainResponse(True, amp, cab.response()) for amp in amp_responses for cab in cabs]
    )
    assert np.abs(true_onsets(cabs) - lags(alignments)).max() <= 4.0
    signs = np.array([sign * cab.sign for sign in AMP_SIGNS for cab in cabs])
    assert [a.polarity for a in alignments] == np.where(signs > 0, "same", "inverted").tolist()


@pytest.mark.parametrize("max_onset_frame", [0, 4, 30])
@pytest.mark.parametrize("seed", range(8))
def test_with_any_three_hard_to_estimate_the_spread_is_never_larger(
    amp_responses: list[PartResponse], seed: int, max_onset_frame: int
) -> None:
    """Without and with the late one, which is not to hide the others."""
    random = np.random.default_rng(100 + seed)
    cabs = make_pack(seed, max_onset_frame=max_onset_frame)
    chains = [(amp, cab) for amp in amp_responses for cab in cabs]
    for number in random.choice(len(chains), 3, replace=False):
        amp, cab = chains[number]
        chains[number] = amp, cab.made_hard(random)
    before = true_onsets(cabs)
    after = before - lags(align([ChainResponse(True, amp, cab.response()) for amp, cab in chains]))
    is_usual = np.array([cab.onset_frame != LATE_FRAMES for _, cab in chains])
    assert np.ptp(after[is_usual]) <= np.ptp(before[is_usual])
    assert np.ptp(after) <= np.ptp(before)


@pytest.mark.parametrize("max_onset_frame", [0, 1, 2, 4, 5, 6, 8, 10])
@pytest.mark.parametrize("seed", range(4))
def test_over_one_amp_that_spread_is_never_larger(
    amp_responses: list[PartResponse], seed: int, max_onset_frame: int
) -> None:
    """Also where they are together already, closer than can be measured."""
    random = np.random.default_rng(200 + seed)
    cabs = make_pack(seed, max_onset_frame=max_onset_frame)[:-1]
    for number in random.choice(len(cabs), 3, replace=False):
        cabs[number] = cabs[number].made_hard(random)
    before = np.array([cab.onset_frame for cab in cabs], dtype=np.float64)
    amp = amp_responses[2]
    after = before - lags(align([ChainResponse(True, amp, cab.response()) for cab in cabs]))
    assert np.ptp(after) <= np.ptp(before)
