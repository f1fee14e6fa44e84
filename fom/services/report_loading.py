"""The reports behind a loaded history, as far as its records' `meta` tells: `report_id, reported_as, words, unit`."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from fom.domain.access import CLASSIFICATIONS
from fom.domain.instants import parse_instant
from fom.services.accounts import ensure_unit
from fom.services.drafts import REPORTED_KINDS, SET_BY_SERVER
from fom.services.reporting import triage_of
from fom.store.columns import hash_of
from fom.store.tables import Report, ReportVersion, version_record
from fom.store.tables.records import REPORT_FORMS

Feature = Mapping[str, Any]
FORM_OF_KIND = {
    "explosive": "explosive",
    "physical": "physical",
    "control": "restriction",
    "incident": "incident",
    "verification": "passage",
}


def meta_of(feature: Feature) -> Mapping[str, Any]:
    """Return the free members of a record."""
    return feature["properties"].get("meta") or {}


def classification_of(feature: Feature) -> str:
    """Return the classification that `meta` states, confidential when it states none."""
    stated = meta_of(feature).get("classification")
    return str(stated) if stated in CLASSIFICATIONS else "confidential"


def reports_of(features: Sequence[Feature]) -> dict[str, list[Feature]]:
    """Return report id -> its reported records, for those whose `meta` names one by a UUID."""
    reports: dict[str, list[Feature]] = {}
    for feature in features:
        report_id = meta_of(feature).get("report_id")
        if feature["properties"]["kind"] in REPORTED_KINDS and _is_uuid(report_id):
            reports.setdefault(str(report_id), []).append(feature)
    return reports


def insert_reports(session: Session, reports: Mapping[str, Sequence[Feature]], judged: set[str], change: int) -> None:
    """Write a report of one version for each group of records; `judged` are ids of records that have been graded."""
    for report_id, records in sorted(reports.items()):
        first = min(records, key=lambda f: (f["properties"]["received"], f["id"]))
        meta, properties = meta_of(first), first["properties"]
        form = meta.get("reported_as")
        form = form if form in REPORT_FORMS else FORM_OF_KIND[properties["kind"]]
        received, by = parse_instant(properties["received"]), str(properties.get("by") or "unknown")
        unit = ensure_unit(session, meta.get("unit"))
        classification = max((classification_of(f) for f in records), key=CLASSIFICATIONS.index)
        is_judged = all(f["id"] in judged or f["properties"].get("grade") for f in records)
        session.add(
            Report(
                id=report_id,
                form=form,
                version=1,
                triage="done" if is_judged else triage_of(records),
                classification=classification,
                area=meta.get("area"),
                unit_id=unit,
                by=by,
                received=received,
                changed_at=received,
            )
        )
        session.flush()
        body = _body(report_id, form, unit, classification, meta, records)
        session.add(
            ReportVersion(
                id=report_id,
                report_id=report_id,
                version=1,
                body_hash=hash_of(body),
                body=body,
                words=body["words"],
                received=received,
                by=by,
                classification=classification,
                unit_id=unit,
                area=meta.get("area"),
                change_number=change,
            )
        )
    session.flush()


def name_records_of(session: Session, reports: Mapping[str, Sequence[Feature]]) -> None:
    """Write which records the reports stand for, once the records are there."""
    rows = [{"version_id": report_id, "record_id": f["id"]} for report_id, records in reports.items() for f in records]
    if rows:
        session.execute(insert(version_record), rows)


def _body(
    report_id: str,
    form: str,
    unit: str | None,
    classification: str,
    meta: Mapping[str, Any],
    records: Sequence[Feature],
) -> dict[str, Any]:
    sent = [{**f, "properties": {k: v for k, v in f["properties"].items() if k not in SET_BY_SERVER}} for f in records]
    words = str(meta.get("words") or "")
    return {
        "id": report_id, "form": form, "words": words, "unit": unit, "classification": classification, "records": sent
    }  # fmt: skip


def _is_uuid(value: object) -> bool:
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value
    except ValueError:
        return False
