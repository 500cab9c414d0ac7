"""By what the lists of shootouts can be narrowed."""

from __future__ import annotations

import django_filters

from shootouts.models import Shootout, ShootoutQuerySet


class ShootoutFilter(django_filters.FilterSet):  # type: ignore[misc]  # it has no types
    search = django_filters.CharFilter(
        method="by_text",
        max_length=200,
        help_text="words of the title, the labels or the description, the best first; with typos "
        "where nothing has them as they are",
    )

    class Meta:
        model = Shootout
        fields: tuple[str, ...] = ()

    def by_text(self, shootouts: ShootoutQuerySet, name: str, value: str) -> ShootoutQuerySet:
        return shootouts.matching(value)
