"""The forms of the import pages, read into what the services take."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fom.domain.forms import FORMS
from fom.domain.positions import reading
from fom.errors import InvalidInput
from fom.exchange.apart import read_apart
from fom.exchange.gpx import read_gpx
from fom.exchange.tables import read_csv, read_geojson, read_xlsx
from fom.services.form_words import tell_answers
from fom.services.imports.staging import FileDraft
from fom.web.pages.shell import dtg

Fields = Mapping[str, str]

KINDS = {"csv": "CSV", "xlsx": "Workbook", "geojson": "GeoJSON", "gpx": "GPX track"}
ZONES = ("Z", *(f"{sign}{hour:02}:00" for sign in "+-" for hour in range(1, 13)), "+03:30", "+04:30", "+05:30")
FATES = {"ready": "Ready", "error": "Cannot be used", "same": "Here already", "published": "Published"}
GAPS = {
    "break": "the recording was interrupted", "far": "no point for so far", "long": "no point for so long",
    "jump": "the receiver jumped",
}  # fmt: skip
_READERS: Mapping[str, Callable[..., Any]] = {"gpx": read_gpx, "xlsx": read_xlsx, "geojson": read_geojson}
COMMON_SHOWN = 8
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
POINTS_ON_MAP = 5_000
"""Rows drawn on the map of a preview; the table has them all."""


def kind_of(name: str, data: bytes) -> str:
    """Return what a file is, by its content, then by its name."""
    start = data.lstrip(b"\xef\xbb\xbf \r\n\t")[:200]
    if data[:2] == b"PK" or name.lower().endswith((".xlsx", ".xlsm")):
        return "xlsx"
    if start[:1] == b"<" or name.lower().endswith(".gpx"):
        return "gpx"
    return "geojson" if start[:1] == b"{" or name.lower().endswith((".json", ".geojson")) else "csv"


def file_draft(fields: Fields, name: str, data: bytes) -> FileDraft:
    """Return what the upload form says of a file."""
    kind = kind_of(name, data)
    form = "passage" if kind == "gpx" else fields.get("form", "")
    if form not in FORMS:
        raise InvalidInput.single("form", repr(form)[:40] if form else "nothing", "the kind of report that a row is")
    return FileDraft(
        id=fields.get("id", ""), kind=kind, form=form, file_name=name, sha256=hashlib.sha256(data).hexdigest(),
        classification=fields.get("classification") or "confidential",
    )  # fmt: skip


def read_file(kind: str, data: bytes, encoding: str) -> Any:
    """Return the tracks or the table of a file."""
    if kind == "csv":
        return read_apart(read_csv, data, encoding=encoding)
    return read_apart(_READERS[kind], data)


def track_answers(fields: Fields) -> dict[str, Any]:
    """Return the answers about recorded tracks; a time without a zone is UTC, as the field says."""
    occurred = fields.get("occurred", "").strip()
    return {
        "strength": fields.get("strength", ""),
        "user_class": fields.get("user_class", ""),
        "passed": fields.get("passed", ""),
        "unimpeded": fields.get("unimpeded") == "yes",
        **({"occurred": f"{occurred}:00Z" if len(occurred) == 16 else occurred} if occurred else {}),
    }


def read_mapping(fields: Fields, headers: Sequence[str]) -> dict[str, Any]:
    """Return the mapping that the form of a preview says; columns are numbered there."""
    columns, units = {}, {}
    for place, header in enumerate(headers):
        columns[header] = fields.get(f"to-{place}", "")
        units[header] = fields.get(f"unit-{place}", "")
    fixed = {name.removeprefix("fixed-"): value for name, value in fields.items() if name.startswith("fixed-")}
    return {
        "columns": columns, "units": units, "fixed": fixed, "zone": fields.get("zone", ""),
        "order": fields.get("order", ""), "datum": fields.get("datum", "wgs84"),
        "allow_outside": fields.get("allow_outside") == "yes",
    }  # fmt: skip


def told_row(form: str, row: Mapping[str, Any], headers: Sequence[str]) -> dict[str, Any]:
    """Return a row as the table of a preview shows it."""
    answers = row["answers"]
    if answers is None:
        said = [(h, c) for h, c in zip(headers, row["cells"], strict=False) if c][:12]
    else:
        said = [(name, value) for name, value in tell_answers(form, answers) if value]
        said = [(name, dtg(value) if _MOMENT.fullmatch(value) else value) for name, value in said]
    place = (answers or {}).get("place") or {}
    where = reading(place["lon"], place["lat"]) if "lon" in place else ""
    return {**row, "said": [(name, str(value)[:160]) for name, value in said], "where": where}


def common_errors(rows: Sequence[Mapping[str, Any]]) -> list[tuple[int, str, str, str]]:
    """Return (rows, column, what came, what was expected) of errors that several rows share, the commonest first."""
    counted = Counter((column, came, expected) for row in rows for column, came, expected in row["errors"])
    return [(count, *error) for error, count in counted.most_common(COMMON_SHOWN) if count > 1]


def features_of(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what the map of a preview draws: positions of rows, and of tracks what they cover and what not."""
    features: list[dict[str, Any]] = []
    for row in rows[:POINTS_ON_MAP]:
        if row["matched"] is not None:
            features += _track_features(row)
            continue
        answers = row["answers"] or {}
        for name, place in (("place", answers.get("place")), *(answers.get("way") or {}).items()):
            if isinstance(place, Mapping) and "lon" in place:
                geometry = {"type": "Point", "coordinates": [place["lon"], place["lat"]]}
                features.append(_feature(row, name, geometry))
    return features


def _track_features(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    matched = row["matched"]
    found = [_feature(row, "track", {"type": "MultiLineString", "coordinates": matched.get("lines", [])})]
    for kind in ("covered", "gaps", "off_road"):
        for piece in matched.get(kind, ()):
            name = "mouth" if piece.get("is_mouth") else kind
            if len(piece["coordinates"]) > 1:
                found.append(_feature(row, name, {"type": "LineString", "coordinates": piece["coordinates"]}))
    return found


def _feature(row: Mapping[str, Any], kind: str, geometry: Mapping[str, Any]) -> dict[str, Any]:
    properties = {"row": str(row["number"]), "kind": kind, "fate": row["fate"]}
    return {"type": "Feature", "properties": properties, "geometry": geometry}
