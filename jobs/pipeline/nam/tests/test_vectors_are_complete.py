"""Is there a vector for everything that the loader understands?

What it understands is asked of the loader itself, so an option that is added without a vector
fails here. The way to repair that: a network in ``data/networks.py``, and ``data/make_vectors.py``.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.nam.document import Fields
from jobs.pipeline.nam.engine import build_engine
from jobs.pipeline.nam.file import (
    ARCHITECTURES,
    CONTAINER,
    NEWEST_VERSION,
    OLDEST_VERSION,
    NamFile,
    read_nam,
)
from jobs.pipeline.nam.program import ACTIVATION_NAMES, OTHER_ACTIVATION_NAMES, Activation
from jobs.pipeline.nam.tests import own_models, vectors
from jobs.pipeline.nam.tests.tolerance import assert_same_sound
from jobs.pipeline.nam.tests.vectors import Vector
from jobs.pipeline.nam.wavenet.config import GatingMode, LayerConfig

VERSIONS = ("0.5.0", "0.5.1", "0.5.2", "0.5.3", "0.5.4", "0.6.0", "0.7.0")

# Fields whose loss nothing here can hear, and why.
NOT_HEARD = {
    "metadata": "words and figures about the capture; for test_file and the self-test",
    "sample_rate": "how long an LSTM settles and what a DI is resampled to; for audio/test_render",
    "config.in_channels": "1 is all that is let in",
    "config.input_size": "1 is all that is let in",
    "config.groups": "1 is all that is let in",
    "config.head.in_channels": "says again how wide the last array's head is",
}


@functools.cache
def load(vector: Vector) -> NamFile:
    return read_nam(vector.model)


def place_of(path: str) -> str:
    """``config.submodels[1].model.config.layers[0].head`` is the ``config.layers[].head`` of a
    model; and so within a condition network."""
    path = re.sub(r"\[\d+\]", "[]", path)
    return re.sub(r"^(config\.(submodels\[\]\.model|condition_dsp)\.)+", "", path)


class WatchedValues(dict[str, Any]):
    """A JSON object that remembers what it is asked for, and can keep silent about one place."""

    def __init__(self, values: dict[str, Any], where: str, asked: set[str], silent: str) -> None:
        super().__init__(values)
        self.where, self.asked, self.silent = where, asked, silent

    def get(self, key: str, default: Any = None) -> Any:
        place = place_of(f"{self.where}.{key}" if self.where else key)
        self.asked.add(place)
        return default if place == self.silent else super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        return self.get(key)


def load_watched(
    vector: Vector, monkeypatch: pytest.MonkeyPatch, silent: str = ""
) -> tuple[NamFile | None, set[str]]:
    """The capture without what stands at ``silent`` (None: refused), and all places asked for."""
    asked: set[str] = set()
    original = Fields.__init__

    def watch(self: Fields, value: object, where: str) -> None:
        original(self, value, where)
        self._values = WatchedValues(dict(self._values), where, asked, silent)

    with monkeypatch.context() as patch:
        patch.setattr(Fields, "__init__", watch)
        try:
            return read_nam(vector.model), asked
        except PipelineError:
            return None, asked


def sounds_right(nam: NamFile, vector: Vector) -> bool:
    wet = build_engine(nam, vector.slim_size).start().process(vector.read_input())
    try:
        assert_same_sound(wet, vector.read_output())
    except AssertionError:
        return False
    return True


def test_every_field_that_the_loader_reads_is_heard_in_some_vector(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without the field, a vector is refused or sounds wrong; so an option no one made a vector
    for, or one that the engine takes no notice of, is found."""
    by_size = sorted(vectors.OWN, key=lambda vector: vector.model.stat().st_size)
    fields = {vector: load_watched(vector, monkeypatch)[1] for vector in by_size}

    def is_missed(place: str) -> bool:
        for vector in by_size:
            if place in fields[vector]:
                nam, _ = load_watched(vector, monkeypatch, silent=place)
                if nam is None or not sounds_right(nam, vector):
                    return True
        return False

    asked = set().union(*fields.values())
    assert len(asked) > 60
    assert {place for place in asked if not is_missed(place)} == set(NOT_HEARD)


def parts(value: object) -> Iterator[object]:
    """A checked capture and all that it is made of."""
    yield value
    inner: Any = ()
    if dataclasses.is_dataclass(value):
        inner = (getattr(value, field.name) for field in dataclasses.fields(value))
    elif isinstance(value, dict):
        inner = value.values()
    elif isinstance(value, tuple):
        inner = value
    for item in inner:
        yield from parts(item)


def all_parts() -> Iterator[object]:
    for vector in vectors.OWN:
        yield from parts(load(vector))


def test_every_architecture_with_random_and_with_trained_weights() -> None:
    trained = {load(one).architecture for one in vectors.OWN if is_trained(one)}
    random = {load(one).architecture for one in vectors.OWN if not is_trained(one)}
    assert trained == random == set(ARCHITECTURES)


def is_trained(vector: Vector) -> bool:
    return '"training":' in vector.model.read_text()


@pytest.mark.parametrize("kind", [one for one in ARCHITECTURES if one != CONTAINER])
def test_every_kind_of_network_conditions_another(kind: str) -> None:
    found = set()
    for name in own_models.NAMES:
        condition = own_models.document(name)["config"].get("condition_dsp")
        found.add(condition and condition["architecture"])
    assert kind in found


def test_every_version() -> None:
    found = {load(vector).version for vector in vectors.OWN}
    assert found == set(VERSIONS)
    numbers = sorted(tuple(map(int, version.split("."))) for version in found)
    assert (numbers[0], numbers[-1]) == (OLDEST_VERSION, NEWEST_VERSION)


def test_every_activation_in_every_spelling() -> None:
    assert {part.name for part in all_parts() if isinstance(part, Activation)} == ACTIVATION_NAMES
    text = "".join(vector.model.read_text() for vector in vectors.OWN)
    assert all(f'"{spelling}"' in text for spelling in OTHER_ACTIVATION_NAMES)


def test_every_gating_mode() -> None:
    modes = {part.gating for part in all_parts() if isinstance(part, LayerConfig)}
    assert modes == set(get_args(GatingMode))


def test_every_model_has_an_output_and_every_output_a_model() -> None:
    models = {one.model for one in vectors.OWN}
    assert models == {*own_models.MODELS.glob("*.nam"), *vectors.DEMO_CAPTURES.glob("*.nam")}
    assert all(model.is_file() for model in models)


@pytest.mark.parametrize("vector", vectors.OWN, ids=lambda vector: vector.id)
def test_an_output_is_half_a_second_that_says_something(vector: Vector) -> None:
    expected = vector.read_output()
    assert expected.shape == vector.read_input().shape == (1, 24_000)
    # Not just the constant that many random networks give out.
    assert expected.std() > 0.08 * abs(expected).max()
