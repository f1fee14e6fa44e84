"""Heavy questions take turns, and whoever waits too long is told to come back."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from fom.web import heavy
from tests.web.conftest import Mission


def test_no_more_than_so_many_run_at_once(monkeypatch: pytest.MonkeyPatch):
    running, most, lock, enough = 0, 0, threading.Lock(), threading.Event()

    @heavy.takes_turns
    def view() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
            if running == heavy.AT_ONCE:
                enough.set()
        enough.wait(5)
        with lock:
            running -= 1

    with ThreadPoolExecutor(4 * heavy.AT_ONCE) as threads:
        for done in [threads.submit(view) for _ in range(4 * heavy.AT_ONCE)]:
            done.result()
    assert most == heavy.AT_ONCE


def test_who_gets_no_turn_is_told_to_come_back_and_light_questions_are_answered(
    mission: Mission, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(heavy, "PATIENCE_S", 0.05)
    for _ in range(heavy.AT_ONCE):
        assert heavy._turns.acquire(timeout=5)
    try:
        client = mission.program("chief_joc")
        answer = client.get("/api/v1/benchmarks")
        assert (answer.status_code, answer.json["code"]) == (503, "busy")
        assert answer.headers["Retry-After"]
        assert client.get("/api/v1/states").status_code == 200
    finally:
        for _ in range(heavy.AT_ONCE):
            heavy._turns.release()
    assert client.get("/api/v1/benchmarks").status_code == 200
