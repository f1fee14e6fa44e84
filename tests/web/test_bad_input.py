"""Absurd questions: each gets an answer or a clear refusal, soon, and nobody else waits for it."""

from __future__ import annotations

import math
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.live import ask, fill, serving
from fom.network.network import Network
from tests.routing.test_live_exactness import real_network
from tests.web.conftest import Mission
from tests.web.test_plans import A, C
from tests.web.test_reports import state_of
from tests.web.test_what_ifs import closure

ALLOWED_S = 5.0
"""Source: the bad-input goal."""


def shape_around(corners: int, middle: tuple[float, float] = (30.09, 5.045), degrees: float = 3.0) -> dict[str, Any]:
    """Return a polygon of so many corners that covers everything near a place."""
    turns = [2 * math.pi * i / corners for i in range(corners)]
    ring = [[middle[0] + degrees * math.cos(t), middle[1] + degrees * math.sin(t)] for t in turns]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def area(geometry: dict[str, Any], **properties: Any) -> dict[str, Any]:
    said = {"kind": "explosive", "hazard": "sha", "class": "mine", "location": {"method": "gps"}, **properties}
    return {"type": "Feature", "geometry": geometry, "properties": said}


def report(*features: dict[str, Any]) -> dict[str, Any]:
    return {"id": str(uuid.uuid4()), "form": "other", "words": "as told", "records": list(features)}


def curfew(geometry: dict[str, Any]) -> dict[str, Any]:
    said = {"kind": "control", "control": "order", "effect": "prohibited", "user_classes": ["all"]}
    return {"type": "Feature", "geometry": geometry, "properties": {**said, "location": {"method": "gps"}}}


def contradiction(**where: Any) -> list[dict[str, Any]]:
    """Return records that deny one another: blocked, undamaged enough to pass, prohibited, passed by all."""
    passed = {"kind": "verification", "strength": "own_patrol_traverse", "passed": "P7", "grade": "A1", **where}
    order = {"kind": "control", "control": "order", "effect": "prohibited", "user_classes": ["all"], **where}
    gone = {"kind": "physical", "damage": "destroyed", "grade": "A1", **where}
    minor = {"kind": "physical", "damage": "damaged", "grade": "A1", **where}
    return [{"type": "Feature", "geometry": None, "properties": said} for said in (passed, order, gone, minor, passed)]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("plans", {"from": A, "to": C, "via": [[30.0, 5.0]] * 10_000}, 422),
        ("plans", {"from": A, "to": C, "depart_at": "2199-12-31T00:00:00Z"}, 200),
        ("plans", {"from": A, "to": C, "depart_at": "9999-12-31T23:59:59Z"}, 422),
        ("plans", {"from": A, "to": C, "profile": "P" * 10_000}, 422),
        ("reports", report(area(shape_around(1_000_000))), 413),
        ("reports", report(area(shape_around(50_002))), 422),
        ("reports", report(area(shape_around(5_000))), 201),
        ("reports", report(curfew(shape_around(4, degrees=40.0))), 201),
        ("what-ifs", {"add": contradiction(segments=[{"id": "a-b"}])}, 200),
        ("what-ifs", {"add": [area(shape_around(19_000))]}, 200),
        ("what-ifs", {"add": [area(shape_around(20_001))]}, 422),
        ("what-ifs", {"add": [closure("a-b")] * 201}, 422),
        ("what-ifs", {"remove": [str(uuid.uuid4())] * 20_000}, 422),
    ],
    ids=lambda value: str(value)[:40] if not isinstance(value, dict) else "",
)
def test_an_absurd_question_is_answered_or_refused_in_words(mission: Mission, path: str, body: Any, status: int):
    answer = mission.program("duty_officer").post(f"/api/v1/{path}", json=body)
    assert answer.status_code == status
    if status >= 400:
        assert answer.content_type == "application/problem+json"
        assert len(answer.data) < 10_000
    assert mission.program("duty_officer").get("/api/v1/states").status_code == 200


