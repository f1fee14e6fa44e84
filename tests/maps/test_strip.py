"""Parts of a strip: from place to place, together the whole route, none a crumb."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from fom.maps.strip import PART_MIN_M, Course, parts_along


def course_of(lengths: list[float]) -> Course:
    count = len(lengths)
    return Course(
        numbers=np.arange(count), directions=np.zeros(count, np.int64),
        starts_m=np.concatenate(([0.0], np.cumsum(lengths)[:-1])), lengths_m=np.array(lengths),
        first_m=np.zeros(count), line=shapely.LineString(), plane=(1.0, 1.0),
    )  # fmt: skip


@given(st.lists(st.floats(50, 9_000), min_size=1, max_size=30), st.lists(st.floats(0, 1), max_size=9))
def test_parts_follow_each_other_over_the_whole_route(lengths: list[float], shares: list[float]):
    course = course_of(lengths)
    places = [{"name": f"P{share}", "at_m": share * course.length_m} for share in sorted(shares)]
    parts = parts_along(course, places)
    assert (parts[0].from_m, parts[-1].to_m) == (0.0, course.length_m)
    assert all(a.to_m == b.from_m and a.end == b.begin is not None for a, b in pairwise(parts))
    assert len(parts) == 1 or all(part.to_m - part.from_m >= PART_MIN_M for part in parts)
    assert sum(part.shares(course) for part in parts) == pytest.approx(course.lengths_m)


def test_a_place_at_the_beginning_or_end_names_it():
    named = [{"name": "Aba", "at_m": 300.0}, {"name": "Keru", "at_m": 6_000.0}, {"name": "Lome", "at_m": 9_800.0}]
    parts = parts_along(course_of([10_000.0]), named)
    told = [(part.begin, part.end, part.to_m) for part in parts]
    assert told == [("Aba", "Keru", 6_000.0), ("Keru", "Lome", 10_000.0)]
