"""What is said to those who ask for this server by a name that it does not answer to.

In embedded mode the setting that allows the name is said, because who asks is likely to be who
runs it. In production it is only in the log: strangers are told nothing about how a site is set up,
and behind a proxy everybody comes from a private address, so that an address decides nothing.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.http.request import split_domain_port, validate_host

CODE: Final = "UNKNOWN_HOST"
_MAX_CHARS: Final = 80

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class UnknownHost:
    """``asked``: as it came, short and printable; nothing more is known of it.

    ``name``: what would have to be allowed; empty where there is no such name, or no one is told.
    """

    asked: str
    name: str
    is_valid: bool

    @property
    def message(self) -> str:
        text = f"This server does not answer to the name “{self.asked}”."
        if not self.is_valid:
            return f"{text} It is not a valid name for one."
        if not self.name:
            return f"{text} If you run it: its log says what to do."
        return f"{text} GTS_ALLOWED_HOSTS={self.name} would allow it."


def unknown_host(header: str) -> UnknownHost:
    """Of the ``Host`` of a request. Writes the line for operators."""
    asked = "".join(char for char in header if char.isprintable())
    asked = asked if len(asked) <= _MAX_CHARS else asked[:_MAX_CHARS] + "…"
    domain, _ = split_domain_port(header)
    logger.warning(
        "refused a request to the unknown host “%s”: GTS_ALLOWED_HOSTS lists those that are known",
        asked,
    )
    is_told = settings.IS_EMBEDDED and domain != "" and len(domain) <= _MAX_CHARS
    return UnknownHost(asked, domain if is_told else "", domain != "")


def is_known(header: str) -> bool:
    domain, _ = split_domain_port(header)
    return domain != "" and validate_host(domain, settings.ALLOWED_HOSTS)
