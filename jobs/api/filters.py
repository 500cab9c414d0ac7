"""By what the list of jobs can be narrowed."""

from __future__ import annotations

import django_filters

from gts.web.api.filters import TrueFalseFilter
from jobs.models import Job, JobQuerySet
from jobs.states import JobState


class JobFilter(django_filters.FilterSet):  # type: ignore[misc]  # it has no types
    state = django_filters.MultipleChoiceFilter(
        choices=JobState.choices, distinct=False, help_text="one or more, by repeating it"
    )
    kind = django_filters.CharFilter(
        max_length=64, help_text="exactly, as in shootouts.render_segment"
    )
    is_root = TrueFalseFilter(method="filter_root", help_text="true: not a part of another job")

    class Meta:
        model = Job
        fields = ("state", "kind", "is_root")

    def filter_root(self, jobs: JobQuerySet, name: str, value: bool) -> JobQuerySet:
        return jobs.roots() if value else jobs.exclude(parent=None)
