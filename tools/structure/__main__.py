"""``python -m tools.structure``: draw it; ``--check``: say whether the document has it as it is."""

from __future__ import annotations

import sys
from graphlib import CycleError
from pathlib import Path

from tools.structure.picture import PictureError, draw, imports_between_rooms, replaced

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "architecture.md"


def main() -> int:
    old = DOCUMENT.read_text(encoding="utf-8")
    try:
        new = replaced(old, draw(ROOT, imports_between_rooms()))
    except PictureError as error:
        print(f"structure: {error}", file=sys.stderr)
        return 1
    except CycleError as error:
        print(f"structure: rooms in a circle: {' → '.join(error.args[1])}", file=sys.stderr)
        return 1
    if sys.argv[1:] == ["--check"]:
        if new != old:
            print("structure: docs/architecture.md is stale: python -m tools.structure")
        return int(new != old)
    DOCUMENT.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
