"""Trouble on the real server: told twice, killed, cut, raced, flooded; each report once, and words for the person.

`make test-deep ARGS="tests/web/test_trouble.py -s"` prints the figures of docs/trouble.md.
"""

from __future__ import annotations

import hashlib
import http.client
import itertools
import random
import socket
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.deep import share_of
from tests.exchange.test_photos import SECRET, photo
from tests.web.trouble import WORKERS, Answer, Site, at_once, figures, item, site

pytestmark = [pytest.mark.deep, pytest.mark.alone]
API = "/api/v1"
PHONES, REPORTS, MINUTE_S = 100, 2_000, 60.0
LOST = 10
"""The answer of every tenth report is lost."""


@pytest.fixture
def postgres_url(database_url: str) -> str:
    if database_url.startswith("sqlite"):
        pytest.skip("several processes share PostgreSQL")
    return database_url


@pytest.fixture
def served(postgres_url: str, network: Any, tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path, postgres_url, network) as made:
        yield made


def stored(served: Site, report_id: str) -> dict[str, int]:
    return {
        "versions": served.count("SELECT count(*) FROM report_version WHERE report_id = :id", id=report_id),
        "records": served.count("SELECT count(*) FROM record WHERE report_id = :id", id=report_id),
        "others": served.count("SELECT count(*) FROM report_conflict WHERE version_id = :id", id=report_id),
    }


# the same report again


def test_twenty_at_once_are_one_report_and_each_is_told_so(served: Site):
    for _ in range(share_of(5)):
        body = item()
        answers = at_once([lambda body=body, t=t: served.ask("POST", f"{API}/reports", t, body) for t in same(served)])
        assert Counter(status for status, _ in answers) == {201: 1, 200: 19}
        assert len({(told["report_id"], *told["record_ids"]) for _, told in answers}) == 1
        assert [told["is_new"] for status, told in answers if status == 200] == [False] * 19
        assert stored(served, body["id"]) == {"versions": 1, "records": 1, "others": 0}


def same(served: Site, count: int = 20) -> list[str]:
    return [served.tokens[0]] * count


def test_two_bodies_under_one_id_at_once_are_both_kept_and_the_first_stands(served: Site):
    for _ in range(share_of(5)):
        one, other = item(words="one wire"), item(words="two wires")
        other["id"] = one["id"]
        bodies = [one, other] * 10
        answers = at_once([lambda b=b: served.ask("POST", f"{API}/reports", served.tokens[0], b) for b in bodies])
        assert Counter(status for status, _ in answers) == {201: 1, 200: 9, 409: 10}
        refused = next(told for status, told in answers if status == 409)
        assert "came before with another body; both are kept" in refused["detail"]
        assert stored(served, one["id"]) == {"versions": 1, "records": 1, "others": 1}
        first = bodies[next(place for place, (status, _) in enumerate(answers) if status == 201)]
        status, report = served.ask("GET", f"{API}/reports/{one['id']}", served.tokens[0])
        assert (status, report["triage"]) == (200, "conflict")
        assert report["versions"][0]["words"] == first["words"]
        assert {report["conflicts"][0]["body"]["words"], first["words"]} == {"one wire", "two wires"}
        status, desk = served.ask("GET", f"{API}/queue", served.tokens[1])
        line = next(line for line in desk["waiting"] if line["report_id"] == one["id"])
        assert "two_bodies" in line["badges"]


def test_a_report_is_known_after_the_server_was_killed(served: Site):
    body = item()
    assert served.send(served.tokens[0], body)[0] == 201
    served.kill()
    served.start()
    status, told = served.send(served.tokens[0], body)
    assert (status, told["is_new"]) == (200, False)
    assert served.send(served.tokens[0], body | {"words": "another"})[0] == 409
    assert stored(served, body["id"]) == {"versions": 1, "records": 1, "others": 1}


