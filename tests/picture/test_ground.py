"""Distances and parts on a network, against sampling with the geodesic solver."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fom.domain.policy import Policy
from fom.network.drawn import load_network_file
from fom.picture.ground import Ground
from tests.deep import in_gate

GEOD = pyproj.Geod(ellps="WGS84")
SAMPLES = 4001


def ground(*lines: list[list[float]], **properties: object) -> Ground:
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "LineString", "coordinates": line},
            "properties": {"segment_id": f"s{number}", "highway": "track", **properties},
        }
        for number, line in enumerate(lines)
    ]
    return Ground(load_network_file({"type": "FeatureCollection", "features": features}), Policy().corridor_m)


def sampled_distance(line: list[list[float]], lon: float, lat: float) -> float:
    """Return the distance of a point to a line straight in longitude/latitude, by many points along it."""
    share = np.linspace(0, 1, SAMPLES)
    best = np.inf
    for (x0, y0), (x1, y1) in pairwise(line):
        x1 = x0 + (x1 - x0 + 180) % 360 - 180
        lons, lats = x0 + share * (x1 - x0), y0 + share * (y1 - y0)
        best = min(best, GEOD.inv(lons, lats, np.full(SAMPLES, lon), np.full(SAMPLES, lat))[2].min())
    return best


def sampled_line_distance(one: list[list[float]], two: list[list[float]]) -> float:
    """Return the distance of two lines that do not cross: it begins or ends at a vertex."""
    return min(sampled_distance(a, *vertex) for a, b in ((one, two), (two, one)) for vertex in b)


@given(
    lat=st.floats(-66, 66), east=st.floats(0.008, 0.02), north=st.floats(-0.02, 0.02),
    turns=st.tuples(*[st.floats(-0.004, 0.004)] * 6),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_lines_are_as_far_apart_as_the_geodesic_says_to_a_centimetre(
    lat: float, east: float, north: float, turns: tuple[float, ...]
) -> None:
    road = [[36.2, lat - 0.0135], [36.195, lat], [36.193 + turns[0], lat + 0.0139]]
    line = [[36.2 + east + turns[1], lat + north], [36.2 + east + turns[2], lat + north + turns[3]]]
    expected = sampled_line_distance(road, line)
    assume(100.5 < expected < 3000 and not shapely.LineString(road).intersects(shapely.LineString(line)))
    found = ground(road).shape_distances(shapely.LineString(line), np.array([0]))[0]
    assert found == pytest.approx(expected, abs=0.015)


def test_of_two_corners_almost_equally_near_the_nearer_counts() -> None:
    road = [[36.2, 45.5], [36.19512493, 45.51351824], [36.19366198, 45.52742642]]
    line = [[36.21390736, 45.50535781], [36.21343558, 45.50666603]]
    found = ground(road).shape_distances(shapely.LineString(line), np.array([0]))[0]
    assert found == pytest.approx(1199.8935, abs=0.004), "not 1199.919, which is the other corner"


def test_a_line_that_goes_nowhere_is_as_far_as_its_place() -> None:
    road, place = [[36.2, 45.5], [36.195, 45.513]], [36.21, 45.505]
    here, none = ground(road), np.array([0])
    expected = here.shape_distances(shapely.Point(place), none)[0]
    for shape in (
        shapely.LineString([place] * 3),
        shapely.MultiLineString([[place] * 2, [[36.3, 45.5], [36.4, 45.5]]]),
    ):
        assert here.shape_distances(shape, none)[0] == pytest.approx(expected, abs=0.05)


def test_what_meets_a_shape_is_at_no_distance() -> None:
    here = ground([[30.0, 5.0], [30.01, 5.0]], [[30.002, 5.001], [30.003, 5.002]], [[30.5, 5.0], [30.51, 5.0]])
    area = shapely.Polygon([[29.99, 4.99], [30.005, 4.99], [30.005, 5.01], [29.99, 5.01]])
    line = shapely.LineString([[30.0, 5.003], [30.005, 4.999]])
    assert (here.shape_distances(area, np.arange(3)) == 0).tolist() == [True, True, False]
    assert (here.shape_distances(line, np.arange(3)) == 0).tolist() == [True, True, False]


LINES = {
    "short, at the equator": [[30.0, -0.002], [30.004, 0.003]],
    "bent, far north": [[18.0, 69.0], [18.01, 69.004], [18.03, 69.001]],
    "50 km at 60 degrees": [[10.0, 60.0], [10.9, 60.0]],
    "50 km north to south": [[10.0, 60.0], [10.01, 60.45]],
    "across the date line": [[179.99, -16.5], [-179.98, -16.497]],
}


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("offset", [(0.3, 0.0004), (0.7, -0.02), (1.002, 0.05)])
def test_points_and_shapes_are_as_far_as_the_geodesic_says(name: str, offset: tuple[float, float]) -> None:
    line = LINES[name]
    here = ground(line)
    end = line[-1][0] + (360 if line[-1][0] - line[0][0] < -180 else 0)
    lon, lat = line[0][0] + offset[0] * (end - line[0][0]), line[0][1] + offset[1]
    expected = sampled_distance(line, lon, lat)
    tolerance = max(0.05, expected / 1000, 6.0 if "50" in name else 0.0)
    measured = here.point_distances(np.array([lon]), np.array([lat]), np.array([0]))[0]
    assert measured == pytest.approx(expected, abs=max(0.05, expected / 1000) if "50" not in name else tolerance)
    speck = shapely.box(lon - 1e-9, lat - 1e-9, lon + 1e-9, lat + 1e-9)
    assert here.shape_distances(speck, np.array([0]))[0] == pytest.approx(measured, abs=max(0.05, measured / 1000))


def test_a_shape_that_meets_or_holds_a_segment_is_at_no_distance() -> None:
    here = ground([[30.0, 5.0], [30.01, 5.0]])
    shapes = [shapely.box(29.9, 4.9, 30.1, 5.1), shapely.LineString([(30.005, 4.99), (30.005, 5.01)])]
    for shape in shapes:
        assert here.shape_distances(shape, np.array([0]))[0] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("radius", [12.0, 40.0, 300.0])
def test_parts_within_a_distance_are_those_that_sampling_finds(radius: float) -> None:
    line = [[30.0, 5.0], [30.004, 5.001], [30.008, 5.0], [30.004, 5.0005]]
    here = ground(line)
    shape = shapely.MultiLineString([[(30.001, 5.0), (30.003, 5.002)], [(30.007, 4.999), (30.006, 5.001)]])
    parts = here.parts_within(shape, np.array([0]), np.array([radius])).of(0)
    vertices, steps = np.array(line), []
    for a, b in pairwise(vertices):
        steps.append(GEOD.inv(*a, *b)[2])
    along = np.concatenate([[0], np.cumsum(steps)])
    for metres in np.linspace(0.5, along[-1] - 0.5, 90):
        edge = int(np.searchsorted(along, metres) - 1)
        point = vertices[edge] + (metres - along[edge]) / steps[edge] * (vertices[edge + 1] - vertices[edge])
        distance = min(sampled_distance([list(p) for p in part.coords], *point) for part in shape.geoms)
        is_in = any(low <= metres <= high for low, high in parts)
        assert is_in == (distance <= radius) or abs(distance - radius) < 0.3


def test_parts_inside_an_area_end_at_its_outline_and_leave_out_its_holes() -> None:
    here = ground([[30.0, 5.0], [30.01, 5.0]])
    area = shapely.Polygon(
        [(29.9, 4.9), (30.005, 4.9), (30.005, 5.1), (29.9, 5.1)],
        [[(30.001, 4.99), (30.002, 4.99), (30.002, 5.01), (30.001, 5.01)]],
    )
    metre = here.geodesic_m(np.array([0]))[0] / 0.01
    parts = here.parts_inside(area, np.array([0])).of(0)
    assert [part for pair in parts for part in pair] == pytest.approx(
        [0, 0.001 * metre, 0.002 * metre, 0.005 * metre], abs=0.01
    )


def test_near_finds_segments_on_both_sides_of_the_date_line() -> None:
    here = ground([[179.99, 1.0], [179.995, 1.0]], [[-179.995, 1.0], [-179.99, 1.0]])
    for lon in (179.9999, -179.9999):
        found = {
            int(s) for _, _, segments in here.near(np.array([[lon, 1, lon, 1]]), np.array([2000.0])) for s in segments
        }
        assert found == {0, 1}


@pytest.mark.parametrize("middle", [(36.2, 4.0), (-179.99, -17.0), (10.0, 66.0), (179.995, 78.0)])
@pytest.mark.parametrize("longest", [3_000.0, 60_000.0], ids=["all near", "some beyond the quick way"])
def test_many_points_find_what_each_finds_alone(middle: tuple[float, float], longest: float) -> None:
    rng = np.random.default_rng(round(longest + 10 * middle[1]))
    starts = middle + rng.normal(0, 0.15, (200, 2))
    bends = starts[:, None] + np.cumsum(rng.normal(0, 0.004, (200, 3, 2)), axis=1)
    bends[..., 0] = (bends[..., 0] + 180.0) % 360.0 - 180.0
    here = ground(*bends.tolist())
    points = middle + rng.normal(0, 0.15, (300, 2))
    points[:, 0] = (points[:, 0] + 180.0) % 360.0 - 180.0
    reach = rng.uniform(0.0, longest, len(points))
    item, segment, metres = here.near_points(points, reach)
    found = {(int(i), int(s)): float(m) for i, s, m in zip(item, segment, metres, strict=True)}
    everything = np.arange(len(starts))
    expected = {}
    for number, ((lon, lat), limit) in enumerate(zip(points.tolist(), reach.tolist(), strict=True)):
        turn = 360.0 * np.round((here.coords[here.start[:-1], 0] - lon) / 360.0)
        distance = here.point_distances(lon + turn, np.full(200, lat), everything)
        expected |= {(number, int(s)): float(distance[s]) for s in np.flatnonzero(distance <= limit)}
    assert len(expected) > 200
    assert found.keys() == expected.keys()
    assert max(abs(found[pair] - expected[pair]) for pair in expected) < 1e-5


@pytest.mark.parametrize("seed", in_gate(3, range(6)))
def test_a_shape_of_many_edges_is_as_far_as_the_nearest_of_its_pieces(seed: int) -> None:
    rng = np.random.default_rng(seed)
    starts = rng.uniform([30.0, 5.0], [30.2, 5.2], (300, 2))
    here = ground(*(np.vstack([start, start + rng.normal(0, 0.004, (2, 2))]).tolist() for start in starts))
    turn = np.linspace(0, 2 * np.pi, 1000)
    radius = 0.05 + 0.02 * rng.normal(0, 1, 1000).cumsum() / 30
    line = np.column_stack([30.1 + radius * np.cos(turn), 5.1 + radius * np.sin(turn)])
    numbers, reach = np.arange(300), float(rng.choice([30.0, 500.0, 2000.0]))
    pieces = [shapely.LineString(line[i : i + 30]) for i in range(0, 999, 29)]
    expected = np.min([here.shape_distances(piece, numbers) for piece in pieces], axis=0)
    whole = shapely.LineString(line)
    np.testing.assert_array_equal(here.shape_distances(whole, numbers), expected)
    found, is_near = here.shape_distances(whole, numbers, reach_m=reach), expected <= reach
    np.testing.assert_array_equal(found[is_near], expected[is_near])
    assert (found[~is_near] > reach).all()
    assert 0 < is_near.sum() < 300
