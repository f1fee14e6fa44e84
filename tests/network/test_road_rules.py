"""Do tags become class, direction, speed, type and access as docs/networks.md says?"""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from fom.network.road_rules import CLASS_SPEED_KMH, NOT_A_ROAD, Road, read_road
from tests.network.osm_writing import Drawing, words


def road(**tags: str) -> Road:
    """Return the road of tags, `highway=track` unless said; `__` in a name stands for `:`."""
    read = read_road({"highway": "track"} | {k.replace("__", ":"): v for k, v in tags.items()}).road
    assert read is not None
    return read


def refusal(**tags: str) -> str:
    reading = read_road(tags)
    assert reading.road is None
    return reading.refusal


@pytest.mark.parametrize(
    ("tags", "road_type"),
    [
        ({}, ""), ({"surface": "asphalt"}, "X"), ({"surface": "Asphalt"}, "X"), ({"surface": "gravel"}, "Y"),
        ({"surface": "compacted"}, "Y"), ({"surface": "dirt"}, "Z"), ({"surface": "sand"}, "Z"),
        ({"surface": "unpaved"}, ""),
        ({"surface": "moon dust"}, ""), ({"surface": "asphalt;moon dust"}, ""), ({"surface": "asphalt;dirt"}, "Z"),
        ({"tracktype": "grade1"}, "Y"), ({"tracktype": "grade1", "surface": "concrete"}, "X"),
        ({"tracktype": "grade2"}, "Y"),
        ({"tracktype": "grade3"}, "Z"), ({"tracktype": "grade5"}, "Z"),
        ({"surface": "gravel", "tracktype": "grade4"}, "Z"),
        ({"surface": "asphalt", "tracktype": "grade3"}, "Z"), ({"surface": "asphalt", "smoothness": "horrible"}, "Z"),
        ({"surface": "asphalt", "smoothness": "bad"}, "X"), ({"ice_road": "yes"}, "Z"),
        ({"highway": "motorway"}, "X"), ({"highway": "trunk"}, ""), ({"highway": "motorway", "surface": "dirt"}, "Z"),
    ],
)  # fmt: skip
def test_road_types(tags: dict[str, str], road_type: str) -> None:
    assert road(**tags).road_type == road_type


@pytest.mark.parametrize(
    ("tags", "kmh", "source"),
    [
        ({"highway": "primary"}, 65, 2), ({"highway": "primary", "maxspeed": "80"}, 80, 0),
        ({"highway": "primary", "maxspeed": "80", "surface": "sand"}, 15, 1),
        ({"highway": "primary", "surface": "sand"}, 15, 1),
        ({"highway": "primary", "maxspeed": "10", "surface": "sand"}, 10, 0), ({"tracktype": "grade5"}, 15, 2),
        ({"highway": "primary", "maxspeed": "none"}, 65, 2), ({"highway": "primary", "maxspeed": "fast"}, 65, 2),
        ({"highway": "primary", "smoothness": "impassable"}, 5, 1),
        ({"highway": "primary", "surface": "asphalt;mud"}, 10, 1),
    ],
)  # fmt: skip
def test_speeds_say_where_they_come_from(tags: dict[str, str], kmh: float, source: int) -> None:
    read = road(**tags)
    assert (read.speed_kmh, read.speed_source) == (kmh, source)


@pytest.mark.parametrize(
    ("tags", "ends"),
    [
        ({"oneway": "yes"}, "a>b"), ({"oneway": "true"}, "a>b"), ({"oneway": "1"}, "a>b"), ({"oneway": "-1"}, "b>a"),
        ({"oneway": "reverse"}, "b>a"), ({"oneway": "no"}, "a-b"), ({}, "a-b"), ({"junction": "roundabout"}, "a>b"),
        ({"junction": "circular"}, "a>b"), ({"junction": "roundabout", "oneway": "no"}, "a-b"),
        ({"highway": "motorway"}, "a>b"),
        ({"highway": "motorway", "oneway": "no"}, "a-b"), ({"highway": "motorway_link"}, "a-b"),
        ({"oneway": "reversible"}, "a-b"), ({"oneway": "alternating"}, "a-b"),
    ],
)  # fmt: skip
def test_directions(tmp_path: Path, tags: dict[str, str], ends: str) -> None:
    drawing = Drawing({"a": (0, 0), "b": (5, 0)}, [("a b", {"highway": "primary", **tags})])
    assert drawing.ends(drawing.build(tmp_path)) == [ends]


