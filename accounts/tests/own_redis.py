"""A database of Redis for each test process: a worker takes the jobs of any test that shares its.

A plugin of pytest (pytest.ini), because it comes before the settings are read.
"""

from __future__ import annotations

import os
import re


def own_database(redis_url: str, test_process: str) -> str:
    """``redis://host/8`` for the test process ``gw2`` of xdist is ``redis://host/10``."""
    number = re.fullmatch(r"gw(\d+)", test_process)
    if not redis_url or number is None:
        return redis_url
    server, _, database = redis_url.rpartition("/")
    return f"{server}/{int(database) + int(number[1])}"


if "REDIS_URL" in os.environ:
    os.environ["REDIS_URL"] = own_database(
        os.environ["REDIS_URL"], os.environ.get("PYTEST_XDIST_WORKER", "")
    )
