"""Opening a page in the browser of who sits at this machine, where there is one."""

from __future__ import annotations

import os
import sys
import webbrowser
from pathlib import Path
from threading import Thread


def is_there() -> bool:
    """Whether a person sits at a terminal with a display, and a browser opens beside it.

    One that runs in the terminal itself (w3m, say) would take it away from the server.
    """
    if not sys.stdout.isatty():
        return False
    if sys.platform not in ("darwin", "win32") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return False
    try:
        return type(webbrowser.get()) is not webbrowser.GenericBrowser
    except webbrowser.Error:
        return False


def open_page(path: Path) -> None:
    """Without waiting for it. If it does not work, the address is on the console all the same."""
    Thread(target=webbrowser.open, args=(path.as_uri(),), daemon=True).start()
