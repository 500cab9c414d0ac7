from __future__ import annotations


class CheckError(Exception):
    """What an operator would find broken, in one sentence; and what a log says about it."""

    def __init__(self, message: str, log: str = "") -> None:
        super().__init__(message)
        self.log = log
