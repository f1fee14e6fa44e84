"""Records in the database: features of the facts format to rows and back, and the questions asked of them.

A row keeps exactly what the facts format says, so that exporting a table of records is writing a facts file. Whether
a record counts is the picture's business; here it is only stored and found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from shapely.geometry import shape
from sqlalchemy import ColumnElement, Select, column, func, insert, or_, select, table
from sqlalchemy.orm import Session, aliased

from fom.domain.geojson import geometry_to_json
from fom.domain.instants import format_instant, parse_instant
from fom.store.tables import RecordReference, RecordRow

_BOUNDS = table("record_bounds", *(column(name) for name in ("number", "min_lon", "max_lon", "min_lat", "max_lat")))
"""The R*Tree of SQLite, filled by a trigger (migrations/ddl.py)."""
Key = TypeVar("Key", str, int)
COMMON = ("kind", "received", "occurred", "grade", "origin", "by", "signed_by", "location", "meta")
"""Members with a column of their own; `grade` of a grade record too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where records come from and who may see them."""

    change_number: int
    classification: str = "confidential"
    area: str | None = None
    report_id: str | None = None
    report_version: int | None = None


def row_of(feature: Mapping[str, Any], provenance: Provenance) -> RecordRow:
    """Return the row of one checked feature of the facts format."""
    return RecordRow(**_values_of(feature, provenance))


def _values_of(feature: Mapping[str, Any], provenance: Provenance) -> dict[str, Any]:
    properties = dict(feature["properties"])
    geometry = None if feature.get("geometry") is None else shape(feature["geometry"])
    bounds = (None,) * 4 if geometry is None else geometry.bounds
    common = {name: properties.pop(name, None) for name in COMMON}
    for name in ("received", "occurred"):
        common[name] = None if common[name] is None else parse_instant(common[name])
    return dict(
        id=feature["id"],
        geometry=geometry,
        min_lon=bounds[0],
        min_lat=bounds[1],
        max_lon=bounds[2],
        max_lat=bounds[3],
        properties=properties,
        classification=provenance.classification,
        area=provenance.area,
        report_id=provenance.report_id,
        report_version=provenance.report_version,
        change_number=provenance.change_number,
        **common,
    )


def feature_of(row: RecordRow) -> dict[str, Any]:
    """Return the feature of the facts format that a row keeps."""
    properties: dict[str, Any] = {"kind": row.kind}
    for name in ("received", "occurred"):
        if (moment := getattr(row, name)) is not None:
            properties[name] = format_instant(moment)
    for name in ("grade", "origin", "by", "signed_by", "location"):
        if (value := getattr(row, name)) is not None:
            properties[name] = value
    properties |= row.properties
    if row.meta is not None:
        properties["meta"] = row.meta
    return {"type": "Feature", "id": row.id, "geometry": geometry_to_json(row.geometry), "properties": properties}


def references_of(feature: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (role, id) of what a feature speaks of; `crossed` may also name assets, which are no records."""
    properties = feature["properties"]
    if properties["kind"] in ("grade", "retraction"):
        yield "target", properties["target"]
    for role, name in (("closes", "closes"), ("member", "members"), ("crossed", "crossed")):
        for target in properties.get(name) or ():
            yield role, target


def insert_records(session: Session, features: Sequence[Mapping[str, Any]], provenance: Provenance) -> None:
    """Write records, then what they refer to (they may refer to one another)."""
    session.add_all(row_of(feature, provenance) for feature in features)
    session.flush()
    insert_references(session, features)


def insert_many(session: Session, records: Iterable[tuple[Mapping[str, Any], Provenance]]) -> None:
    """Write records without what they refer to, and without an object for each."""
    session.execute(insert(RecordRow), [_values_of(feature, provenance) for feature, provenance in records])


def insert_references(session: Session, features: Sequence[Mapping[str, Any]]) -> None:
    """Write what records refer to; all of them must be there."""
    wanted = {(f["id"], role, target) for f in features for role, target in references_of(f)}
    known = existing_ids(session, {target for _, role, target in wanted if role == "crossed"})
    rows = [
        {"record_id": record_id, "role": role, "target_id": target}
        for record_id, role, target in sorted(wanted)
        if role != "crossed" or target in known
    ]
    if rows:
        session.execute(insert(RecordReference), rows)


def find_record(session: Session, record_id: str) -> RecordRow | None:
    """Return the row of an id."""
    return session.scalar(select(RecordRow).where(RecordRow.id == record_id))


def find_records(session: Session, ids: Iterable[str]) -> list[RecordRow]:
    """Return the rows of those ids that exist, in the order of their numbers."""
    return [
        row
        for part in parts_of(ids)
        for row in session.scalars(_ordered(select(RecordRow).where(RecordRow.id.in_(part))))
    ]


def existing_ids(session: Session, ids: Iterable[str]) -> set[str]:
    """Return those of the ids that are records."""
    return {
        found for part in parts_of(ids) for found in session.scalars(select(RecordRow.id).where(RecordRow.id.in_(part)))
    }


def has_records(session: Session) -> bool:
    """Return whether there is any record."""
    return session.scalar(select(RecordRow.number).limit(1)) is not None


def list_known(
    session: Session, *, known_at: int | None = None, after: int = 0, up_to: int | None = None
) -> Iterator[RecordRow]:
    """Yield every record received up to a moment (None = all), in the order of their own numbers.

    Of the changes after a number, and up to a number (None = all).
    """
    query = select(RecordRow)
    if after:
        query = query.where(RecordRow.change_number > after)
    if up_to is not None:
        query = query.where(RecordRow.change_number <= up_to)
    if known_at is not None:
        query = query.where(or_(RecordRow.received <= known_at, RecordRow.received.is_(None)))
    yield from session.scalars(_ordered(query).execution_options(yield_per=2000))


