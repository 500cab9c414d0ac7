"""The kernels that sound goes through outside networks, as functions of arrays."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from jobs.pipeline.jit.compiler import Code
from jobs.pipeline.jit.fourier import CONVOLVE_ARGUMENTS, emit_convolve
from jobs.pipeline.jit.host import Host
from jobs.pipeline.jit.peaks import (
    BETWEEN_ARGUMENTS,
    NUM_FILTERS,
    TILE_VECTORS,
    emit_loudest_between,
)
from jobs.pipeline.jit.recursion import (
    HIGH_PASS_ARGUMENTS,
    WEIGH_ARGUMENTS,
    emit_high_pass,
    emit_weigh,
)
from jobs.pipeline.jit.response import LANES, ResponseTables

_Floats = NDArray[np.float32]
_Doubles = NDArray[np.float64]
_EMITTERS: Final = (emit_convolve, emit_loudest_between, emit_high_pass, emit_weigh)


class SoundKernels:
    """Raises ``RuntimeError`` when LLVM refuses."""

    def __init__(self, host: Host) -> None:
        self._lanes = host.lanes
        code = Code("sound", host, _EMITTERS)
        self._code = code
        self._convolve = code.function("convolve", CONVOLVE_ARGUMENTS)
        self._loudest_between = code.function("loudest_between", BETWEEN_ARGUMENTS)
        self._high_pass = code.function("high_pass", HIGH_PASS_ARGUMENTS)
        self._weigh = code.function("weigh", WEIGH_ARGUMENTS)

    def convolve(self, planes: _Doubles, tables: ResponseTables) -> None:
        """Two real signals ``planes`` (2, n), each convolved in place, around a circle of
        n = ``tables.num_frames``, with the one response."""
        if planes.shape != (2, tables.num_frames) or not planes.flags.c_contiguous:
            raise ValueError(f"the tables are for two times {tables.num_frames} frames")
        self._convolve(
            _at(planes),
            _at(tables.twiddles),
            _at(tables.response),
            tables.num_frames // LANES,
            tables.num_stages,
        )

    def loudest_between(self, samples: _Floats, taps: _Floats) -> float:
        """The greatest magnitude that comes out of three filters ``taps`` (3, m): of
        Σ_k taps[p, k]·samples[n + k], for every n that all m samples are there for."""
        num_outputs = len(samples) - taps.shape[1] + 1
        if len(taps) != NUM_FILTERS or num_outputs < TILE_VECTORS * self._lanes:
            raise ValueError(f"{len(taps)} filters, {num_outputs} outputs")
        source, factors = (np.ascontiguousarray(each, np.float32) for each in (samples, taps))
        found = np.zeros(self._lanes, np.float32)
        self._loudest_between(_at(source), num_outputs, _at(factors), factors.shape[1], _at(found))
        return float(found.max())

    def high_pass(
        self, samples: _Floats, factors: _Doubles, decay: float, state: _Doubles
    ) -> _Floats:
        """A recursion over eight frames: y[n] = Σ_k factors[k]·(x[n−k] − x[n−k−1]) + decay·y[n−8].

        ``samples`` (8 + n,) begin with the eight of before; gives (n,). ``state`` (8,): y of the
        eight frames before, the oldest first; carried on. Every operation is rounded by itself.
        """
        num_frames = len(samples) - LANES
        if num_frames < 0 or factors.shape != (LANES,) or state.shape != (LANES,):
            raise ValueError("eight factors, eight frames of before")
        source = np.ascontiguousarray(samples, np.float32)
        out = np.empty(num_frames, np.float32)
        numbers = np.append(factors, decay)
        self._high_pass(_at(source), num_frames, _at(numbers), _at(state), _at(out))
        # The kernel has put the last few in the places of the oldest.
        num_newest = num_frames % LANES
        state[:] = np.concatenate([state[num_newest:], state[:num_newest]])
        return out

    def weigh(
        self,
        samples: _Floats,
        sections: _Doubles,
        state: _Doubles,
        ends: NDArray[np.int64],
        energies: _Doubles,
    ) -> None:
        """Two second-order sections (2, 6) over ``samples`` (n,), in float64.

        Squares of what comes out are added to ``energies``: up to ``ends[0]`` to the first, up to
        ``ends[1]`` to the second. ``state`` (6,) is carried on; zero at first.
        """
        source = np.ascontiguousarray(samples, np.float32)
        if len(ends) > len(energies) or (len(ends) and ends[-1] > len(source)):
            raise ValueError("ends lie beyond the samples")
        numbers = np.concatenate([np.array(each)[[0, 1, 2, 4, 5]] for each in sections])
        lengths = np.diff(ends, prepend=0)
        self._weigh(
            _at(source), _at(lengths), len(lengths), _at(numbers), _at(state), _at(energies)
        )


def _at(array: NDArray[Any]) -> int:
    # A fifth of what ``array.ctypes`` takes.
    return int(array.__array_interface__["data"][0])
