"""Alive and ready, for supervisors: quick, open to all, silent about content."""

from __future__ import annotations

import time

from tests.web.conftest import Mission


def test_ready_is_said_only_when_the_picture_is_there(mission: Mission):
    client = mission.anonymous()
    assert client.get("/readyz").status_code == 503
    for _ in range(100):
        if client.get("/readyz").status_code == 200:
            break
        time.sleep(0.05)
    assert client.get("/readyz").json == {"status": "ready", "reasons": []}
    assert client.get("/healthz").json == {"status": "alive"}


def test_asking_does_not_wait_for_the_picture(mission: Mission):
    parts = mission.app.extensions["fom"]
    with parts._opening:  # somebody is opening it
        start = time.monotonic()
        assert mission.anonymous().get("/readyz").status_code == 503
        assert time.monotonic() - start < 1
