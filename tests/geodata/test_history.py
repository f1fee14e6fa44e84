"""Sixty days of history: a valid facts file in which every state and every rule occurs."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from typing import Any

import pytest

from fom.domain.facts_file import parse_facts
from fom.domain.instants import DAY_US, HOUR_US, MINUTE_US, parse_instant, to_us
from fom.domain.profiles import PROFILES
from fom.domain.states import DIRECTION_CODES, NO_STATE, State
from fom.network.network import Network
from fom.picture.picture import Picture
from fom.picture.question import Question
from fom.routing.router import Router
from fom.services.key_routes import stretches_along
from geodata.key_routes import CODES, KEPT_OPEN
from tests.geodata.conftest import NOW

pytestmark = pytest.mark.xdist_group("the demo mission")

AT = to_us(NOW)
RULES = {"V1", "V2", "V3", "X1", "X2", "X3", "P1", "P2", "P3", "P4", "P5", "H1", "H2", "H3", "H4", "R1", "S1", "S2"}


@pytest.fixture(scope="module")
def picture(facts: dict[str, Any], network: Network) -> Picture:
    return Picture(network, parse_facts(facts, network=network).records)


@pytest.fixture(scope="module")
def answers(picture: Picture) -> list[dict[str, Any]]:
    asked = (("P3", "mission_military"), ("P6", "mission_military"), ("P5", "humanitarian"))
    return [picture.assess(Question(AT, AT, PROFILES[profile], user)).answer() for profile, user in asked]


def test_the_facts_file_is_valid_on_the_built_network(facts: dict[str, Any], network: Network) -> None:
    records = parse_facts(facts, network=network).records
    kinds = Counter(record.kind for record in records)
    assert 1400 <= len(records) <= 3000
    assert kinds.keys() >= {
        "explosive", "physical", "control", "incident", "verification", "closing_act", "grade", "link", "retraction",
        "manual", "threat_area", "season",
    }  # fmt: skip


def test_nothing_was_received_after_now_or_more_than_sixty_days_ago(facts: dict[str, Any]) -> None:
    received = [parse_instant(feature["properties"]["received"]) for feature in facts["features"]]
    assert max(received) < AT
    assert min(received) >= AT - 60 * DAY_US


def test_ids_are_uuids_and_records_say_their_report(facts: dict[str, Any]) -> None:
    for feature in facts["features"]:
        assert str(uuid.UUID(feature["id"])) == feature["id"]
        meta = feature["properties"]["meta"]
        assert uuid.UUID(meta["report_id"])
        assert meta["classification"] in ("unclassified", "confidential", "strictly_confidential")


def test_closing_acts_come_after_what_they_close(facts: dict[str, Any]) -> None:
    received = {f["id"]: parse_instant(f["properties"]["received"]) for f in facts["features"]}
    for feature in facts["features"]:
        for target in feature["properties"].get("closes", ()):
            assert received[target] < received[feature["id"]]


def test_every_state_and_every_rule_occurs_now(answers: list[dict[str, Any]]) -> None:
    rows = [row for answer in answers for row in answer["segments"]]
    assert {row["state"] for row in rows} == {state.name for state in State}
    assert {reason["rule"] for row in rows for reason in row["reasons"]} == RULES
    flags = {flag for row in rows for reason in row["reasons"] for flag in reason["flags"]}
    assert flags == {"clock_skew", "conflict", "review_overdue"}
    assert any(reason.get("stretches_m") for row in rows for reason in row["reasons"])


def test_refusals_and_unplaced_records_occur(answers: list[dict[str, Any]]) -> None:
    assert answers[0]["unplaced"]
    assert {item["why"] for item in answers[0]["refused"]} >= {"two_persons", "role", "no_traffic_class", "explosive"}


def test_each_state_is_the_worst_on_some_key_route_and_the_two_roads_kept_open_are_open_throughout(
    picture: Picture, network: Network, registers: dict[str, list[dict[str, Any]]]
) -> None:
    assessment = picture.assess(Question(AT, AT, PROFILES["P3"], "mission_military"))
    router = Router(network)
    worst: dict[str, State] = {}
    for row in registers["key_route"]:
        stretches = stretches_along(network, router, row["via"])
        ways = [(network.find_segment(s["id"]), DIRECTION_CODES.index(s["direction"])) for s in stretches]
        worst[row["code"]] = State(max(int(assessment.states[way]) for way in ways))
    counts = Counter(worst.values())
    assert {worst[CODES[number]] for number in KEPT_OPEN} == {State.GREEN}
    assert counts[State.GREEN] + counts[State.AMBER] >= 4, worst
    assert min(counts[state] for state in State) >= 1, worst
    assert counts[State.BLACK] <= 3, worst


def test_key_routes_show_a_mixture_and_most_of_them_can_be_driven(
    picture: Picture, network: Network, registers: dict[str, list[dict[str, Any]]]
) -> None:
    router = Router(network)
    stretches = [s for row in registers["key_route"] for s in stretches_along(network, router, row["via"])]
    numbers = sorted({network.find_segment(stretch["id"]) for stretch in stretches})
    states = picture.assess(Question(AT, AT, PROFILES["P3"], "mission_military")).states[numbers]
    worst = [max(int(s) for s in row if s != NO_STATE) for row in states]
    km: Counter[State] = Counter()
    for number, state in zip(numbers, worst, strict=True):
        km[State(state)] += network.length_m[number] / 1000
    share = {state: km[state] / sum(km.values()) for state in State}
    assert 0.40 <= share[State.GREEN] <= 0.75
    assert 0.10 <= share[State.AMBER] <= 0.35
    assert 0.05 <= share[State.GREY] <= 0.35
    assert 0.01 <= share[State.RED] <= 0.10
    assert 0.004 <= share[State.BLACK] <= 0.06


def test_no_words_describe_how_a_device_is_made(facts: dict[str, Any]) -> None:
    forbidden = re.compile(
        r"\b(wires?|trigger|detonator|pressure plate|charges?|fuses?|batter(y|ies)|kilograms?)\b", re.I
    )
    words = [feature["properties"]["meta"].get("words", "") for feature in facts["features"]]
    assert [text for text in words if forbidden.search(text)] == []


def test_reports_of_the_last_hour_wait_at_the_desk_with_one_alarm_running(facts: dict[str, Any]) -> None:
    features = facts["features"]
    judged = {f["properties"]["target"] for f in features if f["properties"]["kind"] == "grade"}
    waiting = [
        f
        for f in features
        if f["properties"]["kind"] in ("explosive", "physical", "control", "incident", "verification")
        and "grade" not in f["properties"]
        and f["id"] not in judged
        and f["properties"].get("track") != "gps"
        and AT - parse_instant(f["properties"]["received"]) <= HOUR_US
    ]
    assert Counter(f["properties"]["kind"] for f in waiting) == {
        "explosive": 3, "verification": 1, "incident": 1, "control": 1
    }  # fmt: skip
    placed = [f for f in waiting if f["geometry"] or f["properties"].get("segments") or f["properties"].get("location")]
    assert len(placed) == 5, "one has no place"
    minutes = [(AT - parse_instant(f["properties"]["received"])) / MINUTE_US for f in waiting if f in placed]
    assert sum(f["properties"]["kind"] == "explosive" and m > 15 for f, m in zip(placed, minutes, strict=True)) == 1
    late = [f for f in waiting if AT - parse_instant(f["properties"]["occurred"]) > DAY_US]
    assert [f["properties"]["kind"] for f in late] == ["incident"]
