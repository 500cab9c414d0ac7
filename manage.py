#!/usr/bin/env python
"""Django's command line; ``--version`` is that of GTS."""

import os
import sys

if __name__ == "__main__":
    if sys.argv[1:] == ["--version"]:
        from jobs.pipeline.version import VERSION

        print(f"GTS {VERSION}")
        sys.exit()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gts.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