def test_what_phones_send_while_the_server_is_killed_twice_comes_once(served: Site, capsys: Any):
    bodies = [item() for _ in range(share_of(200))]
    done = threading.Event()

    def disturb() -> None:
        for _ in range(2):
            done.wait(3)
            served.kill()
            served.start()

    breaker = threading.Thread(target=disturb)
    breaker.start()
    with ThreadPoolExecutor(20) as phones:

        def send(body: Any) -> Answer:
            time.sleep(random.uniform(0, 8))
            return served.send(served.tokens[0], body)

        answers = list(phones.map(send, bodies))
    done.set()
    breaker.join()
    statuses = Counter(status for status, _ in answers)
    with capsys.disabled():
        print(f"\nkilled twice under {len(bodies)} reports: {statuses[201]} new, {statuses[200]} were there already")
    assert set(statuses) <= {200, 201}
    assert served.count("SELECT count(*) FROM report") == len(bodies)
    assert served.count("SELECT count(*) FROM record WHERE kind = 'explosive'") == len(bodies)
    assert served.count("SELECT count(*) FROM report_conflict") == 0


# photos


def announced(served: Site, data: bytes) -> str:
    _, report = served.ask("POST", f"{API}/reports", served.tokens[0], item())
    photo_id = str(uuid.uuid4())
    body = {"id": photo_id, "size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "type": "image/jpeg"}
    status, told = served.ask("POST", f"{API}/reports/{report['report_id']}/evidence", served.tokens[0], body)
    assert status == 200, told
    return photo_id


def put(
    served: Site, photo_id: str, data: bytes, first: int, total: int, *, cut_after: int | None = None
) -> int | None:
    """Send a part; `cut_after`: hang up after so many of its bytes."""
    head = (
        f"PUT {API}/evidence/{photo_id} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {served.tokens[0]}\r\n"
        f"Content-Type: application/octet-stream\r\nContent-Length: {len(data)}\r\n"
        f"Content-Range: bytes {first}-{first + len(data) - 1}/{total}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", served.port), timeout=60) as connection:
        connection.sendall(head.encode() + data[:cut_after])
        if cut_after is not None:
            return None
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        answer.read()
        return answer.status


def received(served: Site, photo_id: str) -> int:
    status, told = served.ask("GET", f"{API}/evidence/{photo_id}", served.tokens[0])
    assert status == 200
    return int(told["received_bytes"])


def test_a_photo_that_is_cut_and_whose_server_is_killed_is_taken_up_where_it_stopped(served: Site):
    rng = random.Random(4)
    data = photo(size=(1600, 1200), comment=SECRET) + rng.randbytes(1_500_000)
    photo_id = announced(served, data)
    part = 400_000
    put(served, photo_id, data[:part], 0, len(data), cut_after=100_000)
    time.sleep(0.5)
    assert received(served, photo_id) == 0, "half a part is no part"
    kills = 1
    while (first := received(served, photo_id)) < len(data):
        chunk = data[first : first + part]
        assert put(served, photo_id, chunk, first, len(data)) in (200, 409)
        if first and kills:
            kills -= 1
            served.kill()
            served.start()
    status, told = served.ask("GET", f"{API}/evidence/{photo_id}", served.tokens[0])
    assert (status, told["state"]) == (200, "whole")
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
    connection.request(
        "GET", f"{API}/evidence/{photo_id}/file", headers={"Authorization": f"Bearer {served.tokens[1]}"}
    )
    answer = connection.getresponse()
    kept = answer.read()
    connection.close()
    assert answer.getheader("Content-Type") == "image/jpeg"
    assert answer.getheader("X-Content-Type-Options") == "nosniff"
    assert "sandbox" in (answer.getheader("Content-Security-Policy") or "")
    assert answer.getheader("Cache-Control") == "no-store"
    assert SECRET not in kept
    assert b"Exif" not in kept


# two officers


