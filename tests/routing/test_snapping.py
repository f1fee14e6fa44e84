"""A position joins the nearest road, measured on the ellipsoid, and cut lines add up to whole ones."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pyproj import Geod

from fom.routing.router import Router
from fom.routing.routes import route_line
from fom.routing.snapping import SNAP_RADIUS_M, line_between, point_on, snap_to_road
from tests.routing.small_networks import grid_network, make_network, plain_costs

GEOD = Geod(ellps="WGS84")
GRID = grid_network(4, 3)


def distance_m(a, b) -> float:
    return GEOD.inv(*a, *b)[2]


@given(st.floats(-0.02, 0.3), st.floats(-0.02, 0.21))
@settings(max_examples=200, deadline=None)
def test_the_nearest_road_within_the_radius_is_found_and_nothing_beyond(lon, lat):
    dense = [
        min(distance_m((lon, lat), p) for p in shapely.get_coordinates(shapely.segmentize(line, 0.0005)))
        for line in GRID.lines()
    ]
    nearest = min(dense)
    snap = snap_to_road(GRID, lon, lat)
    assume(abs(nearest - SNAP_RADIUS_M) > 40)
    if nearest > SNAP_RADIUS_M:
        assert snap is None
        return
    assert snap.distance_m == pytest.approx(nearest, abs=30)
    assert dense[snap.segment] == pytest.approx(nearest, abs=30)
    assert distance_m((lon, lat), snap.lonlat) == pytest.approx(snap.distance_m, rel=2e-3, abs=0.05)
    assert point_on(GRID, snap.segment, snap.fraction) == pytest.approx(snap.lonlat, abs=1e-7)


@given(st.floats(0.001, 0.26), st.floats(0.001, 0.17), st.floats(-2e-5, 2e-5), st.floats(-2e-5, 2e-5))
@settings(max_examples=100, deadline=None)
def test_moving_a_point_a_little_moves_its_place_on_the_road_a_little(lon, lat, east, north):
    one, two = snap_to_road(GRID, lon, lat), snap_to_road(GRID, lon + east, lat + north)
    assume(one is not None and two is not None and one.segment == two.segment)
    assert distance_m(one.lonlat, two.lonlat) <= distance_m((lon, lat), (lon + east, lat + north)) * 1.01 + 0.01


@pytest.mark.parametrize("off", [0.0, 1e-5])
def test_at_a_junction_the_main_road_is_joined_wherever_it_stands_in_the_network(off):
    places = [(30.0, 5.0), (30.01, 5.0), (30.0, 5.01), (29.99, 5.0)]
    for main in range(3):
        roads = [(0, end, 1100, False) for end in (1, 2, 3)]
        speeds = np.full(3, 25.0)
        speeds[main] = 65.0
        junction = replace(make_network(places, roads), speed_kmh=speeds)
        assert snap_to_road(junction, 30.0 + off, 5.0 + off).segment == main
    assert snap_to_road(junction, 30.0 + 1e-4, 5.0).segment == 0, "eleven metres along a street is on the street"


def test_of_equally_near_roads_of_one_speed_the_first_is_taken():
    assert snap_to_road(GRID, *GRID.node_lonlat[5]).segment == min(
        i for i in range(GRID.n_segments) if 5 in (GRID.from_node[i], GRID.to_node[i])
    )


@pytest.mark.parametrize("lat", [0.0, 60.0, -45.0])
def test_a_road_across_the_date_line_is_found_from_both_sides_and_drawn_the_short_way(lat):
    road = make_network([(179.99, lat), (-179.99, lat)], [(0, 1, 2000, False)])
    for lon in (179.995, -179.995, 180.0):
        snap = snap_to_road(road, lon, lat + 0.001)
        assert snap.distance_m == pytest.approx(111, abs=1.5)
        assert abs(snap.lonlat[0]) > 179.98
    line = line_between(road, 0, 0.25, 0.75)
    assert np.abs(line[:, 0]) == pytest.approx([179.995, 179.995])
    assert line[0, 0] > 0 > line[-1, 0]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_pieces_of_a_line_join_to_the_whole(cuts):
    bent = make_network([(30.0, 5.0), (30.01, 5.02)], [(0, 1, 2500, False)])
    places = [0.0, *sorted(cuts), 1.0]
    pieces = [line_between(bent, 0, a, b) for a, b in itertools.pairwise(places)]
    for before, after in itertools.pairwise(pieces):
        assert before[-1] == pytest.approx(after[0], abs=1e-12)
    assert pieces[0][0] == pytest.approx(bent.coords[0])
    assert pieces[-1][-1] == pytest.approx(bent.coords[1])
    assert np.array_equal(line_between(bent, 0, 0.2, 0.7), line_between(bent, 0, 0.7, 0.2)[::-1])


def test_the_line_of_a_route_runs_from_place_to_place_without_repeated_points():
    snaps = snap_to_road(GRID, 0.02, 0.001), snap_to_road(GRID, 0.2, 0.17)
    path = Router(GRID).metric(plain_costs(GRID)).best(*snaps)
    line = route_line(GRID, path)
    assert tuple(line[0]) == pytest.approx(snaps[0].lonlat)
    assert tuple(line[-1]) == pytest.approx(snaps[1].lonlat)
    assert (line[1:] != line[:-1]).any(axis=1).all()
    still = Router(GRID).metric(plain_costs(GRID)).best(snaps[0], snaps[0])
    assert len(route_line(GRID, still)) == 2
