"""The kernels of networks, compiled for this processor: of a program, and of one LSTM cell.

A program is products, elementwise operations, and the loop over them. Tiles of ``tile_frames``
frames go through all operations one after the other. The last tile of a chunk may be shorter: it
is computed whole, and what belongs to no frame is written over later.

An LSTM goes frame by frame, its hidden units a vector at a time. Equations:
``jobs.pipeline.nam.architectures``.
"""

from __future__ import annotations

import ctypes
import functools
import threading
from collections.abc import Callable
from typing import Any, Final

from llvmlite import ir

from jobs.pipeline.jit.compiler import (
    FLOATS,
    INDEX,
    INDICES,
    Code,
    Emitter,
    Host,
    Value,
    index,
    made_for_this_host,
)
from jobs.pipeline.nam.llvm_backend import activations, tables
from jobs.pipeline.nam.llvm_backend.activations import sigmoid, tanh
from jobs.pipeline.nam.llvm_backend.tables import TILE_VECTORS, output_counts, tile_frames

_LOCK: Final = threading.Lock()

# What ``run`` takes; see ``emit_run``.
RUN_ARGUMENTS: Final = (
    FLOATS, FLOATS, INDICES, INDEX, INDICES, INDICES, INDEX,
    FLOATS, INDEX, FLOATS, INDEX, INDICES, INDEX, INDEX, INDEX,
)  # fmt: skip
# What ``run_lstm_cell`` takes; see ``emit_lstm_cell``.
LSTM_ARGUMENTS: Final = (
    FLOATS, FLOATS, INDEX, INDEX, FLOATS, FLOATS, FLOATS, INDEX, INDEX, INDEX
)  # fmt: skip

# Of an LSTM cell: i, f, g, o.
NUM_GATES: Final = 4


def host_kernels() -> Kernels | None:
    """Kernels for this processor, compiled at the first call; None where that cannot be."""
    with _LOCK:
        return compiled_once()


@functools.cache
def compiled_once() -> Kernels | None:
    return made_for_this_host(lambda host: Kernels(host))


class Kernels:
    """What is compiled, as functions. Raises ``RuntimeError`` when LLVM refuses."""

    def __init__(self, host: Host) -> None:
        self.host = host
        code = Code("nam", host, [emit_run, emit_lstm_cell])
        self.run = code.function("run", RUN_ARGUMENTS, ctypes.c_int64)
        self.run_lstm_cell = code.function("run_lstm_cell", LSTM_ARGUMENTS)
        self._code = code


def emit_run(module: Any, host: Host) -> None:
    """``run``: a chunk through a program. Returns the position after it.

    Arguments: memory, numbers; operations and how many; terms; lines and how many; source and its
    stride, target and its stride, the two places (source rows, target rows) with their counts as
    eight integers; frames; position; capacity of the lines in frames.
    """
    products = {count: _emit_product(module, host, count) for count in output_counts(host)}
    elementwise = _emit_elementwise(module, host)
    e = Emitter(module, "run", RUN_ARGUMENTS, INDEX, lanes=host.lanes, exported=True)
    b = e.build
    (
        memory, numbers, operations, num_operations, terms, lines, num_lines,
        source, source_stride, target, target_stride, ends, num_frames, start, capacity,
    ) = e.function.args  # fmt: skip
    position = e.variable(start)
    inputs, outputs = (e.fields(ends, index(k), 4) for k in range(2))
    tile = index(tile_frames(host))
    num_tiles = b.sdiv(b.add(num_frames, index(tile_frames(host) - 1)), tile)
    with e.loop(num_tiles) as number:
        with b.if_then(b.icmp_signed(">", b.add(b.load(position), tile), capacity)):
            _rewind(e, memory, lines, num_lines, b.load(position))
            b.store(index(0), position)
        now = b.load(position)
        first = b.mul(number, tile)
        left = b.sub(num_frames, first)
        taken = b.select(b.icmp_signed("<", left, tile), left, tile)

        def place(offset: Value, moving: Value, now: Value = now) -> Value:
            return e.at(memory, offset, b.and_(now, moving))

        offset, stride, moving, count = inputs
        with e.loop(count) as row:
            into = e.at(place(offset, moving), b.mul(row, stride))
            e.move(into, e.at(source, first, b.mul(row, source_stride)), taken)
        with e.loop(num_operations) as i:
            fields = e.fields(operations, i, len(tables.Operation._fields))
            operation = tables.Operation(*fields)
            out = place(operation.out_offset, operation.out_moving)
            other = place(operation.other_offset, operation.other_moving)
            end, is_product = (e.function.append_basic_block() for _ in range(2))
            switch = b.switch(operation.kind, is_product)
            for kind, function in elementwise.items():
                block = e.function.append_basic_block()
                switch.add_case(index(kind), block)
                b.position_at_end(block)
                parameters = e.at(numbers, operation.numbers)
                b.call(
                    function,
                    [out, operation.out_stride, other, operation.other_stride, parameters,
                     operation.num_rows],
                )  # fmt: skip
                b.branch(end)
            b.position_at_end(is_product)
            _call_products(e, products, operation, memory, numbers, terms, now, out, other)
            b.branch(end)
            b.position_at_end(end)
        offset, stride, moving, count = outputs
        with e.loop(count) as row:
            result = e.at(place(offset, moving), b.mul(row, stride))
            e.move(e.at(target, first, b.mul(row, target_stride)), result, taken)
        b.store(b.add(now, taken), position)
    b.ret(b.load(position))


