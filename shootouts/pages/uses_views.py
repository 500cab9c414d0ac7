"""What deleting something touches: asked for while it can still be undone."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse

from accounts.page_kit import PageView
from shootouts.uses import deletion_text


class UsesView(PageView):
    def get(self, request: HttpRequest, kind: str, uuid: UUID) -> HttpResponse:
        return JsonResponse({"message": deletion_text(self.user, kind, uuid)})
