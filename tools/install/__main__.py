"""Make .venv whole: ``python -m tools.install MARK REQUIREMENTS [--host=HOST --port=PORT]``.

MARK is the file in .venv that says which requirements are in it. Nothing is done, and nothing said,
when it is right. A .venv that was cut short, moved, or has lost its Python is made again: pip takes
half-installed packages for whole.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.install import environment
from tools.install.checks import (
    check_address,
    check_data_folder,
    check_room,
    check_system_libraries,
    check_values,
)
from tools.install.environment import install
from tools.install.messages import AGAIN, InstallError, say


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("mark", type=Path)
    parser.add_argument("requirements", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port")
    options = parser.parse_args()
    mark = environment.wanted_mark(options.requirements)
    try:
        if options.port is not None:
            check_values(options.host, options.port)
        if environment.is_whole() and environment.read(options.mark) == mark:
            return 0
        # What would stop it after half a minute stops it now.
        if options.port is not None:
            check_address(options.host, int(options.port))
            check_data_folder(Path(os.environ.get("GTS_DATA_DIR") or "var"))
        with locked():
            check_room()
            if not environment.is_whole():
                environment.make_venv()
            environment.UNFINISHED.touch()
            install(options.requirements)
            environment.UNFINISHED.unlink()
            check_system_libraries()
            options.mark.write_text(mark)
    except KeyboardInterrupt:
        say(f"Stopped. {AGAIN} starts the installation again; what was fetched is kept.")
        return 130
    except InstallError as error:
        if error.reason:
            say(error.reason)
        say(str(error))
        return 1
    except OSError as error:
        say(f"{error}\nThe installation stopped. Repair that, then type: {AGAIN}")
        return 1
    return 0


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """Two at once would remove each other's .venv. The second waits, and then begins again:
    by then there is a .venv, whose Python is the one to look with."""
    with environment.LOCK.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another make is installing here; waiting for it.", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
            os.execvp("sh", ["sh", "tools/install.sh", *sys.argv[1:]])
        yield


if __name__ == "__main__":
    sys.exit(main())
