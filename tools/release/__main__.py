"""``make release VERSION=0.1.0``, from the root of a checkout."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CalledProcessError

from tools.release.making import ReleaseError, make_release


def main() -> None:
    parser = argparse.ArgumentParser(prog="make release", description=__doc__)
    parser.add_argument("version", help="three numbers, as in 0.1.0")
    parser.add_argument("--checked", default="", help="commit for which the checks passed")
    options = parser.parse_args()
    day = datetime.now(UTC).date()
    try:
        files = make_release(Path.cwd(), options.version, day=day, checked=options.checked)
    except (ReleaseError, CalledProcessError) as error:
        sys.exit(f"No release: {error}")
    print(f"GTS {options.version} is committed and tagged here, and nothing is pushed.")
    for path in files:
        print(f"  {path.relative_to(Path.cwd())}")
    print(f"Next (docs/releasing.md): git push --atomic origin main v{options.version}")


if __name__ == "__main__":
    main()
