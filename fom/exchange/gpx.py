"""GPX tracks read as points with times, and nothing else of the file.

Read piece by piece, so that a file beyond its bounds is refused before it is in memory; declarations and entities never
are. A drawn route and waypoints show no passage and are left out.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring, iterparse

from fom.domain.instants import to_us
from fom.domain.track_points import TrackPoint
from fom.errors import InvalidInput

FILE_MAX_BYTES = 20 * 1024 * 1024
POINTS_MAX = 200_000
TRACKS_MAX = 200
NAME_MAX = 120
NUMBER_MAX = 40
"""Characters of a number; millions of them take seconds to read."""
PIECE_MAX_BYTES = 1024 * 1024
"""Between the ends of two tags; the time for one grows with its square, because the file is read piece by piece."""
LINE_FORMS = "a GPX track or route, or GeoJSON with one LineString"


@dataclass(frozen=True, slots=True)
class GpxTrack:
    """One track: pieces that were recorded without a break."""

    name: str
    pieces: tuple[tuple[TrackPoint, ...], ...]


def read_gpx(data: bytes) -> tuple[GpxTrack, ...]:
    """Return the tracks of a GPX file that have points.

    Raises
    ------
    InvalidInput
        Not GPX, too large, without a track, or with a point that is none.
    """
    if not data.strip():
        raise _refused("an empty file", "a GPX file with a track")
    if len(data) > FILE_MAX_BYTES:
        raise _refused(f"{len(data) / 1024 / 1024:.0f} MB", f"at most {FILE_MAX_BYTES // 1024 // 1024} MB")
    if (longest := max(map(len, data.split(b">")))) > PIECE_MAX_BYTES:
        raise _refused(f"{longest / 1024 / 1024:.0f} MB without the end of a tag", "a GPX file as a receiver writes it")
    reader = _Reader()
    try:
        for event, element in iterparse(io.BytesIO(data), events=("start", "end"), forbid_dtd=True):
            reader.take(event, element)
    except DefusedXmlException:
        raise _refused("a file with declarations or entities", "a GPX file as a receiver writes it") from None
    except (ParseError, LookupError, ValueError) as failed:
        raise _refused(f"a file that is no XML ({str(failed)[:80]})", "a whole GPX file") from None
    tracks = tuple(track for track in reader.tracks if track.pieces)
    if not tracks:
        found = "only a drawn route" if reader.has_route else "no track"
        raise _refused(found, "a recorded track (trk): a route drawn beforehand shows no passage")
    return tracks


def read_line_positions(data: bytes) -> list[tuple[str | None, str | None]]:
    """Return (lon, lat) as written, of the track points of a GPX file, where it has none of its route points.

    Raises
    ------
    InvalidInput
        No plain XML, or without such points.
    """
    try:
        root = fromstring(data, forbid_dtd=True)
    except (DefusedXmlException, ParseError, LookupError, ValueError):
        raise InvalidInput.single("file", "a text that is no plain XML", LINE_FORMS) from None
    for name in ("trkpt", "rtept"):
        found = [(node.get("lon"), node.get("lat")) for node in root.iter() if str(node.tag).rpartition("}")[2] == name]
        if found:
            return found
    raise InvalidInput.single("file", "a GPX file without track or route points", LINE_FORMS)


class _Reader:
    """Keeps what is open while the file goes by, and lets go of every element that is done."""

    def __init__(self) -> None:
        self.tracks: list[GpxTrack] = []
        self.has_route = False
        self._open: list[str] = []
        self._pieces: list[tuple[TrackPoint, ...]] = []
        self._points: list[TrackPoint] = []
        self._name = ""
        self._count = 0

    def take(self, event: str, element: Any) -> None:
        """Take in the start or the end of an element."""
        tag = str(element.tag).rsplit("}", 1)[-1]
        if event == "start":
            if not self._open and tag != "gpx":
                raise _refused(f"a file of {tag[:40]!r}", "a GPX file")
            if len(self._open) > 40:
                raise _refused("a nest more than 40 deep", "a GPX file as a receiver writes it")
            self._open.append(tag)
            return
        self._open.pop()
        parent = self._open[-1] if self._open else ""
        if tag == "trkpt" and parent == "trkseg":
            self._add_point(element)
        elif tag == "trkseg":
            if self._points:
                self._pieces.append(tuple(self._points))
            self._points = []
        elif tag == "name" and parent == "trk":
            self._name = " ".join((element.text or "").split())[:NAME_MAX]
        elif tag == "trk":
            self._end_track()
        elif tag == "rte":
            self.has_route = True
        if tag not in ("time", "name"):
            element.clear()

    def _add_point(self, element: Any) -> None:
        self._count += 1
        if self._count > POINTS_MAX:
            raise _refused(f"more than {POINTS_MAX:,} points", f"at most {POINTS_MAX:,} points; send it in parts")
        try:
            lon, lat = _degrees(element.get("lon")), _degrees(element.get("lat"))
        except ValueError:
            raise _refused(f"point {self._count} without lon and lat", "degrees in every trkpt") from None
        if not (math.isfinite(lon) and math.isfinite(lat) and -180 <= lon <= 180 and -90 <= lat <= 90):
            raise _refused(f"point {self._count} at {lon:g}, {lat:g}", "degrees within ± 180, ± 90")
        if lon == 0 and lat == 0:
            return  # what a receiver writes without a fix
        time = next((child.text for child in element if str(child.tag).rsplit("}", 1)[-1] == "time"), None)
        self._points.append(TrackPoint(lon, lat, _moment(time)))

    def _end_track(self) -> None:
        if len(self.tracks) == TRACKS_MAX:
            raise _refused(f"more than {TRACKS_MAX} tracks", f"at most {TRACKS_MAX} tracks")
        self.tracks.append(GpxTrack(self._name, tuple(self._pieces)))
        self._pieces, self._name = [], ""


def _degrees(text: str | None) -> float:
    if text is None or len(text) > NUMBER_MAX:
        raise ValueError("no number")
    return float(text)


def _moment(text: str | None) -> int | None:
    """Return microseconds of the time of a point; the format says UTC where no zone stands. None for no real time."""
    try:
        moment = datetime.fromisoformat((text or "").strip())
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return to_us(moment) if moment.year >= 1990 else None


def _refused(came: str, expected: str) -> InvalidInput:
    return InvalidInput.single("file", came, expected)
