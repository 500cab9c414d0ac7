"""A clock that is wrong by ``SKEW_S`` seconds, for any Python that has this folder on its path.

Python imports a module of this name by itself, before everything else.
"""

from __future__ import annotations

import datetime as module
import os
import time
from typing import Any

_AHEAD_S = float(os.environ["SKEW_S"])
_Right = module.datetime
_right_time, _right_time_ns = time.time, time.time_ns


class _Meta(type):
    """All moments are of the real class, also those that C code makes."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _Right)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, _Right)


class _Skewed(_Right, metaclass=_Meta):
    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return _Right(*args, **kwargs)

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return _Right.fromtimestamp(time.time(), tz)

    @classmethod
    def utcnow(cls) -> Any:
        return _Right.fromtimestamp(time.time(), module.UTC).replace(tzinfo=None)


time.time = lambda: _right_time() + _AHEAD_S
time.time_ns = lambda: _right_time_ns() + int(_AHEAD_S * 1e9)
module.datetime = _Skewed  # type: ignore[misc]
