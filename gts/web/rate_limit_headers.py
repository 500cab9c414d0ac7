"""``RateLimit`` and ``RateLimit-Policy``: how many more requests an answer of the API leaves.

As in the draft of the IETF (draft-ietf-httpapi-ratelimit-headers-10): one answer may be under
several limits at once, which ``X-RateLimit-*`` cannot say.
"""

from __future__ import annotations

import math
from typing import Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from gts.web.middleware import AnswerMiddleware
from gts.web.rate_limits import Allowance

HEADER: Final = "RateLimit"
POLICY_HEADER: Final = "RateLimit-Policy"
_NOTED: Final = "_rate_limit_allowances"


def note_allowance(request: HttpRequest, policy: str, allowance: Allowance) -> None:
    """For the answer to ``request``."""
    noted: dict[str, Allowance] = request.__dict__.setdefault(_NOTED, {})
    noted[policy] = allowance


class RateLimitHeadersMiddleware(AnswerMiddleware):
    """Tells what the throttles of the API have noted."""

    def finish(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        noted: dict[str, Allowance] = getattr(request, _NOTED, {})
        if noted:
            response.headers[POLICY_HEADER] = ", ".join(
                f'"{name}";q={one.limit};w={one.window_s}' for name, one in noted.items()
            )
            response.headers[HEADER] = ", ".join(
                f'"{name}";r={one.remaining};t={math.ceil(one.reset_s)}'
                for name, one in noted.items()
            )
        return response
