"""GPX 1.1 for the receivers of patrols: planned ways as routes, driven lines as tracks, each with its age in words.

A planned way is never written as a track: a track tells that somebody drove there, and an import would count it.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fom.domain.instants import SECOND_US, format_instant

NAMESPACE = "http://www.topografix.com/GPX/1/1"
CREATOR = "Freedom of movement tracker"
NO_CLEARANCE = "No clearance: states change, ask the JOC before you move."
MEDIA_TYPE = "application/gpx+xml"
_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]")
"""What XML cannot hold, and what turns the text around it."""

Line = Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class GpxWay:
    """One way: `lines` are its parts without a break, each n >= 2 positions (lon, lat), degrees."""

    name: str
    words: str
    lines: tuple[Line, ...]
    is_driven: bool = False


def write_gpx(ways: Iterable[GpxWay], *, name: str, words: str, at: int) -> bytes:
    """Return a GPX 1.1 file, UTF-8; `at` is the moment it was known, microseconds.

    A route cannot have a break: each part of a planned way is a route of its own, numbered in its name.
    """
    root = ET.Element("gpx", {"version": "1.1", "creator": CREATOR, "xmlns": NAMESPACE})
    head = ET.SubElement(root, "metadata")
    _add(head, name=name, desc=words, time=format_instant(at // SECOND_US * SECOND_US))
    ordered = list(ways)
    for way in ordered:
        if not way.is_driven:
            for part, line in enumerate(way.lines, start=1):
                is_whole = len(way.lines) == 1
                route = ET.SubElement(root, "rte")
                _add(route, name=way.name if is_whole else f"{way.name} ({part} of {len(way.lines)})", desc=way.words)
                _points(route, "rtept", line)
    for way in ordered:  # after the routes, as the schema has them
        if way.is_driven:
            track = ET.SubElement(root, "trk")
            _add(track, name=way.name, desc=way.words)
            for line in way.lines:
                _points(ET.SubElement(track, "trkseg"), "trkpt", line)
    ET.indent(root, " ")
    file: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return file


def file_name(*words: str) -> str:
    """Return a name for the file that every system takes, of letters, digits and dashes."""
    return "-".join(re.sub(r"[^A-Za-z0-9]+", "-", word).strip("-")[:60] or "way" for word in words) + ".gpx"


def _add(parent: ET.Element, **texts: str) -> None:
    for tag, text in texts.items():
        ET.SubElement(parent, tag).text = " ".join(_UNFIT.sub("", text).split())


def _points(parent: ET.Element, tag: str, line: Line) -> None:
    for lon, lat, *_ in line:
        ET.SubElement(parent, tag, {"lat": f"{lat:.7f}", "lon": f"{lon:.7f}"})
