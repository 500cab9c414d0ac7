"""What is said while it goes on."""

from __future__ import annotations

import sys


class Progress:
    """One line that is written over on a terminal; elsewhere one when it begins, one at its end."""

    def __init__(self, title: str) -> None:
        self._title = title.ljust(15)
        self._is_terminal = sys.stdout.isatty()
        self._shown = ""

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_terminal and self._shown:
            print("\r\033[K", end="", flush=True)

    def show(self, text: str) -> None:
        if text == self._shown or (self._shown and not self._is_terminal):
            return
        self._shown = text
        if self._is_terminal:
            print(f"\r\033[K{self._title} {text} …", end="", flush=True)
        else:
            print(f"{self._title.strip()} …", flush=True)

    def end(self, text: str) -> None:
        print("\r\033[K" * self._is_terminal + f"{self._title} {text}", flush=True)
        self._shown = ""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
