"""What tests run networks on: every backend, by name."""

from __future__ import annotations

from typing import Final

import pytest

from accounts.tests import needs
from jobs.pipeline.nam.backend import Backend, NumpyBackend, default_backend

NAMES: Final = ("llvm", "numpy")


def load_llvm() -> Backend:
    """Skips the test where there is nothing to compile with or for."""
    pytest.importorskip("llvmlite", reason=needs.LLVM)
    from jobs.pipeline.nam.llvm_backend import llvm_backend

    backend = llvm_backend()
    if backend is None:
        pytest.skip(needs.FUSED_MULTIPLY_ADD)
    return backend


def load(name: str) -> Backend:
    return NumpyBackend() if name == "numpy" else load_llvm()


def available() -> list[Backend]:
    """One or two of them: what there is here, for tests that need not have both."""
    best, plain = default_backend(), NumpyBackend()
    return [best] if best.name == plain.name else [best, plain]
