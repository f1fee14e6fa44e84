"""What of the record lies on the map's layers: not what is over, with the grades and acts that speak of it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from fom.domain.instants import format_instant
from fom.services.map_layers import read_layer
from fom.services.registers import save_register
from fom.store.database import Database
from tests.services.ground import ON_EAST, ON_WEST, Clock, feature, make_host, settle, write
from tests.services.people import AMINA, CHIEF, DAY, T0

HOUR = 3_600_000_000
GPS = {"location": {"method": "gps"}}
HERE, THERE = ({"type": "Point", "coordinates": list(place)} for place in (ON_WEST, ON_EAST))


@pytest.fixture
def shown(database: Database) -> Any:
    """Return a function: what was written and the name of a layer in, its points by id out."""
    settle(database)

    def show(layer: str, *features: dict[str, Any], at: int = T0) -> dict[str, dict[str, Any]]:
        write(database, *features, now=T0)
        host = make_host(database, Clock())
        with database.reading() as session:
            found = read_layer(session, host, layer, host.question(at, None, "P3", "mission_military"), actor=AMINA)
        points = [f["properties"] for f in found["features"] if f["properties"]["part"] == "point"]
        return {point["id"]: point for point in points}

    return show


def incident(name: str, *, occurred: int, received: int = T0, grade: str = "B2") -> dict[str, Any]:
    return feature(
        name, "incident", received=received, occurred=format_instant(occurred), geometry=HERE, type="crossfire",
        grade=grade, **GPS,
    )  # fmt: skip


def test_incidents_fade_from_the_map_after_thirty_days(shown):
    month = 30 * DAY
    found = shown(
        "incidents",
        incident("just in", occurred=T0 - month),
        incident("out", occurred=T0 - month - 1),
        incident("out by receipt", occurred=T0 - HOUR, received=T0 - month - 1),
        incident("wrong", occurred=T0 - HOUR),
        incident("doubted", occurred=T0 - HOUR, grade="B2"),
        feature(
            "err",
            "closing_act",
            received=T0,
            authority="joc",
            act="erroneous",
            closes=["wrong", "out"],
            signed_by=["p", "q"],
        ),
        feature("better", "grade", received=T0, target="doubted", grade="A1", by="analyst"),
    )
    assert found.keys() == {"just in", "doubted"}
    assert found["doubted"]["grade"] == "A1"
    assert found["just in"]["grade"] == "B2"


def test_restrictions_stand_until_they_are_lifted_and_show_where_their_segments_lie(shown):
    found = shown(
        "restrictions",
        feature("lifted", "control", received=T0 - HOUR, geometry=HERE, control="toll", grade="B2", **GPS),
        feature("toll", "control", received=T0 - HOUR, geometry=HERE, control="toll", grade="B2", **GPS),
        feature("flood", "physical", received=T0 - 90 * DAY, damage="flooded", segments=[{"id": "east"}], grade="C3"),
        feature("lift", "closing_act", received=T0, authority="joc", act="lifted", closes=["lifted"], signed_by=["p"]),
        feature("sure", "grade", received=T0, target="flood", grade="A1", by="engineer"),
    )
    assert found.keys() == {"toll", "flood"}
    assert (found["flood"]["symbol"], found["flood"]["grade"]) == ("dmg", "A1")


def test_a_hazard_is_what_its_acts_and_grades_make_of_it(shown):
    item = {"hazard": "item", "class": "mine", **GPS}
    found = shown(
        "hazards",
        feature("there", "explosive", received=T0 - HOUR, geometry=HERE, grade="F6", **item),
        feature("graded", "explosive", received=T0 - HOUR, geometry=THERE, grade="F6", **item),
        feature("never", "explosive", received=T0 - HOUR, geometry=THERE, grade="B2", **item),
        feature("sure", "grade", received=T0, target="graded", grade="A1", by="eod"),
        feature(
            "err", "closing_act", received=T0, authority="eod", act="erroneous", closes=["never"], signed_by=["p", "q"]
        ),
    )
    assert {name: point["symbol"] for name, point in found.items()} == {"there": "sha", "graded": "cha"}


def test_control_points_lie_on_the_map_while_they_are_run(database: Database):
    settle(database)
    common = {
        "kind": "checkpoint",
        "lon": 30.005,
        "lat": 5.0,
        "run_by": "host_police",
        "public_text": "A stop of minutes.",
    }
    spans = {
        "always": {},
        "over": {"starts_at": format_instant(T0 - DAY), "ends_at": format_instant(T0)},
        "to come": {"starts_at": format_instant(T0 + 1)},
        "now": {"starts_at": format_instant(T0), "ends_at": format_instant(T0 + 1)},
    }
    with database.writing() as session:
        for name, span in spans.items():
            values = {"id": str(uuid.uuid4()), "name": name, **common, **span}
            save_register(session, "control_point", values, version=None, actor=CHIEF, now=T0 - DAY)
    host = make_host(database, Clock())
    with database.reading() as session:
        question = host.question(T0, None, "P3", "mission_military")
        found = read_layer(session, host, "control-points", question, actor=AMINA)["features"]
    assert [f["properties"]["label"] for f in found] == ["always", "now"]
    assert found[0]["properties"]["text"] == "Run by host police. A stop of minutes."
    assert found[0]["properties"]["href"] == f"/registers/control-points/{found[0]['properties']['id']}"
    assert found[0]["properties"]["symbol"] == "ctl"
