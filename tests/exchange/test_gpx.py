"""GPX: tracks with their pieces and times, and nothing that a hostile file could make of it."""

from __future__ import annotations

import pytest

from fom.errors import InvalidInput
from fom.exchange import gpx
from fom.exchange.gpx import POINTS_MAX, read_gpx

HEAD = '<?xml version="1.0" encoding="UTF-8"?><gpx xmlns="http://www.topografix.com/GPX/1/1" version="1.1">'


def point(lon: float, lat: float, time: str = "") -> str:
    return f'<trkpt lat="{lat}" lon="{lon}"><ele>4</ele>{f"<time>{time}</time>" if time else ""}</trkpt>'


def file(*segments: str, name: str = "Morning") -> bytes:
    pieces = "".join(f"<trkseg>{segment}</trkseg>" for segment in segments)
    return f"{HEAD}<trk><name> {name}\n run </name>{pieces}</trk></gpx>".encode()


def refusal(data: bytes) -> str:
    with pytest.raises(InvalidInput) as refused:
        read_gpx(data)
    (error,) = refused.value.errors
    return f"{error.came}; expected {error.expected}"


def test_a_track_keeps_its_pieces_and_times_and_loses_points_without_a_fix():
    first = point(30.0, 5.0, "2026-03-10T09:00:00Z") + point(0, 0) + point(30.01, 5.0, "2026-03-10T11:00:10+02:00")
    (track,) = read_gpx(file(first, point(30.02, 5.0, "no time"), ""))
    assert track.name == "Morning run"
    assert [[p.lon for p in piece] for piece in track.pieces] == [[30.0, 30.01], [30.02]]
    one, other = track.pieces[0]
    assert one.at is not None
    assert other.at == one.at + 10_000_000
    assert track.pieces[1][0].at is None


ENTITIES = b'<?xml version="1.0"?><!DOCTYPE g [<!ENTITY a "%s"><!ENTITY b "&a;&a;&a;&a;">]><gpx>&b;</gpx>' % (b"x" * 99)
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE g SYSTEM "file:///etc/passwd"><gpx></gpx>'


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "an empty file"),
        (ENTITIES, "declarations or entities"),
        (OUTSIDE, "declarations or entities"),
        (b"<html></html>", "a file of 'html'"),
        (b"<gpx><trk>", "no XML"),
        (b"PK\x03\x04", "no XML"),
        (f"{HEAD}</gpx>".encode(), "no track"),
        (f'{HEAD}<rte><rtept lat="5" lon="30"/></rte></gpx>'.encode(), "only a drawn route"),
        (file('<trkpt lat="x" lon="30"/>'), "point 1 without lon and lat"),
        (file(f'<trkpt lat="{"5" * 50}" lon="30"/>'), "point 1 without lon and lat"),
        (file(f"<trkpt lat='5' lon='30'><cmt>{'x' * 1_100_000}</cmt></trkpt>"), "1 MB without the end of a tag"),
        (file('<trkpt lat="nan" lon="30"/>'), "point 1 at 30, nan"),
        (file('<trkpt lat="95" lon="30"/>'), "point 1 at 30, 95"),
        (file(point(30, 5)).replace(b"UTF-8", b"no-such"), "no XML"),
        (b" " * (21 * 1024 * 1024) + b"x", "21 MB; expected at most 20 MB"),
        (f"{HEAD}{'<a>' * 60}".encode(), "more than 40 deep"),
    ],
)
def test_what_is_no_track_is_refused_in_words(data: bytes, words: str):
    assert words in refusal(data)


def test_a_track_of_too_many_points_is_refused_before_it_is_whole(monkeypatch: pytest.MonkeyPatch):
    assert POINTS_MAX == 200_000
    monkeypatch.setattr(gpx, "POINTS_MAX", 1_000)
    endless = file('<trkpt lat="5" lon="3"/>' * 1_001).replace(b"</trkseg>", b"")
    assert "more than 1,000 points" in refusal(endless), "refused at the point, before the file is found broken"
