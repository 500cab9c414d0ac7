"""``$NAME`` and ``${NAME}``, with defaults and demands, as Dockerfiles and Compose have them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from tools.image_check.errors import CheckError

_REFERENCE: Final = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<name>\w+)|\{(?P<braced>\w+)(?:(?P<how>:?[-?])(?P<other>[^}]*))?\})"
)


def substitute(text: str, variables: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        if found["escaped"]:
            return "$"
        name, how = found["name"] or found["braced"], found["how"] or ""
        known = variables.get(name)
        if known or (known is not None and not how.startswith(":")):
            return known
        if how.endswith("?"):
            raise CheckError(f"{name} is required: {found['other']}")
        return found["other"] if how else ""

    return _REFERENCE.sub(value, text)
