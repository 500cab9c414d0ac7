from __future__ import annotations

import time
from datetime import timedelta
from importlib import import_module

import pytest
from django.conf import settings as django_settings
from django.utils import timezone
from social_django.models import Nonce

from accounts.models import AuditAction, AuditEntry, Tone3000Tokens, User, UserSession
from accounts.tasks import clean_up, tokens_keep_alive
from accounts.tests.factories import connect_tone3000, make_user
from accounts.tone3000.calls import parse_tokens
from accounts.tone3000.tests.token_endpoint import Endpoint
from accounts.tone3000.tokens import access_token

NOW = timezone.now


def make_idle(name: str, endpoint: Endpoint, *, idle_days: float, away_days: float) -> User:
    user = make_user(name, last_login=NOW() - timedelta(days=away_days))
    connect_tone3000(user, parse_tokens(endpoint.issue()), tone3000_id=f"id-{name}")
    then = NOW() - timedelta(days=idle_days)
    Tone3000Tokens.objects.filter(user=user).update(
        refreshed_at=then, expires_at=then + timedelta(hours=1)
    )
    return user


def test_only_idle_pairs_of_people_who_come_back_are_kept_alive(
    db: None, endpoint: Endpoint
) -> None:
    make_idle("fresh", endpoint, idle_days=6.9, away_days=1)
    make_idle("gone", endpoint, idle_days=40, away_days=31)
    off = make_idle("off", endpoint, idle_days=8, away_days=1)
    User.objects.filter(pk=off.pk).update(is_active=False)
    dead = make_idle("dead", endpoint, idle_days=8, away_days=1)
    Tone3000Tokens.objects.filter(user=dead).update(encrypted="")
    idle = make_idle("idle", endpoint, idle_days=8, away_days=20)
    assert tokens_keep_alive() == 1
    assert len(endpoint.calls) == 1
    assert Tone3000Tokens.objects.get(user=idle).refreshed_at > NOW() - timedelta(minutes=1)
    assert tokens_keep_alive() == 0
    assert access_token(idle) == "access-5"


def test_a_service_that_is_down_is_asked_once(db: None, endpoint: Endpoint) -> None:
    for name in ("a", "b", "c"):
        make_idle(name, endpoint, idle_days=8, away_days=1)
    endpoint.answers = [(503, {})]
    assert tokens_keep_alive() == 0
    assert len(endpoint.calls) == 1


def test_a_pair_that_has_died_does_not_stop_the_others(db: None, endpoint: Endpoint) -> None:
    dead = make_idle("dead", endpoint, idle_days=9, away_days=1)
    make_idle("alive", endpoint, idle_days=8, away_days=1)
    assert tokens_keep_alive() == 1
    assert Tone3000Tokens.objects.get(user=dead).encrypted == ""


@pytest.mark.django_db
def test_what_no_one_needs_any_more_goes() -> None:
    now_s = int(time.time())
    for age_s in (60, 3 * 24 * 3600):
        Nonce.objects.create(server_url="x", timestamp=now_s - age_s, salt=str(age_s))
    store = import_module(django_settings.SESSION_ENGINE).SessionStore
    for lifetime_s in (60, -60):
        session = store()
        session.set_expiry(NOW() + timedelta(seconds=lifetime_s))
        session.save()
    for age_days in (364, 366):
        entry = AuditEntry.objects.create(action=AuditAction.LOGIN)
        AuditEntry.objects.filter(pk=entry.pk).update(at=NOW() - timedelta(days=age_days))
    clean_up()
    assert list(Nonce.objects.values_list("salt", flat=True)) == ["60"]
    assert UserSession.objects.count() == 1
    assert AuditEntry.objects.count() == 1
