"""The parts of a network laid out for compiled kernels."""

from __future__ import annotations

from jobs.pipeline.nam.llvm_backend.compiler import Kernels
from jobs.pipeline.nam.llvm_backend.lstm import LlvmLstmCell
from jobs.pipeline.nam.llvm_backend.program import LlvmProgram
from jobs.pipeline.nam.lstm_cell import LstmCell
from jobs.pipeline.nam.program import Program


class LlvmBackend:
    name = "llvm"

    def __init__(self, kernels: Kernels) -> None:
        self._kernels = kernels

    def program(self, program: Program) -> LlvmProgram:
        return LlvmProgram(program, self._kernels)

    def lstm_cell(self, cell: LstmCell) -> LlvmLstmCell:
        return LlvmLstmCell(cell, self._kernels)
