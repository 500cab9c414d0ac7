"""Networks run by NumPy alone: on every machine and as exactly, but two to four times slower."""

from jobs.pipeline.nam.numpy_backend.backend import NumpyBackend

__all__ = ["NumpyBackend"]
