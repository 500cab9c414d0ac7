"""Encrypted cursors. One is valid only for the list that it came from, with the same filters and
the same order.

The key is derived from ``GTS_SECRET_KEY``: when that changes, older cursors are refused.
"""

from __future__ import annotations

import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.utils.crypto import salted_hmac
from rest_framework.request import Request

CURSOR: Final = "cursor"
MAX_CURSOR_CHARS: Final = 4_000
# They say which part of a list is shown, and not which list it is.
_OF_A_PART: Final = frozenset({CURSOR, "page_size"})
_NONCE_BYTES: Final = 12


def list_name(request: Request) -> str:
    """Of a list as it is asked for: which one, with which filters, in which order."""
    asked = [row for row in request.query_params.lists() if row[0] not in _OF_A_PART]
    return json.dumps([request.path, sorted(asked)])


def encrypted(content: str, of_list: str) -> str:
    nonce = os.urandom(_NONCE_BYTES)
    box = AESGCM(_key()).encrypt(nonce, content.encode(), of_list.encode())
    return urlsafe_b64encode(nonce + box).decode().rstrip("=")


def decrypted(cursor: str, of_list: str) -> str:
    """Raises ``ValueError`` for a cursor of another list, or of none."""
    if len(cursor) > MAX_CURSOR_CHARS:
        raise ValueError("too long for a cursor")
    box = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    try:
        content = AESGCM(_key()).decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], of_list.encode())
    except InvalidTag as error:
        raise ValueError("not a cursor of this list") from error
    return content.decode()


def _key() -> bytes:
    digest: bytes = salted_hmac("gts.web.api.cursors", "key", algorithm="sha256").digest()
    return digest
