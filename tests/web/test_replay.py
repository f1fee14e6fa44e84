"""What was shown at the time: the bytes a listener got, and the same bytes made again from the records afterwards."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from fom.domain.access import OPERATOR
from fom.domain.instants import HOUR_US, format_instant
from fom.errors import InvalidInput
from fom.services.picture_host import PictureHost
from fom.services.policies import activate_network
from tests.services.policies import publish
from tests.web.conftest import Mission
from tests.web.mission import PLACES, ROADS, hazard
from tests.web.test_closing import threat
from tests.web.test_registers import key_route
from tests.web.test_reports import new_id

STREAM, REPLAY = "/api/v1/stream", "/api/v1/stream/replay"


def middle(road: str) -> tuple[float, float]:
    (x0, y0), (x1, y1) = (PLACES[letter.upper()] for letter in road.split("-"))
    return (x0 + x1) / 2, (y0 + y1) / 2


def listen(mission: Mission, role: str, question: str) -> Iterator[bytes]:
    """Open a real stream; what it yields, event by event, without greeting and heartbeats."""
    answer = mission.program(role).get(f"{STREAM}?{question}", buffered=False)

    def events() -> Iterator[bytes]:
        for chunk in answer.response:
            for event in bytes(chunk).split(b"\n\n"):
                if event and b"event: heartbeat" not in event and not event.startswith(b"retry:"):
                    yield event + b"\n\n"

    return events()


def heard(events: Iterator[bytes], last: int) -> bytes:
    """Return everything up to the event that closes change `last`."""
    got = b""
    for event in events:
        got += event
        if event.startswith(b"id: %d\n" % last):
            return got
    raise AssertionError("the stream ended")


class History:
    """A mission's days by chance: reports, passages, judgements, routes, time, and now and then another policy."""

    def __init__(self, mission: Mission, chance: random.Random) -> None:
        self.mission, self.chance, self.records = mission, chance, list[tuple[str, str]]()
        self._clients: dict[str, FlaskClient] = {}
        self._routes = 0

    def client(self, role: str) -> FlaskClient:
        """Return one program per role: a token for each request would be slow."""
        if role not in self._clients:
            self._clients[role] = self.mission.program(role)
        return self._clients[role]

    def step(self) -> None:
        """Do one thing, some time after the one before."""
        self.mission.clock.advance(self.chance.choice([0, 0.01, 1, 7, 30]))
        self.mission.host.tick()
        self.chance.choice([self.report, self.report, self.passage, self.grade, self.route, self.retract, self.rules])()
        self.mission.host.follow()

    def report(self) -> None:
        body = hazard(new_id(), middle(self.chance.choice(ROADS)), occurred=None)
        del body["records"][0]["properties"]["occurred"]
        if self.chance.random() < 0.5:
            body["records"][0]["properties"] = {
                "kind": "incident", "type": "detonation", "grade": "A1", "location": {"method": "gps"},
            }  # fmt: skip
        body["classification"] = self.chance.choice(["unclassified", "confidential", "strictly_confidential"])
        answer = self.client("duty_officer").post("/api/v1/reports", json=body)
        assert answer.status_code == 201, answer.json
        self.records += [(answer.json["report_id"], record_id) for record_id in answer.json["record_ids"]]

    def passage(self) -> None:
        road = self.chance.choice(ROADS)
        said = {
            "kind": "verification", "strength": "own_patrol_traverse", "passed": "P6", "track": "gps",
            "segments": [{"id": road}], "occurred": format_instant(self.mission.clock() - HOUR_US),
        }  # fmt: skip
        record = {"type": "Feature", "geometry": None, "properties": said}
        body = {"id": new_id(), "record": record}
        assert self.client("reporter").post("/api/v1/verifications", json=body).status_code == 201

    def grade(self) -> None:
        if self.records:
            report_id, record_id = self.chance.choice(self.records)
            body = {"grade": self.chance.choice(["A1", "C3", "E5"]), "record_id": record_id}
            answer = self.client("chief_joc").post(f"/api/v1/reports/{report_id}/grade", json=body)
            assert answer.status_code in (200, 202, 409), answer.json

    def retract(self) -> None:
        if self.records:
            report_id, record_id = self.chance.choice(self.records)
            body = {"record_id": record_id, "reason": "mistaken"}
            answer = self.client("chief_joc").post(f"/api/v1/reports/{report_id}/retract", json=body)
            assert answer.status_code in (200, 202, 409), answer.json

    def route(self) -> None:
        client = self.client("duty_officer")
        name = f"MSR {'ABCDEF'[self.chance.randrange(6)]}{self._routes}"
        answer = client.post("/api/v1/routes", json=key_route(id=new_id(), code=name))
        assert answer.status_code == 201, answer.json
        self._routes += 1

    def rules(self) -> None:
        if self.chance.random() < 0.8:
            values = {"risk_amber": self.chance.choice([0.01, 0.2]), "risk_red": self.chance.choice([0.3, 0.9])}
            with contextlib.suppress(InvalidInput):  # the same values again are no change
                publish(self.mission.database, values, now=self.mission.clock())


@pytest.mark.parametrize("seed", range(4))
def test_the_stream_is_made_again_byte_for_byte_by_a_process_that_was_not_there(mission: Mission, seed: int):
    chance = random.Random(seed)
    threat(mission)
    history = History(mission, chance)
    for _ in range(chance.randrange(4)):
        history.step()
    role, question = chance.choice(["duty_officer", "partner", "reporter"]), "profile=P5&user_class=humanitarian"
    after = mission.host.version
    events = listen(mission, role, question)
    for _ in range(25):
        history.step()
    last = mission.program(role).post("/api/v1/reports", json=hazard(new_id())).json["change"]
    told = heard(events, last)
    assert told.count(b"event: moves") > 3

    fresh = PictureHost(mission.database, mission.host.network, clock=mission.clock)
    mission.app.extensions["fom"].hosts.current = fresh
    again = mission.program(role).get(f"{REPLAY}?after={after}&up_to={last}&{question}")
    assert again.status_code == 200, again.json
    assert again.mimetype == "text/event-stream"
    assert again.data == told


def test_what_cannot_be_played_again_is_refused_by_name(mission: Mission):
    client = mission.program("reporter")
    newest = mission.host.version
    for query, field in (("after=1&up_to=1", "up_to"), (f"after=1&up_to={newest + 1}", "up_to"), ("after=1", "up_to")):
        answer = client.get(f"{REPLAY}?{query}")
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json["errors"]] == [field]
    unknown = client.get(f"{REPLAY}?after=1&up_to=2&profile=P99")
    assert [error["field"] for error in unknown.json["errors"]] == ["profile"]


def test_a_network_that_was_put_in_use_meanwhile_ends_what_can_be_played(mission: Mission):
    with mission.database.writing() as session:
        number = activate_network(session, "another", {}, actor=OPERATOR, now=mission.clock())
    answer = mission.program("reporter").get(f"{REPLAY}?after={number - 1}&up_to={number}")
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "up_to")
