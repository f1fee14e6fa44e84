"""Publish the rows of an import as reports in one transaction, and take all of them back as one.

A report that was imported is a report like any other. Taking back an explosive or physical record takes a second person
here as everywhere: until then it counts.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import Actor, may, require
from fom.domain.instants import format_instant
from fom.errors import Conflict, InvalidInput
from fom.network.network import Network
from fom.routing.router import Router
from fom.services.form_records import with_records
from fom.services.former_networks import FormerNetworks
from fom.services.imports.staging import PUBLISH, batch_head, check_version, report_draft, staged_batch, visible_batch
from fom.services.pending import confirm_together, pend
from fom.services.report_inspections import take_back_entries
from fom.services.reporting import log_report
from fom.services.writing import note, step
from fom.store.changes import add_change
from fom.store.imports import batch_records, list_batch_rows
from fom.store.records import Provenance, insert_records, parts_of, retracted_ids, signatures_to_retract
from fom.store.tables import ImportBatch, ImportRow, PendingAct, RecordRow, Report


def publish_batch(
    session: Session,
    batch_id: str,
    *,
    version: int,
    with_same: bool = False,
    actor: Actor,
    now: int,
    network: Network,
    router: Router,
    names: FormerNetworks | None = None,
) -> dict[str, Any]:
    """Log every usable row of a batch as a report; rows with errors stay behind, also those that are here already.

    Parameters
    ----------
    with_same
        Log again what is here already.

    Raises
    ------
    InvalidInput
        A row that can no longer be used, as `rows[<number>].<field>`; then none is logged.
    Conflict
        Published, dropped or changed meanwhile; nothing to publish; tracks matched to another map.
    """
    require(actor, PUBLISH)
    at = step(session, now)
    batch = staged_batch(session, batch_id, actor, version=version)
    if batch.mapping.get("network", network.network_id) != network.network_id:
        raise Conflict("the map was changed since the tracks were matched: stage the file again")
    rows = [r for r in list_batch_rows(session, batch_id) if r.answers is not None and (with_same or not r.same_as)]
    if not rows:
        raise Conflict("no row can be published: each has an error or is here already")
    for row in rows:
        _log_row(session, batch, row, actor=actor, at=at, network=network, router=router, names=names)
    batch.state, batch.published_by, batch.published_at = "published", actor.person, at
    batch.version += 1
    batch.counts = {**batch.counts, "published": len(rows)}
    details = {"file_hash": batch.sha256, "form": batch.form, "counts": dict(batch.counts)}
    note(session, "publish_import", ("import", batch.id), kind="pending", actor=actor, at=at, details=details)
    return batch_head(session, batch)


def reverse_batch(
    session: Session, batch_id: str, *, version: int, reason: str, actor: Actor, now: int
) -> dict[str, Any]:
    """Retract every record of a published batch, also those of later versions of its reports.

    Explosive and physical records, once a second person confirms (`confirm_reversal`); the others at once.

    Raises
    ------
    Conflict
        Not published, taken back already, or changed meanwhile.
    NotPermitted
        Neither who published it nor one who may retract.
    """
    require(actor, PUBLISH)
    at = step(session, now)
    batch = visible_batch(session, batch_id, actor)
    check_version(batch, version)
    if batch.state != "published":
        raise Conflict(f"this import is {batch.state}, not published", state=batch.state)
    if batch.published_by != actor.person:
        require(actor, "retract")
    if not reason.strip():
        raise InvalidInput.single("reason", "nothing", "why the import is taken back")
    absent = retracted_ids(session, known_at=at)
    present = [row for row in batch_records(session, batch_id) if row.id not in absent]
    alone = [row for row in present if signatures_to_retract(row.kind, row.properties) == 1]
    waiting = [row for row in present if signatures_to_retract(row.kind, row.properties) == 2]
    change = _retract(session, batch, alone, reason=reason, actor=actor, at=at)
    already = _proposed(session, waiting)
    for row in waiting:
        if row.id not in already:
            feature = _retraction(batch, row, reason=reason, actor=actor, at=at)
            pend(session, feature, action="retract", targets=[row], reason=reason, actor=actor, at=at, change=change)
    _close_reports(session, batch, at)
    take_back_entries(session, [row.report_id for row in list_batch_rows(session, batch_id) if row.report_id],
                      reason=reason, actor=actor, now=now)  # fmt: skip
    batch.state, batch.reversed_by, batch.reversed_at, batch.reason = "reversed", actor.person, at, reason.strip()
    batch.version += 1
    batch.counts = {**batch.counts, "retracted": len(alone), "proposed": len(waiting)}
    details = {"reason": reason, "retracted": len(alone), "waiting": len(waiting), "change": change}
    note(
        session,
        "reverse_import",
        ("import", batch.id),
        kind="record",
        actor=actor,
        at=at,
        details=details,
        change=change,
    )
    return batch_head(session, batch)


def waiting_reversals(session: Session, batch_id: str, *, actor: Actor) -> dict[str, Any]:
    """Return how many retractions of a batch wait for a second person, and whether this actor may be that person."""
    batch = visible_batch(session, batch_id, actor)
    ids = _waiting_ids(session, batch)
    is_other = batch.reversed_by is not None and batch.reversed_by != actor.person
    return {"waiting": len(ids), "may_confirm": bool(ids) and is_other and may(actor, "retract")}


def confirm_reversal(session: Session, batch_id: str, *, actor: Actor, now: int) -> int:
    """Sign as the second person for every retraction of a batch that still waits; return how many.

    Raises
    ------
    NotPermitted
        The same person, or one without the right to retract.
    Conflict
        Nothing waits.
    """
    require(actor, "retract")
    at = step(session, now)
    ids = _waiting_ids(session, visible_batch(session, batch_id, actor))
    if not ids:
        raise Conflict("no retraction of this import waits for a second person")
    return confirm_together(session, ids, subject=("import", batch_id), actor=actor, at=at)


def _log_row(
    session: Session,
    batch: ImportBatch,
    row: ImportRow,
    *,
    actor: Actor,
    at: int,
    network: Network,
    router: Router,
    names: FormerNetworks | None,
) -> None:
    report_id = str(uuid.uuid5(uuid.UUID(batch.id), f"row {row.number}"))
    values = {"answers": row.answers, "words": row.words}
    draft = replace(report_draft(report_id, batch.form, values, batch.classification), **_as_said(batch, row))
    try:
        draft = with_records(session, draft, actor=actor, network=network, router=router)
        log_report(session, draft, actor=actor, now=at, network=network, names=names)
    except InvalidInput as refused:
        where = f"rows[{row.number}]."
        raise InvalidInput([replace(e, field=where + e.field) for e in refused.errors]) from None
    row.report_id = report_id


def _as_said(batch: ImportBatch, row: ImportRow) -> dict[str, Any]:
    """Return the place and the time as they stand in the file."""
    columns = batch.mapping.get("columns")
    if not columns or not isinstance(row.raw, list):
        return {}
    cells = dict(zip(batch.headers, row.raw, strict=True))
    said = {target: cells[header] for header, target in columns.items() if cells.get(header)}
    place = " ".join(said[t] for t in ("place.name", "place", "place.lon", "place.lat") if t in said)
    zone = batch.mapping.get("zone")
    time = f"{said['occurred']} ({zone})" if zone and "occurred" in said else said.get("occurred", "")
    return {"place_text": place[:500], "time_text": time[:200]}


def _retract(
    session: Session, batch: ImportBatch, rows: Sequence[RecordRow], *, reason: str, actor: Actor, at: int
) -> int:
    """Write the retractions of rows as one change; return its number."""
    features = {row.id: _retraction(batch, row, reason=reason, actor=actor, at=at) for row in rows}
    ids = [str(feature["id"]) for feature in features.values()]
    change = add_change(session, "record", at=at, subject=("import", batch.id), record_ids=ids)
    groups: dict[tuple[str, str | None], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row.classification, row.area), []).append(features[row.id])
    for (classification, area), group in groups.items():
        insert_records(session, group, Provenance(change_number=change, classification=classification, area=area))
    return change


def _retraction(batch: ImportBatch, row: RecordRow, *, reason: str, actor: Actor, at: int) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": _retraction_id(batch, row.id),
        "geometry": None,
        "properties": {
            "kind": "retraction",
            "received": format_instant(at),
            "by": actor.person,
            "target": row.id,
            "signed_by": [actor.person],
            "meta": {"reason": reason, "import": batch.id},
        },
    }


def _retraction_id(batch: ImportBatch, record_id: str) -> str:
    return str(uuid.uuid5(uuid.UUID(batch.id), f"retraction of {record_id}"))


def _proposed(session: Session, rows: Sequence[RecordRow]) -> set[str]:
    """Return the records whose retraction somebody proposed already."""
    wanted = {row.id for row in rows}
    query = select(PendingAct.targets).where(PendingAct.settled_at.is_(None), PendingAct.kind == "retraction")
    return {target for targets in session.scalars(query) for target in targets} & wanted


def _waiting_ids(session: Session, batch: ImportBatch) -> list[str]:
    """Return the ids of the retractions of a batch that wait, in order."""
    if batch.state != "reversed":
        return []
    ids = {_retraction_id(batch, row.id) for row in batch_records(session, batch.id)}
    return sorted(
        found
        for part in parts_of(ids)
        for found in session.scalars(
            select(PendingAct.id).where(PendingAct.id.in_(part), PendingAct.settled_at.is_(None))
        )
    )


def _close_reports(session: Session, batch: ImportBatch, at: int) -> None:
    """Take the reports of a batch out of triage: there is nothing left to judge."""
    query = select(Report).join(ImportRow, ImportRow.report_id == Report.id).where(ImportRow.batch_id == batch.id)
    for report in session.scalars(query):
        if report.triage != "done":
            report.triage, report.changed_at = "done", at
