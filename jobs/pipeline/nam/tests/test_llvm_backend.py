"""What is particular to compiled networks: equal bits everywhere, and nothing outside memory."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from accounts.tests import needs
from jobs.pipeline.nam.backend import NumpyBackend, default_backend
from jobs.pipeline.nam.engine import build_engine
from jobs.pipeline.nam.program import Program, Term
from jobs.pipeline.nam.tests import backends, own_models
from jobs.pipeline.nam.tests.tolerance import assert_same_sound

pytest.importorskip("llvmlite", reason=needs.LLVM)

import llvmlite.binding as llvm

from jobs.pipeline.jit import compiler as machine_compiler
from jobs.pipeline.jit.compiler import this_host
from jobs.pipeline.nam.llvm_backend import LlvmBackend, kernels, tables
from jobs.pipeline.nam.llvm_backend.backend import LINE_FRAMES, LlvmProgram
from jobs.pipeline.nam.llvm_backend.tables import tile_frames

# Long enough for every line of a network to be carried back to its beginning several times.
NOISE = np.random.default_rng(1).uniform(-0.5, 0.5, (1, 4 * LINE_FRAMES)).astype(np.float32)


@contextlib.contextmanager
def forgotten() -> Iterator[None]:
    """Without what has been compiled in this process; it is found out again afterwards too."""
    for cache in (default_backend, kernels.compiled_once):
        cache.cache_clear()
    try:
        yield
    finally:
        for cache in (default_backend, kernels.compiled_once):
            cache.cache_clear()


def reached(program: LlvmProgram) -> Iterator[tuple[int, int]]:
    """First and last float that each operation, line and end may touch, at any time."""
    tile = tile_frames(program.kernels.host)

    def span(place: Sequence[int], num_rows: int) -> tuple[int, int]:
        offset, stride, moving = place
        latest = LINE_FRAMES - tile if moving else 0
        return offset, offset + (num_rows - 1) * stride + latest + tile - 1

    for record in program.operations:
        operation = tables.Operation(*record)
        places = [record[2:5], record[5:8]]
        for place in places[: 1 if operation.other_offset == tables.NO_PLACE else 2]:
            yield span(place, operation.num_rows)
    for record in program.terms:
        term = tables.Term(*record)
        first, last = span(record[:3], term.num_rows)
        yield first + (term.num_taps - 1) * term.tap_step, last
    for record in program.lines:
        line = tables.Line(*record)
        end = line.offset + (line.num_rows - 1) * line.stride + LINE_FRAMES + line.lookback
        yield line.offset, end - 1
    for record in program.ends:
        yield span(record[:3], record[3])


@pytest.fixture(scope="module")
def of_each_width() -> list[LlvmBackend]:
    """As on processors with vectors of 4, 8 and 16 numbers. LLVM spells out what this one lacks."""
    backends.load_llvm()
    host = this_host()
    assert host
    sizes = [(4, 32), (8, 16), (16, 32)]
    return [
        LlvmBackend(kernels.Kernels(dataclasses.replace(host, lanes=lanes, num_registers=count)))
        for lanes, count in sizes
    ]


@pytest.mark.parametrize("name", own_models.NAMES)
def test_every_processor_gives_the_same_bits(name: str, of_each_width: list[LlvmBackend]) -> None:
    nam = own_models.load(name)
    renders = [
        build_engine(nam, backend=backend).start().process(NOISE) for backend in of_each_width
    ]
    assert renders[0].std() > 0.001
    for render in renders[1:]:
        np.testing.assert_array_equal(render, renders[0])


@pytest.mark.parametrize("name", [name for name in own_models.NAMES if "linear" not in name])
@pytest.mark.parametrize("chunk_frames", [1, 7, 64, 511])
def test_chunks_change_not_a_bit(name: str, chunk_frames: int) -> None:
    dry = NOISE[:, :1500]
    engine = build_engine(own_models.load(name), backend=backends.load_llvm())
    whole = engine.start().process(dry)
    stage = engine.start()
    chunks = [
        stage.process(dry[:, start : start + chunk_frames])
        for start in range(0, dry.shape[1], chunk_frames)
    ]
    np.testing.assert_array_equal(np.hstack(chunks), whole)


@pytest.mark.parametrize("name", own_models.NAMES)
def test_it_agrees_with_numpy_over_a_long_signal(name: str) -> None:
    nam = own_models.load(name)
    compiled, plain = (
        build_engine(nam, backend=backends.load(each)).start().process(NOISE)
        for each in backends.NAMES
    )
    assert_same_sound(compiled, plain)


def test_a_product_of_any_number_of_outputs(of_each_width: list[LlvmBackend]) -> None:
    """Outputs are summed eight, four, two or one at a time; none may be missed or taken twice."""
    rng = np.random.default_rng(2)
    x = rng.standard_normal((3, 200), dtype=np.float32)
    for num_outputs in range(1, 20):
        program = Program(3)
        kernel = rng.standard_normal((num_outputs, 3, 2), dtype=np.float32)
        bias = rng.standard_normal(num_outputs, dtype=np.float32)
        program.outputs = program.rows(num_outputs)
        program.product(program.outputs, bias, Term(program.inputs, kernel, dilation=5))
        late = np.hstack([np.zeros((3, 5), np.float32), x[:, :-5]])
        expected = kernel[:, :, 1] @ x + kernel[:, :, 0] @ late + bias[:, None]
        for backend in of_each_width:
            wet = backend.program(program).start().process(x)
            np.testing.assert_allclose(wet, expected, atol=1e-5)


@pytest.mark.parametrize("name", own_models.NAMES)
def test_no_operation_reaches_outside_its_memory(
    name: str, of_each_width: list[LlvmBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    laid_out: list[LlvmProgram] = []
    original = LlvmProgram.__init__

    def remember(self: LlvmProgram, *arguments: object) -> None:
        original(self, *arguments)  # type: ignore[arg-type]
        laid_out.append(self)

    monkeypatch.setattr(LlvmProgram, "__init__", remember)
    for backend in of_each_width:
        build_engine(own_models.load(name), backend=backend)
    for program in laid_out:
        for first, last in reached(program):
            assert 0 <= first <= last < program.memory_floats
    assert laid_out or "linear" in name


def test_without_a_compiler_numpy_takes_over(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(host: object) -> None:
        raise RuntimeError("making code is forbidden")

    monkeypatch.setattr(kernels, "Kernels", refuse)
    with forgotten(), caplog.at_level(logging.WARNING):
        assert isinstance(default_backend(), NumpyBackend)
    assert "making code is forbidden" in caplog.text


@pytest.mark.parametrize(
    ("triple", "features", "lanes"),
    [
        ("x86_64-unknown-linux-gnu", {"avx2": True, "fma": True, "avx512f": True}, 16),
        ("x86_64-pc-windows-msvc", {"avx2": True, "fma": True, "avx512f": False}, 8),
        ("x86_64-unknown-linux-gnu", {"avx2": False, "fma": False}, None),
        ("x86_64-unknown-linux-gnu", None, None),
        ("aarch64-unknown-linux-gnu", {"neon": True}, 4),
        ("arm64-apple-darwin", None, 4),
        ("riscv64-unknown-linux-gnu", {}, None),
    ],
)
def test_vectors_are_as_wide_as_the_processor_has_them(
    triple: str,
    features: dict[str, bool] | None,
    lanes: int | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def host_features() -> Any:
        if features is None:
            raise RuntimeError("unknown here")
        return llvm.FeatureMap(features)

    monkeypatch.setattr(llvm, "get_process_triple", lambda: triple)
    monkeypatch.setattr(llvm, "get_host_cpu_features", host_features)
    host = this_host()
    assert (host.lanes if host else None) == lanes


def test_a_strange_processor_runs_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_compiler, "this_host", lambda: None)
    with forgotten():
        assert isinstance(default_backend(), NumpyBackend)