@pytest.mark.parametrize(
    ("tags", "is_kept"),
    [
        ({"access": "no"}, False), ({"motor_vehicle": "no"}, False), ({"vehicle": "no"}, False),
        ({"access": "private"}, True),
        ({"access": "no", "motor_vehicle": "yes"}, True), ({"access": "yes", "motor_vehicle": "no"}, False),
        ({"access": "no", "motor_vehicle": "private"}, True), ({"access": "destination"}, True),
        ({"motor_vehicle": "agricultural"}, True), ({"foot": "no"}, True), ({"area": "yes"}, False),
    ],
)  # fmt: skip
def test_access(tags: dict[str, str], is_kept: bool) -> None:
    assert (read_road({"highway": "track", **tags}).road is not None) == is_kept


def test_private_roads_are_kept_and_noted() -> None:
    assert read_road({"highway": "service", "access": "private"}).notes == ("private roads",)


def test_every_known_class_is_either_kept_or_refused_by_name() -> None:
    for highway in CLASS_SPEED_KMH:
        assert highway == "ferry" or read_road({"highway": highway}).road is not None
    for highway in NOT_A_ROAD:
        assert refusal(highway=highway) == f"not a road for vehicles: {highway}"
    assert refusal(highway="ferry") == refusal(highway="yes") == "unknown road class"


def test_ferries_for_people_only_are_refused() -> None:
    assert road(route="ferry", motor_vehicle="yes").highway == "ferry"
    assert refusal(route="ferry", motor_vehicle="no").startswith("closed to vehicles")


@pytest.mark.parametrize(
    ("tags", "metres"),
    [({"width": "6.5"}, 6.5), ({"width": "20'"}, 6.096), ({"lanes": "2"}, 6), ({"lanes": "2", "width": "5"}, 5),
     ({"est_width": "4"}, 4), ({"lanes": "many"}, None), ({}, None), ({"lanes": "1.5"}, None)],
)  # fmt: skip
def test_carriageways(tags: dict[str, str], metres: float | None) -> None:
    read = road(**tags).carriageway_m
    assert read is None if metres is None else math.isclose(read or 0, metres)


def test_unreadable_values_are_counted_once_for_each_way_that_carries_them(tmp_path: Path) -> None:
    bad = {"highway": "primary", "maxweight": "heavy", "maxspeed": "fast", "lanes": "many"}
    drawing = Drawing(
        {c: (i, 0) for i, c in enumerate("abcd")}, [("a b", bad), ("b c", bad), ("c d", {"highway": "track"})]
    )
    assert drawing.build(tmp_path).manifest["dropped"] == {
        "unreadable value of lanes": 2, "unreadable value of maxspeed": 2, "unreadable value of maxweight": 2,
    }  # fmt: skip


def test_names_are_cleaned_and_shared(tmp_path: Path) -> None:
    tags = {"highway": "primary", "name": " Rue\tde \u200bla Paix ", "ref": "N1"}
    drawing = Drawing(
        {c: (i, 0) for i, c in enumerate("abc")}, [("a b", tags), ("b c", {"highway": "track", "name:en": "N1"})]
    )
    network = drawing.build(tmp_path)
    assert {network.word(int(n)) for n in network.name} == {"Rue de la Paix", "N1"}
    assert {network.word(int(r)) for r in network.ref} == {"N1", None}
    assert words(network, "highway") == ["primary", "track"]
