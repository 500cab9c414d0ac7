"""Answers that say where something is."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.urls import reverse
from rest_framework.response import Response


def created(data: Any, route: str, uuid: UUID) -> Response:
    """201, with the address of what was made."""
    return Response(data, status=201, headers={"Location": reverse(route, args=[uuid])})


def accepted(data: Any, route: str, uuid: UUID) -> Response:
    """202, with the address that tells how far it is: most often that of a job."""
    return Response(data, status=202, headers={"Location": reverse(route, args=[uuid])})
