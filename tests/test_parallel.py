"""An ordered, lazy map on the calling thread, on threads and on spawned processes."""

import math
import os
import sys
import threading
import time

import pytest

from boostwatch.parallel import ordered_map


@pytest.mark.parametrize("jobs", [1, 3])
def test_order_is_that_of_the_items(jobs):
    def work(i: int) -> int:
        time.sleep(0.002 * (i % 3))
        return i * i

    assert list(ordered_map(work, range(20), jobs=jobs)) == [i * i for i in range(20)]


@pytest.mark.parametrize("jobs", [1, 2])
def test_items_are_drawn_lazily(jobs):
    drawn = []

    def items():
        for i in range(100):
            drawn.append(i)
            yield i

    results = ordered_map(lambda i: i, items(), jobs=jobs)
    assert next(results) == 0
    assert len(drawn) <= 2 * jobs
    results.close()
    assert len(drawn) <= 2 * jobs


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_exception_comes_through_after_what_was_before_it(jobs):
    def work(i: int) -> float:
        return 1 / (3 - i)

    results = ordered_map(work, range(10), jobs=jobs)
    assert [next(results) for _ in range(3)] == [1 / 3, 1 / 2, 1.0]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_threads_are_other_threads_and_one_job_is_not():
    here = threading.get_ident()
    assert set(ordered_map(lambda _: threading.get_ident(), range(3))) == {here}
    assert here not in set(ordered_map(lambda _: threading.get_ident(), range(3), jobs=2))


def test_processes_are_spawned_and_keep_order():
    assert list(ordered_map(math.sqrt, [16.0, 9.0, 4.0], jobs=2, kind="process")) == [4.0, 3.0, 2.0]


def test_processes_are_not_this_one():
    assert os.getpid() not in set(ordered_map(_process_id, range(2), jobs=2, kind="process"))


def _process_id(_: int) -> int:
    return os.getpid()


def test_nothing_to_do():
    assert list(ordered_map(math.sqrt, [], jobs=2)) == []


def test_the_interpreter_is_left_as_it_was_in_whatever_order_maps_end():
    before = sys.getswitchinterval()
    first, second = (ordered_map(math.sqrt, [1.0, 4.0, 9.0, 16.0, 25.0, 36.0], jobs=2) for _ in range(2))
    assert next(first) == next(second) == 1.0
    first.close()
    assert sys.getswitchinterval() < before
    second.close()
    assert sys.getswitchinterval() == before
