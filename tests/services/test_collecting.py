import gc
import threading

import pytest

from fom.services.collecting import uncollected


def test_nothing_is_collected_inside_and_all_is_as_before_afterwards():
    seen = []

    @uncollected()
    def fail() -> None:
        seen.append(gc.isenabled())
        raise ValueError("broken")

    assert gc.isenabled()
    with pytest.raises(ValueError, match="broken"):
        fail()
    assert seen == [False]
    assert gc.isenabled()


def test_what_was_off_stays_off():
    gc.disable()
    try:
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_several_threads_leave_it_on():
    barrier = threading.Barrier(4)

    def work() -> None:
        for _ in range(50):
            barrier.wait()
            with uncollected():
                pass

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gc.isenabled()
