"""What is sent twice is done once: claims, answers and their ends. The API is in gts/tests."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.idempotency import (
    KEPT_FOR,
    LOST_AFTER,
    Claim,
    StoredAnswer,
    request_claim,
    request_complete,
    request_release,
    requests_prune,
)
from accounts.models import IdempotentRequest, User
from gts.web.errors import ConflictError, InvalidInputError

ANSWER = StoredAnswer(201, '{"id":1}', {"ETag": '"1-a"'})


def claim(user: User, fingerprint: str = "f") -> Claim:
    found = request_claim(user=user, key="k", fingerprint=fingerprint)
    assert isinstance(found, Claim)
    return found


def age(by: timedelta) -> None:
    IdempotentRequest.objects.update(claimed_at=timezone.now() - by)


def test_the_answer_is_given_again(alice: User) -> None:
    request_complete(claim(alice), ANSWER)
    assert request_claim(user=alice, key="k", fingerprint="f") == ANSWER


def test_another_request_may_not_use_the_key(alice: User) -> None:
    request_complete(claim(alice), ANSWER)
    with pytest.raises(InvalidInputError) as caught:
        claim(alice, "g")
    assert caught.value.code == "IDEMPOTENCY_KEY_REUSED"


def test_keys_of_others_are_others(alice: User, charlie: User) -> None:
    request_complete(claim(alice), ANSWER)
    claim(charlie, "g")


def test_while_it_is_done_no_one_else_does_it(alice: User) -> None:
    claim(alice)
    with pytest.raises(ConflictError) as caught:
        claim(alice)
    assert caught.value.code == "IDEMPOTENCY_IN_PROGRESS"


def test_a_released_key_is_free(alice: User) -> None:
    request_release(claim(alice))
    claim(alice)


def test_a_claim_whose_process_died_is_taken_over_and_worth_nothing_afterwards(alice: User) -> None:
    dead = claim(alice)
    age(LOST_AFTER + timedelta(seconds=1))
    alive = claim(alice)
    with pytest.raises(ConflictError):
        request_complete(dead, StoredAnswer(201, "dead", {}))
    request_release(dead)
    request_complete(alive, ANSWER)
    assert request_claim(user=alice, key="k", fingerprint="f") == ANSWER


def test_after_a_day_a_key_may_mean_something_else(alice: User) -> None:
    request_complete(claim(alice), ANSWER)
    age(KEPT_FOR + timedelta(seconds=1))
    claim(alice, "g")


def test_old_answers_are_pruned(alice: User, charlie: User) -> None:
    request_complete(claim(alice), ANSWER)
    age(KEPT_FOR + timedelta(seconds=1))
    claim(charlie)
    assert requests_prune() == 1
    assert IdempotentRequest.objects.get().user == charlie
