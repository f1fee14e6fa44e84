"""What a filled report form becomes: the body of a report, or every bad field at once."""

import uuid
from typing import Any

import pytest

from fom.errors import InvalidInput
from fom.network.drawn import load_network_file
from fom.services.drafts import parse_report
from fom.services.route_stretches import cut_stretches
from fom.web.pages.planner_form import find_place
from fom.web.pages.report_forms import FORMS, read_place, read_report
from tests.web.mission import network_document

PLACE = {"position": "30.045, 5.09"}
GOOD: dict[str, dict[str, str]] = {
    "explosive": {"hazard": "item", "class": "ied", **PLACE},
    "restriction": {"control": "denial", "user_class": "humanitarian", "imposed_by": "community", **PLACE},
    "physical": {"damage": "flooded", "depth_m": "0,4", **PLACE},
    "incident": {"type": "armed_robbery", **PLACE},
    "passage": {
        "strength": "own_patrol_traverse", "passed": "P3", "user_class": "mission_military",
        "occurred": "2026-03-10T09:30", "track": "[[30.0, 5.09], [30.09, 5.09]]",
    },
}  # fmt: skip


def read(name: str, **changes: str) -> dict[str, Any]:
    return read_report(name, {"id": str(uuid.uuid4()), **GOOD[name], **changes}, stretches=lambda form: [{"id": "a-b"}])


def fields(refusal: pytest.ExceptionInfo[InvalidInput]) -> set[str]:
    return {error.field for error in refusal.value.errors}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_makes_a_report_that_the_service_accepts(name: str) -> None:
    draft = parse_report(read(name))
    assert len(draft.records) == 1
    assert draft.form in ("explosive", "restriction", "bridge", "incident", "passage")


@pytest.mark.parametrize(
    ("text", "source", "location", "has_geometry"),
    [
        ("36N VL 345 678", "", {"method": "mgrs", "mgrs": "36N VL 345 678"}, False),
        ("5°00.024'N 30°00.63'E", "", {"method": "gps", "accuracy_m": pytest.approx(28.1, abs=0.1)}, True),
        ("30.0105, 5.0004", "gps", {"method": "gps", "accuracy_m": 8.0}, True),
        ("30.0105, 5.0004", "map", {"method": "sketch", "uncertainty_m": 8.0}, True),
    ],
)
def test_how_a_place_was_given_decides_how_surely_it_is_known(
    text: str, source: str, location: dict[str, Any], has_geometry: bool
) -> None:
    errors: list[Any] = []
    form = {"position": text, "position_source": source, "position_accuracy_m": "8" if source else ""}
    place = read_place(form, errors)
    assert errors == []
    assert place is not None
    assert (place.location, place.has_geometry) == (location, has_geometry)


def test_all_bad_fields_of_a_form_are_told_at_once() -> None:
    with pytest.raises(InvalidInput) as refusal:
        read("restriction", control="", delay_min="long", position="36N VL 345 67", occurred="yesterday")
    assert fields(refusal) >= {"control", "delay_min", "position", "occurred"}


def test_a_report_without_any_place_is_asked_for_one_and_a_name_is_enough() -> None:
    with pytest.raises(InvalidInput) as refusal:
        read("explosive", position="")
    assert fields(refusal) == {"position"}
    assert read("explosive", position="", place_text="near the old mill")["records"][0]["geometry"] is None


@pytest.mark.parametrize("track", ["[[30, 5]]", "[[30]]", "no", '{"a": 1}', "[[30, 5], [null, 5]]"])
def test_a_track_that_is_none_is_refused_by_name(track: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        read("passage", track=track)
    assert "track" in fields(refusal)


def test_a_passage_without_a_track_names_its_stretches_and_says_so() -> None:
    record = read("passage", track="")["records"][0]
    assert record["geometry"] is None
    assert record["properties"]["track"] == "stated"
    assert record["properties"]["segments"] == [{"id": "a-b"}]


STRETCHES = [
    {"id": "a-b", "from_m": 0, "to_m": 10_000, "direction": "forward"},
    {"id": "b-e", "from_m": 0, "to_m": 10_000, "direction": "backward"},
]


@pytest.mark.parametrize(
    ("from_km", "to_km", "expected"),
    [
        ("", "", [("a-b", 0, 10_000), ("b-e", 0, 10_000)]),
        ("4", "", [("a-b", 4_000, 10_000), ("b-e", 0, 10_000)]),
        ("2,5", "12", [("a-b", 2_500, 10_000), ("b-e", 8_000, 10_000)]),
        ("13", "15", [("b-e", 5_000, 7_000)]),
    ],
)
def test_part_of_a_route_is_cut_by_kilometre_whichever_way_its_segments_run(
    from_km: str, to_km: str, expected: list[tuple[str, float, float]]
) -> None:
    network = load_network_file(network_document())
    cut = cut_stretches(network, STRETCHES, from_km, to_km)
    assert [(part["id"], part["from_m"], part["to_m"]) for part in cut] == expected


@pytest.mark.parametrize(("from_km", "to_km"), [("7", "3"), ("30", ""), ("x", ""), ("-1", "")])
def test_kilometres_that_name_no_part_of_the_route_are_refused(from_km: str, to_km: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        cut_stretches(load_network_file(network_document()), STRETCHES, from_km, to_km)
    assert fields(refusal) <= {"from_km", "to_km"}


NAMED = [("Alpha", "settlement", 30.0, 5.0), ("Bar", "camp", 30.1, 5.0), ("Bar", "base", 30.9, 5.0)]


def test_a_place_is_found_by_name_or_position_and_never_picked_among_several() -> None:
    assert find_place(" alpha ", NAMED, "from") == (30.0, 5.0)
    assert find_place("30.5, 5.5", NAMED, "from") == (30.5, 5.5)
    with pytest.raises(InvalidInput, match="several places"):
        find_place("Bar", NAMED, "to")
    with pytest.raises(InvalidInput, match="registers"):
        find_place("Nowhere", NAMED, "to")
