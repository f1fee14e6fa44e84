"""The real server: `fom serve` in a process of its own, listened to over sockets."""

from __future__ import annotations

import base64
import http.client
import json
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from fom.domain.access import OPERATOR, Actor
from fom.network.artefact import save_network
from fom.services.accounts import find_actor_by_email, issue_token, revoke_token
from fom.services.policies import activate_network
from fom.store.database import Database
from fom.store.tables import Shown
from fom.web.api.stream import HEARTBEAT_S
from fom.web.edge import now_us
from tests.deep import in_gate
from tests.exchange import phone
from tests.web.mission import ROADS, email_of, hazard, make_store

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.xdist_group("served")  # one server for all that leave it running


@dataclass
class Server:
    """A running server and its database."""

    port: int
    database: Database
    process: subprocess.Popen[bytes]

    def token(self, role: str) -> tuple[str, str, Actor]:
        with self.database.writing() as session:
            actor = find_actor_by_email(session, email_of(role))
            assert actor
            text, row = issue_token(session, email=actor.email, label="test", actor=actor, now=now_us())
            return text, row.id, actor

    def request(self, method: str, path: str, token: str, body: Any = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        raw = answer.read()
        connection.close()
        return answer.status, json.loads(raw) if raw else None


class Listener:
    """One open stream, read event by event."""

    def __init__(self, server: Server, token: str, last_event_id: int | None = None) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        headers = {"Authorization": f"Bearer {token}"}
        if last_event_id is not None:
            headers["Last-Event-ID"] = str(last_event_id)
        self.connection.request("GET", "/api/v1/stream", headers=headers)
        self.answer = self.connection.getresponse()

    def events(self) -> Iterator[dict[str, Any]]:
        event: dict[str, Any] = {}
        while line := self.answer.readline():
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "" and "data" in event:
                yield event
            if name == "":
                event = {}
            elif name == "data":
                event["data"] = json.loads(value)
            else:
                event[name] = value

    def next(self, name: str) -> dict[str, Any]:
        """Return the next event of that name; fail when only others came for too long."""
        begun = time.monotonic()
        for event in self.events():
            if event["event"] == name:
                return event
            assert time.monotonic() - begun < 10, f"no {name} came"
        raise AssertionError(f"the stream ended before a {name}")

    def close(self) -> None:
        self.connection.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end(process: subprocess.Popen[bytes]) -> None:
    """End a server as Ctrl-C does: killed, it would leave workers that go on for seconds on a database that is gone."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def running(folder: Path, url: str | None = None, **env: str) -> Iterator[Server]:
    url = url or f"sqlite:///{folder / 'fom.sqlite'}"
    port = free_port()
    command = [sys.executable, "-m", "fom", "serve", "--port", str(port), "--data", str(folder)]
    process = subprocess.Popen(
        command, cwd=ROOT, env={"PATH": "/usr/bin:/bin", "FOM_THREADS": "24", "FOM_DATABASE_URL": url, **env}
    )
    database = Database(url)
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, "the server ended by itself"
            time.sleep(0.1)
        yield Server(port, database, process)
    finally:
        database.dispose()
        end(process)


def fill(folder: Path, url: str, network: Any) -> None:
    """Make accounts and the drawn network, activated, in a data folder and its database."""
    make_store(url)
    save_network(network, folder / "networks" / network.network_id)
    database = Database(url)
    with database.writing() as session:
        activate_network(session, network.network_id, network.manifest, actor=OPERATOR, now=now_us())
    database.dispose()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, network: Any) -> Path:
    folder = tmp_path_factory.mktemp("data")
    fill(folder, f"sqlite:///{folder / 'fom.sqlite'}", network)
    return folder


@pytest.fixture(scope="module")
def server(data: Path) -> Iterator[Server]:
    with running(data) as served:
        yield served


def fresh_hazard() -> dict[str, Any]:
    return hazard(str(uuid.uuid4()), occurred=None)


def test_a_report_of_one_client_is_seen_on_the_stream_of_another_before_its_next_heartbeat(server: Server):
    watcher, _, _ = server.token("chief_joc")
    sender, _, _ = server.token("reporter")
    listener = Listener(server, watcher)
    assert listener.next("heartbeat")["data"]["version"] >= 1
    sent_at = time.monotonic()
    status, logged = server.request("POST", "/api/v1/reports", sender, fresh_hazard())
    assert status == 201
    moves = listener.next("moves")
    assert time.monotonic() - sent_at < HEARTBEAT_S
    assert moves["data"]["version"] == logged["change"]
    assert [ROADS[row[0]] for row in moves["data"]["moves"]] == ["a-b"]
    assert moves["data"]["moves"][0][3:] == ["R", "R"]
    assert "id" not in moves  # more of this change follows: a stream cut here must get it again
    record = listener.next("record")
    assert (record["id"], record["data"]["layer"]) == (str(logged["change"]), "hazards")
    listener.close()


def test_a_listener_who_comes_back_gets_what_he_missed_and_nothing_twice(server: Server):
    watcher, _, _ = server.token("chief_joc")
    sender, _, _ = server.token("reporter")
    versions = []
    for place in ((30.045, 5.0901), (30.135, 5.0901), (30.045, 5.0001)):
        body = hazard(str(uuid.uuid4()), place, occurred=None)
        versions.append(server.request("POST", "/api/v1/reports", sender, body)[1]["change"])
    listener = Listener(server, watcher, last_event_id=versions[0])
    seen = []
    for event in listener.events():
        if event["event"] == "record":
            seen.append(event["data"]["version"])
        if len(seen) == 2:
            break
    assert seen == versions[1:]
    listener.close()


def test_who_may_not_see_a_record_is_told_that_states_moved_and_not_by_what(server: Server):
    partner, _, _ = server.token("partner")
    sender, _, _ = server.token("duty_officer")
    listener = Listener(server, partner)
    listener.next("heartbeat")
    body = hazard(str(uuid.uuid4()), (30.0001, 5.045), occurred=None)
    change = server.request("POST", "/api/v1/reports", sender, body)[1]["change"]
    public = hazard(str(uuid.uuid4()), (30.0901, 5.045), occurred=None) | {"classification": "unclassified"}
    later = server.request("POST", "/api/v1/reports", sender, public)[1]["change"]
    seen = []
    for event in listener.events():
        seen.append((event["event"], event["data"]["version"]))
        if event["event"] == "record":
            break
    assert seen == [("moves", change), ("moves", later), ("record", later)]
    listener.close()


def test_a_revoked_token_ends_its_streams_before_their_next_heartbeat(server: Server):
    text, token_id, actor = server.token("jmac")
    listener = Listener(server, text)
    listener.next("heartbeat")
    with server.database.writing() as session:
        revoke_token(session, token_id, actor=actor, now=now_us())
    revoked_at = time.monotonic()
    assert listener.next("end")["data"] == {"code": "signed_out"}
    assert listener.answer.read() == b""
    assert time.monotonic() - revoked_at < HEARTBEAT_S
    listener.close()


def test_an_account_cannot_take_every_stream_and_other_requests_are_still_answered(server: Server):
    text, _, _ = server.token("police")
    listeners = [Listener(server, text) for _ in range(9)]
    assert [x.answer.status for x in listeners] == [200] * 8 + [429]
    other, _, _ = server.token("aviation")
    assert server.request("GET", "/api/v1/me", other)[0] == 200
    for listener in listeners:
        listener.close()


@pytest.mark.parametrize("event_id", ["x", "-1", "9" * 30, "1.5"])
def test_an_event_id_that_is_none_is_refused(server: Server, event_id: str):
    text, _, _ = server.token("eod")
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    headers = {"Authorization": f"Bearer {text}", "Last-Event-ID": event_id}
    connection.request("GET", "/api/v1/stream", headers=headers)
    assert connection.getresponse().status == 422
    connection.close()


@pytest.mark.parametrize("ending", in_gate(1, [signal.SIGTERM, signal.SIGINT]))
def test_the_server_ends_cleanly_with_open_streams(data: Path, ending: signal.Signals):
    with running(data) as served:
        text, _, _ = served.token("duty_officer")
        listeners = [Listener(served, text) for _ in range(4)]
        for listener in listeners:
            listener.next("heartbeat")
        served.process.send_signal(ending)
        assert served.process.wait(timeout=10) == 0
        for listener in listeners:
            listener.close()


def test_two_processes_on_one_database_tell_their_listeners_the_same(database_url: str, network: Any, tmp_path: Path):
    fill(tmp_path, database_url, network)
    with running(tmp_path, database_url, FOM_WORKERS="2") as served:
        sender, _, _ = served.token("reporter")
        readers = [served.token(role)[0] for role in ("chief_joc", "duty_officer")]
        listeners = [Listener(served, reader) for reader in readers for _ in range(6)]
        for listener in listeners:
            listener.next("heartbeat")
        sent_at = time.monotonic()
        change = served.request("POST", "/api/v1/reports", sender, fresh_hazard())[1]["change"]
        assert [listener.next("moves")["data"]["version"] for listener in listeners] == [change] * len(listeners)
        assert time.monotonic() - sent_at < HEARTBEAT_S
        for listener in listeners:
            listener.close()


def over_sockets(method: str, address: str, headers: dict[str, str], body: bytes | None) -> phone.Sent:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    connection.request(method, f"{parts.path}?{parts.query}", body, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, answer.headers, content


def test_a_phone_fetches_every_form_from_the_real_server_and_its_report_counts(server: Server):
    token, _, actor = server.token("duty_officer")
    collect = phone.Phone(over_sockets, f"http://127.0.0.1:{server.port}/openrosa", actor.email, token)
    forms, id = collect.fetch(), str(uuid.uuid4())
    assert len(forms) == 8, "of eleven, three have nothing to choose from yet"
    place = {"lon": 30.135, "lat": 5.0001, "source": "gps", "accuracy_m": 5.0}
    instance = phone.fill(forms["fom_bridge"], {"place": place, "damage": "blocked"}, id=id, words="tree down")
    assert collect.submit(instance)[0] == 201
    assert collect.submit(instance, {"tree.jpg": b"\xff\xd8" * 1_500_000})[0] == 202
    status, kept = server.request("GET", f"/api/v1/reports/{id}", token)
    assert (status, kept["versions"][0]["words"], len(kept["versions"])) == (200, "tree down", 1)
    _, segment = server.request("GET", "/api/v1/segments/e-f", token)
    assert segment["directions"][0]["state"] == "RED"
    status, told, listed = collect.ask("GET", f"{collect.server}/formList", {"X-Forwarded-Proto": "https"})
    assert (status, "Date" in told, f"https://127.0.0.1:{server.port}/openrosa/forms/".encode() in listed) == (
        200,
        True,
        True,
    )


def test_a_submission_in_chunks_is_taken(server: Server):
    token, _, actor = server.token("duty_officer")
    collect = phone.Phone(over_sockets, f"http://127.0.0.1:{server.port}/openrosa", actor.email, token)
    _, _, form = collect.ask("GET", f"{collect.server}/forms/other.xml")
    whole, head = phone.multipart(phone.fill(form.decode(), {}, words="a convoy of carts"), {})
    basic = base64.b64encode(f"{actor.email}:{token}".encode()).decode()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    parts = iter([whole[:100], whole[100:]])
    headers = head | {"Authorization": f"Basic {basic}", "Transfer-Encoding": "chunked"}
    connection.request("POST", "/openrosa/submission", parts, headers, encode_chunked=True)
    answer = connection.getresponse()
    assert answer.status == 201, answer.read()
    connection.close()


def test_what_was_shown_last_is_kept_at_a_normal_stop_and_no_thread_outlives_the_server(tmp_path: Path, network: Any):
    fill(tmp_path, f"sqlite:///{tmp_path / 'fom.sqlite'}", network)
    with running(tmp_path) as served:
        token, _, actor = served.token("duty_officer")
        while served.request("GET", "/api/v1/states", token)[0] != 200:
            time.sleep(0.1)
        assert served.request("GET", "/api/v1/segments/a-b", token)[0] == 200
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(20) == 0
        with served.database.reading() as session:
            rows = session.execute(select(Shown.user_id, Shown.kind)).all()
    assert {tuple(row) for row in rows} == {(actor.user_id, "map"), (actor.user_id, "segment")}
