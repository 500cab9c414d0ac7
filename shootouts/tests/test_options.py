"""Every option that is defined is offered everywhere, with the same words, bounds and default."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.test import Client
from django.urls import reverse

from accounts.models import User
from jobs.pipeline.vocabulary.options import (
    OPTION_NAMES,
    SHOOTOUT_OPTIONS,
    THEME_LABELS,
    ChoiceOption,
    NumberOption,
    ShootoutOption,
    ShootoutOptions,
    SwitchOption,
)
from shootouts.api.serializers import ShootoutCreateInput, ShootoutOutput, ShootoutUpdateInput
from shootouts.models import Shootout
from shootouts.models.options import option_choices
from shootouts.pages.forms import ShootoutForm

each_option = pytest.mark.parametrize("option", SHOOTOUT_OPTIONS, ids=OPTION_NAMES)


def refused(option: ShootoutOption) -> list[Any]:
    match option:
        case NumberOption():
            return [option.minimum - 0.5, option.maximum + 0.5]
        case ChoiceOption():
            return ["other"]
        case SwitchOption():
            return []


def test_a_new_shootout_has_the_defaults() -> None:
    assert Shootout().options == ShootoutOptions()


def test_old_migrations_may_name_options_that_are_gone() -> None:
    assert dict(option_choices("theme")) == THEME_LABELS
    assert not dict(option_choices("gone"))


@each_option
def test_a_column_takes_what_the_option_takes(option: ShootoutOption) -> None:
    column = Shootout._meta.get_field(option.name)
    assert isinstance(column, models.Field)
    column.clean(option.default, None)
    for value in refused(option):
        with pytest.raises(ValidationError):
            column.clean(value, None)


@each_option
def test_the_api_takes_what_the_option_takes(option: ShootoutOption) -> None:
    assert option.name in ShootoutCreateInput().fields
    assert option.name in ShootoutOutput().fields
    assert ShootoutUpdateInput(data={option.name: option.default}).is_valid()
    assert not any(ShootoutUpdateInput(data={option.name: v}).is_valid() for v in refused(option))
    if option.help:
        assert ShootoutOutput().fields[option.name].help_text == option.help


@each_option
def test_the_form_begins_with_the_default(option: ShootoutOption) -> None:
    field = ShootoutForm()[option.name]
    assert (field.label, field.help_text) == (option.label, option.help)
    assert field.initial == option.default
    for value in refused(option):
        with pytest.raises(forms.ValidationError):
            field.field.clean(value)


@pytest.mark.django_db
def test_the_page_has_every_option_once(client: Client, alice: User) -> None:
    client.force_login(alice)
    html = client.get(reverse("shootout-new")).content.decode()
    places = [html.index(f'name="{name}"') for name in OPTION_NAMES]
    assert places == sorted(places)
    for option in SHOOTOUT_OPTIONS:
        num_choices = len(option.choices) if isinstance(option, ChoiceOption) else 1
        assert html.count(f'name="{option.name}"') == num_choices
        assert option.label in html
        assert option.help in html
