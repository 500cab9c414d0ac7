"""Files that no one would write: whatever they hold, the answer is a typed error or sound.

A fast look in every run; ``GTS_FUZZ_EXAMPLES=20000`` looks hard.
"""

from __future__ import annotations

import copy
import json
import os
import re
from typing import Any

import numpy as np
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.nam.engine import build_engine, self_test
from jobs.pipeline.nam.file import ARCHITECTURES, NamFile, parse_nam
from jobs.pipeline.nam.program import ACTIVATION_NAMES as ACTIVATIONS
from jobs.pipeline.nam.tests import backends
from jobs.pipeline.nam.tests.own_models import NAMES, document
from jobs.pipeline.nam.wavenet.config import FILM_PLACES
from jobs.pipeline.signal.samples import FloatArray

NUM_EXAMPLES = int(os.environ.get("GTS_FUZZ_EXAMPLES", "100"))
fuzz = settings(
    max_examples=NUM_EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

DOCUMENTS = {name: document(name) for name in NAMES}
DRY: FloatArray = np.random.default_rng(3).normal(0.0, 0.3, (1, 200)).astype(np.float32)
# A network that is fitted to a spoilt config may want any number of weights.
MAX_FITTED_WEIGHTS = 100_000

KEYS = sorted(
    {
        *("version", "architecture", "config", "weights", "metadata", "sample_rate", "layers"),
        *("input_size", "condition_size", "channels", "bottleneck", "kernel_size", "head_scale"),
        *("kernel_sizes", "dilations", "activation", "gated", "gating_mode", "head", "head_size"),
        *("secondary_activation", "groups_input", "groups_input_mixin", "layer1x1", "head1x1"),
        *("active", "groups", "out_channels", "shift", "slimmable", "method", "kwargs", "bias"),
        *("allowed_channels", "condition_dsp", "submodels", "max_value", "model", "hidden_size"),
        *("num_layers", "in_channels", "batchnorm", "receptive_field", "type", "head_dilation"),
        *("negative_slope", "negative_slopes", "min_val", "max_val", "min_slope", "max_slope"),
        *("loudness", "input_level_dbu", "head_bias", *FILM_PLACES),
    }
)
WORDS = [
    *(*ARCHITECTURES, *ACTIVATIONS, "none", "gated", "blended", "slice_channels_uniform"),
    *("0.5.0", "0.5.4", "0.6.0", "0.7.0", "0.7.9", "", "\x00", "\ud800", "é", "x" * 500),
]
NUMBERS = st.one_of(
    st.integers(-2, 20),
    st.sampled_from([0.5, -0.0, 1e-40, 1e30, 1e38, 1e308, -1e300, 2**31, 2**63, 10**80, 131_072]),
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(),
)
SCALARS = st.one_of(NUMBERS, st.sampled_from(WORDS), st.none(), st.booleans(), st.text(max_size=8))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5), st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)
    ),
    max_leaves=25,
)

Place = tuple[Any, Any]  # a list or an object, and an index or a key of it


def places(value: Any) -> list[Place]:
    """Everything that can be changed; of a list of numbers only the ends."""
    found: list[Place] = []
    if isinstance(value, dict):
        for key, item in value.items():
            found += [(value, key), *places(item)]
    elif isinstance(value, list):
        numbers = all(isinstance(item, int | float) for item in value)
        ends = {0, len(value) - 1} if numbers and len(value) > 8 else range(len(value))
        for i in sorted(ends) if value else ():
            found += [(value, i), *places(value[i])]
    return found


@st.composite
def spoilt_models(draw: st.DrawFn) -> Any:
    """A real model with up to four things wrong with it."""
    model = copy.deepcopy(DOCUMENTS[draw(st.sampled_from(NAMES))])
    for _ in range(draw(st.integers(1, 4))):
        found = places(model)
        if not found:
            break
        holder, key = draw(st.sampled_from(found))
        before = holder[key]
        match draw(st.sampled_from(["replace", "number", "swap", "drop", "add", "wrap", "repeat"])):
            case "replace":
                holder[key] = draw(VALUES)
            case "number":
                holder[key] = draw(NUMBERS)
            case "swap":
                other, name = draw(st.sampled_from(found))
                holder[key] = copy.deepcopy(other[name])
            case "drop":
                del holder[key]
            case "add" if isinstance(before, dict):
                before[draw(st.sampled_from(KEYS))] = draw(VALUES)
            case "wrap":
                holder[key] = [before]
            case "repeat" if isinstance(before, list):
                holder[key] = before * draw(st.integers(0, 3))
    return model


