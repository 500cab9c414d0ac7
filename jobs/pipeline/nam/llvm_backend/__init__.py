"""Programs and LSTM cells run by machine code that LLVM makes for this processor.

Small networks are slow for two reasons: sums go back and forth between memory and registers, and
calls cost more than what they do. Here a tile of a few dozen frames goes through the whole network
while it is in the first-level cache, a product keeps its sums in registers until they are done, and
one call takes a chunk of any length, without the interpreter lock.

The kernels are general: networks are tables of numbers that they read. So they are compiled once in
a process, which takes some tenths of a second.

Each frame is computed by the same operations in the same order, whatever the chunk, the tile and
the width of the processor's vectors, and every rounding is spelled out. So samples are equal to the
bit for chunks of any length, on every processor with fused multiply-add.
"""

from __future__ import annotations

from jobs.pipeline.nam.llvm_backend.backend import LlvmBackend
from jobs.pipeline.nam.llvm_backend.kernels import host_kernels

__all__ = ["LlvmBackend", "llvm_backend"]


def llvm_backend() -> LlvmBackend | None:
    """None where LLVM cannot make code for this processor."""
    compiled = host_kernels()
    return LlvmBackend(compiled) if compiled else None
