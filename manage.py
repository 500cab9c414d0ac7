#!/usr/bin/env python
"""Django's command line; ``--version`` is that of GTS."""

import errno
import os
import sys

if __name__ == "__main__":
    if sys.argv[1:] == ["--version"]:
        from jobs.pipeline.versions import VERSION

        print(f"GTS {VERSION}")
        sys.exit()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gts.settings")
    try:
        from gts.checks import CommandLine

        CommandLine(sys.argv).execute()
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        sys.exit(130)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        sys.exit(f"There is no room left on the disk: {error}. Make some, and try again.")
