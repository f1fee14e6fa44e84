"""Several real processes under readers while another network comes into use: wholly old or wholly new, no failure."""

from __future__ import annotations

import http.client
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from fom.network.artefact import content_hash, load_network, save_network
from fom.network.drawn import load_network_file, network_document
from fom.network.succession import save_follower, succeed
from tests.web.test_serving import Listener, Server, fill, running

WORKERS = 3
WHY = "seen on the imagery of March"


def new_version(network: Any) -> Any:
    """Return the network with its first road in two halves and its last one gone."""
    document = network_document(network)
    first, *rest = document["features"]
    a, b = first["geometry"]["coordinates"][0], first["geometry"]["coordinates"][-1]
    middle = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]
    halves = []
    for name, line in (("n1", [a, middle]), ("n2", [middle, b])):
        said = {k: v for k, v in first["properties"].items() if k not in ("assets", "length_m")}
        halves.append({**first, "geometry": {"type": "LineString", "coordinates": line},
                       "properties": {**said, "segment_id": name}})  # fmt: skip
    return load_network_file({**document, "features": [*halves, *rest[:-1]]})


@dataclass
class Seen:
    """What readers were told, and what went wrong."""

    answers: list[tuple[float, str, int, bytes]] = field(default_factory=list)
    """(when, network, version, states)"""
    failures: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)


