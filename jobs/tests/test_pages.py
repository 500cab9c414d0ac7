"""The page of jobs: what one has asked for, what became of it, and what can be done about it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from jobs.models import Job, JobState
from jobs.registry import Notice, register
from jobs.tests.factories import make_job
from jobs.tests.handlers import RENDER

pytestmark = pytest.mark.django_db

LIST = "/jobs/"
HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}


def text_of(client: Client, address: str = LIST) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def make_failed(owner: User, **changes: Any) -> Job:
    failed = {"state": JobState.FAILED, "error_code": "X", "error_message": "The disk is full."}
    return make_job(owner, **failed, **changes)


def test_ones_own_whole_jobs_are_listed(client: Client, alice: User, charlie: User) -> None:
    parent = make_job(alice)
    part, other = make_job(alice, parent=parent), make_job(charlie)
    client.force_login(alice)
    text = text_of(client)
    assert f'id="job-{parent.uuid}"' in text
    assert str(part.uuid) not in text
    assert str(other.uuid) not in text


def test_a_failed_job_says_why_and_is_retried(client: Client, alice: User) -> None:
    job = make_failed(alice)
    client.force_login(alice)
    retry = reverse("job-retry", args=[job.uuid])
    assert "The disk is full." in text_of(client)
    assert retry in text_of(client)
    assert client.post(retry)["Location"] == LIST
    job.refresh_from_db()
    assert job.state == JobState.QUEUED
    answer = client.post(retry, follow=True)
    assert "Only a failed or cancelled job can be retried." in answer.content.decode()


def test_what_is_under_way_is_cancelled_in_its_place(client: Client, alice: User) -> None:
    job = make_job(alice)
    client.force_login(alice)
    assert f'hx-get="{reverse("job-row", args=[job.uuid])}"' in text_of(client)
    answer = client.post(reverse("job-cancel", args=[job.uuid]), **HTMX)
    row = answer.content.decode()
    assert "canceled" in row
    assert "hx-get" not in row
    assert "<html" not in row
    # The focus stays with what can be done now.
    assert f'id="act-{job.uuid}"' in row


def test_what_is_gone_when_it_has_failed_is_not_offered_again(client: Client, alice: User) -> None:
    job = make_failed(alice, kind=RENDER.kind)
    client.force_login(alice)
    retry = reverse("job-retry", args=[job.uuid])
    assert retry in text_of(client)
    register(RENDER, notice=Notice(title="Check", is_final=True))
    try:
        text = text_of(client)
        assert retry not in text
        assert "Check" in text
    finally:
        register(RENDER)


def test_it_is_narrowed_by_state(client: Client, alice: User) -> None:
    failed, active = make_failed(alice), make_job(alice)
    done = make_job(alice, state=JobState.COMPLETED)
    client.force_login(alice)

    def found(state: str) -> list[Job]:
        text = text_of(client, f"{LIST}?state={state}")
        return [job for job in (failed, active, done) if f'id="job-{job.uuid}"' in text]

    assert found("") == [failed, active, done]
    assert found("failed") == [failed]
    assert found("active") == [active]
    assert found("rubbish") == [failed, active, done]


def test_it_is_paged_and_takes_the_same_queries(client: Client, alice: User) -> None:
    client.force_login(alice)

    def num_queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            text_of(client)
        return len(captured)

    make_job(alice)
    few = num_queries()
    for _ in range(25):
        make_job(alice)
    assert num_queries() == few
    text = text_of(client, f"{LIST}?state=active")
    assert 'href="?state=active&amp;page=2"' in text
