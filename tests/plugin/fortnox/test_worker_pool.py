"""Requests beside each other: who speaks with the host, and how they end together."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from fortnox import Clock

from opter_fortnox_plugin.errors import Cancelled
from opter_fortnox_plugin.fortnox.rate_limiter import REQUESTS, RateLimiter
from opter_fortnox_plugin.fortnox.worker_pool import Stopped, WorkerPool


def alive():
    return [thread for thread in threading.enumerate() if thread.name == "fortnox"]


@pytest.fixture
def pool():
    with WorkerPool(lambda: None) as pool:
        yield pool
    assert alive() == []


def test_what_came_of_each_job_is_returned_to_who_asked(pool):
    futures = [pool.submit(lambda n=n: n * n) for n in range(200)]
    assert [pool.result(future) for future in futures] == [n * n for n in range(200)]


def test_as_many_jobs_as_a_window_lets_start_are_done_at_once(pool):
    together = threading.Barrier(REQUESTS)
    futures = [pool.submit(lambda: together.wait(20)) for _ in range(REQUESTS)]
    assert sorted(pool.result(future) for future in futures) == list(range(REQUESTS))


def test_one_job_after_the_other_takes_one_thread(pool):
    assert len({pool.run(threading.get_ident) for _ in range(50)}) == 1


def test_the_error_is_that_of_the_first_job_in_order(pool):
    """Number 3 fails after number 7 has, and was on its way already."""
    seven, begun = threading.Event(), threading.Event()

    def third():
        begun.set()
        seven.wait(20)
        raise ValueError("three")

    def seventh():
        begun.wait(20)
        seven.set()
        raise ValueError("seven")

    works = {3: third, 7: seventh}
    futures = [pool.submit(works.get(n, begun.wait)) for n in range(1, 9)]
    with pytest.raises(ValueError, match="three"):
        [pool.result(future) for future in futures]


def test_after_an_error_nothing_starts(pool):
    started = []

    def fail():
        raise ValueError("first")

    def later():
        pool.may_start()
        started.append(1)

    broken = pool.submit(fail)
    with pytest.raises(ValueError, match="first"):
        pool.result(broken)
    for _ in range(20):
        pool.submit(later)
    pool.close()
    assert started == []


def test_a_worker_that_rests_is_woken_by_the_error_of_another():
    with WorkerPool(lambda: None) as pool:
        resting = pool.submit(lambda: pool.sleep(3600))

        def fail():
            raise ValueError("now")

        broken = pool.submit(fail)
        with pytest.raises(ValueError, match="now"):
            pool.result(broken)
    assert isinstance(resting.error, Stopped)
    assert alive() == []


def test_a_person_who_cancels_ends_all_and_what_is_on_its_way_is_broken_off():
    hanging, said = threading.Event(), Counter()

    def say():
        said["word"] += 1
        raise Cancelled("CANCELLED")

    with pytest.raises(Cancelled), WorkerPool(say, abort=hanging.set) as pool:
        pool.result(pool.submit(hanging.wait))
    assert said["word"] == 1
    assert alive() == []


def test_ctrl_c_ends_all():
    hanging = threading.Event()

    def say():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), WorkerPool(say, abort=hanging.set) as pool:
        pool.result(pool.submit(hanging.wait))
    assert alive() == []


def test_ctrl_c_while_a_thread_is_started_ends_all(monkeypatch):
    def start(_thread):
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(KeyboardInterrupt), WorkerPool(lambda: None) as pool:
        pool.submit(int)


def test_errands_are_done_by_the_thread_that_speaks_with_the_host(pool):
    assert pool.run(lambda: pool.on_host_thread(threading.get_ident)) == threading.get_ident()
    told = []
    pool.run(lambda: pool.call_soon(lambda: told.append(threading.get_ident())))
    assert told == [threading.get_ident()]


def test_an_error_of_an_errand_ends_all(pool):
    def refuse():
        raise ValueError("nobody is signed in")

    with pytest.raises(ValueError, match="signed in"):
        pool.run(lambda: pool.on_host_thread(refuse))


def test_a_job_that_nobody_wants_any_more_starts_no_request_and_its_error_harms_nobody(pool):
    begun, go = threading.Event(), threading.Event()

    def work():
        begun.set()
        go.wait(20)
        pool.may_start()

    future = pool.submit(work)
    begun.wait(20)
    future.cancelled = True
    assert pool.waiting == 1
    go.set()
    with pytest.raises(Stopped):
        pool.result(future)
    assert (future.started, pool.waiting) == (False, 0)
    assert pool.run(lambda: 1) == 1


def test_whose_request_has_started_waits_no_more(pool):
    begun, go = threading.Event(), threading.Event()

    def work():
        pool.may_start()
        begun.set()
        go.wait(20)

    future = pool.submit(work)
    begun.wait(20)
    assert (future.started, pool.waiting) == (True, 0)
    go.set()
    pool.result(future)
    assert pool.waiting == 0


# --- The schedule itself, without waiting ---


def test_the_time_that_the_limit_takes_is_told_exactly():
    clock = Clock(now=0.0)
    limiter = RateLimiter(sleep=clock.sleep, clock=clock)
    for _ in range(10):
        limiter.acquire()
        limiter.release()
    expected = limiter.seconds_for(100)
    for _ in range(100):
        limiter.acquire()
        limiter.release()
    assert clock.now == pytest.approx(expected)


def test_a_429_makes_the_time_that_is_told_longer():
    clock = Clock(now=0.0)
    limiter = RateLimiter(sleep=clock.sleep, clock=clock)
    limiter.back_off(17.0)
    assert limiter.seconds_for(1) == pytest.approx(17.0)


def test_an_error_that_ends_all_is_heard_of_though_its_job_is_dropped_meanwhile():
    """Else the jobs after it would find that all is over, and nobody could say why."""
    with WorkerPool(lambda: None) as pool:
        failing = pool.submit(fail)
        with pytest.raises(Stopped):
            keep_checking(pool)
        failing.cancelled = True
        with pytest.raises(ZeroDivisionError):
            pool.run(lambda: None)


def keep_checking(pool):
    while True:
        pool.check()


def fail():
    raise ZeroDivisionError