def _rewind(e: Emitter, memory: Value, lines: Value, num_lines: Value, position: Value) -> None:
    """Move the newest past of every line to its beginning, so that time can begin at 0 again."""
    with e.loop(num_lines) as i:
        line = tables.Line(*e.fields(lines, i, len(tables.Line._fields)))
        with e.loop(line.num_rows) as row:
            start = e.at(memory, line.offset, e.build.mul(row, line.stride))
            e.move(start, e.at(start, position), line.lookback)


def _call_products(
    e: Emitter,
    products: dict[int, Value],
    operation: Any,
    memory: Value,
    numbers: Value,
    terms: Value,
    now: Value,
    out: Value,
    onto: Value,
) -> None:
    """All outputs of a product, as many at once as there are left."""
    b = e.build
    first_term = e.at(terms, b.mul(operation.first_term, index(len(tables.Term._fields))))
    is_onto = b.icmp_signed("!=", operation.other_offset, index(tables.NO_PLACE))
    done = e.variable(index(0))
    for count, function in products.items():
        head, body, after = (e.function.append_basic_block() for _ in range(3))
        b.branch(head)
        b.position_at_end(head)
        row = b.load(done)
        enough = b.icmp_signed(">=", b.sub(operation.num_rows, row), index(count))
        b.cbranch(enough, body, after)
        b.position_at_end(body)
        weights = e.at(numbers, operation.numbers, b.mul(row, operation.weights_per_output))
        base = e.at(onto, b.mul(row, operation.other_stride))
        b.call(
            function,
            [memory, weights, e.at(numbers, operation.bias, row), first_term, operation.num_terms,
             now, e.at(out, b.mul(row, operation.out_stride)), operation.out_stride,
             b.select(is_onto, base, ir.Constant(FLOATS, None)), operation.other_stride],
        )  # fmt: skip
        b.store(b.add(row, index(count)), done)
        b.branch(head)
        b.position_at_end(after)


def _emit_product(module: Any, host: Host, count: int) -> Value:
    """``count`` outputs of a product over one tile, the sums in registers.

    Arguments: memory; weights, ``count`` for each row of each tap of each term; biases; terms and
    how many; position; out and its stride; what to add to (or null) and its stride.
    """
    arguments = (FLOATS, FLOATS, FLOATS, INDICES, INDEX, INDEX, FLOATS, INDEX, FLOATS, INDEX)
    e = Emitter(module, f"product{count}", arguments, lanes=host.lanes)
    b = e.build
    (
        memory, weights, biases, terms, num_terms, position, out, out_stride, onto, onto_stride,
    ) = e.function.args  # fmt: skip
    vectors = range(TILE_VECTORS)
    lanes = [index(v * host.lanes) for v in vectors]
    biased = [e.spread_at(e.at(biases, index(o))) for o in range(count)]
    sums = [[e.variable(biased[o]) for _ in vectors] for o in range(count)]
    with b.if_then(b.icmp_unsigned("!=", onto, ir.Constant(FLOATS, None))):
        for o in range(count):
            row = e.at(onto, b.mul(index(o), onto_stride))
            for v in vectors:
                before = e.load_vector(e.at(row, lanes[v]))
                b.store(b.fadd(b.load(sums[o][v]), before), sums[o][v])
    weight = e.variable(weights)
    with e.loop(num_terms) as i:
        term = tables.Term(*e.fields(terms, i, len(tables.Term._fields)))
        tap = e.variable(e.at(memory, term.offset, b.and_(position, term.moving)))
        with e.loop(term.num_taps):
            row = e.variable(b.load(tap))
            with e.loop(term.num_rows):
                heard = [e.load_vector(e.at(b.load(row), lanes[v])) for v in vectors]
                for o in range(count):
                    factor = e.spread_at(e.at(b.load(weight), index(o)))
                    for v in vectors:
                        total = e.multiply_add(factor, heard[v], b.load(sums[o][v]))
                        b.store(total, sums[o][v])
                b.store(e.at(b.load(weight), index(count)), weight)
                b.store(e.at(b.load(row), term.stride), row)
            b.store(e.at(b.load(tap), term.tap_step), tap)
    for o in range(count):
        row = e.at(out, b.mul(index(o), out_stride))
        for v in vectors:
            e.store_vector(b.load(sums[o][v]), e.at(row, lanes[v]))
    b.ret_void()
    return e.function


