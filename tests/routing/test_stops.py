"""Rest and fuel: no leg beyond its limit unless it is told, and no halt more than needed."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fom.routing.stops import FUEL_KINDS, REST_KINDS, Along, Place, places_beside, plan_stops

HOUR = 3600.0


def even(length_m: float, kmh: float = 36.0) -> Along:
    metres = np.linspace(length_m / 50, length_m, 50)
    return Along(metres, metres / (kmh / 3.6))


@st.composite
def places(draw: st.DrawFn) -> list[Place]:
    at = draw(st.lists(st.integers(1, 399), unique=True, max_size=12))
    kinds = draw(st.lists(st.sampled_from(["base", "tob", "settlement", "camp"]), min_size=len(at), max_size=len(at)))
    found = sorted(zip(at, kinds, strict=True))
    return [Place(str(i), f"p{i}", kind, km * 1000.0, 0.0) for i, (km, kind) in enumerate(found)]


def fewest(at_m: list[float], limit_m: float, length_m: float) -> int | None:
    """Return the fewest halts by trying every set of places, None = no set will do."""
    for count in range(len(at_m) + 1):
        for chosen in itertools.combinations(at_m, count):
            legs = np.diff([0.0, *chosen, length_m])
            if (legs <= limit_m).all():
                return count
    return None


@given(places(), st.sampled_from([60.0, 100.0, 180.0]))
def test_refuelling_needs_the_fewest_halts_and_every_leg_beyond_the_range_is_told(found, range_km):
    answer = plan_stops(even(400_000), found, range_m=range_km * 1000)
    fuel = [p.at_m for p in found if p.kind in FUEL_KINDS]
    least = fewest(fuel, range_km * 1000, 400_000)
    ats = [0.0, *(s.place.at_m for s in answer.stops), 400_000.0]
    too_long = [(a, b) for a, b in itertools.pairwise(ats) if b - a > range_km * 1000]
    assert too_long == [(g.from_m, g.to_m) for g in answer.gaps]
    assert (least is None) == bool(too_long)
    if least is not None:
        assert len(answer.stops) == least


@given(places(), st.sampled_from([2.0, 4.0]), st.sampled_from([None, 120.0]))
def test_nobody_drives_longer_than_agreed_unless_it_is_told(found, rest_h, range_km):
    along = even(400_000)
    answer = plan_stops(along, found, rest_every_s=rest_h * HOUR, range_m=None if range_km is None else range_km * 1000)
    rests = [0.0, *(along.seconds_at(s.place.at_m) for s in answer.stops if "rest" in s.purposes), along.seconds[-1]]
    told = [g for g in answer.gaps if g.purpose == "rest"]
    assert sum(b - a > rest_h * HOUR + 1e-6 for a, b in itertools.pairwise(rests)) == len(told)
    assert all(s.place.kind in REST_KINDS for s in answer.stops)
    assert [s.place.at_m for s in answer.stops] == sorted(s.place.at_m for s in answer.stops)
    assert all("camp" not in s.place.kind for s in answer.stops)


def test_places_lie_beside_the_way_in_order_also_across_the_date_line():
    for turn in (0.0, 180.0 - 30.05):

        def shift(lon: float, turn: float = turn) -> float:
            return (lon + turn + 180.0) % 360.0 - 180.0

        line = np.array([[shift(30.0 + i * 0.01), 5.0] for i in range(11)])
        sites = [
            {"id": name, "name": name, "kind": "base", "lon": shift(lon), "lat": lat}
            for name, lon, lat in (("late", 30.08, 5.01), ("early", 30.02, 4.995), ("far", 30.05, 5.1))
        ]
        found = places_beside(line, 11_000.0, sites)
        assert [place.id for place in found] == ["early", "late"]
        assert abs(found[0].at_m - 2_200) < 5
        assert abs(found[1].off_m - 1_106) < 5
