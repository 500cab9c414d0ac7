"""``.env.example`` after what someone fills in who follows it: what is marked *required*."""

from __future__ import annotations

import base64
import re
import secrets
from typing import Final

from tools.image_check.errors import CheckError

SITE: Final = "gts.localhost"


def fill_in(text: str) -> str:
    """The text with a value for each variable below a comment that says *required*.

    Not for those that are marked for another way than docker compose.
    """
    values = {
        "GTS_SECRET_KEY": secrets.token_urlsafe(64),
        "GTS_TOKEN_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "GTS_ALLOWED_HOSTS": SITE,
        "POSTGRES_PASSWORD": secrets.token_hex(16),
    }
    lines = text.splitlines()
    is_required = False
    for number, line in enumerate(lines):
        if line.startswith("# ") and not (number and lines[number - 1].startswith("#")):
            is_required = "required" in line.lower() and "without docker compose" not in line
        elif not line.strip():
            is_required = False
        found = re.fullmatch(r"([A-Z][A-Z0-9_]*)=.*", line)
        if found and is_required:
            if found[1] not in values:
                raise CheckError(f".env.example asks for {found[1]}, but not what to fill in")
            lines[number] = f"{found[1]}={values[found[1]]}"
    return "\n".join(lines) + "\n"
