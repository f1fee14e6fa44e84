"""Distances and lengths against the geodesic solver, shapes across the date line, parts of lines against sampling."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from fom.domain.geodesy import (
    Plane,
    bounds_with_reach,
    densify,
    distance_m,
    line_length_m,
    unroll,
    unroll_geometry,
)

GEOD = pyproj.Geod(ellps="WGS84")


@settings(max_examples=200)
@given(st.floats(-179, 179), st.floats(-80, 80), st.floats(0, 360), st.floats(0.1, 60_000))
def test_distances_agree_with_the_geodesic(lon: float, lat: float, azimuth: float, metres: float) -> None:
    there = GEOD.fwd(lon, lat, azimuth, metres)
    measured = distance_m(np.array([lon]), np.array([lat]), *(np.array([v]) for v in np.unwrap([lon, there[0]], period=360)[1:]), np.array([there[1]]))  # fmt: skip # noqa: E501
    assert measured[0] == pytest.approx(metres, rel=1e-4, abs=1e-3)


def test_a_straight_edge_of_50_km_at_60_degrees_is_longer_than_the_geodesic() -> None:
    edge = np.array([[10.0, 60.0], [10.9, 60.0]])
    direct = GEOD.inv(10.0, 60.0, 10.9, 60.0)[2]
    along = line_length_m(edge)
    parallel = sum(GEOD.inv(10 + i * 0.009, 60, 10 + (i + 1) * 0.009, 60)[2] for i in range(100))
    assert along == pytest.approx(parallel, abs=0.01)
    assert along > direct


def test_densified_edges_keep_the_line_and_the_limit() -> None:
    line = np.array([[10.0, 60.0], [10.5, 60.3], [10.5001, 60.3]])
    dense = densify(line)
    assert distance_m(dense[:-1, 0], dense[:-1, 1], dense[1:, 0], dense[1:, 1]).max() <= 1000.5
    assert shapely.LineString(line).hausdorff_distance(shapely.LineString(dense)) < 1e-12


def test_neighbours_across_the_date_line_come_together() -> None:
    assert unroll(np.array([179.99, -179.99, 179.98])).tolist() == pytest.approx([179.99, 180.01, 179.98])
    area = shapely.MultiPolygon([shapely.box(179, 0, 180, 1), shapely.box(-180, 0, -179, 1)])
    assert unroll_geometry(area).bounds == (179, 0, 181, 1)
    hole = shapely.Polygon(
        [(179, 0), (-179, 0), (-179, 2), (179, 2)], [[(-179.9, 0.5), (-179.5, 0.5), (-179.5, 1), (-179.9, 1)]]
    )
    assert unroll_geometry(hole).area == pytest.approx(4 - 0.2)


@given(st.floats(-170, 170), st.floats(-85, 85), st.floats(0, 360), st.floats(0, 20_000))
def test_a_box_with_reach_holds_every_point_within_reach(lon: float, lat: float, azimuth: float, metres: float) -> None:
    box = bounds_with_reach(np.array([[lon, lat, lon, lat]]), metres)[0]
    there = GEOD.fwd(lon, lat, azimuth, metres)
    assert box[0] <= there[0] + 360 * round((lon - there[0]) / 360) <= box[2]
    assert box[1] <= there[1] <= box[3]


@given(st.floats(-179, 179), st.floats(-80, 80))
def test_a_plane_gives_back_what_it_projects(lon: float, lat: float) -> None:
    plane = Plane.at(lon, lat)
    points = np.array([[lon + 0.1, lat - 0.05], [lon - 0.02, lat + 0.2]])
    assert plane.unproject(plane.project(points)) == pytest.approx(points, abs=1e-9)
