"""Many open maps and many reports at once, against the real server (make test-deep)."""

from __future__ import annotations

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from fom.domain.access import ROLES
from fom.web.api.stream import STREAMS_PER_ACCOUNT
from tests.web.mission import hazard
from tests.web.test_serving import Listener, data, running  # noqa: F401 - a fixture

REPORTS = 120
PAUSE_S = 0.1
"""Ten reports a second, 600 a minute. Source: reliability goals L1 and L2, at the scale of one process."""


def p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]


@pytest.mark.deep
@pytest.mark.alone
def test_a_hundred_open_maps_see_every_one_of_six_hundred_reports_a_minute(data: Path, capsys: Any):  # noqa: F811
    readers = [role for role in ROLES if role not in ("auditor", "administrator")]
    seen: list[dict[int, float]] = []
    with running(data, FOM_THREADS=str(len(readers) * STREAMS_PER_ACCOUNT + 40)) as served:
        tokens = {role: served.token(role)[0] for role in readers}
        listeners = [Listener(served, token) for token in tokens.values() for _ in range(STREAMS_PER_ACCOUNT)]
        for listener in listeners:
            listener.next("heartbeat")
            seen.append({})

        def listen(number: int) -> None:
            for event in listeners[number].events():
                seen[number].setdefault(event["data"]["version"], time.monotonic())

        threads = [threading.Thread(target=listen, args=(n,), daemon=True) for n in range(len(listeners))]
        for thread in threads:
            thread.start()
        sent: dict[int, float] = {}
        took: list[float] = []

        def report(_: int) -> None:
            body = hazard(str(uuid.uuid4()), occurred=None) | {"classification": "unclassified"}
            start = time.monotonic()
            status, logged = served.request("POST", "/api/v1/reports", tokens["reporter"], body)
            assert status == 201
            took.append(time.monotonic() - start)
            sent[logged["change"]] = time.monotonic()

        with ThreadPoolExecutor(16) as senders:
            running_reports = []
            for number in range(REPORTS):
                running_reports.append(senders.submit(report, number))
                time.sleep(PAUSE_S)
            for done in running_reports:
                done.result()
        time.sleep(3)
    for thread in threads:
        thread.join(timeout=10)  # the end of the server ends their streams
    lags = [seen_at.get(change, float("inf")) - at for change, at in sent.items() for seen_at in seen]
    with capsys.disabled():
        print(
            f"\n{len(listeners)} streams, {len(sent)} reports: report p95 {p95(took) * 1000:.0f} ms,"
            f" seen p95 {p95(lags) * 1000:.0f} ms after the answer, missed {sum(lag == float('inf') for lag in lags)}"
        )
    assert len(sent) == REPORTS
    assert max(lags) < float("inf")
    assert p95(took) < 0.5
    assert p95(lags) < 2.0
