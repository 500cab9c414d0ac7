"""``python -m tools.bench render | lists | seed | audition``, each with ``--help``."""

from __future__ import annotations

import os
import sys
from typing import Final

import django

NAMES: Final = ("render", "lists", "seed", "audition")


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in NAMES:
        raise SystemExit(f"usage: python -m tools.bench {' | '.join(NAMES)} [--help]")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gts.settings")
    django.setup()
    from tools.bench import audition, lists, render, seed

    parts = {"render": render, "lists": lists, "seed": seed, "audition": audition}
    command = parts[sys.argv[1]].Command()
    command.run_from_argv(["python -m tools.bench", *sys.argv[1:]])


if __name__ == "__main__":
    main()
