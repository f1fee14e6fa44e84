"""Line layers (GeoPackage, shapefile, GeoJSON) into `RawRoads`.

A layer says a road's tags in columns, in one text column of "key"=>"value" pairs, or in both. Lines have no node ids:
they join where they share an end vertex, or any vertex at the same level (layer, bridge and tunnel alike); never where
they only cross. Drivers are named, so that GDAL opens nothing else.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyogrio
import shapely
from geopandas import GeoDataFrame
from pyogrio.errors import DataLayerError, DataSourceError

from fom.errors import BadReferenceData
from fom.network.grouping import Ints
from fom.network.osm_file import ATTRIBUTION, LICENCE
from fom.network.raw import UNITS_PER_DEGREE, Interner, RawRoads, clean_text
from fom.network.road_rules import CLASS_SPEED_KMH, NOT, TAG_KEYS, road_class

DRIVERS = {".gpkg": "GPKG", ".shp": "ESRI Shapefile", ".geojson": "GeoJSON", ".json": "GeoJSON"}
FIRST_BYTES = {"GPKG": b"SQLite format 3\x00", "ESRI Shapefile": b"\x00\x00\x27\x0a", "GeoJSON": b"{"}
"""What a file must begin with before GDAL sees it: other drivers follow links to other files and hosts."""
CLASS_COLUMNS = ("highway", "fclass", "road_class", "roadclass", "road_type", "class", "type")
OSM_ID_COLUMNS = ("osm_id", "osm_way_id", "@id", "full_id")
ID_COLUMNS = (*OSM_ID_COLUMNS, "id")
SHAPEFILE_NAME_LENGTH = 10

_PAIR = re.compile(r'"((?:[^"\\]|\\.)*)"\s*=>?\s*(?:"((?:[^"\\]|\\.)*)"|NULL)\s*,?\s*')


def is_line_layer(path: Path) -> bool:
    """Return whether the name says a line layer."""
    return path.suffix.lower() in DRIVERS


def read_lines(path: Path) -> RawRoads:
    """Return the roads of a line layer.

    Raises
    ------
    BadReferenceData
        Unreadable, another format than its name says, no column of road classes, or positions that are not degrees.
    """
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", RuntimeWarning)
        frame = _open(path)
    tags, texts_unread = _row_tags(path, frame)
    frame = _in_degrees(path, frame)
    raw = _as_raw(frame, tags)
    raw.dropped["tag texts that could not be read to their end"] += texts_unread
    raw.noted.update(f"the reader says: {w.message}" for w in said)
    has_osm_ids = any(c.lower() in OSM_ID_COLUMNS for c in frame.columns) or any(_has_osm_text_id(t) for t in tags)
    raw.source |= {
        "format": DRIVERS[path.suffix.lower()],
        "licence": LICENCE if has_osm_ids else None,
        "attribution": ATTRIBUTION if has_osm_ids else None,
        "data_date": None,
    }
    return raw


def _open(path: Path) -> GeoDataFrame:
    """Return the first layer that holds lines."""
    driver = DRIVERS[path.suffix.lower()]
    with path.open("rb") as file:
        head = file.read(64)
    if driver == "GeoJSON":
        head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head.startswith(FIRST_BYTES[driver]):
        raise BadReferenceData(f"{path}: not a {driver} file; expected what its name says")
    try:
        layers = [name for name, kind in pyogrio.list_layers(path).tolist() if kind and _may_hold_lines(kind)]
        if not layers:
            raise BadReferenceData(f"{path}: holds no layer of lines; expected one with roads")
        found = pyogrio.read_info(path, layer=layers[0])["driver"]
        if found != driver:
            raise BadReferenceData(f"{path}: opens as {found}; expected {driver}")
        return _read(path, layers[0])
    except (DataSourceError, DataLayerError, ValueError) as error:
        raise BadReferenceData(f"{path}: cannot be read as {driver} ({error})") from error


def _may_hold_lines(kind: str) -> bool:
    return "LineString" in kind or kind.startswith(("Unknown", "GeometryCollection"))


def _read(path: Path, layer: str) -> GeoDataFrame:
    try:
        return pyogrio.read_dataframe(path, layer=layer)
    except UnicodeDecodeError:
        return pyogrio.read_dataframe(path, layer=layer, encoding="latin-1")


def _in_degrees(path: Path, frame: GeoDataFrame) -> GeoDataFrame:
    """Return the frame in WGS 84, refusing positions that cannot be degrees."""
    if frame.crs is not None and not frame.crs.equals("EPSG:4326"):
        frame = frame.to_crs("EPSG:4326")
    low_x, low_y, high_x, high_y = frame.total_bounds if len(frame) else (0, 0, 0, 0)
    if not (-180 <= low_x <= high_x <= 180 and -90 <= low_y <= high_y <= 90):
        came = f"coordinates from {low_x:g} {low_y:g} to {high_x:g} {high_y:g}"
        stated = "no coordinate reference system" if frame.crs is None else f"the reference system {frame.crs.name}"
        raise BadReferenceData(f"{path}: {came} with {stated}; expected degrees, or a file that names its system")
    return frame


def _row_tags(path: Path, frame: GeoDataFrame) -> tuple[list[dict[str, str]], int]:
    """Return the tags of each row, and how many tag texts could not be read to their end."""
    columns = {c: c.lower() for c in frame.columns if c != frame.geometry.name}
    class_column = _class_column(frame, columns)
    text_columns = [c for c in columns if c != class_column and _holds_pairs(frame[c])]
    if class_column is None and not any(frame[c].astype(str).str.contains('"highway"').any() for c in text_columns):
        raise BadReferenceData(
            f"{path}: no column with road classes; expected one named like {', '.join(CLASS_COLUMNS[:4])} "
            f"with values such as {', '.join(list(CLASS_SPEED_KMH)[:4])} (columns here: {', '.join(columns)})"
        )
    long_name = {k[:SHAPEFILE_NAME_LENGTH]: k for k in sorted(TAG_KEYS, reverse=True)}
    named = {c: long_name.get(low, low) if len(low) == SHAPEFILE_NAME_LENGTH else low for c, low in columns.items()}
    kept = {c: key for c, key in named.items() if key in TAG_KEYS or key in ("name", "name:en", "ref", *ID_COLUMNS)}
    kept = {c: key for c, key in kept.items() if c not in text_columns and c != class_column}
    values = {c: frame[c].tolist() for c in (*kept, *text_columns, *([class_column] if class_column else []))}
    rows, unread = [], 0
    for i in range(len(frame)):
        tags: dict[str, str] = {}
        for column in text_columns:
            is_whole = _read_pairs(values[column][i], tags)
            unread += not is_whole
        tags.update((key, text) for c, key in kept.items() if (text := _text(values[c][i])))
        if class_column and (text := _text(values[class_column][i])):
            tags["highway"] = text
        rows.append(_from_letters(tags) if class_column and class_column.lower() == "fclass" else tags)
    return rows, unread


def _class_column(frame: GeoDataFrame, columns: Mapping[str, str]) -> str | None:
    """Return the column of road classes: the first of CLASS_COLUMNS that holds at least one class we know."""
    for wanted in CLASS_COLUMNS:
        for column, lower in columns.items():
            if lower == wanted and any(road_class({"highway": _text(v)})[0] for v in frame[column].dropna().unique()):
                return column
    return None


def _holds_pairs(column: pd.Series[Any]) -> bool:
    filled = [v for v in column.dropna().head(200) if v != ""]
    return bool(filled) and all(isinstance(v, str) and _PAIR.match(v.strip()) for v in filled)


def _read_pairs(text: Any, tags: dict[str, str]) -> bool:
    """Put "key"=>"value" or "key"="value" pairs into tags; return whether all of the text was read."""
    if not isinstance(text, str):
        return True
    at, text = 0, text.strip()
    while match := _PAIR.match(text, at):
        if match[2] is not None:
            tags[_unescaped(match[1])] = _unescaped(match[2])
        at = match.end()
    return at == len(text)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _text(value: Any) -> str:
    """Return a cell as tag text: '' for nothing, yes and no for booleans, whole numbers without a point."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _from_letters(tags: dict[str, str]) -> dict[str, str]:
    """Return tags with the letters of regional shapefile extracts (class column `fclass`) as tag words."""
    said = {
        "oneway": {"F": "yes", "T": "-1", "B": "no"},
        "bridge": {"T": "yes", "F": "no"},
        "tunnel": {"T": "yes", "F": "no"},
    }
    for key, words in said.items():
        if key in tags:
            tags[key] = words.get(tags[key], tags[key])
    track = re.fullmatch(r"track_(grade[1-5])", tags.get("highway", ""))
    if track:
        tags |= {"highway": "track", "tracktype": track[1]}
    if tags.get("maxspeed") == "0":
        del tags["maxspeed"]
    return tags


