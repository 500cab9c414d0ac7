"""What schemathesis is told about GTS: ids of things that exist, to find more than 404s."""

from __future__ import annotations

import json
import os
import zlib
from typing import Any

import schemathesis

# {"shootouts": ["…", …], …}: ids by the first word of the path. Written by the test.
_IDS: dict[str, list[str]] = json.loads(os.environ.get("GTS_CONTRACT_IDS", "{}"))


# Pieces of an upload (tus) are bytes.
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any]) -> dict[str, Any]:
    """Three of four requests are about something that is there. Nothing of it is deleted."""
    operation = context.operation
    known = _IDS.get(operation.path.removeprefix("/api/v1/").split("/")[0], [])
    if not known or operation.method.lower() == "delete" or "uuid" not in (path_parameters or {}):
        return path_parameters
    # By what was drawn, so that a failure can be repeated.
    number = zlib.crc32(str(path_parameters["uuid"]).encode())
    if number % 4 == 0:
        return path_parameters
    return {**path_parameters, "uuid": known[number // 4 % len(known)]}
