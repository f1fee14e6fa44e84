"""Facts files are read strictly, every bad field is told at once, and what is written reads back the same."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fom.domain.facts_file import FactsFile, format_facts, format_record, parse_facts, parse_record
from fom.domain.policy import Policy
from fom.domain.profiles import PROFILES
from fom.errors import InvalidInput

GOLDEN = sorted((Path(__file__).resolve().parents[1] / "golden").glob("G*.json"))
RECEIVED = "2027-05-04T06:00:00Z"


def feature(record_id: str = "r1", geometry: Any = None, **properties: Any) -> dict[str, Any]:
    members = {"kind": "incident", "received": RECEIVED, "type": "crossfire", **properties}
    kept = {name: value for name, value in members.items() if value is not ...}
    return {"type": "Feature", "id": record_id, "geometry": geometry, "properties": kept}


def document(*features: Any, **members: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "format": "fom-facts/1", "features": list(features), **members}


def fields(facts: Any) -> list[tuple[str | None, str]]:
    """Return (record id, field) of everything a document is refused for, [] when it is accepted."""
    try:
        parse_facts(facts)
    except InvalidInput as refused:
        return [(error.record_id, error.field) for error in refused.errors]
    return []


POINT = {"type": "Point", "coordinates": [18.2, -7.3]}
GPS = {"method": "gps"}


def physical(**more: Any) -> dict[str, Any]:
    return feature(kind="physical", type=..., **{"damage": "blocked", **more})


def control(**more: Any) -> dict[str, Any]:
    return feature(kind="control", type=..., **more)


def verification(**more: Any) -> dict[str, Any]:
    members = {"occurred": RECEIVED, "strength": "route_search", **more}
    return feature(kind="verification", type=..., **members)


ORDER = {"control": "order", "effect": "escort", "user_classes": ["all"]}
REFUSED = {
    "an unknown kind": (feature(kind="rumour"), "kind"),
    "an unknown member": (feature(colour="red"), "colour"),
    "no received": (feature(received=...), "received"),
    "a time without a zone": (feature(received="2027-05-04T06:00:00"), "received"),
    "a date that is none": (feature(received="2027-02-30T06:00:00Z"), "received"),
    "a number as time": (feature(received=12), "received"),
    "a grade that is none": (feature(grade="G7"), "grade"),
    "an unknown incident": (feature(type="thunder"), "type"),
    "NaN": (feature(geometry={"type": "Point", "coordinates": [float("nan"), 1]}, location=GPS), "geometry"),
    "Infinity": (feature(geometry={"type": "Point", "coordinates": [float("inf"), 1]}, location=GPS), "geometry"),
    "a number too large": (feature(geometry={"type": "Point", "coordinates": [10**400, 1]}), "geometry"),
    "a longitude beyond 180": (feature(geometry={"type": "Point", "coordinates": [191, 1]}, location=GPS), "geometry"),
    "a latitude beyond 90": (feature(geometry={"type": "Point", "coordinates": [5, 95]}, location=GPS), "geometry"),
    "a point at 0/0": (feature(geometry={"type": "Point", "coordinates": [0, 0]}, location=GPS), "geometry"),
    "a point without a location": (feature(geometry=POINT), "location"),
    "a geometry type not allowed": (feature(geometry={"type": "MultiPoint", "coordinates": [[1, 2]]}), "geometry"),
    "a geometry with a foreign member": (feature(geometry={**POINT, "crs": "x"}, location=GPS), "geometry"),
    "an unknown method": (feature(geometry=POINT, location={"method": "dream"}), "location.method"),
    "survey without uncertainty": (feature(geometry=POINT, location={"method": "survey"}), "location.uncertainty_m"),
    "a grid reference beside a point": (
        feature(geometry=POINT, location={"method": "mgrs", "mgrs": "33M WN 12 34"}),
        "geometry",
    ),
    "an odd number of digits": (feature(location={"method": "mgrs", "mgrs": "33M WN 123"}), "location.mgrs"),
    "a polar square": (feature(location={"method": "mgrs", "mgrs": "ZAH 12 34"}), "location.mgrs"),
    "the letter I": (feature(location={"method": "mgrs", "mgrs": "33M IN 12 34"}), "location.mgrs"),
    "a flood of negative depth": (physical(damage="flooded", depth_m=-1), "depth_m"),
    "damage limit without limits": (physical(damage="limit"), "limits"),
    "an unknown limit": (physical(limits={"axle_t": 5}), "limits.axle_t"),
    "no stretch": (physical(segments=[]), "segments"),
    "a stretch that runs backwards": (physical(segments=[{"id": "s", "from_m": 9, "to_m": 3}]), "segments[0].to_m"),
    "an order without effect": (control(control="order", user_classes=["all"]), "effect"),
    "an unknown user class": (control(**{**ORDER, "user_classes": ["pilots"]}), "user_classes"),
    "a denial of nobody": (control(control="denial"), "user_class"),
    "an end before the start": (
        control(**ORDER, start="2027-05-04T06:00:00Z", end="2027-05-04T05:59:59Z"),
        "end",
    ),
    "a mission control without an end": (
        control(**ORDER, imposed_by="mission", owner="x", reason="x", start=RECEIVED, public_text="x"),
        "end",
    ),
    "a window without a zone": (control(**ORDER, recurring={"from": "21:00", "to": "05:00"}), "recurring.zone"),
    "a time of day that is none": (
        control(**ORDER, recurring={"from": "24:00", "to": "05:00", "zone": "Z"}),
        "recurring.from",
    ),
    "a direction without segments": (control(**ORDER, direction="forward"), "direction"),
    "a verification without occurred": (verification(occurred=...), "occurred"),
    "an unknown profile passed": (verification(passed="P9"), "passed"),
    "a link of one": (feature(kind="link", type=..., relation="duplicate", members=["a"]), "members"),
    "a link of one twice": (feature(kind="link", type=..., relation="duplicate", members=["r1", "r1"]), "members"),
    "an improvement of nothing": (
        feature(
            kind="manual", type=..., mode="improve", state="AMBER", role="chief_joc", reason="x", signed_by=["A"]
        ),
        "segments",
    ),
    "cleared without an area": (
        feature(kind="closing_act", type=..., act="cleared", closes=["r1"], authority="eod", signed_by=[],
                location=GPS),
        "geometry",
    ),
    "an area without a geometry": (feature(kind="threat_area", type=..., level="low"), "geometry"),
    "a target that is not there": (feature(kind="grade", type=..., target="x", grade="A1", by="me"), "target"),
    "a retraction of itself": (feature(kind="retraction", type=..., target="r1", signed_by=[]), "target"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_a_facts_file_is_refused_for(what: str) -> None:
    bad, field = REFUSED[what]
    assert ("r1", field) in fields(document(bad))


def ring(*corners: tuple[float, float]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[list(corner) for corner in (*corners, corners[0])]]}


@pytest.mark.parametrize(
    "shape",
    [
        ring((18, -7), (19, -6), (19, -7), (18, -6)),
        {"type": "Polygon", "coordinates": [[[18, -7], [19, -7], [19, -6], [18, -6]]]},
        {"type": "Polygon", "coordinates": [[[18, -7], [19, -7], [18, -7], [18, -7]]]},
        ring((0, 80), (120, 80), (-120, 80)),
    ],
    ids=["a bow tie", "an open ring", "no area", "a ring round the pole"],
)
def test_an_area_is_refused_for(shape: dict[str, Any]) -> None:
    area = feature(kind="threat_area", type=..., level="low", geometry=shape)
    assert fields(document(area)) == [("r1", "geometry")]


def test_an_area_may_cross_the_date_line_and_touch_0_0() -> None:
    shapes = [ring((179, 1), (-179, 1), (-179, 2), (179, 2)), ring((0, 0), (1, 0), (1, 1), (0, 1))]
    areas = [feature(f"a{i}", shape, kind="season", type=..., season="dry") for i, shape in enumerate(shapes)]
    assert fields(document(*areas)) == []


def test_every_bad_field_of_every_record_is_told_at_once() -> None:
    bad = document(
        feature("a", grade="Z9", received="now"),
        feature("b", colour=1),
        policy={"gps_m": -1, "corridor_km": 1, "incident": {"crossfire": {"s": 2, "half_life_d": 0}}},
        profiles={"x": {"extends": "y"}, "y": {"extends": "x"}, "z": {"mlc": 1}},
        extra=1,
    )
    found = fields(bad)
    assert {("a", "grade"), ("a", "received"), ("b", "colour"), (None, "extra"), (None, "policy.gps_m")} <= set(found)
    assert {(None, "policy.incident.crossfire.s"), (None, "policy.incident.crossfire.half_life_d")} <= set(found)
    assert {(None, "profiles.x.extends"), (None, "profiles.z.mass_t"), (None, "policy.corridor_km")} <= set(found)


def test_one_id_with_one_body_counts_once_and_with_two_is_refused() -> None:
    one = feature("a", meta={"unit": "x"})
    assert len(parse_facts(document(one, copy.deepcopy(one))).records) == 1
    assert fields(document(one, feature("a", meta={"unit": "y"}))) == [("a", "id")]


def test_links_join_records_of_one_kind() -> None:
    link = feature("l", kind="link", type=..., relation="duplicate", members=["a", "b"])
    assert fields(document(feature("a"), physical() | {"id": "b"}, link)) == [("l", "members")]


def test_a_long_circle_of_retractions_is_named_once() -> None:
    circle = [
        feature(f"r{i}", kind="retraction", type=..., target=f"r{(i + 1) % 400}", signed_by=[]) for i in range(400)
    ]
    assert len(fields(document(*circle))) == 1


def test_what_is_not_a_document_is_refused() -> None:
    for nothing in (None, [], "x", {}, {"type": "FeatureCollection"}, document() | {"features": {}}):
        assert fields(nothing)


def test_overrides_change_only_what_they_name_and_profiles_inherit() -> None:
    facts = parse_facts(
        document(
            policy={"verification_h": {"high": 12}, "incident": {"crossfire": {"s": 0.7}}},
            profiles={"tall": {"extends": "P5", "height_m": 4}, "taller": {"extends": "tall", "height_m": 5}},
        )
    )
    assert facts.policy.verification_h == {**Policy().verification_h, "high": 12}
    assert (facts.policy.incident["crossfire"].s, facts.policy.incident["crossfire"].half_life_d) == (0.7, 7)
    assert (facts.profiles["taller"].height_m, facts.profiles["taller"].mlc) == (5, PROFILES["P5"].mlc)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_what_is_written_reads_back_the_same(path: Path) -> None:
    facts = parse_facts(json.loads(path.read_text(encoding="utf-8"))["facts"])
    again = parse_facts(json.loads(json.dumps(format_facts(facts.records, facts.policy, facts.profiles))))
    assert again == FactsFile(facts.records, facts.policy, facts.profiles)
    for record in facts.records:
        assert parse_record(format_record(record)) == record


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(REFUSED)), JSON, st.data())
def test_no_document_makes_the_reader_fail_in_another_way(what: str, junk: Any, data: st.DataObject) -> None:
    good = copy.deepcopy(REFUSED[what][0])
    where = data.draw(st.sampled_from(["document", "features", "feature", "geometry", "properties", "member"]))
    properties = good["properties"]
    name = data.draw(st.sampled_from(sorted(properties)))
    facts: Any = document(good)
    if where == "document":
        facts = junk
    elif where == "features":
        facts["features"] = junk
    elif where == "feature":
        facts["features"] = [junk]
    elif where == "geometry":
        good["geometry"] = {"type": "Polygon", "coordinates": junk}
    elif where == "properties":
        good["properties"] = junk
    else:
        properties[name] = junk
    fields(facts)