SIZES = st.integers(1, 4)
ACTIVATION = st.one_of(
    st.sampled_from(sorted(ACTIVATIONS)),
    st.builds(
        lambda name, slope: {"type": name, "negative_slope": slope},
        st.sampled_from(["PReLU", "LeakyReLU"]),
        st.floats(-2.0, 2.0),
    ),
)


def groups(*sizes: int) -> st.SearchStrategy[int]:
    """A number of groups; in one of ten cases one that does not divide the sizes."""
    fitting = [count for count in (1, 2, 3, 4) if not any(size % count for size in sizes)]
    return st.sampled_from([*fitting * 10, 3][-10:])


@st.composite
def arrays(draw: st.DrawFn, input_size: int, condition_size: int) -> dict[str, Any]:
    """A WaveNet's layer array with any of its options; mostly one that fits together."""
    channels = draw(SIZES)
    has_layer1x1, has_head1x1 = draw(st.integers(0, 3)) > 0, draw(st.booleans())
    bottleneck = draw(SIZES) if has_layer1x1 else channels
    head_size = draw(SIZES)
    dilations = draw(st.lists(st.integers(1, 9), min_size=1, max_size=3))

    def per_layer(one: st.SearchStrategy[Any]) -> Any:
        """A value for all layers, or one for each."""
        return draw(st.one_of(one, st.tuples(*[one] * len(dilations)).map(list)))

    array: dict[str, Any] = {
        "input_size": input_size,
        "condition_size": condition_size,
        "channels": channels,
        "bottleneck": bottleneck,
        "dilations": dilations,
        "activation": per_layer(ACTIVATION),
        "gating_mode": per_layer(st.sampled_from(["none", "gated", "blended"])),
        "secondary_activation": per_layer(ACTIVATION),
        "layer1x1": {"active": has_layer1x1, "groups": draw(groups(bottleneck, channels))},
        "head1x1": {
            "active": has_head1x1,
            "out_channels": head_size,
            "groups": draw(groups(bottleneck, head_size)),
        },
        "groups_input": draw(groups(channels, bottleneck)),
        "groups_input_mixin": draw(groups(condition_size, bottleneck)),
        "head": {
            "out_channels": draw(SIZES),
            "kernel_size": draw(SIZES),
            "head_dilation": draw(SIZES),
            "bias": draw(st.booleans()),
        },
    }
    if draw(st.booleans()):
        array["kernel_sizes"] = [draw(SIZES) for _ in dilations]
    else:
        array["kernel_size"] = draw(SIZES)
    films = set(FILM_PLACES)
    films -= set() if has_layer1x1 else {"layer1x1_post_film"}
    films -= set() if has_head1x1 else {"head1x1_post_film"}
    for place in sorted(draw(st.sets(st.sampled_from(sorted(films)), max_size=4))):
        common = groups(condition_size, channels, bottleneck, head_size)
        array[place] = {"active": True, "shift": draw(st.booleans()), "groups": draw(common)}
    if draw(st.integers(0, 3)) == 0:
        array["slimmable"] = {"method": "slice_channels_uniform"}
    return array


