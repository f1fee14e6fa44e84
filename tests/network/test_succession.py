"""Does a new version of the map keep the ids of its roads, follow splits and merges, and say what is lost?"""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from fom.network.succession import NEW_FATES, OLD_FATES, reverse_segments, succeed
from tests.network.edited_areas import Area, edited, make_area, place_on, shares_of, to_numbers

CLEARLY_M = 20.0
"""Shifts up to this are followed for certain, shifts beyond 45 m never; between, shape decides."""


def follow(area: Area, new: Area):
    old_network, new_network = area.network("o"), new.network("n")
    numbers = to_numbers(new_network, "n")
    return old_network, numbers, succeed(old_network, new_network)


@pytest.mark.parametrize("seed", range(12))
def test_every_road_that_stays_keeps_its_id_and_its_metres(seed):
    rng = random.Random(seed)
    area = make_area(rng)
    new = edited(area, rng)
    old_network, numbers, found = follow(area, new)
    for name, road in new.roads.items():
        origin = new.origin[name]
        whole = len(origin) == 1 and set(origin[0][1:]) == {0.0, 1.0}
        if not whole or new.moved_m.get(origin[0][0], 0.0) > CLEARLY_M:
            continue
        number = numbers[name]
        if found.pieces.is_doubtful[found.pieces.new == number].any():
            continue
        assert found.network.segment_id(number) == f"o{origin[0][0]}", (name, origin)
        assert NEW_FATES[found.new_fate[number]] in ("matched", "changed")
        if not road["properties"]["oneway"] and not old_network.is_oneway[int(origin[0][0])]:
            at = old_network.find_segment(f"o{origin[0][0]}")
            before, after = old_network.line(at).coords[0], found.network.line(number).coords[0]
            assert np.hypot(before[0] - after[0], before[1] - after[1]) * 111_195 < 70, "it runs the other way now"


@pytest.mark.parametrize("seed", range(12))
def test_pieces_lead_to_the_place_that_the_edit_made_of_it(seed):
    """Every metre of every old road is asked where it went, and the answer compared with what the edit did."""
    rng = random.Random(100 + seed)
    area = make_area(rng)
    new = edited(area, rng)
    old_network, numbers, found = follow(area, new)
    number_of = to_numbers(old_network, "o")
    truth: dict[str, list[tuple[float, float, str]]] = {}
    for name in new.roads:
        for old, low, high in shares_of(new, name):
            truth.setdefault(old, []).append((low, high, name))
    asked = wrong = 0
    for old, number in number_of.items():
        length = float(old_network.length_m[number])
        rows = np.flatnonzero(found.pieces.old == number)
        for share in np.linspace(0.1, 0.9, 9):
            if new.moved_m.get(old, 0.0) > CLEARLY_M:
                continue
            went = [int(found.pieces.new[r]) for r in rows
                    if found.pieces.old_low[r] <= share * length <= found.pieces.old_high[r]]  # fmt: skip
            became = [numbers[name] for low, high, name in truth.get(old, []) if low + 0.06 < share < high - 0.06]
            if old in new.deleted:
                assert not went, f"{old} is gone, not {went}"
            elif became:
                asked += 1
                wrong += went != became
    assert asked > 100
    assert wrong <= 0.01 * asked, f"{wrong} of {asked}"


@pytest.mark.parametrize("seed", range(6))
def test_what_moved_far_is_lost_and_the_road_at_its_new_place_is_new(seed):
    rng = random.Random(200 + seed)
    area = make_area(rng, 4, 3)
    new = edited(area, rng, share=0)
    name = rng.choice(list(new.roads))
    line = new.roads[name]["line"]
    along = np.subtract(line[-1], line[0])
    east, north = 55 / 111_195 * np.array([along[1], -along[0]]) / np.hypot(*along)
    new.roads[name]["line"] = [(x + east, y + north) for x, y in line]
    old_network, numbers, found = follow(area, new)
    number = numbers[name]
    at = old_network.find_segment(f"o{name}")
    assert OLD_FATES[found.old_fate[at]] == "lost"
    assert NEW_FATES[found.new_fate[number]] == "new"
    assert found.network.segment_id(number) == f"n{name}"
    assert found.report["old"]["lost"]["segments"] == 1
    followed = found.lineage.follow(f"o{name}", 0.0, None)
    assert followed is not None
    assert (followed.parts, len(followed.lost)) == ((), 1)


def test_a_split_road_and_a_merged_one_have_new_ids_and_the_lineage_knows_both():
    rng = random.Random(7)
    area = make_area(rng, 4, 3)
    new = edited(area, rng, share=0)
    from tests.network import edited_areas

    edited_areas._split(new, "0", rng)
    old_network, numbers, found = follow(area, new)
    parts = [found.network.segment_id(numbers[n]) for n in ("0x", "0y")]
    assert "o0" not in {found.network.segment_id(i) for i in range(found.network.n_segments)}
    length = float(old_network.length_m[old_network.find_segment("o0")])
    followed = found.lineage.follow("o0", 0.0, None)
    assert [part.segment_id for part in followed.parts] == parts
    assert not followed.lost
    middle = found.lineage.follow("o0", 0.1 * length, 0.2 * length)
    assert [part.segment_id for part in middle.parts] == parts[:1]
    there = place_on(new.roads["0x"]["line"], middle.parts[0].low_m / found.network.length_m[numbers["0x"]])
    here = place_on(area.roads["0"]["line"], 0.1)
    assert np.hypot(here[0] - there[0], here[1] - there[1]) * 111_195 < 5


def test_an_id_is_never_given_to_another_road():
    """A road goes, and later one of its shape comes: it is a new road with an id of its own."""
    rng = random.Random(3)
    area = make_area(rng, 4, 3)
    gone = edited(area, rng, share=0)
    del gone.roads["0"]
    old_network = area.network("s")
    follower = succeed(old_network, gone.network("s")).network
    again = succeed(replace(follower, network_id="two"), area.network("s"), retired={b"s0"})
    ids = {again.network.segment_id(i) for i in range(again.network.n_segments)}
    assert "s0" not in ids
    assert len(ids) == again.network.n_segments


def test_turning_a_segment_round_turns_all_that_hangs_on_it():
    rng = random.Random(5)
    network = make_area(rng, 4, 3).network("o")
    turn = ~np.asarray(network.is_oneway)
    turns = np.array([[0, 3], [5, 6]])
    twice = reverse_segments(reverse_segments(replace(network, forbidden_turns=turns), turn), turn)
    assert np.array_equal(twice.coords, network.coords)
    assert np.array_equal(twice.forbidden_turns, turns)
    assert np.allclose(twice.asset_at_m, network.asset_at_m)
    once = reverse_segments(network, turn)
    number = int(np.flatnonzero(turn)[0])
    assert list(once.line(number).coords) == list(network.line(number).coords)[::-1]
    assert (once.from_node[number], once.to_node[number]) == (network.to_node[number], network.from_node[number])
