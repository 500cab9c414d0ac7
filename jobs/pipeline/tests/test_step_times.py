"""Times of steps: each counts for itself, whatever runs inside it, and from every thread."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from jobs.pipeline.step_times import measuring_steps, timed, timed_items

NAP_S = 0.05


@timed("measure")
def inner() -> str:
    time.sleep(NAP_S)
    return "done"


@timed("publish")
def outer() -> str:
    time.sleep(NAP_S)
    return inner()


@timed_items("decode_stage")
def items() -> Iterator[int]:
    for number in range(3):
        time.sleep(NAP_S)
        yield number


def test_a_step_within_another_counts_for_itself_alone() -> None:
    with measuring_steps() as times:
        start = time.perf_counter()
        assert outer() == "done"
        took_s = time.perf_counter() - start
    assert times.seconds["measure"] >= NAP_S
    assert times.seconds["publish"] >= NAP_S
    assert sum(times.seconds.values()) <= took_s


def test_steps_of_all_threads_add_up() -> None:
    with measuring_steps() as times, ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda _: outer(), range(4))) == ["done"] * 4
    assert times.seconds["measure"] >= 4 * NAP_S
    assert times.seconds["publish"] >= 4 * NAP_S


def test_items_count_while_they_are_made() -> None:
    with measuring_steps() as times:
        found = []
        for item in items():
            found.append(item)
            time.sleep(NAP_S)
            inner()
    assert found == [0, 1, 2]
    assert times.seconds["decode_stage"] >= 3 * NAP_S
    assert times.seconds["measure"] >= 3 * NAP_S


def test_an_error_ends_its_step() -> None:
    @timed("montage")
    def fails() -> None:
        raise ValueError("no")

    with measuring_steps() as times:
        with pytest.raises(ValueError, match="no"):
            fails()
        inner()
    assert set(times.seconds) == {"montage", "measure"}


def test_without_measuring_nothing_is_taken() -> None:
    assert outer() == "done"
    assert list(items()) == [0, 1, 2]


def test_only_one_measures_at_a_time() -> None:
    with (
        measuring_steps() as times,
        pytest.raises(RuntimeError, match="already"),
        measuring_steps(),
    ):
        pass
    assert times.seconds == {}
