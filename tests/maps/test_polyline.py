"""Lines as text: the published example, and every line read back to within half a unit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fom.maps.polyline import encode_polyline
from tests.polylines import decode

POSITION = st.tuples(st.floats(-180, 180), st.floats(-90, 90))


def test_the_example_of_the_format_is_written_as_published():
    line = [(-120.2, 38.5), (-120.95, 40.7), (-126.453, 43.252)]
    assert encode_polyline(line) == "_p~iF~ps|U_ulLnnqC_mqNvxq`@"


@given(st.lists(POSITION, max_size=8))
def test_every_line_is_read_back_to_half_a_metre(line: list[tuple[float, float]]):
    read = decode(encode_polyline(line))
    assert len(read) == len(line)
    for (lon, lat), (was_lon, was_lat) in zip(read, line, strict=True):
        assert lon == pytest.approx(was_lon, abs=0.51e-5)
        assert lat == pytest.approx(was_lat, abs=0.51e-5)
