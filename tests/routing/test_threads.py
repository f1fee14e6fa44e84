"""Searches from many threads see all of an update or nothing of it."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from fom.routing.router import Router
from fom.routing.sharing import SharedLock
from tests.routing.small_networks import grid_network, plain_costs
from tests.routing.test_best import snap


@pytest.mark.parametrize("with_hierarchy", [True, False])
def test_a_search_beside_updates_gives_the_old_or_the_new_answer(with_hierarchy):
    network = grid_network(8, 7)
    metric = Router(network, with_hierarchy=with_hierarchy).metric(plain_costs(network))
    ends = snap(0, 0.5), snap(network.n_segments - 1, 0.5)
    everything = np.arange(2 * network.n_segments)
    sets = [plain_costs(network), plain_costs(network) * np.random.default_rng(1).uniform(1, 3, len(everything))]
    allowed = []
    for costs in sets:
        metric.update(everything, costs)
        allowed.append(metric.best(*ends).weight)
    metric.update(everything, sets[0])
    seen: list[int] = []
    stop = threading.Event()

    def search() -> None:
        while not stop.is_set():
            with metric.reading() as searches:
                first, second = searches.best(*ends).weight, searches.best(*ends).weight
            seen.extend([first] if first == second else [-1])

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for i in range(60):
        metric.update(everything, sets[(i + 1) % 2])
    stop.set()
    for thread in threads:
        thread.join(timeout=20)
    assert seen
    assert set(seen) <= set(allowed)


def test_a_waiting_writer_goes_before_new_readers_and_readers_share():
    lock, order = SharedLock(), []
    inside, go = threading.Barrier(3), threading.Event()

    def read() -> None:
        with lock.reading():
            inside.wait(timeout=10)
            go.wait(timeout=10)
            order.append("first readers")

    def write() -> None:
        with lock.writing():
            order.append("writer")

    def read_later() -> None:
        with lock.reading():
            order.append("late reader")

    readers = [threading.Thread(target=read) for _ in range(2)]
    for thread in readers:
        thread.start()
    inside.wait(timeout=10)
    writer = threading.Thread(target=write)
    writer.start()
    while not lock._waiting_writers:
        pass
    late = threading.Thread(target=read_later)
    late.start()
    go.set()
    for thread in (*readers, writer, late):
        thread.join(timeout=10)
    assert order == ["first readers", "first readers", "writer", "late reader"]


def test_an_error_inside_leaves_the_lock_free():
    lock = SharedLock()
    for held in (lock.writing, lock.reading):
        with pytest.raises(RuntimeError), held():
            raise RuntimeError
    with lock.writing():
        pass