def _as_raw(frame: GeoDataFrame, tags: list[dict[str, str]]) -> RawRoads:
    """Return lines as ways; parts of a multi-line are ways of their own."""
    dropped: Counter[str] = Counter()
    parts, row = shapely.get_parts(frame.geometry.values, return_index=True)
    dropped["rows without geometry"] += int(np.count_nonzero(shapely.is_missing(frame.geometry.values)))
    is_line = (shapely.get_type_id(parts) == 1) & (shapely.get_num_coordinates(parts) >= 2)
    dropped["rows that are no line"] += int(np.count_nonzero(~is_line))
    refusal = [road_class(t)[1] for t in tags]
    dropped.update(r for r in refusal if r)
    keep = is_line & np.array([not r for r in refusal], dtype=bool)[row] if len(row) else is_line
    parts, row = parts[keep], row[keep]

    lonlat, way = shapely.get_coordinates(parts, return_index=True)
    x, y = np.rint(lonlat.T * UNITS_PER_DEGREE).astype(np.int32)
    start = np.concatenate([[0], np.cumsum(np.bincount(way, minlength=len(parts)))]).astype(np.int64)
    tag_sets, names = Interner(), Interner()
    own = [tags[r] for r in row.tolist()]
    level = Interner()
    levels = np.array([level.code(_level(t)) for t in own], dtype=np.int64)

    def text_code(tag: str, other: str = "") -> Any:
        texts = [clean_text(t.get(tag, "") or t.get(other, "")) for t in own]
        return np.array([names.code(t) if t else -1 for t in texts], dtype=np.int32)

    return RawRoads(
        x=x, y=y, node=_node_labels(x, y, start, levels), way_start=start,
        way_tags=np.array(
            [tag_sets.code(tuple(sorted((k, v) for k, v in t.items() if k in TAG_KEYS))) for t in own], dtype=np.int32
        ),
        way_name=text_code("name", "name:en"), way_ref=text_code("ref"),
        way_id=np.array([_way_id(t) for t in own], dtype=np.int64),
        tag_sets=[dict(pairs) for pairs in tag_sets.values], names=names.values, dropped=dropped,
    )  # fmt: skip


