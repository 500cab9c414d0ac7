"""The options of a shootout as columns, one for each."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from jobs.pipeline.vocabulary.options import (
    OPTION_NAMES,
    SHOOTOUT_OPTIONS,
    ChoiceOption,
    NumberOption,
    ShootoutOption,
    ShootoutOptions,
    SwitchOption,
)


class OptionColumns(models.Model):
    class Meta:
        abstract = True

    @property
    def options(self) -> ShootoutOptions:
        return ShootoutOptions(**{name: getattr(self, name) for name in OPTION_NAMES})


def option_choices(name: str) -> Iterable[tuple[str, str]]:
    """Migrations name this and not the words, so that a new word needs none. An option that is no
    more has no choices."""
    choices = {
        option.name: option.choices
        for option in SHOOTOUT_OPTIONS
        if isinstance(option, ChoiceOption)
    }
    return choices.get(name, {}).items()


def _column(option: ShootoutOption) -> models.Field[Any, Any]:
    match option:
        case NumberOption():
            bounds = [MinValueValidator(option.minimum), MaxValueValidator(option.maximum)]
            return models.FloatField(default=option.default, validators=bounds)
        case SwitchOption():
            return models.BooleanField(default=option.default)
        case ChoiceOption():
            return models.CharField(
                max_length=option.max_chars,
                choices=partial(option_choices, option.name),
                default=option.default,
            )


for option in SHOOTOUT_OPTIONS:
    OptionColumns.add_to_class(option.name, _column(option))
