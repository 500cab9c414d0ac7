"""From LLVM's intermediate code to functions that Python can call."""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import llvmlite.binding as llvm
from llvmlite import ir

from jobs.pipeline.jit.emitter import INDEX
from jobs.pipeline.jit.host import Host, this_host

_LOG: Final = logging.getLogger(__name__)
# More makes no faster code here: kernels are written out as they should run.
_OPTIMISATION: Final = 2

_Made = TypeVar("_Made")


class Code:
    """Compiled code, alive as long as this. ctypes calls it without the interpreter lock.

    ``emitters`` write functions into an empty module. Raises ``RuntimeError`` when LLVM refuses.
    """

    def __init__(
        self, name: str, host: Host, emitters: Sequence[Callable[[Any, Host], None]]
    ) -> None:
        module = ir.Module(name)
        module.triple = llvm.get_process_triple()
        for emit in emitters:
            emit(module, host)
        parsed = llvm.parse_assembly(str(module))
        parsed.verify()
        machine = llvm.Target.from_default_triple().create_target_machine(
            cpu=host.cpu, features=host.features, opt=_OPTIMISATION
        )
        options = llvm.create_pipeline_tuning_options(speed_level=_OPTIMISATION)
        passes = llvm.create_pass_builder(machine, options)
        passes.getModulePassManager().run(parsed, passes)
        self._engine = llvm.create_mcjit_compiler(parsed, machine)
        self._engine.finalize_object()

    def function(self, name: str, arguments: Sequence[Any], result: Any = None) -> Any:
        """By the types it was written with: pointers are addresses, the rest 64-bit integers."""
        kinds = [ctypes.c_int64 if each == INDEX else ctypes.c_void_p for each in arguments]
        return ctypes.CFUNCTYPE(result, *kinds)(self._engine.get_function_address(name))


def made_for_this_host(make: Callable[[Host], _Made]) -> _Made | None:
    """What ``make`` compiles; None where that cannot be."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    host = this_host()
    if host is None:
        return None
    try:
        return make(host)
    except RuntimeError as error:
        # A system may forbid making code. Everything sounds the same without, only later.
        _LOG.warning("NumPy does the work, because LLVM cannot compile here: %s", error)
        return None
