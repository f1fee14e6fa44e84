"""gpxpy reads what is written here, and ours what gpxpy writes; where the two differ, the difference is meant."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import gpxpy
import gpxpy.gpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fom.domain.instants import to_us
from fom.exchange.gpx import read_gpx
from fom.exchange.gpx_writing import GpxWay, write_gpx
from tests.exchange.test_gpx import HEAD, file, point
from tests.exchange.test_gpx_writing import AT, BREAK, HERON

DEGREES = st.tuples(st.floats(-180, 180), st.floats(-90, 90)).map(lambda p: (round(p[0], 7), round(p[1], 7)))
TIMES = st.none() | st.integers(0, 10**9).map(lambda s: datetime(1995, 1, 1, tzinfo=UTC) + timedelta(milliseconds=s))
POINTS = st.lists(st.tuples(DEGREES.filter(lambda p: p != (0, 0)), TIMES), min_size=1, max_size=8)


@given(st.lists(st.lists(POINTS, min_size=1, max_size=3), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_what_gpxpy_writes_is_read_point_by_point(
    tracks: list[list[list[tuple[tuple[float, float], datetime | None]]]],
):
    written = gpxpy.gpx.GPX()
    for pieces in tracks:
        track = gpxpy.gpx.GPXTrack(name="Morning run")
        for points in pieces:
            piece = gpxpy.gpx.GPXTrackSegment()
            piece.points = [gpxpy.gpx.GPXTrackPoint(lat, lon, elevation=4, time=time) for (lon, lat), time in points]
            track.segments.append(piece)
        written.tracks.append(track)
    read = read_gpx(written.to_xml().encode())
    assert [track.name for track in read] == ["Morning run"] * len(tracks)
    found = [[[((p.lon, p.lat), p.at) for p in piece] for piece in track.pieces] for track in read]
    at = [[[(place, time and to_us(time)) for place, time in points] for points in pieces] for pieces in tracks]
    assert found == at


def test_gpxpy_reads_what_is_written_here():
    driven = GpxWay(name="Passage", words="Recorded.", lines=(HERON, BREAK), is_driven=True)
    planned = GpxWay(name="MSR HERON", words="No clearance.", lines=(HERON,))
    read = gpxpy.parse(write_gpx([driven, planned], name="two", words="as known", at=AT))
    (track,), (route,) = read.tracks, read.routes
    assert [[(p.longitude, p.latitude) for p in s.points] for s in track.segments] == [list(HERON), list(BREAK)]
    assert [(p.longitude, p.latitude) for p in route.points] == list(HERON)
    assert (track.name, route.name, route.description) == ("Passage", "MSR HERON", "No clearance.")


PREFIXED = file(point(30, 5)).replace(b"<gpx xmlns=", b"<gpx xmlns:g=").replace(b"<", b"<g:").replace(b"<g:/", b"</g:")
PREFIXED = PREFIXED.replace(b"<g:?", b"<?")
LATIN = f"{HEAD}<trk><name>R\u00e9seau</name><trkseg>{point(30, 5)}</trkseg></trk></gpx>".replace("UTF-8", "ISO-8859-1")


@pytest.mark.parametrize(
    "data",
    [
        file('<trkpt lat="5" lon="30"><ele>--</ele></trkpt>'),
        file('<trkpt lat="5" lon="30"><hdop>1,2</hdop></trkpt>'),
        file('<trkpt lat="5" lon="30"><fix>GPS</fix></trkpt>'),
        file(point(30, 5)).replace(b"<trk>", b'<wpt lat="?" lon="30"/><trk>'),
        LATIN.encode("latin-1"),
        PREFIXED,
    ],
    ids=["height", "decimal comma", "kind of fix", "waypoint", "encoding", "prefix"],
)
def test_a_passage_is_read_where_gpxpy_gives_the_whole_file_up(data: bytes):
    """Why the reader is ours (docs/decisions.md): what a passage does not need must not lose it."""
    with suppress(gpxpy.gpx.GPXException, UnicodeDecodeError):
        assert gpxpy.parse(data).get_points_no() == 0
    (track,) = read_gpx(data)
    assert [(p.lon, p.lat) for p in track.pieces[0]] == [(30, 5)]