def _level(tags: Mapping[str, str]) -> tuple[str, bool, bool]:
    return tags.get("layer", "0") or "0", tags.get("bridge", "no") not in NOT, tags.get("tunnel", "no") not in NOT


def _way_id(tags: Mapping[str, str]) -> int:
    """Return the map-data id among the columns, 0 if there is none (also of texts such as `way/123`)."""
    for column in ID_COLUMNS:
        match = re.fullmatch(r"(?:way/|w)?(\d{1,18})", tags.get(column, ""))
        if match:
            return int(match[1])
    return 0


def _has_osm_text_id(tags: Mapping[str, str]) -> bool:
    return tags.get("id", "").startswith("way/")


def _node_labels(x: np.ndarray, y: np.ndarray, start: Ints, level: Ints) -> Ints:
    """Return (m,) labels: one for all line ends at a place, and per level for vertices inside lines.

    A vertex inside a line takes the label of the ends at its place when one of these ends is at its level.
    """
    size = np.diff(start)
    place = np.unique(np.column_stack([x, y]), axis=0, return_inverse=True)[1].ravel().astype(np.int64)
    at_level = np.repeat(level, size)
    spot = np.unique(np.column_stack([place, at_level]), axis=0, return_inverse=True)[1].ravel().astype(np.int64)
    ends = np.concatenate([start[:-1], start[1:] - 1])
    has_end = np.zeros(int(spot.max()) + 1 if len(spot) else 0, dtype=bool)
    has_end[spot[ends]] = True
    labels: Ints = np.where(has_end[spot], place, len(x) + spot)
    return labels
