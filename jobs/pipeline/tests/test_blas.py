"""The environment that OpenBLAS starts with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from accounts.tests import needs
from jobs.pipeline.blas import blas_kernel, blas_name, prepare_environment, use_one_thread

PRINT_THREADS = """
import ctypes, pathlib, numpy, sys
from jobs.pipeline.blas import use_one_thread
print(use_one_thread())
for library in pathlib.Path(numpy.__file__).parent.parent.glob("numpy.libs/*openblas*"):
    print(ctypes.CDLL(str(library)).scipy_openblas_get_num_threads64_())
"""


def test_one_thread_unless_the_operator_wants_more() -> None:
    environment = {"OPENBLAS_NUM_THREADS": "3"}
    prepare_environment(environment)
    assert environment["OPENBLAS_NUM_THREADS"] == "3"
    assert environment["MKL_NUM_THREADS"] == "1"
    empty = {"OPENBLAS_NUM_THREADS": ""}
    prepare_environment(empty)
    assert empty["OPENBLAS_NUM_THREADS"] == "1"


def test_a_running_openblas_is_held_to_one_thread() -> None:
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "2"}
    result = subprocess.run(
        [sys.executable, "-c", PRINT_THREADS],
        cwd=Path(__file__).resolve().parents[3],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    found, *threads = result.stdout.split()
    if found == "False":
        pytest.skip(needs.OPENBLAS)
    assert threads == ["1"]


def test_the_kernel_of_this_machine_has_a_name() -> None:
    if not use_one_thread():
        pytest.skip(needs.OPENBLAS)
    assert blas_kernel() not in ("", "unknown")
    assert "openblas" in blas_name()
