"""Every activation on every backend against its formula in double precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from jobs.pipeline.nam.program import ACTIVATION_NAMES, Activation, Program, parse_activation
from jobs.pipeline.nam.tests import backends
from jobs.pipeline.signal.samples import FloatArray

Doubles = NDArray[np.float64]


def fasttanh(x: Doubles) -> Doubles:
    """A rational approximation of tanh, as players define it."""
    a = np.abs(x)
    top = x * (2.45550750702956 * (1 + a) + (0.893229853513558 + 0.821226666969744 * a) * x * x)
    bent = np.abs(x + 0.814642734961073 * x * a)
    return top / (2.44506634652299 + (2.44506634652299 + x * x) * bent)


FORMULAS: dict[str, Callable[[Doubles], Doubles]] = {
    "Tanh": np.tanh,
    "Hardtanh": lambda x: np.clip(x, -1, 1),
    "Fasttanh": fasttanh,
    "ReLU": lambda x: np.maximum(x, 0),
    "LeakyReLU": lambda x: np.where(x < 0, 0.01 * x, x),
    "PReLU": lambda x: np.where(x < 0, 0.01 * x, x),
    "Sigmoid": expit,
    "SiLU": lambda x: x * expit(x),
    "Hardswish": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "LeakyHardtanh": lambda x: np.clip(x, -1, 1) + 0.01 * (x - np.clip(x, -1, 1)),
    "Softsign": lambda x: x / (1 + np.abs(x)),
}


def applied(activation: Activation, x: FloatArray, backend: str) -> FloatArray:
    program = Program(len(x))
    program.outputs = program.rows(len(x))
    program.copy(program.outputs, program.inputs)
    program.apply(activation, program.outputs)
    return backends.load(backend).program(program).start().process(x)


def test_there_is_a_formula_for_each() -> None:
    assert FORMULAS.keys() == ACTIVATION_NAMES


@pytest.mark.parametrize("backend", backends.NAMES)
@pytest.mark.parametrize("name", sorted(ACTIVATION_NAMES))
def test_it_follows_its_formula(name: str, backend: str) -> None:
    small = np.geomspace(1e-30, 1.0, 500)
    x = np.concatenate([np.linspace(-20, 20, 4001), small, -small, [1e6, -1e6]])
    x = x.astype(np.float32)[None]
    expected = FORMULAS[name](x.astype(np.float64))
    error = np.abs(applied(parse_activation(name, "here"), x, backend) - expected)
    assert (error <= 1.5e-7 * np.maximum(1.0, np.abs(x))).all()


@pytest.mark.parametrize("backend", backends.NAMES)
def test_tanh_is_exact_however_small_the_sound(backend: str) -> None:
    x = np.geomspace(1e-12, 1.0, 2000).astype(np.float32)[None]
    expected = np.tanh(x.astype(np.float64))
    wet = applied(parse_activation("Tanh", "here"), x, backend)
    assert (np.abs(wet / expected - 1.0) < 3e-7).all()
    np.testing.assert_array_equal(applied(parse_activation("Tanh", "here"), -x, backend), -wet)


@pytest.mark.parametrize("backend", backends.NAMES)
@pytest.mark.parametrize("name", sorted(ACTIVATION_NAMES - {"Fasttanh", "Softsign"}))
def test_what_is_not_a_number_is_not_hidden(name: str, backend: str) -> None:
    x = np.array([[np.nan, -np.nan, 0.5]], np.float32)
    wet = applied(parse_activation(name, "here"), x, backend)
    assert np.isnan(wet[0, :2]).all()
    assert np.isfinite(wet[0, 2])


@pytest.mark.parametrize("backend", backends.NAMES)
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"type": "LeakyReLU", "negative_slope": 0.25}, [[-0.5, 3.0], [-1.0, 4.0]]),
        ({"type": "LeakyReLU", "negative_slope": 2.0}, [[-4.0, 3.0], [-8.0, 4.0]]),
        ({"type": "PReLU", "negative_slopes": [0.5, -0.25]}, [[-1.0, 3.0], [1.0, 4.0]]),
        (
            {
                "type": "LeakyHardtanh",
                "min_val": -3.0,
                "max_val": 2.0,
                "min_slope": 0.5,
                "max_slope": 0.25,
            },
            [[-2.0, 2.25], [-3.5, 2.5]],
        ),
    ],
)
def test_parameters_count(value: dict[str, Any], expected: list[list[float]], backend: str) -> None:
    x = np.array([[-2.0, 3.0], [-4.0, 4.0]], np.float32)
    wet = applied(parse_activation(value, "here"), x, backend)
    np.testing.assert_array_equal(wet, np.array(expected, np.float32))
