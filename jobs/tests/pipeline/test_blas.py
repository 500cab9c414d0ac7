"""The environment that OpenBLAS starts with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.pipeline.blas import prepare_environment

ZEN5 = "vendor_id : AuthenticAMD\nflags : fpu avx2 avx512f avx512dq avx512cd avx512bw avx512vl\n"
ZEN2 = "vendor_id : AuthenticAMD\nflags : fpu avx2\n"
XEON = ZEN5.replace("AuthenticAMD", "GenuineIntel")

PRINT_THREADS = """
import ctypes, pathlib, numpy, sys
from jobs.pipeline.blas import use_one_thread
print(use_one_thread())
for library in pathlib.Path(numpy.__file__).parent.parent.glob("numpy.libs/*openblas*"):
    print(ctypes.CDLL(str(library)).scipy_openblas_get_num_threads64_())
"""


@pytest.mark.parametrize(("cpu_info", "core"), [(ZEN5, "SkylakeX"), (ZEN2, None), (XEON, None)])
def test_avx512_kernels_are_asked_for_where_openblas_does_not_choose_them(
    cpu_info: str, core: str | None
) -> None:
    environment: dict[str, str] = {}
    prepare_environment(environment, cpu_info)
    assert environment.get("OPENBLAS_CORETYPE") == core
    assert environment["OPENBLAS_NUM_THREADS"] == "1"


def test_what_the_operator_has_set_stays() -> None:
    environment = {"OPENBLAS_NUM_THREADS": "3", "OPENBLAS_CORETYPE": "Haswell"}
    prepare_environment(environment, ZEN5)
    assert environment["OPENBLAS_NUM_THREADS"] == "3"
    assert environment["OPENBLAS_CORETYPE"] == "Haswell"


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
        pytest.skip("this NumPy does not come with OpenBLAS")
    assert threads == ["1"]