def read_states(server: Server, token: str, seen: Seen) -> None:
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/octet-stream"}
    while not seen.stop.is_set():
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        try:
            connection.request("GET", "/api/v1/states", headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                seen.failures.append(f"{answer.status} {body[:200]!r}")
                continue
            seen.answers.append(
                (
                    time.monotonic(),
                    str(answer.getheader("X-Fom-Network")),
                    int(answer.getheader("X-Fom-Version") or 0),
                    body,
                )
            )
        except OSError as failed:
            seen.failures.append(repr(failed))
        finally:
            connection.close()


def read_the_rest(server: Server, token: str, network_ids: list[str], seen: Seen) -> None:
    """Ask for what else depends on a network: layers, a plan, tiles of either."""
    while not seen.stop.is_set():
        for path in ("/api/v1/layers/routes", "/api/v1/routes", *(f"/tiles/{i}/9/298/249.mvt" for i in network_ids)):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
            try:
                connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
                status = connection.getresponse().status
                if status != 200:
                    seen.failures.append(f"{path}: {status}")
            except OSError as failed:
                seen.failures.append(f"{path}: {failed!r}")
            finally:
                connection.close()


def wait_until_open(server: Server) -> None:
    """Wait until every process has its picture."""
    in_a_row, begun = 0, time.monotonic()
    while in_a_row < 8 * WORKERS:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        connection.request("GET", "/readyz")
        in_a_row = in_a_row + 1 if connection.getresponse().status == 200 else 0
        connection.close()
        assert time.monotonic() - begun < 240, "the server did not open"


def wait_until_ready(server: Server, token: str, network_id: str) -> None:
    """Wait until every process has made the network ready: many answers in a row, whoever gives them."""
    in_a_row, begun = 0, time.monotonic()
    while in_a_row < 8 * WORKERS:
        status, _ = server.request("GET", f"/api/v1/networks/{network_id}/review", token)
        in_a_row = in_a_row + 1 if status == 200 else 0
        assert status in (200, 409)
        assert time.monotonic() - begun < 240, "no process made it ready"


def sign_all(server: Server, tokens: list[str], network_id: str) -> None:
    _, review = server.request("GET", f"/api/v1/networks/{network_id}/review", tokens[0])
    for item in review["items"]:
        for token in tokens[: item["persons"]]:
            path = f"/api/v1/networks/{network_id}/review/{item['item']}/accept"
            status, body = server.request("POST", path, token, {"reason": WHY})
            assert status == 200, body


def check(seen: Seen, change: int, before: Any, after: Any) -> None:
    """Every answer is wholly the old network below the change, wholly the new one from it on."""
    assert not seen.failures, seen.failures[:5]
    whole: dict[str, set[bytes]] = {}
    for _, network_id, version, states in seen.answers:
        assert network_id == (after if version >= change else before).network_id, (network_id, version, change)
        whole.setdefault(network_id, set()).add(states)
    for network in (before, after):
        (states,) = whole[network.network_id]
        assert len(states) == 2 * network.n_segments


@pytest.fixture
def two(tmp_path: Path, network: Any, database_url: str) -> tuple[Path, str, Any, Any]:
    digest = content_hash(network)
    base = replace(network, network_id=f"base-{digest[:8]}", manifest={"name": "base", "content_hash": digest})
    fill(tmp_path, database_url, base)
    shelf = tmp_path / "networks"
    save_network(base, shelf / base.network_id)
    base = load_network(shelf / base.network_id)
    found = succeed(base, new_version(network))
    after = save_follower(found, lambda i: shelf / i, {"name": "after"}, base_folder=shelf / base.network_id)
    return tmp_path, database_url, base, after


def test_every_answer_is_wholly_old_or_wholly_new_there_and_back(two):
    folder, url, base, after = two
    with running(folder, url, FOM_WORKERS=str(WORKERS)) as server:
        tokens = {role: server.token(role)[0] for role in ("chief_joc", "duty_officer", "eod", "reporter", "jmac")}
        chief = tokens["chief_joc"]
        wait_until_open(server)
        listener = Listener(server, tokens["jmac"])
        listener.next("heartbeat")
        there = Seen()
        readers = [threading.Thread(target=read_states, args=(server, tokens["reporter"], there)) for _ in range(3)]
        ids = [base.network_id, after.network_id]
        readers.append(threading.Thread(target=read_the_rest, args=(server, tokens["duty_officer"], ids, there)))
        for reader in readers:
            reader.start()
        try:
            change, back = go_over(server, tokens, base, after, there)
        finally:
            there.stop.set()
            for reader in readers:
                reader.join()
        first = Seen([a for a in there.answers if a[2] < back], there.failures)
        second = Seen([a for a in there.answers if a[2] >= change], there.failures)
        check(first, change, base, after)
        check(second, back, after, base)
        told = listener.next("network")
        assert (told["data"], told["id"]) == ({"version": change, "network": after.network_id}, str(change))
        listener.close()
        assert server.request("GET", "/api/v1/networks", chief)[1]["active"] == base.network_id


def go_over(server: Server, tokens: dict[str, str], base: Any, after: Any, seen: Seen) -> tuple[int, int]:
    """Announce, sign, activate; then take it back in an emergency. Return both changes."""
    chief = tokens["chief_joc"]
    assert server.request("POST", f"/api/v1/networks/{after.network_id}/announce", chief, {})[0] == 202
    wait_until_ready(server, chief, after.network_id)
    status, refused = server.request("POST", f"/api/v1/networks/{after.network_id}/activate", chief, {})
    if status == 409:
        assert refused["details"]["unresolved"]
        sign_all(server, [tokens["duty_officer"], chief], after.network_id)
        status, refused = server.request("POST", f"/api/v1/networks/{after.network_id}/activate", chief, {})
    assert status == 200, refused
    change = refused["change"]
    wait_until_seen(seen, change)
    assert server.request("POST", f"/api/v1/networks/{base.network_id}/announce", chief, {})[0] == 202
    wait_until_ready(server, chief, base.network_id)
    body = {"emergency": "convoys report a false junction"}
    status, done = server.request("POST", f"/api/v1/networks/{base.network_id}/activate", chief, body)
    assert status == 200, done
    wait_until_seen(seen, done["change"])
    return change, done["change"]


def wait_until_seen(seen: Seen, change: int) -> None:
    """Wait until answers of this change came for a while."""
    begun = time.monotonic()
    while len([a for a in seen.answers[-60:] if a[2] >= change]) < 40:
        time.sleep(0.1)
        assert time.monotonic() - begun < 120, f"change {change} was not seen"
        assert not seen.failures, seen.failures[:3]
