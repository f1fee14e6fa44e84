"""Rows that are here already: in the same file, in a published import, or as a record of the same place and time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from fom.domain.answer_records import records_of
from fom.domain.instants import parse_instant
from fom.store.imports import published_hashes, same_records
from fom.store.records import retracted_ids

ALIKE_DEG = 1e-6
"""Positions this near are one and the same, a decimetre."""


def find_same(session: Session, form: str, rows: Sequence[dict[str, Any]]) -> None:
    """Set `same_as` of the usable rows that are here already, in words; None for the others."""
    published = published_hashes(session, {row["row_hash"] for row in rows if row["row_hash"]})
    recorded = _recorded(session, form, rows)
    seen: dict[str, int] = {}
    for row in rows:
        row["same_as"], row_hash = None, row["row_hash"]
        if row_hash is None:
            continue
        if row_hash in seen:
            row["same_as"] = f"row {seen[row_hash]} of this file"
        elif row_hash in published:
            batch, number = published[row_hash]
            row["same_as"] = f"row {number} of the import {batch.file_name[:60]}"
        else:
            key = _key(form, row["answers"])
            if key in recorded:
                row["same_as"] = f"the report {recorded[key]}"
        seen.setdefault(row_hash, row["number"])


Key = tuple[str, int, float | None, float | None, str | None]


def _recorded(session: Session, form: str, rows: Sequence[Mapping[str, Any]]) -> dict[Key, str]:
    keys = {key for row in rows if row["answers"] is not None and (key := _key(form, row["answers"])) is not None}
    if not keys:
        return {}
    found = same_records(session, {key[0] for key in keys}, {key[1] for key in keys})
    if not found:
        return {}
    absent = retracted_ids(session, known_at=2**62)
    return {
        (kind, at, _rounded(lon), _rounded(lat), mgrs): report_id or record_id
        for record_id, kind, at, lon, lat, mgrs, report_id in found
        if at is not None and record_id not in absent
    }


def _key(form: str, answers: Mapping[str, Any]) -> Key | None:
    """Return kind, moment and place of the first record of a row; None where it says no moment or no place."""
    if "occurred" not in answers or "place" not in answers:
        return None
    feature = next(iter(records_of(form, answers)), None)
    if feature is None:
        return None
    geometry, location = feature["geometry"], feature["properties"].get("location") or {}
    if geometry is None and "mgrs" not in location:
        return None
    lon, lat = (None, None) if geometry is None else geometry["coordinates"]
    kind, at = feature["properties"]["kind"], parse_instant(answers["occurred"])
    return (kind, at, _rounded(lon), _rounded(lat), location.get("mgrs"))


def _rounded(degrees: float | None) -> float | None:
    return None if degrees is None else round(degrees / ALIKE_DEG) * ALIKE_DEG