@pytest.mark.parametrize("second", ["grade", "retract"])
def test_of_two_officers_on_one_record_one_wins_and_the_other_is_told_what_came(served: Site, second: str):
    for _ in range(share_of(10)):
        _, logged = served.ask("POST", f"{API}/reports", served.tokens[2], item())
        record_id = logged["record_ids"][0]
        marks = [served.ask("GET", f"{API}/records/{record_id}/outlook", t)[1]["seen"] for t in served.tokens[:2]]
        graded = {"record_id": record_id, "grade": "B2", "seen": marks[0]}
        other = {"record_id": record_id, "seen": marks[1]}
        other |= {"grade": "C3"} if second == "grade" else {"reason": "another road"}
        address = f"{API}/reports/{logged['report_id']}"
        answers = at_once(
            [
                lambda a=address, b=graded: served.ask("POST", f"{a}/grade", served.tokens[0], b),
                lambda a=address, b=other: served.ask("POST", f"{a}/{second}", served.tokens[1], b),
            ]
        )
        assert sorted(status for status, _ in answers) in ([200, 409], *([[200, 200]] if second == "retract" else []))
        lost = [(place, told) for place, (status, told) in enumerate(answers) if status == 409]
        for place, told in lost:
            assert "moved on while you looked at it" in told["detail"]
            assert told["details"]["differs"][0]["by"] == f"officer{1 - place}@demo.example"
            again = [graded, other][place] | {"seen": told["details"]["seen"]}
            path = f"{address}/{('grade', second)[place]}"
            assert served.ask("POST", path, served.tokens[place], again)[0] == 200, "having seen it, he may go on"


# a minute of a bad day


class Others(threading.Thread):
    """Who reads meanwhile: how long each answer took, seconds, and what was refused."""

    def __init__(self, served: Site) -> None:
        super().__init__(daemon=True)
        self.served, self.took, self.refused, self.is_over = served, list[float](), 0, threading.Event()

    def run(self) -> None:
        for path in itertools.cycle((f"{API}/me", f"{API}/states", f"{API}/segments/a-b")):
            if self.is_over.wait(0.2):
                return
            begun = time.monotonic()
            status, _ = self.served.ask("GET", path, self.served.tokens[-1])
            self.took.append(time.monotonic() - begun)
            self.refused += status != 200


def test_two_thousand_reports_of_a_hundred_phones_in_a_minute_come_once_though_answers_are_lost(
    postgres_url: str, network: Any, tmp_path: Path, capsys: Any
):
    count, phones = share_of(REPORTS), PHONES
    bodies = [item(words=f"report {number}") for number in range(count)]
    took: list[float] = []
    statuses: Counter[int] = Counter()
    again = 0
    with site(tmp_path, postgres_url, network, accounts=phones + 1) as served:
        before = served.memory_mb()
        others = Others(served)
        others.start()
        begun = time.monotonic()

        def phone(number: int) -> int:
            lost = 0
            for place, body in enumerate(bodies[number::phones]):
                at = begun + (place + number / phones) * MINUTE_S / (count / phones)
                time.sleep(max(0.0, at - time.monotonic()))
                if (place * phones + number) % LOST == 0:
                    served.lose_answer(served.tokens[number], body)
                    lost += 1
                asked = time.monotonic()
                status, told = served.send(served.tokens[number], body)
                took.append(time.monotonic() - asked)
                assert told["report_id"] == body["id"]
                statuses[status] += 1
            return lost

        with ThreadPoolExecutor(phones) as threads:
            again = sum(threads.map(phone, range(phones)))
        lasted = time.monotonic() - begun
        others.is_over.set()
        others.join(timeout=60)
        after = served.memory_mb()
        counts = {
            "reports": served.count("SELECT count(*) FROM report"),
            "versions": served.count("SELECT count(*) FROM report_version"),
            "records": served.count("SELECT count(DISTINCT report_id) FROM record WHERE kind = 'explosive'"),
            "doubled": served.count("SELECT count(*) FROM record WHERE kind = 'explosive'") - count,
            "conflicts": served.count("SELECT count(*) FROM report_conflict"),
        }
    with capsys.disabled():
        print(
            f"\n{count:,} reports of {phones} phones in {lasted:.0f} s over {WORKERS} processes, {again} answers lost:"
            f" {statuses[201]:,} new, {statuses[200]:,} there already; {figures(took)};"
            f" others meanwhile {figures(others.took)}, {others.refused} refused;"
            f" memory {before:,.0f} MB before, {after:,.0f} MB after"
        )
    assert set(statuses) <= {200, 201}
    assert counts == {"reports": count, "versions": count, "records": count, "doubled": 0, "conflicts": 0}
    assert others.took
    assert others.refused == 0
