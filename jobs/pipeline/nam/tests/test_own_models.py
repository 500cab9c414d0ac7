"""What an engine promises beside its sound (``test_vectors``), on models of every kind."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.pipeline.nam.backend import Backend
from jobs.pipeline.nam.engine import build_engine
from jobs.pipeline.nam.tests import backends, own_models
from jobs.pipeline.nam.tests.tolerance import MAX_CHUNK_DIFFERENCE

# A loud chord, silence, a step.
INPUT = np.hstack(
    [own_models.read_input()[:, part] for part in (np.s_[16_000:16_700], np.s_[22_000:22_600])]
)


@pytest.fixture(params=backends.NAMES)
def backend(request: pytest.FixtureRequest) -> Backend:
    return backends.load(request.param)


@pytest.mark.parametrize("name", own_models.NAMES)
def test_the_same_again_gives_the_same_bits(name: str, backend: Backend) -> None:
    first, second = (
        build_engine(own_models.load(name), backend=backend).start().process(INPUT)
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("name", own_models.NAMES)
def test_it_starts_as_if_silence_had_gone_before(name: str, backend: Backend) -> None:
    engine = build_engine(own_models.load(name), backend=backend)
    at_once = engine.start().process(INPUT)
    stage = engine.start()
    silence = stage.process(np.zeros((1, engine.receptive_field_frames + 1_000), np.float32))
    assert np.ptp(silence) < 2e-6
    np.testing.assert_allclose(stage.process(INPUT), at_once, atol=2e-6)


def test_one_engine_serves_signals_that_do_not_hear_each_other(backend: Backend) -> None:
    engine = build_engine(own_models.load("wavenet_two_arrays"), backend=backend)
    alone = engine.start().process(INPUT)
    first, second = engine.start(), engine.start()
    chunks = []
    for start in range(0, INPUT.shape[1], 100):
        chunk = INPUT[:, start : start + 100]
        chunks.append(first.process(chunk))
        second.process(-3.0 * chunk)
    np.testing.assert_allclose(np.hstack(chunks), alone, atol=MAX_CHUNK_DIFFERENCE)


@pytest.mark.parametrize("name", own_models.NAMES)
def test_an_empty_chunk_is_an_empty_chunk(name: str, backend: Backend) -> None:
    stage = build_engine(own_models.load(name), backend=backend).start()
    assert stage.process(np.zeros((1, 0), np.float32)).shape == (1, 0)
    assert stage.finish().shape == (1, 0)


def test_two_channels_are_a_mistake_of_the_caller() -> None:
    stage = build_engine(own_models.load("convnet")).start()
    with pytest.raises(ValueError, match="one channel"):
        stage.process(np.zeros((2, 10), np.float32))


@pytest.mark.parametrize("slim_size", [-0.1, 1.1, float("nan")])
def test_a_slim_size_is_a_share(slim_size: float) -> None:
    with pytest.raises(ValueError, match="slim_size"):
        build_engine(own_models.load("container"), slim_size)


def test_a_slimmable_network_names_its_share() -> None:
    nam = own_models.load("wavenet_slimmable")
    assert build_engine(nam, 0.0).label == "WaveNet (2 of 6 channels)"
    assert build_engine(nam, 0.34).label == "WaveNet (3 of 6 channels)"
    assert build_engine(nam).label == "WaveNet (6 channels)"


@pytest.mark.parametrize("slim_size", [0.0, 0.5, 1.0])
def test_arrays_with_a_bottleneck_still_fit_together_when_slimmed(slim_size: float) -> None:
    """What one array hands to the next one's head is as wide as its bottleneck, not its channels.

    Found by ``test_fuzz``.
    """
    model = own_models.document("wavenet_slimmable")
    one = {
        "input_size": 1,
        "condition_size": 1,
        "channels": 4,
        "kernel_size": 2,
        "dilations": [1],
        "activation": "Tanh",
        "head_size": 2,
        "head_bias": False,
        "slimmable": {"method": "slice_channels_uniform"},
    }
    two = {**one, "input_size": 4, "bottleneck": 2, "head_size": 1}
    model["config"] = {"layers": [one, two], "head_scale": 0.5}
    # Per array: in, convolution, mixin, layer1x1, head; then the scale.
    sizes = (4, 4 * 4 * 2 + 4, 4, 4 * 4 + 4, 4 * 2), (4 * 4, 2 * 4 * 2 + 2, 2, 4 * 2 + 4, 2)
    model["weights"] = np.linspace(-0.5, 0.5, sum(map(sum, sizes)) + 1).tolist()
    engine = build_engine(own_models.parse_document(model), slim_size)
    wet = engine.start().process(np.full((1, 20), 0.3, np.float32))
    assert np.isfinite(wet).all()
    assert np.abs(wet).max() > 1e-3