def list_of_changes(session: Session, *, after: int, up_to: int) -> list[RecordRow]:
    """Return the records that the changes of (after, up_to] wrote, in the order of their numbers."""
    query = select(RecordRow).where(RecordRow.change_number > after, RecordRow.change_number <= up_to)
    return list(session.scalars(_ordered(query)))


def list_present(
    session: Session,
    kinds: Sequence[str],
    *,
    known_at: int,
    bbox: tuple[float, float, float, float] | None = None,
    since: int | None = None,
    about: Iterable[str] | None = None,
    after: int = 0,
    limit: int | None = None,
) -> list[RecordRow]:
    """Return records of some kinds known at a moment and not retracted then, in the order of their numbers.

    `bbox` is (west, south, east, north) in degrees, west > east crosses 180°; records without geometry are left out.
    `since` leaves out what happened or was received before this moment; `about` what speaks of none of these records.
    """
    query = select(RecordRow).where(
        RecordRow.kind.in_(kinds),
        RecordRow.number > after,
        or_(RecordRow.received <= known_at, RecordRow.received.is_(None)),
    )
    if since is not None:
        moments = (RecordRow.occurred, RecordRow.received)
        query = query.where(*(or_(moment.is_(None), moment >= since) for moment in moments))
    if bbox is not None:
        query = query.where(_meets(session, bbox))
    absent = retracted_ids(session, known_at=known_at)
    found = _scalars(session, query) if about is None else _rows_about(session, query, about)
    return list(islice((row for row in found if row.id not in absent), limit))


def _scalars(session: Session, query: Select[RecordRow]) -> Iterable[RecordRow]:
    return session.scalars(_ordered(query).execution_options(yield_per=500))


def _rows_about(session: Session, query: Select[RecordRow], ids: Iterable[str]) -> Iterable[RecordRow]:
    """Return those rows of a query that speak of some records, in the order of their numbers."""
    found: dict[int, RecordRow] = {}
    for part in parts_of(ids):
        speaking = select(RecordReference.record_id).where(RecordReference.target_id.in_(part))
        found |= {row.number: row for row in _scalars(session, query.where(RecordRow.id.in_(speaking)))}
    return (found[number] for number in sorted(found))


def retracted_ids(session: Session, *, known_at: int) -> set[str]:
    """Return the ids of records of which a retraction is in force at a moment.

    One that needs two signatures and has one changes nothing; one that is itself retracted does not count.
    """
    target = aliased(RecordRow)
    query = (
        select(RecordRow.id, RecordRow.signed_by, target.id, target.kind, target.properties)
        .join(RecordReference, RecordReference.record_id == RecordRow.id)
        .join(target, target.id == RecordReference.target_id)
        .where(RecordRow.kind == "retraction", RecordRow.received <= known_at)
    )
    by_target: dict[str, list[str]] = {}
    for retraction_id, signed_by, target_id, kind, properties in session.execute(query):
        if len(set(signed_by or ())) >= signatures_to_retract(kind, properties):
            by_target.setdefault(target_id, []).append(retraction_id)

    def is_absent(record_id: str) -> bool:
        return any(not is_absent(retraction_id) for retraction_id in by_target.get(record_id, ()))

    return {record_id for record_id in by_target if is_absent(record_id)}


def signatures_to_retract(kind: str, properties: Mapping[str, Any]) -> int:
    """Return how many persons must sign the retraction of a record. Source: docs/formats.md, retractions."""
    if kind in ("explosive", "physical") or (kind == "grade" and properties.get("eod_confirmed")):
        return 2
    return 1


def list_about(session: Session, record_id: str) -> list[RecordRow]:
    """Return the records that speak of one: grades, links, closing acts, retractions, crossings, in order."""
    query = select(RecordRow).join(RecordReference, RecordReference.record_id == RecordRow.id)
    return list(session.scalars(_ordered(query.where(RecordReference.target_id == record_id))))


def grades_about(session: Session, ids: Iterable[str]) -> dict[str, list[RecordRow]]:
    """Return target -> the grades of it, in order, of many records."""
    found: dict[str, list[RecordRow]] = {}
    for some in parts_of(ids):
        query = select(RecordRow, RecordReference.target_id).join(
            RecordReference, RecordReference.record_id == RecordRow.id
        )
        of_some = query.where(RecordRow.kind == "grade", RecordReference.target_id.in_(some))
        for row, target in session.execute(of_some.order_by(RecordRow.number)):
            found.setdefault(target, []).append(row)
    return found


def _ordered(query: Select[RecordRow]) -> Select[RecordRow]:
    return query.order_by(RecordRow.number)


def parts_of(ids: Iterable[Key], size: int = 500) -> Iterator[list[Key]]:
    """Yield distinct ids in order, as many at a time as a statement takes."""
    listed = sorted(set(ids))
    for start in range(0, len(listed), size):
        yield listed[start : start + size]


def _meets(session: Session, bbox: tuple[float, float, float, float]) -> ColumnElement[bool]:
    west, south, east, north = bbox
    if west > east:
        return or_(_meets(session, (west, south, 180.0, north)), _meets(session, (-180.0, south, east, north)))
    if session.get_bind().dialect.name == "sqlite":
        # A subquery on the R*Tree: a custom boolean clause would be rendered as "… = 1" and scan the table.
        box = _BOUNDS.c
        found = select(box.number).where(
            box.max_lon >= west, box.min_lon <= east, box.max_lat >= south, box.min_lat <= north
        )
        return RecordRow.number.in_(found)
    return RecordRow.geometry.bool_op("&&")(func.ST_MakeEnvelope(west, south, east, north, 4326))
