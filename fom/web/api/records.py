"""Records behind the states, as features of the facts format; the whole history as a facts file; the audit chain."""

from __future__ import annotations

from typing import Any, Literal

from flask import jsonify
from pydantic import BaseModel, ConfigDict, Field

from fom.domain.records import RECORD_CLASSES
from fom.services import auditing, facts_exchange, record_reads
from fom.web.access import allows, current_actor
from fom.web.alerting import note_shown
from fom.web.api import MISSING, family
from fom.web.api.shapes import Bbox, Body, Id, Known, Moment, parse_bbox
from fom.web.edge import edge, reading
from fom.web.heavy import takes_turns

api = family("records", "Records as features of the facts format, the facts file, the audit")


class RecordsQuery(Moment):
    """Which records."""

    kind: list[Literal[tuple(RECORD_CLASSES)]] = Field(  # type: ignore[valid-type]
        default_factory=list, max_length=13, description="Default: every kind"
    )
    bbox: Bbox | None = None
    after: int = Field(0, ge=0, le=2**53, description="Number of the last record of the page before")
    limit: int = Field(500, ge=1, le=5000)


class RecordPath(BaseModel):
    """Which record."""

    record_id: Id


class RecordOut(BaseModel):
    """A record with how it is handled."""

    model_config = ConfigDict(extra="allow")

    id: str
    geometry: dict[str, Any] | None
    properties: dict[str, Any]
    handling: dict[str, Any]


class Records(BaseModel):
    """Records by number."""

    type: str
    features: list[RecordOut]


class FactsFile(BaseModel):
    """A facts file, `fom-facts/1`."""

    model_config = ConfigDict(extra="allow")

    type: str
    format: str
    features: list[dict[str, Any]]


class AuditQuery(Body):
    """Which lines."""

    after: int = Field(0, ge=0, le=2**53)
    limit: int = Field(200, ge=1, le=2000)


class AuditLines(BaseModel):
    """Lines of the chain, oldest first."""

    lines: list[dict[str, Any]]


@api.get("/records", responses={"200": Records})
@allows("read_picture")
def list_records(query: RecordsQuery) -> Any:
    """List records known and not retracted at a moment, as far as the account may see them."""
    now = edge().host.now()
    with reading() as session:
        features = record_reads.list_records(
            session,
            actor=current_actor(),
            kinds=query.kind or list(RECORD_CLASSES),
            known_at=now if query.known_at is None else query.known_at,
            at=query.at,
            bbox=None if query.bbox is None else parse_bbox(query.bbox),
            after=query.after,
            limit=query.limit,
        )
    return jsonify(type="FeatureCollection", features=features)


@api.get("/records/<path:record_id>", responses={"200": RecordOut, **MISSING})
@allows("read_picture")
def get_record(path: RecordPath, query: Known) -> Any:
    """Return a record with its grades, links, closing acts and retractions."""
    known_at = edge().host.now() if query.known_at is None else query.known_at
    with reading() as session:
        record = record_reads.get_record(session, path.record_id, actor=current_actor(), known_at=known_at)
    return jsonify(record)


@api.get("/facts", responses={"200": FactsFile})
@allows("export_facts")
@takes_turns
def export_facts(query: Known) -> Any:
    """Return everything known at a moment as a facts file: `assess` on it gives the answers of this service."""
    known_at = edge().host.now() if query.known_at is None else query.known_at
    with reading() as session:
        document = facts_exchange.export_facts(
            session, actor=current_actor(), known_at=known_at, names=edge().host.names
        )
    host = edge().host
    note_shown("export", host.question(known_at=known_at), subject="facts", known_at=query.known_at)
    answer = jsonify(document)
    answer.headers["Content-Disposition"] = 'attachment; filename="facts.geojson"'
    return answer


@api.get("/audit", responses={"200": AuditLines})
@allows("read_audit")
def list_audit(query: AuditQuery) -> Any:
    """Return lines of the append-only chain."""
    with reading() as session:
        lines = auditing.list_audit(session, actor=current_actor(), after=query.after, limit=query.limit)
    return jsonify(lines=lines)
