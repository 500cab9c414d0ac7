"""What clients made from the schema call each operation, where a view does not say it itself."""

from __future__ import annotations

import re

from drf_spectacular.openapi import AutoSchema as BaseAutoSchema

_OF_LISTS = {"get": "list", "post": "create"}
_OF_ONE = {"get": "read", "put": "replace", "patch": "update", "delete": "delete"}


class AutoSchema(BaseAutoSchema):
    """Operations are called like services and selectors, after their views.

    ``ShootoutListView``: shootout_list, shootout_create. ``ShootoutDetailView``: shootout_read,
    shootout_update… ``ShootoutRenderView``: shootout_render, whatever its one method.
    """

    def get_operation_id(self) -> str:
        name = re.sub(r"View$", "", type(self.view).__name__)
        subject = re.sub(r"(List|Detail)$", "", name)
        method = self.method.lower()
        words = [re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", subject).lower()]
        if name.endswith("List"):
            words.append(_OF_LISTS[method])
        elif name.endswith("Detail"):
            words.append(_OF_ONE[method])
        return "_".join(words)
