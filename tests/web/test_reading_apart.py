"""Files over HTTP: hostile ones are refused in words by a server that goes on; too many at once are asked for again."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from fom.exchange import apart
from fom.exchange.gpx import read_gpx
from tests.exchange.hostile import CLASSICS
from tests.exchange.test_photos import photo
from tests.services.people import hazard
from tests.web.conftest import Mission
from tests.web.test_evidence import announced, put
from tests.web.test_imports import CSV, send, staged
from tests.web.test_openrosa import ON_A_B, filled, phone
from tests.web.test_serving import Server, fill, running

API = "/api/v1"


@contextmanager
def many_files_being_read() -> Iterator[None]:
    places = apart.AT_ONCE + apart.WAITING_MAX
    for _ in range(places):
        assert apart._ours._places.acquire(timeout=5)
    try:
        yield
    finally:
        for _ in range(places):
            apart._ours._places.release()


def test_a_photo_that_gets_no_turn_is_asked_for_again_and_nothing_of_it_is_lost(mission: Mission):
    content = photo()
    _, told = announced(mission, content)
    client, id = mission.program("reporter"), told.json["id"]
    assert put(client, id, content[:500], 0, len(content)).status_code == 200
    with many_files_being_read():
        answer = put(client, id, content[500:], 500, len(content))
        assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (503, "busy", "5")
        assert client.get(f"{API}/evidence/{id}").json["received_bytes"] == 500
        body = {"id": str(uuid.uuid4()), "form": "explosive", "records": [hazard()]}
        assert client.post(f"{API}/reports", json=body).status_code == 201, "reports do not wait for photos"
    assert put(client, id, content[500:], 500, len(content)).json["state"] == "whole"


def test_a_report_of_a_phone_counts_when_its_photo_gets_no_turn_and_the_phone_keeps_the_photo(mission: Mission):
    collect = phone(mission)
    instance = filled(collect, "bridge", {"place": ON_A_B, "damage": "blocked"})
    with many_files_being_read():
        status, words = collect.submit(instance, {"a.jpg": photo()})
    assert status == 202
    assert "Not taken, keep them on the phone: a.jpg" in words
    assert collect.submit(instance, {"a.jpg": photo()})[0] == 201


def test_an_import_that_gets_no_turn_is_told_on_a_page(mission: Mission):
    client = mission.browser("duty_officer")
    with many_files_being_read():
        answer = send(client, CSV.encode())
    assert answer.status_code == 503
    assert "Send it again in some seconds" in answer.text
    assert staged(client, CSV.encode())


def _is_ready(served: Server, token: str) -> bool:
    try:
        return served.request("GET", "/readyz", token)[0] == 200
    except OSError:
        return False


@pytest.mark.deep
def test_the_server_goes_on_under_hostile_files_and_leaves_nothing_when_it_is_killed(tmp_path: Path, network: Any):
    fill(tmp_path, f"sqlite:///{tmp_path / 'fom.sqlite'}", network)
    hostile = [make() for read, make in CLASSICS.values() if read is read_gpx]
    with running(tmp_path) as served:
        token, _, _ = served.token("duty_officer")
        while not _is_ready(served, token):
            time.sleep(0.2)
        (worker,) = psutil.Process(served.process.pid).children()
        for content in hostile:
            body = {"id": str(uuid.uuid4()), "kind": "gpx", "form": "passage", "text": content.decode()}
            status, told = served.request("POST", f"{API}/imports", token, body)
            assert (status, told["code"]) == (422, "invalid_input")
        (nursery,) = worker.children()
        assert "fom.exchange.nursery" in nursery.cmdline()
        nursery.kill()
        body = {"id": str(uuid.uuid4()), "kind": "csv", "form": "incident", "text": CSV}
        assert served.request("POST", f"{API}/imports", token, body)[0] == 200
        (following,) = worker.children()
        assert psutil.Process(served.process.pid).children() == [worker], "the worker is the same"
        worker.kill()
        assert psutil.wait_procs([following], timeout=5)[1] == []