@st.composite
def wavenets(draw: st.DrawFn, num_outputs: int = 1, depth: int = 0) -> dict[str, Any]:
    """A whole model of this kind, without its weights; conditions have conditions now and then."""
    config: dict[str, Any] = {"head_scale": 1.0}
    condition_size = 1
    if depth < 2 and draw(st.integers(0, 2)) == 0:
        condition_size = draw(SIZES)
        config["condition_dsp"] = draw(wavenets(condition_size, depth + 1))
    layers = [draw(arrays(1, condition_size))]
    if draw(st.booleans()):
        layers.append(draw(arrays(layers[0]["channels"], condition_size)))
        second = layers[1]
        second["head1x1"] = {"active": False}
        layers[0]["head"]["out_channels"] = second["bottleneck"]
    layers[-1]["head"]["out_channels"] = num_outputs
    config["layers"] = layers
    if draw(st.integers(0, 3)) == 0:
        config["head"] = {
            "channels": draw(SIZES),
            "out_channels": num_outputs,
            "kernel_sizes": [draw(SIZES), draw(SIZES)],
            "activation": draw(ACTIVATION),
        }
    return {"version": "0.7.0", "architecture": "WaveNet", "config": config, "weights": []}


def read(model: Any) -> NamFile:
    # Without ensure_ascii the halves of characters could not even be written.
    return parse_nam(json.dumps(model, ensure_ascii=True).encode())


def read_fitted(model: Any) -> NamFile:
    """The model with as many weights as its config wants: so that what is odd is also run."""
    for _ in range(8):
        try:
            return read(model)
        except PipelineError as error:
            wanted = re.search(r"should have ([0-9]+) weights", error.message)
            if wanted is None or int(wanted[1]) > MAX_FITTED_WEIGHTS:
                raise
            part = model
            for step in re.findall(r"[^.\[\]]+", error.detail):
                part = part[int(step) if step.isdigit() else step]
            part["weights"] = np.sin(1.0 + np.arange(int(wanted[1]))).round(3).tolist()
    return read(model)


def assert_typed(error: PipelineError) -> None:
    assert error.code.startswith("NAM_")
    assert error.is_permanent
    # Fit for a database and a log line.
    assert all(c.isprintable() for c in error.message + error.detail)
    assert len(error.message) < 600


def assert_runs(nam: NamFile, slim_size: float) -> None:
    json.dumps(nam.summary(), allow_nan=False)
    for backend in backends.available():
        wet = build_engine(nam, slim_size, backend=backend).start().process(DRY)
        assert (wet.shape, wet.dtype) == (DRY.shape, np.dtype(np.float32))
        # What overflows is refused by the chain, naming the block.
        event("sound" if np.isfinite(wet).all() else "not finite")
    assert np.isfinite(self_test(nam, DRY[:, :50], slim_size).measured_db or 0.0)


def assert_backends_agree(nam: NamFile, slim_size: float) -> None:
    """Mistakes show by far more than this; rounding, by far less."""
    first, *others = (
        build_engine(nam, slim_size, backend=backend).start().process(DRY)
        for backend in backends.available()
    )
    if np.isfinite(first).all():
        for wet in others:
            np.testing.assert_allclose(wet, first, atol=1e-3 * max(1e-3, np.abs(first).max()))


@given(model=spoilt_models(), slim_size=st.floats(0.0, 1.0), fit=st.booleans())
@fuzz
def test_spoilt_models_are_refused_or_run(model: Any, slim_size: float, fit: bool) -> None:
    try:
        nam = read_fitted(model) if fit else read(model)
    except PipelineError as error:
        event(error.code)
        assert_typed(error)
    else:
        assert_runs(nam, slim_size)


@given(model=wavenets(), slim_size=st.floats(0.0, 1.0))
@fuzz
def test_any_mixture_of_wavenet_options_is_refused_or_runs(model: Any, slim_size: float) -> None:
    try:
        nam = read_fitted(model)
    except PipelineError as error:
        event(error.code)
        assert_typed(error)
    else:
        assert_runs(nam, slim_size)
        assert_backends_agree(nam, slim_size)


@given(
    model=st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=8),
    frame=st.sampled_from([None, *ARCHITECTURES]),
)
@fuzz
def test_invented_models_are_refused_or_run(model: Any, frame: str | None) -> None:
    if frame is not None:
        config = {key: value for key, value in model.items() if key != "weights"}
        model = {"version": "0.7.0", "architecture": frame, "config": config, "weights": [0.5]}
    try:
        nam = read_fitted(model)
    except PipelineError as error:
        event(error.code)
        assert_typed(error)
    else:
        assert_runs(nam, 1.0)
