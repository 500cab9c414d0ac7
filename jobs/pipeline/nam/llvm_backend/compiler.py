"""The kernels of networks, compiled for this processor."""

from __future__ import annotations

import ctypes
import functools
import threading
from typing import Final

from jobs.pipeline.jit.compiler import Code, made_for_this_host
from jobs.pipeline.jit.host import Host
from jobs.pipeline.nam.llvm_backend.kernels import RUN_ARGUMENTS, emit_run
from jobs.pipeline.nam.llvm_backend.lstm_kernel import LSTM_ARGUMENTS, emit_lstm_cell

_LOCK: Final = threading.Lock()


class Kernels:
    """Raises ``RuntimeError`` when LLVM refuses."""

    def __init__(self, host: Host) -> None:
        self.host = host
        code = Code("nam", host, [emit_run, emit_lstm_cell])
        self.run = code.function("run", RUN_ARGUMENTS, ctypes.c_int64)
        self.run_lstm_cell = code.function("run_lstm_cell", LSTM_ARGUMENTS)
        self._code = code


def host_kernels() -> Kernels | None:
    """Kernels for this processor, compiled at the first call; None where that cannot be."""
    with _LOCK:
        return compiled_once()


@functools.cache
def compiled_once() -> Kernels | None:
    return made_for_this_host(lambda host: Kernels(host))
