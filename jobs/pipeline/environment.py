"""What computed a result: versions of our own parts, of the libraries, and of the machine.

The same recipe gives the same samples wherever ``sample_origin`` is equal. Between backends and
platforms the last bits of a network may differ; on NumPy between BLAS kernels too. The rest is for
anyone who looks for a cause.
"""

from __future__ import annotations

import contextlib
import functools
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

import av
import soundfile
import soxr

from jobs.pipeline.blas import blas_kernel, blas_name
from jobs.pipeline.nam.backend import default_backend
from jobs.pipeline.recipe import RECIPE_SCHEMA_VERSION
from jobs.pipeline.versions import ENGINE_VERSION, METER_VERSION, RENDERER_VERSION, VERSION

_PACKAGES = ("numpy", "scipy", "soxr", "soundfile", "pedalboard", "av", "resvg-py")
_OPTIONAL_PACKAGES = ("llvmlite",)


@functools.cache
def _sample_origin() -> tuple[tuple[str, str], ...]:
    return (
        ("nam", ENGINE_VERSION),
        ("nam_backend", default_backend().name),
        ("renderer", RENDERER_VERSION),
        ("meter", METER_VERSION),
        ("blas_kernel", blas_kernel()),
        ("platform", f"{platform.system()} {platform.machine()}"),
    )


def sample_origin() -> dict[str, str]:
    """What the samples of a render on this machine depend on, beside its recipe."""
    return dict(_sample_origin())


def describe_environment() -> dict[str, str]:
    """``sample_origin`` and all versions of what is loaded here; texts only."""
    return {
        "gts": VERSION,
        **sample_origin(),
        "recipe": str(RECIPE_SCHEMA_VERSION),
        "python": platform.python_version(),
        **{name: version(name) for name in _PACKAGES},
        **_installed(_OPTIONAL_PACKAGES),
        "blas": blas_name(),
        "libsndfile": str(soundfile.__libsndfile_version__),
        "libsoxr": str(soxr.__libsoxr_version__),
        **{
            name: ".".join(str(part) for part in numbers)
            for name, numbers in sorted(av.library_versions.items())
        },
    }


def _installed(names: Iterable[str]) -> dict[str, str]:
    versions = {}
    for name in names:
        with contextlib.suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions
