"""Flights between two air heads, and what nobody recorded on a way: doubt that is said."""

from __future__ import annotations

from typing import Any

import pytest

from fom.domain.air_heads import Serviceability
from fom.domain.daylight import is_day
from fom.domain.flights import judge_end
from fom.domain.instants import DAY_US, MINUTE_US, format_instant
from fom.domain.profiles import PROFILES
from fom.domain.states import State
from fom.errors import InvalidInput
from fom.network.drawn import load_network_file
from fom.services.inspecting import InspectionDraft, record_inspection
from fom.services.map_layers import read_layer
from fom.services.movement_check_ins import check_in
from fom.services.movement_closing import depart_movement
from fom.services.movement_limits import find_unrecorded
from fom.services.movement_ways import lay_out
from fom.services.picture_host import PictureHost
from fom.services.registers import save_register
from tests.domain.sun import sun_times
from tests.services.ground import Clock, feature, settle, write
from tests.services.people import HOUR, T0, new_id, person
from tests.services.test_movements import (
    MOVCON,
    plan,
    seen,
)

AVIATOR = person("avi", "aviation", unit="AVN")
GOOD = Serviceability("MI8", "serviceable", "inspected", T0)
HEAD = {
    "code": "AH1", "name": "Strip", "kind": "airstrip", "status": "serviceable", "is_night": False,
    "runways": [{"bearing": 90, "length_m": 1200, "width_m": 30, "surface": "laterite"}], "wet_use": "yes",
    "landing_clearance": "not_needed", "security_state": "guarded",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "asked", "state", "words"),
    [
        ({}, {}, "GREEN", "serviceable for MI8"),
        ({"status": "unserviceable"}, {}, "BLACK", "serviceable"),
        ({}, {"service": Serviceability("MI8", "unknown", "too_old", T0)}, "GREY", "too old for the season"),
        ({}, {"service": None}, "RED", "not approved here: ask aviation"),
        ({}, {"aircraft_type": None, "service": None}, "GREY", "aircraft type not stated"),
        ({}, {"is_day": False}, "BLACK", "dark then; day only"),
        ({"is_night": None}, {"is_day": False}, "GREY", "night use not recorded"),
        ({"is_night": True}, {"is_day": False}, "GREEN", "serviceable for MI8"),
        ({"wet_use": "no"}, {"is_wet": True}, "BLACK", "not usable in the wet"),
        ({"wet_use": None}, {"is_wet": True}, "GREY", "use in the wet not recorded"),
        ({"wet_use": "no"}, {}, "GREEN", "serviceable for MI8"),
        ({"runways": []}, {}, "GREY", "runway length not recorded"),
        ({"runways": [], "kind": "hls"}, {}, "GREEN", "serviceable for MI8"),
        ({"landing_clearance": "refused"}, {}, "BLACK", "landing clearance refused"),
        ({"landing_clearance": "each_flight"}, {}, "RED", "not given yet"),
        ({"landing_clearance": "each_flight"}, {"is_cleared": True}, "GREEN", "serviceable for MI8"),
        ({"landing_clearance": None}, {}, "AMBER", "not recorded"),
        ({"security_state": None}, {}, "AMBER", "security not recorded"),
    ],
)
def test_an_air_head_is_judged_for_one_type_at_one_hour(changed, asked, state, words):
    question = {"aircraft_type": "MI8", "service": GOOD, "is_day": True, "is_wet": False, "is_cleared": False}
    reasons = judge_end({**HEAD, **changed}, **{**question, **asked})
    assert reasons[0][0] == State[state]
    assert any(words in text for _, text in reasons)
    assert [reason[0] for reason in reasons] == sorted((reason[0] for reason in reasons), reverse=True)


def test_day_and_night_are_those_of_the_table_of_the_sun():
    for lon, lat in ((30.0, 5.0), (-70.0, -40.0), (10.0, 60.0)):
        for moment, is_rise in sun_times(lon, lat, T0, T0 + 2 * DAY_US):
            assert is_day(lon, lat, moment + 2 * MINUTE_US) == is_rise
            assert is_day(lon, lat, moment - 2 * MINUTE_US) != is_rise


def air_head(database: Any, host: Any, lon: float, **changed: Any) -> str:
    """Register an air head that an inspection of the day before found serviceable; return its id."""
    row = {**HEAD, "id": new_id(), "lon": lon, "lat": 5.0, "aircraft_types": ["MI8"], **changed}
    del row["status"]
    looked = InspectionDraft(
        id=new_id(), subject_kind="air_head", subject_id=row["id"], form="air_head", inspected_at=T0 - DAY_US,
        inspected_by="AVN", status="serviceable",
    )  # fmt: skip
    with database.writing() as session:
        save_register(session, "air_head", row, version=None, actor=AVIATOR, now=T0)
        record_inspection(session, looked, actor=AVIATOR, now=T0, network=host.network)
    return str(row["id"])


def fly(database: Any, host: Any, start: str, end: str, **changed: Any) -> dict[str, Any]:
    leg = {"from_air_head": start, "to_air_head": end, "aircraft_type": "MI8"}
    return plan(
        database, host, purpose="flight", ways=[], planned_as=None, vehicles=[], unit="AVN", **{**leg, **changed}
    )


def test_the_advice_of_a_flight_is_both_air_heads_when_it_is_there(ground):
    database, host, _ = ground
    first, second = air_head(database, host, 30.0), air_head(database, host, 31.0, code="AH2", name="Far strip")
    host.follow()
    flight = fly(database, host, first, second)
    assert (flight["origin"]["name"], flight["destination"]["name"]) == ("Strip", "Far strip")
    shown = seen(database, host, flight)["flight"]
    assert (shown["state"], shown["is_passable"], shown["advice"]) == ("O", True, [])
    assert shown["length_m"] == pytest.approx(110_880, rel=0.01)
    assert [(end["code"], end["verb"]) for end in shown["ends"]] == [("AH1", "departs"), ("AH2", "arrives")]
    late = fly(
        database, host, first, second,
        planned_start=format_instant(T0 + 3 * HOUR), planned_end=format_instant(T0 + 6 * HOUR),
    )  # fmt: skip
    shown = seen(database, host, late)["flight"]
    assert [end["state"] for end in shown["ends"]] == ["O", "X"], "the sun has set when it arrives"
    assert "AH2 is closed when it arrives 1800Z: dark then; day only." in [a["text"] for a in shown["advice"]]
    other = seen(database, host, fly(database, host, first, second, aircraft_type="C130"))["flight"]
    assert (other["state"], other["is_passable"]) == ("R", False)
    half = seen(database, host, fly(database, host, first, None))["flight"]
    assert (half["state"], half["length_m"]) == ("?", None)


def test_a_flight_on_its_leg_is_on_the_map_by_its_schedule(ground):
    database, host, clock = ground
    first, second = air_head(database, host, 30.0), air_head(database, host, 31.0, code="AH2")
    flight = fly(database, host, first, second, planned_start=format_instant(T0))
    with database.writing() as session:
        depart_movement(session, flight["id"], version=1, actor=MOVCON, now=T0)
    host.follow()
    clock.now = T0 + HOUR
    with database.reading() as session:
        way, point = read_layer(session, host, "movements", host.question(), actor=MOVCON)["features"]
    assert way["properties"]["part"] == "way"
    assert point["geometry"]["coordinates"][0] == pytest.approx(30.5, abs=0.01)
    assert point["properties"]["symbol"] == "mov-plan"
    with database.writing() as session:
        values = {"id": new_id(), "lon": 30.3, "lat": 5.1}
        check_in(session, host, flight["id"], values, actor=MOVCON, now=clock.now)
    host.follow()
    with database.reading() as session:
        _, expected, point = read_layer(session, host, "movements", host.question(), actor=MOVCON)["features"]
    assert (point["geometry"]["coordinates"], point["properties"]["symbol"]) == ((30.3, 5.1), "mov")
    assert expected["geometry"]["coordinates"][0] == pytest.approx(30.5, abs=0.01)


def test_only_a_flight_has_a_leg_and_only_between_two_air_heads(ground):
    database, host, _ = ground
    head = air_head(database, host, 30.0)
    for changed, field in (
        ({"purpose": "convoy", "from_air_head": head}, "from_air_head"),
        ({"purpose": "flight", "from_air_head": head, "to_air_head": head}, "to_air_head"),
        ({"purpose": "flight", "from_air_head": "nowhere"}, "from_air_head"),
        ({"purpose": "flight", "aircraft_type": "x" * 81}, "aircraft_type"),
    ):
        with pytest.raises(InvalidInput) as refused:
            plan(database, host, **changed)
        assert [error.field for error in refused.value.errors] == [field]


# what nobody recorded


def bridges(database: Any) -> PictureHost:
    """A host on a road over three bridges, one with a class, and through a tunnel."""
    settle(database)
    assets = [
        {"asset_id": "b1", "type": "bridge", "at_m": 100}, {"asset_id": "b2", "type": "bridge", "at_m": 200},
        {"asset_id": "b3", "type": "bridge", "at_m": 300, "limits": {"mlc": 60, "width_m": 4}},
        {"asset_id": "t1", "type": "tunnel", "at_m": 400},
    ]  # fmt: skip
    properties = {"segment_id": "west", "highway": "primary", "road_type": "X", "assets": assets}
    line = {"type": "LineString", "coordinates": [[30.0, 5.0], [30.01, 5.0]]}
    road = {"type": "Feature", "geometry": line, "properties": properties}
    network = load_network_file({"type": "FeatureCollection", "features": [road]})
    return PictureHost(database, network, clock=Clock())


def unrecorded(database: Any, host: PictureHost, profile: str = "P6") -> Any:
    vehicle = PROFILES[profile]
    way = lay_out(host.network, [{"id": "west", "direction": "forward"}], vehicle)
    with database.reading() as session:
        return find_unrecorded(session, host, {"m": (way, vehicle)}, at=host.now()).get("m")


def test_what_nobody_recorded_is_counted_against_the_vehicle(database):
    host = bridges(database)
    found = unrecorded(database, host)
    assert found.deciding == ["load class on 2 bridges", "height on 1 tunnel"]
    assert found.other == ["width on 2 bridges", "width on 1 tunnel", "width on 1 of 1 km of road"]
    (advice,) = found.advice()
    assert advice["text"] == (
        "not recorded: load class on 2 bridges, height on 1 tunnel; its heaviest is P6: class 20, 20 t, 2.5 m wide, "
        "3.6 m high"
    )
    assert unrecorded(database, host, "P1") is None, "one on foot asks for nothing"


def test_what_an_inspection_states_of_a_bridge_is_recorded(database):
    host = bridges(database)
    limits = {"mlc": 30, "width_m": 3.5}
    stated = feature("seen", "physical", received=T0 - HOUR, damage="limit", asset="b1", limits=limits, grade="A1")
    write(database, stated, now=T0 - HOUR)
    host.follow()
    assert unrecorded(database, host).deciding == ["load class on 1 bridge", "height on 1 tunnel"]
