"""Which static files are gathered: not those that no page needs."""

from __future__ import annotations

from django.contrib.staticfiles.apps import StaticFilesConfig


class GtsStaticFilesConfig(StaticFilesConfig):
    default = False
    # The browsable API of DRF; the second of the two readers of the schema that come along; types,
    # which only a check of scripts reads.
    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "rest_framework", "redoc", "*.d.ts"]