def _emit_elementwise(module: Any, host: Host) -> dict[int, Value]:
    """By kind of operation: functions that replace a tile of rows.

    Arguments: rows and their stride; other rows and theirs; parameters of the first row; how many.
    """
    formulas: dict[str, Callable[[Emitter, Value, Value], Value]] = {
        "copy": lambda e, x, other: other,
        "add": lambda e, x, other: e.build.fadd(x, other),
        "subtract": lambda e, x, other: e.build.fsub(x, other),
        "multiply": lambda e, x, other: e.build.fmul(x, other),
    }
    functions = {}
    for name, kind in (tables.COMBINE | tables.APPLY).items():
        arguments = (FLOATS, INDEX, FLOATS, INDEX, FLOATS, INDEX)
        e = Emitter(module, name.lower(), arguments, lanes=host.lanes)
        b = e.build
        out, out_stride, other, other_stride, parameters, num_rows = e.function.args
        with e.loop(num_rows) as row, e.loop(index(TILE_VECTORS)) as vector:
            lane = b.mul(vector, index(host.lanes))
            place = e.at(out, b.mul(row, out_stride), lane)
            x = e.load_vector(place)
            if name in formulas:
                beside = e.load_vector(e.at(other, b.mul(row, other_stride), lane))
                value = formulas[name](e, x, beside)
            else:
                own = e.at(parameters, b.mul(row, index(activations.NUM_PARAMETERS)))
                value = activations.emit(e, name, x, own)
            e.store_vector(value, place)
        b.ret_void()
        functions[kind] = e.function
    return functions


def emit_lstm_cell(module: Any, host: Host) -> None:
    """``run_lstm_cell``: all frames of a chunk, hidden units a vector at a time.

    Arguments: numbers (per vector of units: bias, then the weights of every input, then of every
    hidden unit, each for the gates i, f, o, g); inputs (frame after frame), how many and the stride
    of a frame; hidden units before the chunk; memory of the units, carried on; outputs (frame after
    frame, whole vectors); hidden units; vectors of them; frames.
    """
    e = Emitter(module, "run_lstm_cell", LSTM_ARGUMENTS, lanes=host.lanes, exported=True)
    b = e.build
    (
        numbers, inputs, num_inputs, input_stride, hidden, memory, outputs, num_hidden,
        num_vectors, num_frames,
    ) = e.function.args  # fmt: skip
    gates = [index(gate * host.lanes) for gate in range(NUM_GATES)]
    step = index(NUM_GATES * host.lanes)
    last, out, heard = e.variable(hidden), e.variable(outputs), e.variable(inputs)
    with e.loop(num_frames):
        number = e.variable(numbers)
        with e.loop(num_vectors) as vector:
            unit = b.mul(vector, index(host.lanes))
            sums = [e.variable(e.load_vector(e.at(b.load(number), gate))) for gate in gates]
            b.store(e.at(b.load(number), step), number)
            for source, count in ((heard, num_inputs), (last, num_hidden)):
                with e.loop(count) as i:
                    value = e.spread_at(e.at(b.load(source), i))
                    for gate, total in zip(gates, sums, strict=True):
                        weight = e.load_vector(e.at(b.load(number), gate))
                        b.store(e.multiply_add(value, weight, b.load(total)), total)
                    b.store(e.at(b.load(number), step), number)
            enter, keep, new, show = (b.load(total) for total in sums)
            place = e.at(memory, unit)
            added = b.fmul(sigmoid(e, enter), tanh(e, new))
            kept = e.multiply_add(sigmoid(e, keep), e.load_vector(place), added)
            e.store_vector(kept, place)
            e.store_vector(b.fmul(sigmoid(e, show), tanh(e, kept)), e.at(b.load(out), unit))
        b.store(b.load(out), last)
        b.store(e.at(b.load(out), b.mul(num_vectors, index(host.lanes))), out)
        b.store(e.at(b.load(heard), input_stride), heard)
    b.ret_void()
