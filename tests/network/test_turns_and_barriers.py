"""Are forbidden turns and closed barriers where the file puts them, and nowhere else?"""

from __future__ import annotations

from pathlib import Path

import pytest

from fom.network.network import Network
from tests.network.osm_writing import Drawing

ROAD = {"highway": "primary"}
PLACES = {"m": (0, 0), "n": (0, 5), "e": (5, 0), "s": (0, -5), "w": (-5, 0)}
NORTH, EAST, SOUTH, WEST = 1, 2, 3, 4
WAYS = [("m n", ROAD), ("m e", {**ROAD, "name": "East"}), ("s m", ROAD), ("w m", {**ROAD, "name": "West"})]


def crossing(*turns: tuple[int, str, int, dict[str, str]]) -> Drawing:
    return Drawing(PLACES, WAYS, turns=turns)


def turns_of(network: Network, drawing: Drawing) -> set[tuple[str, str]]:
    """Return forbidden turns over the middle as (from, to) names."""
    name = {}
    for place in "nesw":
        name[drawing.arc(network, place, "m")] = place
        name[drawing.arc(network, "m", place)] = place
    return {(name[a], name[b]) for a, b in network.forbidden_turns.tolist()}


def test_a_no_turn_forbids_that_turn_only(tmp_path: Path) -> None:
    drawing = crossing((SOUTH, "m", WEST, {"restriction": "no_left_turn"}))
    network = drawing.build(tmp_path)
    assert turns_of(network, drawing) == {("s", "w")}
    assert network.forbidden_turns.tolist() == [[drawing.arc(network, "s", "m"), drawing.arc(network, "m", "w")]]


def test_an_only_turn_forbids_every_other_turn(tmp_path: Path) -> None:
    drawing = crossing((SOUTH, "m", NORTH, {"restriction": "only_straight_on"}))
    assert turns_of(drawing.build(tmp_path), drawing) == {("s", "e"), ("s", "s"), ("s", "w")}


def test_a_no_u_turn_forbids_the_way_back(tmp_path: Path) -> None:
    drawing = crossing((SOUTH, "m", SOUTH, {"restriction": "no_u_turn"}))
    assert turns_of(drawing.build(tmp_path), drawing) == {("s", "s")}


