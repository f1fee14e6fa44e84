"""Axle limits from the tag to the plan: which vehicle a road refuses, in which words, and what is not known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fom.domain.facts_file import parse_facts
from fom.domain.policy import Policy
from fom.domain.policy_rules import policy_faults
from fom.domain.profiles import PROFILES, Profile
from fom.errors import InvalidInput
from fom.network.drawn import load_network_file, network_document
from fom.network.network import Network
from fom.network.succession import CHANGES, changes_between
from fom.picture.picture import Picture
from fom.picture.question import Question
from fom.routing.request import Wishes
from fom.services.assessing import assess_facts
from fom.services.planning import plan_facts
from tests.network.osm_writing import Drawing

AT = "2026-03-10T12:00:00Z"
ROAD = {"highway": "primary", "surface": "asphalt"}
NODES = {"z": (-9, 0), "a": (0, 0), "b": (20, 0), "c": (40, 0), "e": (49, 0), "d": (20, 30)}


def square(tmp_path: Path, axle: str) -> Network:
    """Z to E straight over A, B and C, or the longer way over D; an axle limit on A to B."""
    ways = [
        ("z a", ROAD),
        ("a b", {**ROAD, "maxaxleload": axle}),
        ("b c", ROAD),
        ("c e", ROAD),
        ("a d", ROAD),
        ("d c", ROAD),
    ]
    return Drawing(NODES, ways).build(tmp_path)


def passed(network: Network) -> dict[str, Any]:
    """A facts file by which a low-loader has passed everything."""
    said = {
        "kind": "verification", "occurred": AT, "received": AT, "strength": "own_patrol_traverse", "passed": "P7",
        "grade": "B2", "segments": [{"id": network.segment_id(i)} for i in range(network.n_segments)],
    }  # fmt: skip
    feature = {"type": "Feature", "id": "v1", "geometry": None, "properties": said}
    return {"type": "FeatureCollection", "format": "fom-facts/1", "features": [feature]}


def limited(network: Network) -> int:
    return int(np.flatnonzero(~np.isnan(network.axle_t))[0])


def judged(network: Network, profile: str, profiles: dict[str, Any] | None = None) -> dict[str, Any]:
    facts = {**passed(network), "profiles": profiles or {}}
    answer = assess_facts(network, facts, at=AT, known_at=None, profile=profile, user_class="humanitarian")
    number = limited(network)
    return next(row for row in answer["segments"] if row["segment_id"] == network.segment_id(number))


@pytest.mark.parametrize(
    ("axle", "state", "rule", "text"),
    [
        ("6.9", "BLACK", "P2", "Road: the vehicle exceeds its limit (axle load 7, limit 6.9 t)"),
        ("7", "AMBER", "P3", "Road: the vehicle is close to its limit (axle load 7, limit 7 t)"),
        ("7000 kg", "AMBER", "P3", "Road: the vehicle is close to its limit (axle load 7, limit 7 t)"),
        ("8", "GREEN", None, None),
    ],
)
def test_a_ten_tonne_truck_is_judged_by_its_heaviest_axle(
    tmp_path: Path, axle: str, state: str, rule: str | None, text: str | None
) -> None:
    row = judged(square(tmp_path, axle), "P5")
    found = [(reason["rule"], reason["text"]) for reason in row["reasons"] if reason["component"] == "physical"]
    assert row["components"]["physical"] == state
    assert found == ([] if rule is None else [(rule, text)])


def test_what_nobody_stated_of_the_axles_is_unknown_where_the_mass_could_break_the_limit(tmp_path: Path) -> None:
    network = square(tmp_path, "8")
    lorry = {"extends": "P5", "mass_t": 9, "mlc": 10}
    assert judged(network, "lorry", {"lorry": lorry})["components"]["physical"] == "GREY"
    [reason] = [r for r in judged(network, "lorry", {"lorry": lorry})["reasons"] if r["component"] == "physical"]
    assert (reason["rule"], reason["text"]) == (
        "P4",
        "Road: its axle load limit is 8 t, the axle load of the vehicle is not stated",
    )
    assert reason["what_would_change_it"] == "The load on the vehicle's heaviest axle, or a lighter vehicle"
    assert judged(network, "lorry", {"lorry": {**lorry, "mass_t": 7}})["components"]["physical"] == "GREEN"
    assert judged(network, "lorry", {"lorry": {**lorry, "axle_t": 6}})["components"]["physical"] == "GREEN"
    renamed = {"lorry": {"extends": "P5", "mlc": 11}}
    assert judged(network, "lorry", renamed)["components"]["physical"] == "GREEN", "the same mass keeps its axles"


def test_a_plan_goes_round_a_road_that_does_not_bear_the_axle(tmp_path: Path) -> None:
    network = square(tmp_path, "5")
    by_longitude = network.node_lonlat[network.node_lonlat[:, 0].argsort()]
    west, east = by_longitude[0], by_longitude[-1]
    straight = network.segment_id(limited(network))

    def ways(**wishes: Any) -> set[str]:
        answer = plan_facts(
            network, passed(network), origin=west.tolist(), destination=east.tolist(), at=AT, known_at=None,
            profile="P3", user_class="humanitarian", wishes=Wishes(**wishes), alternates=0,
        )  # fmt: skip
        assert answer["outcome"] == "route"
        return {stretch["id"] for stretch in answer["best"]["segments"]}

    assert straight in ways()
    assert straight not in ways(vehicle={"mass_t": 7, "mlc": 8, "axle_t": 5.1})
    assert straight in ways(vehicle={"mass_t": 7, "mlc": 8, "axle_t": 4.9})


def test_a_drawn_network_keeps_its_axle_limits_and_a_new_map_shows_that_they_changed(tmp_path: Path) -> None:
    old, new = square(tmp_path, "8"), square(tmp_path, "6")
    again = load_network_file(network_document(old))
    np.testing.assert_array_equal(again.axle_t, old.axle_t)
    every = np.arange(old.n_segments)
    changed = changes_between(old, new, every, every)[:, CHANGES.index("limits")]
    assert np.flatnonzero(changed).tolist() == [limited(old)]
    bare = network_document(old)
    for feature in bare["features"]:
        feature["properties"].pop("axle_t", None)
    unmarked = changes_between(old, load_network_file(bare), every, every)[:, CHANGES.index("limits")]
    assert np.flatnonzero(unmarked).tolist() == [limited(old)]


@pytest.mark.parametrize("axle", [-1, "8", True])
def test_a_drawn_axle_limit_is_a_number(tmp_path: Path, axle: Any) -> None:
    document = network_document(square(tmp_path, "8"))
    document["features"][0]["properties"]["axle_t"] = axle
    with pytest.raises(InvalidInput) as refused:
        load_network_file(document)
    assert "axle_t" in {error.field for error in refused.value.errors}


@pytest.mark.parametrize("axle", [-1, "6", None])
def test_an_axle_load_is_a_number(tmp_path: Path, axle: Any) -> None:
    facts = {**passed(square(tmp_path, "8")), "profiles": {"lorry": {"extends": "P5", "axle_t": axle}}}
    with pytest.raises(InvalidInput) as refused:
        parse_facts(facts)
    assert {error.field for error in refused.value.errors} == {"profiles.lorry.axle_t"}


def test_what_a_mission_publishes_puts_no_more_on_an_axle_than_the_vehicle_weighs() -> None:
    heavy = PROFILES | {"P5": replace(PROFILES["P5"], mass_t=6.5)}
    assert [fault.field for fault in policy_faults(Policy(), heavy)] == ["profiles.P5.axle_t"]
    assert policy_faults(Policy(), PROFILES) == []


def test_a_profile_without_axles_is_never_better_than_the_same_one_with_them(tmp_path: Path) -> None:
    network = square(tmp_path, "8")
    picture = Picture(network, parse_facts(passed(network), network=network).records)
    stated = PROFILES["P6"]
    unstated = Profile("P6", stated.vehicle, 20, 20, 2.5, 3.6, 0.7)
    at = parse_facts(passed(network)).records[0].eff
    both = [picture.assess(Question(at, at, p, "humanitarian")).components[:, :, 2] for p in (stated, unstated)]
    assert (both[1] >= both[0]).all()
