"""The parts of a network laid out for NumPy."""

from __future__ import annotations

from jobs.pipeline.nam.lstm_cell import LstmCell
from jobs.pipeline.nam.numpy_backend.lstm import NumpyLstmCell
from jobs.pipeline.nam.numpy_backend.program import NumpyProgram
from jobs.pipeline.nam.program import Program


class NumpyBackend:
    name = "numpy"

    def program(self, program: Program) -> NumpyProgram:
        return NumpyProgram(program)

    def lstm_cell(self, cell: LstmCell) -> NumpyLstmCell:
        return NumpyLstmCell(cell)
