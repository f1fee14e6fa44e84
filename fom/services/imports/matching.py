"""What a recorded drive covers of the network: the same stretches that the picture counts once it is a report.

Between the parts of a drive, and away from every road, nothing is claimed; both are told with their lengths.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.ops import substring

from fom.domain.answer_records import records_of
from fom.domain.facts_file import parse_record
from fom.domain.geodesy import densify, line_length_m
from fom.domain.instants import SECOND_US, format_instant
from fom.domain.records import Verification
from fom.domain.track_points import TrackPoint
from fom.domain.tracks import OFF_ROAD_MIN_M, Drive, runs
from fom.network.network import Network
from fom.picture.covering import Covering

STEP_M = 20.0
"""How closely a track is looked at for parts away from roads."""
MOUTH_M = 30.0
"""Shorter parts of a road are the mouths of side roads that the track passes: they count, and cover nothing."""


def tracks_way(parts: Sequence[Sequence[TrackPoint]]) -> dict[str, Any]:
    """Return the answer `way` of a drive recorded with times; the third number of a point is seconds."""
    first = min((p.at for part in parts for p in part if p.at is not None), default=0)
    return {
        "tracks": [
            [[p.lon, p.lat, *([] if p.at is None else [round((p.at - first) / SECOND_US, 3)])] for p in part]
            for part in parts
        ]
    }


def match_way(way: Mapping[str, Any], covering: Covering) -> dict[str, Any]:
    """Return `covered, length_m, covered_m, whole` of a way that is a track or names stretches.

    `covered`: [{id, from_m, to_m, is_whole, is_mouth, coordinates}] in order of segment and place; exactly the parts
    that the picture counts.
    """
    network = covering.ground.network
    columns = covering.columns(_passage(way))
    rows = zip(*(columns[name].tolist() for name in ("segments", "low", "high", "is_whole")), strict=True)
    covered = [_covered(network, *row) for row in rows]
    whole = {row["id"] for row in covered if row["is_whole"]}
    return {
        "covered": covered,
        "covered_m": round(sum(row["to_m"] - row["from_m"] for row in covered), 1),
        "whole": len(whole),
        "segments": len({row["id"] for row in covered}),
    }


def match_drive(drive: Drive, parts: Sequence[Sequence[TrackPoint]], covering: Covering) -> dict[str, Any]:
    """Return what a drive covers, its gaps, and its parts off every road; `parts` are its points as they are kept."""
    lines = [[(p.lon, p.lat) for p in part] for part in parts]
    off_road = [piece for line in lines for piece in _off_road(line, covering)]
    nothing: dict[str, Any] = {"covered": [], "covered_m": 0, "whole": 0, "segments": 0}
    return (match_way(tracks_way(parts), covering) if lines else nothing) | {
        "lines": [[[round(lon, 6), round(lat, 6)] for lon, lat in line] for line in lines],
        "length_m": round(sum(line_length_m(np.asarray(line)) for line in lines), 1),
        "gaps": [
            {
                "coordinates": [list(gap.start), list(gap.end)],
                "length_m": round(gap.length_m, 1),
                "seconds": gap.seconds,
                "why": gap.why,
            }
            for gap in drive.gaps
        ],
        "off_road": off_road,
        "gap_m": round(sum(gap.length_m for gap in drive.gaps), 1),
        "off_road_m": round(sum(piece["length_m"] for piece in off_road), 1),
    }


def named_stretches(matched: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the stretches of a match as a passage names them that has no track."""
    return [{"id": row["id"], "from_m": row["from_m"], "to_m": row["to_m"]} for row in matched["covered"]]


def _passage(way: Mapping[str, Any]) -> Verification:
    answers = {"way": way, "strength": "own_patrol_traverse", "user_class": "mission_military"}
    (feature,) = records_of("passage", answers, stretches=way.get("stretches", ()))
    moment = format_instant(0)
    properties = feature["properties"] | {"received": moment, "occurred": moment}
    record = parse_record({**feature, "id": "asked about", "properties": properties})
    assert isinstance(record, Verification)  # noqa: S101 - `records_of` makes nothing else of a passage
    return record


def _covered(network: Network, number: int, low: float, high: float, is_whole: bool) -> dict[str, Any]:
    line = network.line(number)
    length = float(network.length_m[number])
    part = substring(line, low / length, high / length, normalized=True)
    return {
        "id": network.segment_id(number),
        "name": network.word(int(network.ref[number])) or network.word(int(network.name[number])),
        "from_m": low,
        "to_m": high,
        "length_m": length,
        "is_whole": bool(is_whole),
        "is_mouth": high - low <= MOUTH_M and not is_whole,
        "coordinates": np.round(shapely.get_coordinates(part), 6).tolist(),
    }


def _off_road(line: Sequence[tuple[float, float]], covering: Covering) -> list[dict[str, Any]]:
    """Return the parts of a line beyond the tolerance of every road, `{coordinates, length_m}`."""
    if len(line) < 2:
        return []
    points: NDArray[np.float64] = densify(np.asarray(line, dtype=np.float64), longest_m=STEP_M)
    is_off = ~covering.is_on_road(points)
    found = []
    for first, last in runs(is_off.tolist()):
        part = points[first : last + 1]
        length = line_length_m(part) if len(part) > 1 else 0.0
        if length >= OFF_ROAD_MIN_M:
            found.append({"coordinates": np.round(part, 6).tolist(), "length_m": round(length, 1)})
    return found