def test_contradictory_facts_close_the_road_and_are_not_stored(mission: Mission):
    answer = mission.program("duty_officer").post(
        "/api/v1/what-ifs", json={"add": contradiction(segments=[{"id": "a-b"}])}
    )
    assert [row[3] for row in answer.json["moves"]] == ["X"]
    assert state_of(mission, "a-b") == "GREY"


class LightReads(threading.Thread):
    """Somebody else: small questions all the while, and how long each took, seconds."""

    def __init__(self, port: int, token: str) -> None:
        super().__init__(daemon=True)
        self.port, self.token, self.took, self.is_over = port, token, [0.0], threading.Event()

    def run(self) -> None:
        while not self.is_over.wait(0.05):
            begun = time.monotonic()
            assert ask(self.port, "GET", "/api/v1/me", self.token)[0] == 200
            self.took.append(time.monotonic() - begun)


def absurdities(network: Network) -> dict[str, tuple[str, str, Any]]:
    """Return what -> (method, path, body) on a real network."""
    xy = np.asarray(network.node_lonlat)
    middle, reach = xy.mean(axis=0).tolist(), float(np.ptp(xy, axis=0).max())
    first, last = xy[0].tolist(), xy[-1].tolist()
    way = {"from": first, "to": last}
    wave = [
        [middle[0] + reach / 2 * math.sin(t), middle[1] + reach / 2 * math.cos(1.37 * t)]
        for t in np.linspace(0, 60, 40_000)
    ]
    everywhere = shape_around(4, middle, 2 * reach)
    return {
        "10,000 via points": ("POST", "plans", {**way, "via": [first] * 10_000}),
        "departure in 170 years": ("POST", "plans", {**way, "depart_at": "2195-01-01T00:00:00Z"}),
        "an area of a million corners": ("POST", "reports", report(area(shape_around(1_000_000, middle, reach)))),
        "20,000 corners round everything": ("POST", "reports", report(area(shape_around(20_000, middle, reach)))),
        "a line of 40,000 corners everywhere": (
            "POST", "reports", report(area({"type": "LineString", "coordinates": wave})),
        ),
        "a curfew over everything": ("POST", "reports", report(curfew(everywhere))),
        "what if everything were mined": ("POST", "what-ifs", {"add": [area(everywhere)], "plan": way}),
        "what if facts contradict": (
            "POST", "what-ifs", {"add": contradiction(segments=[{"id": network.segment_id(0)}]), "plan": way},
        ),
        "no way left": ("POST", "plans", way),
        "every state as JSON": ("GET", "states", None),
        "every state of another day": ("GET", "states?at=2030-01-01T00:00:00Z", None),
    }  # fmt: skip


@pytest.mark.deep
@pytest.mark.alone
def test_on_a_real_network_no_absurd_question_takes_long_or_holds_others_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    network = real_network("rnv.osm.pbf", tmp_path)
    url = f"sqlite:///{tmp_path / 'fom.sqlite'}"
    tokens = fill(tmp_path, url, network, accounts=2)
    lines: list[str] = []
    worst = 0.0
    with serving(tmp_path, url, workers=1, threads=32) as port:
        ask(port, "POST", "/api/v1/plans", tokens[0], absurdities(network)["no way left"][2])  # compiles the searches
        for what, (method, path, body) in absurdities(network).items():
            others = LightReads(port, tokens[1])
            others.start()
            begun = time.monotonic()
            status, _ = ask(port, method, f"/api/v1/{path}", tokens[0], body)
            took = time.monotonic() - begun
            others.is_over.set()
            others.join(timeout=30)
            worst = max(worst, took)
            lines.append(f"{what}: {status} in {took:.2f} s; a light read meanwhile at most {max(others.took):.2f} s")
            assert status < 500
    with capsys.disabled():
        print("\n" + "\n".join(lines))
    assert worst < ALLOWED_S, lines
