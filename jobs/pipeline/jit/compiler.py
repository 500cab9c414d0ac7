"""From kernels written down in Python to machine code for this processor.

``Host`` is what the processor has, as far as kernels are made differently for it. ``Emitter``
writes LLVM's intermediate code: loops, variables and vectors of numbers, a thin layer over
``llvmlite.ir``, so that kernels read like what they compute. ``Code`` compiles what was written
into functions that Python can call.

Pointers are to float32, float64 or 64-bit integers, offsets count in those. Nothing is contracted
or reordered: the code rounds where it says so, on every processor alike.
"""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir

_LOG: Final = logging.getLogger(__name__)

FLOAT: Final = ir.FloatType()
DOUBLE: Final = ir.DoubleType()
INDEX: Final = ir.IntType(64)
WORD: Final = ir.IntType(32)
FLOATS: Final = FLOAT.as_pointer()
DOUBLES: Final = DOUBLE.as_pointer()
INDICES: Final = INDEX.as_pointer()
NOTHING: Final = ir.VoidType()

# llvmlite comes without types.
Value = Any

# More makes no faster code here: kernels are written out as they should run.
_OPTIMIZATION: Final = 2

_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class Host:
    """``lanes``: float32 in a vector register. ``cpu`` and ``features`` in LLVM's words."""

    lanes: int
    num_registers: int
    cpu: str
    features: str


def this_host() -> Host | None:
    """None for a processor without fused multiply-add, or of a kind no one has tried.

    Fused multiply-add rounds once. Every processor that has it gives the same bits, so without it
    neither the speed nor the samples would be the same.
    """
    cpu, architecture = llvm.get_host_cpu_name(), llvm.get_process_triple().split("-")[0]
    try:
        features = llvm.get_host_cpu_features()
    except RuntimeError:
        # On some ARM systems LLVM cannot tell; there the name of the processor says enough.
        features = llvm.FeatureMap()
    if architecture in ("aarch64", "arm64"):
        return Host(4, 32, cpu, features.flatten())
    if architecture == "x86_64" and features.get("fma") and features.get("avx2"):
        wide = features.get("avx512f", False)
        return Host(16 if wide else 8, 32 if wide else 16, cpu, features.flatten())
    return None


def index(number: int) -> Value:
    return ir.Constant(INDEX, number)


class Emitter:
    """One function being written. Its vectors hold ``lanes`` numbers, float32 unless told."""

    def __init__(
        self,
        module: Any,
        name: str,
        arguments: Sequence[Any],
        result: Any = NOTHING,
        *,
        lanes: int,
        number: Any = FLOAT,
        exported: bool = False,
    ) -> None:
        self.module = module
        self.lanes = lanes
        self.function = ir.Function(module, ir.FunctionType(result, arguments), name)
        if not exported:
            self.function.linkage = "internal"
        self.vector_type = ir.VectorType(number, lanes)
        self._suffix, self._bytes = ("f32", 4) if number == FLOAT else ("f64", 8)
        self.word_vector_type = ir.VectorType(WORD, lanes)
        self.build = ir.IRBuilder(self.function.append_basic_block())

    # -- Control

    @contextmanager
    def loop(self, count: Value) -> Iterator[Value]:
        """The body runs ``count`` times; gives the number of the round, from 0."""
        build, before = self.build, self.build.block
        head, body, after = (self.function.append_basic_block() for _ in range(3))
        build.branch(head)
        build.position_at_end(head)
        number = build.phi(INDEX)
        number.add_incoming(index(0), before)
        build.cbranch(build.icmp_signed("<", number, count), body, after)
        build.position_at_end(body)
        yield number
        number.add_incoming(build.add(number, index(1)), build.block)
        build.branch(head)
        build.position_at_end(after)

    def variable(self, initial: Value) -> Value:
        """A place in the function's frame. LLVM turns it into a register."""
        with self.build.goto_entry_block():
            place = self.build.alloca(initial.type)
        self.build.store(initial, place)
        return place

    # -- Memory

    def at(self, pointer: Value, *offsets: Value) -> Value:
        for offset in offsets:
            pointer = self.build.gep(pointer, [offset])
        return pointer

    def fields(self, table: Value, number: Value, count: int) -> list[Value]:
        """The integers of one record of a table with ``count`` per record."""
        record = self.at(table, self.build.mul(number, index(count)))
        return [self.build.load(self.at(record, index(k))) for k in range(count)]

    def load_vector(self, pointer: Value) -> Value:
        value = self.build.load(self.build.bitcast(pointer, self.vector_type.as_pointer()))
        value.align = self._bytes
        return value

    def store_vector(self, value: Value, pointer: Value) -> None:
        stored = self.build.store(value, self.build.bitcast(pointer, self.vector_type.as_pointer()))
        stored.align = self._bytes

    def move(self, target: Value, source: Value, num_floats: Value) -> None:
        """Copy float32; the two may overlap."""
        name = "llvm.memmove.p0.p0.i64"
        byte_pointer, flag = ir.IntType(8).as_pointer(), ir.IntType(1)
        move = self.module.globals.get(name) or ir.Function(
            self.module, ir.FunctionType(NOTHING, [byte_pointer, byte_pointer, INDEX, flag]), name
        )
        pointers = [self.build.bitcast(each, byte_pointer) for each in (target, source)]
        num_bytes = self.build.mul(num_floats, index(4))
        self.build.call(move, [*pointers, num_bytes, ir.Constant(flag, 0)])

    # -- Arithmetic

    def constant(self, number: float) -> Value:
        return ir.Constant(self.vector_type, [float(np.float32(number))] * self.lanes)

    def word_constant(self, number: int) -> Value:
        return ir.Constant(self.word_vector_type, [number] * self.lanes)

    def spread(self, number: Value) -> Value:
        """A vector with the same number in every lane."""
        nothing = ir.Constant(self.vector_type, ir.Undefined)
        first = self.build.insert_element(nothing, number, ir.Constant(WORD, 0))
        lanes = ir.Constant(ir.VectorType(WORD, self.lanes), [0] * self.lanes)
        return self.build.shuffle_vector(first, nothing, lanes)

    def spread_at(self, pointer: Value) -> Value:
        return self.spread(self.build.load(pointer))

    def multiply_add(self, a: Value, b: Value, c: Value) -> Value:
        """a·b + c, rounded once."""
        name = f"llvm.fma.v{self.lanes}{self._suffix}"
        kind = self.vector_type
        fused = self.module.globals.get(name) or ir.Function(
            self.module, ir.FunctionType(kind, [kind] * 3), name
        )
        return self.build.call(fused, [a, b, c])

    def select(self, a: Value, comparison: str, b: Value, then: Value, otherwise: Value) -> Value:
        """Lane by lane; ``otherwise`` where a or b is not a number."""
        return self.build.select(self.build.fcmp_ordered(comparison, a, b), then, otherwise)

    def as_words(self, value: Value) -> Value:
        return self.build.bitcast(value, self.word_vector_type)

    def as_floats(self, value: Value) -> Value:
        return self.build.bitcast(value, self.vector_type)


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
            cpu=host.cpu, features=host.features, opt=_OPTIMIZATION
        )
        options = llvm.create_pipeline_tuning_options(speed_level=_OPTIMIZATION)
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
