"""What this processor has, as far as the kernels are made differently for it."""

from __future__ import annotations

from dataclasses import dataclass

import llvmlite.binding as llvm


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
