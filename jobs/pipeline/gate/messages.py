"""What a reader and the one who asked it say to each other: JSON, one message a line."""

from __future__ import annotations

import json
from typing import Any, Final

# The largest true one is the text of a shootout file with the names of what it unpacked.
MAX_MESSAGE_BYTES: Final = 8 * 1024 * 1024

# The argument of a reader that has time to load what its first files will need.
PREPARE: Final = "--prepare"

# Keys of what a reader says. READY: once, with what this system lacks of limits. COST: with
# RESULT and with each kind of failure.
READY: Final = "ready"
PROGRESS: Final = "progress"
RESULT: Final = "result"
COST: Final = "cost"
PIPELINE_ERROR: Final = "pipeline_error"
OS_ERROR: Final = "os_error"
TOO_DEMANDING: Final = "too_demanding"
UNFORESEEN: Final = "unforeseen"


def encode(message: dict[str, Any]) -> bytes:
    """Raises ``TypeError`` or ``ValueError`` for what is no JSON."""
    return json.dumps(message).encode() + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """Raises ``ValueError``."""
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError("no message of a reader")
    return message
