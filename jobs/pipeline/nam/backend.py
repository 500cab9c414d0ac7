"""What runs a network: machine code made by LLVM where that can be had, else NumPy."""

from __future__ import annotations

import functools
import importlib.util
from typing import Protocol

from jobs.pipeline.nam.lstm_cell import LstmCell
from jobs.pipeline.nam.numpy_backend import NumpyBackend
from jobs.pipeline.nam.program import Program
from jobs.pipeline.nam.steps import Runner


class Startable(Protocol):
    """A part of a network, laid out and shared between signals."""

    def start(self) -> Runner: ...


class Backend(Protocol):
    @property
    def name(self) -> str: ...

    def program(self, program: Program) -> Startable: ...

    def lstm_cell(self, cell: LstmCell) -> Startable:
        """Its runners take (inputs, n) and give the hidden units (units, n)."""
        ...


@functools.cache
def default_backend() -> Backend:
    """The faster one that works here. The first call may compile, for some tenths of a second."""
    if importlib.util.find_spec("llvmlite") is not None:
        from jobs.pipeline.nam.llvm_backend import llvm_backend

        compiled = llvm_backend()
        if compiled is not None:
            return compiled
    return NumpyBackend()