def test_a_restriction_holds_on_the_pieces_beside_its_node_when_roads_are_cut(tmp_path: Path) -> None:
    drawing = crossing((SOUTH, "m", WEST, {"restriction": "no_left_turn"}))
    network = drawing.build(tmp_path, max_length_m=100)
    ((before, after),) = network.forbidden_turns.tolist()
    assert network.length_m[before // 2] < 101
    head = network.to_node if before % 2 == 0 else network.from_node
    tail = network.from_node if after % 2 == 0 else network.to_node
    assert drawing.name_at(network.node_lonlat[head[before // 2]]) == "m"
    assert drawing.name_at(network.node_lonlat[tail[after // 2]]) == "m"


@pytest.mark.parametrize("near", ["m w", "w m"])
@pytest.mark.parametrize("far", ["w v", "v w"])
@pytest.mark.parametrize("east", [True, False])
def test_a_restriction_finds_its_way_in_a_road_of_several_ways(tmp_path: Path, near: str, far: str, east: bool) -> None:
    """The joined road may run against its ways, to either side of the node."""
    side = -1 if east else 1
    places = {name: (side * x, y) for name, (x, y) in {**PLACES, "v": (-9, 0)}.items()}
    for number, ways in ((WEST, [*WAYS[:3], (near, ROAD), (far, ROAD)]), (5, [*WAYS[:3], (far, ROAD), (near, ROAD)])):
        drawing = Drawing(places, ways, turns=[(SOUTH, "m", number, {"restriction": "no_left_turn"})])
        network = drawing.build(tmp_path)
        assert network.manifest["dropped"] == {}
        assert network.forbidden_turns.tolist() == [[drawing.arc(network, "s", "m"), drawing.arc(network, "m", "v")]]


def test_a_restriction_against_a_one_way_road_is_counted_not_kept(tmp_path: Path) -> None:
    ways = [*WAYS[:3], ("w m", {**ROAD, "oneway": "yes"})]
    drawing = Drawing(PLACES, ways, turns=[(SOUTH, "m", WEST, {"restriction": "no_left_turn"})])
    network = drawing.build(tmp_path)
    assert len(network.forbidden_turns) == 0
    assert network.manifest["dropped"] == {"turn restrictions that one-way traffic makes needless": 1}


def test_a_restriction_on_a_road_that_is_not_at_its_node_is_counted(tmp_path: Path) -> None:
    places = {**PLACES, "x": (9, 0), "y": (9, 5)}
    drawing = Drawing(places, [*WAYS, ("x y", ROAD)], turns=[(SOUTH, "m", 5, {"restriction": "no_left_turn"})])
    network = drawing.build(tmp_path)
    assert network.manifest["dropped"] == {"turn restrictions whose roads do not end at their node": 1}


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"restriction": "no_left_turn", "except": "motorcar;bicycle"}, "turn restrictions that except motor vehicles"),
        (
            {"restriction:conditional": "no_left_turn @ (07:00-09:00)"},
            "turn restrictions for some vehicles or times only",
        ),
        ({"restriction": "keep_left"}, "turn restrictions of an unknown kind"),
    ],
)
def test_restrictions_that_cannot_be_kept_are_counted(tmp_path: Path, tags: dict[str, str], reason: str) -> None:
    network = crossing((SOUTH, "m", WEST, tags)).build(tmp_path)
    assert len(network.forbidden_turns) == 0
    assert network.manifest["dropped"] == {reason: 1}


def test_a_restriction_on_a_way_that_runs_through_the_node_is_not_guessed(tmp_path: Path) -> None:
    ways = [("s m n", ROAD), ("m e", {**ROAD, "name": "East"})]
    network = Drawing(PLACES, ways, turns=[(1, "m", 2, {"restriction": "no_right_turn"})]).build(tmp_path)
    assert network.manifest["dropped"] == {"turn restrictions at a way that runs through their node": 1}


def test_a_restriction_at_a_node_off_the_kept_roads_is_counted(tmp_path: Path) -> None:
    places = {**PLACES, "far": (9, 9)}
    network = Drawing(places, WAYS, turns=[(SOUTH, "far", WEST, {"restriction": "no_left_turn"})]).build(tmp_path)
    assert network.manifest["dropped"] == {"turn restrictions at a node that is on no kept road": 1}


@pytest.mark.parametrize(
    ("tags", "stops"),
    [
        ({"barrier": "bollard"}, True), ({"barrier": "block"}, True), ({"barrier": "jersey_barrier"}, True),
        ({"barrier": "something_new"}, True), ({"barrier": "yes"}, True), ({"barrier": "gate"}, False),
        ({"barrier": "lift_gate"}, False), ({"barrier": "checkpoint"}, False), ({"barrier": "toll_booth"}, False),
        ({"barrier": "gate", "locked": "yes"}, True), ({"barrier": "gate", "access": "no"}, True),
        ({"barrier": "gate", "access": "private"}, False), ({"barrier": "bollard", "motor_vehicle": "yes"}, False),
        ({"barrier": "gate", "access": "no", "motor_vehicle": "yes"}, False),
        ({"barrier": "kerb"}, None), ({"barrier": "no"}, None),
    ],
)  # fmt: skip
def test_barriers(tmp_path: Path, tags: dict[str, str], stops: bool | None) -> None:
    places = {"a": (0, 0), "b": (5, 0), "c": (10, 0)}
    drawing = Drawing(places, [("a b c", ROAD)], {"b": tags})
    network = drawing.build(tmp_path)
    if stops:
        assert [drawing.name_at(network.node_lonlat[n]) for n in network.barrier_node] == ["b"]
        assert [network.barrier_words[t] for t in network.barrier_type] == [tags["barrier"]]
        assert drawing.ends(network) == ["a-b", "b-c"]
        assert len(set(network.link.tolist())) == 1
    else:
        assert len(network.barrier_node) == 0
        assert drawing.ends(network) == ["a-c"]
        assert [drawing.name_at(p) for p in network.gate_lonlat] == ([] if stops is None else ["b"])


def test_a_barrier_beside_the_road_stops_nobody(tmp_path: Path) -> None:
    network = Drawing({**PLACES, "x": (3, 3)}, WAYS, {"x": {"barrier": "bollard"}}).build(tmp_path)
    assert len(network.barrier_node) == 0
