"""The admin: with a login of our own (``accounts.admin_site``), and its pages looked for with the
URLs and not with every start."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.apps import SimpleAdminConfig
from django.core import checks


class OperatorAdminConfig(SimpleAdminConfig):
    default = False
    default_site = "accounts.admin_site.OperatorAdminSite"

    def ready(self) -> None:
        """As Django's, but that the check looks for what it is to check."""
        from django.contrib.admin.checks import check_dependencies

        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(_check_admin, checks.Tags.admin)


def _check_admin(**kwargs: Any) -> list[checks.CheckMessage]:
    from django.contrib import admin
    from django.contrib.admin.checks import check_admin_app

    admin.autodiscover()
    return list(check_admin_app(**kwargs))
