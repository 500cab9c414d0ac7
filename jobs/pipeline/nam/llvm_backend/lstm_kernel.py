"""The code of one LSTM cell over a block. Equations: ``jobs.pipeline.nam.lstm``."""

from __future__ import annotations

from typing import Any, Final

from jobs.pipeline.jit.emitter import FLOATS, INDEX, Emitter, index
from jobs.pipeline.jit.host import Host
from jobs.pipeline.nam.llvm_backend.activations import sigmoid, tanh

NUM_GATES: Final = 4
# What ``run_lstm_cell`` takes; see ``emit_lstm_cell``.
LSTM_ARGUMENTS: Final = (
    FLOATS, FLOATS, INDEX, INDEX, FLOATS, FLOATS, FLOATS, INDEX, INDEX, INDEX
)  # fmt: skip


def emit_lstm_cell(module: Any, host: Host) -> None:
    """``run_lstm_cell``: all frames of a block, hidden units a vector at a time.

    Arguments: numbers (per vector of units: bias, then the weights of every input, then of every
    hidden unit, each for the gates i, f, o, g); inputs (frame after frame), how many and the stride
    of a frame; hidden units before the block; memory of the units, carried on; outputs (frame after
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
