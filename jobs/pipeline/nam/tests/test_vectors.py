"""The engine against reference implementations, sample by sample: the main claim of GTS."""

from __future__ import annotations

import functools
import json
from collections import Counter

import numpy as np
import pytest

from jobs.pipeline.nam.engine import NamEngine, NamStage, build_engine, self_test_report
from jobs.pipeline.nam.file import read_nam
from jobs.pipeline.nam.tests import backends, own_models, vectors
from jobs.pipeline.nam.tests.tolerance import MAX_CHUNK_DIFFERENCE, assert_same_sound
from jobs.pipeline.nam.tests.vectors import Vector
from jobs.pipeline.signal.samples import FloatArray
from jobs.pipeline.tests.shared_data import NAM_VECTORS

# (frames of a chunk, frame up to which the signal comes in such chunks)
CHUNKS = ((1, 250), (7, 1_500), (64, 6_000), (511, 1_000_000))

each_vector = pytest.mark.parametrize("vector", vectors.ALL, ids=lambda vector: vector.id)
each_backend = pytest.mark.parametrize("backend", backends.NAMES)


@functools.lru_cache(maxsize=4)
def engine_of(vector: Vector, backend: str) -> NamEngine:
    return build_engine(read_nam(vector.model), vector.slim_size, backend=backends.load(backend))


@functools.lru_cache(maxsize=4)
def rendered(vector: Vector, backend: str) -> FloatArray:
    return engine_of(vector, backend).start().process(vector.read_input())


def rendered_in_chunks(stage: NamStage, dry: FloatArray) -> FloatArray:
    chunks, start = [], 0
    for frames, until in CHUNKS:
        while start < min(until, dry.shape[1]):
            chunks.append(stage.process(dry[:, start : start + frames]))
            start += frames
    return np.hstack(chunks)


@each_vector
@each_backend
def test_it_sounds_like_the_reference(backend: str, vector: Vector) -> None:
    assert_same_sound(rendered(vector, backend), vector.read_output())


@each_vector
@each_backend
def test_chunks_change_nothing(backend: str, vector: Vector) -> None:
    whole = rendered(vector, backend)
    cut = rendered_in_chunks(engine_of(vector, backend).start(), vector.read_input())
    # Linear is not compiled: SciPy runs it on every backend.
    if backend == "llvm" and "linear" not in vector.id:
        np.testing.assert_array_equal(cut, whole)
    elif vector in vectors.SHARED:
        # Two networks there multiply what NumPy rounds differently: 1.2e-5 for an A1 standard.
        assert_same_sound(cut, whole)
    else:
        assert np.abs(cut - whole).max() < MAX_CHUNK_DIFFERENCE * max(1.0, np.abs(whole).max())


def test_the_shared_set_is_complete_where_it_is() -> None:
    stats = NAM_VECTORS / "reference_stats.json"
    listed = json.loads(stats.read_text())["outputs"] if stats.exists() else []
    assert sorted(listed) == [vector.output.stem for vector in vectors.SHARED]


def test_captures_are_as_loud_as_their_own_files_say() -> None:
    """The package measured them when it wrote them; ours, and two of others where they are."""
    models = {one.model for one in vectors.OWN}
    models |= {one.model for one in vectors.SHARED if one.model.stem in ("A2", "wavenet")}
    outcomes: Counter[str] = Counter()
    for model in models:
        report = self_test_report(read_nam(model))
        outcomes[report["outcome"]] += 1
        for network in report["networks"]:
            assert abs(network["difference_db"] or 0.0) < 0.001, model.stem
    assert outcomes["passed"] >= 15
    assert outcomes["failed"] == 0


@pytest.mark.parametrize("name", ["lstm", "convnet", "linear_short"])
def test_the_self_test_is_for_wavenets(name: str) -> None:
    """The trainer's figure for an LSTM is not exact: it does not let it settle."""
    report = self_test_report(own_models.load(name))
    assert (report["outcome"], report["networks"]) == ("not_run", [])


@pytest.mark.parametrize(
    "container", [one for one in vectors.ALL if one.id in ("a2", "shared:A2__generic")]
)
def test_a2_has_the_sizes_that_people_know(container: Vector) -> None:
    nam = read_nam(container.model)
    assert [(s.label, s.max_value, s.nam.num_weights) for s in nam.submodels] == [
        ("A2 Lite (3 channels)", 0.5, 1871),
        ("A2 Full (8 channels)", 1.0, 12146),
    ]
    engine = build_engine(nam)
    assert (engine.label, engine.weight_count) == ("A2 Full (8 channels)", 12146)
    assert engine.receptive_field_frames == 6347
    assert build_engine(nam, 0.5).label == "A2 Full (8 channels)"
    assert build_engine(nam, 0.49).label == "A2 Lite (3 channels)"


def test_a1_standard_has_the_size_that_people_know() -> None:
    standard = own_models.load("a1_standard")
    assert (standard.sample_rate_hz, standard.num_weights) == (48_000, 13_802)
    assert standard.metadata.input_level_dbu == 12.2
    engine = build_engine(standard)
    assert engine.label == "A1 standard (16 channels)"
    assert engine.receptive_field_frames == 4093


@each_backend
def test_a_container_may_hold_networks_of_any_kind(backend: str) -> None:
    """Each sounds as it does alone."""
    sizes = {0.3: "lstm_trained", 0.5: "convnet", 0.8: "linear_short", 1.0: "wavenet_0_6_0"}
    document = {
        "version": "0.7.0",
        "architecture": "SlimmableContainer",
        "config": {
            "submodels": [
                {"max_value": size, "model": own_models.document(name)}
                for size, name in sizes.items()
            ]
        },
        "weights": [],
    }
    container = own_models.parse_document(document)
    for size, name in sizes.items():
        engine = build_engine(container, size - 0.1, backend=backends.load(backend))
        alone = vectors.vector(name)
        assert_same_sound(engine.start().process(alone.read_input()), alone.read_output())
