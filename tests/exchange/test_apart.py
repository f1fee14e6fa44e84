"""Files are read in a process of its own: whatever becomes of that, the server goes on and the sender is told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from fom.errors import Busy, InvalidInput
from fom.exchange import apart
from fom.exchange.apart import Nursery, read_apart
from fom.exchange.gpx import read_gpx
from fom.exchange.nursery import CPU_MAX_S, WALL_MAX_S
from fom.exchange.photos import read_photo
from fom.exchange.tables import read_csv, read_xlsx
from tests.deep import in_gate, share_of
from tests.exchange import hostile, odd_readers
from tests.exchange.test_gpx import file, point
from tests.exchange.test_photos import photo
from tests.exchange.test_tables import LINES, workbook

ROOT = Path(__file__).resolve().parents[2]
PEAK_MAX_MB = 600
"""Source, with the two seconds: reliability goal S7."""


@pytest.fixture(scope="module")
def odd() -> Iterator[Nursery]:
    nursery = Nursery((odd_readers.__name__,))
    yield nursery
    nursery.close()


def refusal(read: Callable[[], Any]) -> str:
    with pytest.raises(InvalidInput) as refused:
        read()
    (error, *_) = refused.value.errors
    return f"{error.field}: {error.came}; expected {error.expected}"


@pytest.mark.parametrize(
    ("read", "data"),
    [
        (read_photo, photo()),
        (read_xlsx, workbook(LINES)),
        (read_csv, b"a,b\n1,\xc3\xa9\n"),
        (read_gpx, file(point(30.123456789, 5.1, "2026-03-10T09:00:00.5Z"), point(31, 5))),
    ],
)
def test_what_is_read_apart_is_what_is_read_here(read: Callable[[bytes], Any], data: bytes):
    assert read_apart(read, data) == read(data)


def test_refusals_come_back_whole(odd: Nursery):
    assert odd.read(odd_readers.length, b"12345", word="ab") == 7
    with pytest.raises(InvalidInput) as refused:
        odd.read(odd_readers.refuses, b"x")
    assert refused.value.errors[0].reason == "odd"


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (odd_readers.eats_memory, "photo: a file that takes more than 512 MB of memory to read; expected an undamaged"),
        (odd_readers.eats_memory_in_words, "photo: a file that takes more than 512 MB of memory to read"),
        (odd_readers.crashes, "photo: a file on which its reader broke down; expected an undamaged file"),
        (odd_readers.leaves, "broke down"),
        (odd_readers.fails, "broke down"),
        (odd_readers.lies, "broke down"),
        (odd_readers.hangs_up, "broke down"),
    ],
)
def test_a_reader_that_fails_takes_nothing_along_and_its_file_is_refused(odd: Nursery, read: Any, words: str):
    odd.read(odd_readers.length, b"")
    before, begun = odd.pid, time.monotonic()
    assert words in refusal(lambda: odd.read(read, b"x" * 1_000_000, field="photo"))
    assert time.monotonic() - begun < 10
    assert odd.last
    assert odd.last.peak_mb < PEAK_MAX_MB
    assert odd.read(odd_readers.length, b"123") == 3
    assert odd.pid == before, "the nursery lives on"
    assert not psutil.Process(before).children()


def test_a_child_has_no_setting_file_or_library_of_the_server(odd: Nursery, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FOM_SECRET_KEY", "a secret of the tests")
    nursery = Nursery((odd_readers.__name__,))
    try:
        with open(__file__):
            about = nursery.read(odd_readers.looks_about, b"")
        assert "FOM_SECRET_KEY" not in about["variables"]
        assert set(about["open"].split()) <= {"socket", "pipe", "/dev/null"}
        assert about["modules"] == ""
        assert nursery.read(odd_readers.writes, b"") is False
    finally:
        nursery.close()


def test_what_the_nursery_loads_is_small():
    read_apart(read_csv, b"a\n1\n")
    nursery = psutil.Process(apart._ours.pid)
    assert nursery.memory_info().rss < 60 * 1024 * 1024
    assert nursery.num_threads() == 1, "a process with threads must not fork"


def test_a_nursery_that_was_killed_is_followed_by_another(odd: Nursery):
    odd.read(odd_readers.length, b"")
    before = odd.pid
    assert before
    os.kill(before, signal.SIGKILL)
    assert odd.read(odd_readers.length, b"12") == 2
    assert odd.pid != before


def test_a_nursery_killed_under_a_file_does_not_make_the_file_a_bad_one(odd: Nursery):
    with ThreadPoolExecutor(1) as threads:
        reading = threads.submit(odd.read, odd_readers.naps, b"x")
        first = _kill_under_its_child(odd)
        assert reading.result() == 1, "another nursery reads it"
        reading = threads.submit(odd.read, odd_readers.sleeps, b"x")
        again = _kill_under_its_child(odd)
        _kill_under_its_child(odd, but=again)
        with pytest.raises(Busy):
            reading.result()
    assert odd.pid not in (first, again)


def _kill_under_its_child(nursery: Nursery, *, but: int = 0) -> int:
    """Kill a nursery that reads a file, and what reads it; `but` is one that was killed before."""
    for _ in range(1000):
        pid = nursery.pid or 0
        with suppress(psutil.NoSuchProcess):
            if pid not in (0, but) and (children := psutil.Process(pid).children()):
                os.kill(pid, signal.SIGKILL)
                with suppress(psutil.NoSuchProcess):  # it may have ended meanwhile
                    children[0].kill()
                return pid
        time.sleep(0.02)
    raise AssertionError("no child began")


SLEEPER = """
import sys, threading
from fom.exchange.apart import Nursery
from tests.exchange import odd_readers
nursery = Nursery((odd_readers.__name__,))
nursery.read(odd_readers.length, b"")
print(nursery.pid, flush=True)
nursery.read(odd_readers.sleeps, b"")
"""


def test_nothing_is_left_when_the_server_is_killed():
    server = subprocess.Popen([sys.executable, "-c", SLEEPER], cwd=ROOT, stdout=subprocess.PIPE)
    assert server.stdout
    nursery = psutil.Process(int(server.stdout.readline()))
    for _ in range(500):
        if children := nursery.children():
            break
        time.sleep(0.02)
    server.kill()
    server.wait()
    server.stdout.close()
    gone, alive = psutil.wait_procs([nursery, *children], timeout=10)
    assert (len(gone), alive) == (2, [])


def test_no_more_than_so_many_are_read_at_once_and_who_gets_no_turn_is_told_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(apart, "WAITING_MAX", 1)
    monkeypatch.setattr(apart, "PATIENCE_S", 0.3)
    nursery = Nursery((odd_readers.__name__,))
    try:
        with ThreadPoolExecutor(apart.AT_ONCE + 1) as threads:
            held = [threads.submit(nursery.read, odd_readers.sleeps, b"") for _ in range(apart.AT_ONCE)]
            while not nursery.pid or len(psutil.Process(nursery.pid).children()) < apart.AT_ONCE:
                time.sleep(0.02)
            waiting = threads.submit(nursery.read, odd_readers.length, b"")
            time.sleep(0.1)
            begun = time.monotonic()
            with pytest.raises(Busy):
                nursery.read(odd_readers.length, b"")
            assert time.monotonic() - begun < 0.2, "with as many waiting as may wait, the answer comes at once"
            with pytest.raises(Busy):
                waiting.result()
            assert len(psutil.Process(nursery.pid).children()) == apart.AT_ONCE
            for child in psutil.Process(nursery.pid).children():
                child.kill()
            assert {refusal(one.result) for one in held}
        assert nursery.read(odd_readers.length, b"1") == 1
    finally:
        nursery.close()


def test_many_threads_get_each_its_own_answer():
    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(lambda n: read_apart(read_csv, b"a\n%d\n" % n).rows[0].cells[0], range(40)))
    assert told == [str(n) for n in range(40)]
    assert threading.active_count() < 60


@pytest.mark.deep
@pytest.mark.alone
@pytest.mark.parametrize("read", [odd_readers.spins, odd_readers.sleeps])
def test_a_reader_without_end_is_ended(odd: Nursery, read: Any):
    begun = time.monotonic()
    with pytest.raises((InvalidInput, Busy)) as ended:
        odd.read(read, b"x")
    took = time.monotonic() - begun
    assert took < WALL_MAX_S + 2
    assert odd.last
    assert odd.last.cpu_s <= CPU_MAX_S + 1.5
    is_spent = odd.last.cpu_s > CPU_MAX_S / 2
    assert odd.last.is_late is (took > WALL_MAX_S)
    assert isinstance(ended.value, InvalidInput) is is_spent, "who waits without using time is not a bad file"
    assert is_spent if not odd.last.is_late else not is_spent or read is odd_readers.spins


@pytest.mark.parametrize("name", hostile.CLASSICS)
def test_a_hostile_file_is_refused_in_words_with_bounded_time_and_memory(name: str):
    read, make = hostile.CLASSICS[name]
    data = make()
    assert "; expected " in refusal(lambda: read_apart(read, data))
    ending = apart._ours.last
    assert ending
    assert ending.peak_mb < PEAK_MAX_MB
    assert ending.cpu_s < 2
    assert psutil.pid_exists(apart._ours.pid or 0)


@pytest.mark.parametrize("start", in_gate(1, range(0, 20_000, 50)))
def test_a_file_with_changed_bytes_is_read_or_refused_and_nothing_else(start: int):
    before = None
    for seed in range(start, start + share_of(50)):
        name, read, data = hostile.mutated(seed)
        told = ""
        try:
            read_apart(read, data)
        except InvalidInput as refused:
            told = str(refused)
        assert "broke down" not in told, name
        assert apart._ours.last
        assert apart._ours.last.peak_mb < PEAK_MAX_MB, name
        before = before or apart._ours.pid
        assert apart._ours.pid == before, name
