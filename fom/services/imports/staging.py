"""Stage a file of reports: its rows are read and looked at, and nothing counts until somebody publishes them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from fom.domain.access import CLASSIFICATIONS, Access, Actor, may, require, visible
from fom.domain.answers import parse_answers
from fom.domain.column_mapping import ColumnMapping, parse_mapping, read_row
from fom.domain.forms import FORMS
from fom.domain.instants import MINUTE_US, format_instant
from fom.domain.tracks import POINTS_KEPT, Drive, find_drives, thinned
from fom.errors import Conflict, FieldError, InvalidInput, NotFound
from fom.exchange.gpx import GpxTrack
from fom.exchange.tables import Table
from fom.network.network import Network
from fom.picture.covering import Covering
from fom.routing.router import Router
from fom.services.drafts import ReportDraft, check_uuid, complete_features
from fom.services.form_records import with_records
from fom.services.imports.matching import match_drive, named_stretches, tracks_way
from fom.services.imports.reading import setting_of, suggest
from fom.services.imports.same_rows import find_same
from fom.services.picture_host import PictureHost
from fom.services.writing import note, step
from fom.store.columns import hash_of
from fom.store.imports import (
    batches_of_file,
    count_amended,
    find_batch,
    list_batch_heads,
    list_batch_rows,
)
from fom.store.tables import ImportBatch, ImportRow

STAGE, PUBLISH = "stage_imports", "publish_imports"
TRACK_COLUMNS = ("track", "from", "to")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDraft:
    """A file as sent: `id` is the sender's UUID of the batch, so that sending it twice stages it once."""

    id: str
    kind: str
    """csv, xlsx, geojson or gpx."""
    form: str
    file_name: str
    sha256: str
    classification: str = "confidential"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The roads that rows are read against: of one host, at one moment."""

    network: Network
    router: Router
    covering: Covering


def ground_of(host: PictureHost) -> Ground:
    """Return the roads of a host as they are now; what the picture counts there for a track included."""
    with host.reading() as picture:
        covering = picture.covering
    return Ground(network=host.network, router=host.router, covering=covering)


def stage_table(
    session: Session,
    draft: FileDraft,
    table: Table,
    *,
    mapping: object = None,
    actor: Actor,
    now: int,
    ground: Ground,
) -> dict[str, Any]:
    """Stage the rows of a table under a mapping, or the one that its headers suggest.

    Raises
    ------
    InvalidInput
        The draft or the mapping.
    Conflict
        The id came before with another file.
    """
    require(actor, STAGE)
    at = step(session, now)
    if (known := _again(session, draft, actor)) is not None:
        return known
    meant = suggest(draft.form, table.headers) if mapping is None else parse_mapping(mapping, table.headers)
    batch = _add_batch(session, draft, table.headers, meant.plain, table.notes, actor=actor, at=at)
    rows = [_empty_row(draft.id, row.number, list(row.cells)) for row in table.rows]
    _read_rows(session, rows, table.headers, meant, draft.classification, actor=actor, now=at, ground=ground)
    _insert(session, batch, rows)
    _note(session, "stage_import", batch, actor=actor, at=at)
    return batch_head(session, batch)


def stage_tracks(
    session: Session,
    draft: FileDraft,
    tracks: Sequence[GpxTrack],
    *,
    answers: Mapping[str, Any],
    actor: Actor,
    now: int,
    ground: Ground,
) -> dict[str, Any]:
    """Stage the drives of recorded tracks; `answers` are those of the passage form that hold for all of them.

    A drive with a time at every point is a recorded track. One without is a way that somebody states: it needs the time
    that is answered, and waits for a grade.
    """
    require(actor, STAGE)
    at = step(session, now)
    if (known := _again(session, draft, actor)) is not None:
        return known
    said = _track_answers(answers)
    drives = [(track.name, drive) for track in tracks for drive in find_drives(track.pieces)]
    rows = []
    for number, (name, drive) in enumerate(drives, start=1):
        row = _empty_row(draft.id, number, [name, *(_told(m) for m in (drive.first_at, drive.last_at))])
        _read_drive(row, drive, said, ground.covering, at)
        rows.append(row)
    mapping = {"form": draft.form, "answers": said, "network": ground.network.network_id}
    batch = _add_batch(session, draft, TRACK_COLUMNS, mapping, (), actor=actor, at=at)
    find_same(session, draft.form, rows)
    _insert(session, batch, rows)
    _note(session, "stage_import", batch, actor=actor, at=at)
    return batch_head(session, batch)


def remap_batch(
    session: Session, batch_id: str, mapping: object, *, version: int, actor: Actor, now: int, ground: Ground
) -> dict[str, Any]:
    """Read the rows of a staged table again under another mapping.

    Raises
    ------
    NotFound, Conflict
        No such batch; published, dropped or changed meanwhile; a batch of tracks, which has no columns.
    """
    require(actor, STAGE)
    at = step(session, now)
    batch = staged_batch(session, batch_id, actor, version=version)
    if batch.kind == "gpx":
        raise Conflict("tracks have no columns: stage the file again with other answers")
    headers = tuple(batch.headers)
    meant = parse_mapping({**(mapping if isinstance(mapping, Mapping) else {}), "form": batch.form}, headers)
    kept = list_batch_rows(session, batch_id)
    rows = [_empty_row(batch_id, row.number, row.raw) for row in kept]
    _read_rows(session, rows, headers, meant, batch.classification, actor=actor, now=at, ground=ground)
    for row, values in zip(kept, rows, strict=True):
        for name, value in values.items():
            setattr(row, name, value)
    batch.mapping, batch.counts = meant.plain, _counts(rows)
    batch.version += 1
    _note(session, "map_import", batch, actor=actor, at=at)
    return batch_head(session, batch)


def drop_batch(session: Session, batch_id: str, *, version: int, actor: Actor, now: int) -> None:
    """Let a staged batch fall; its rows stay to be read and never count."""
    require(actor, STAGE)
    at = step(session, now)
    batch = staged_batch(session, batch_id, actor, version=version)
    if batch.by != actor.person:
        require(actor, PUBLISH)
    batch.state = "dropped"
    batch.version += 1
    _note(session, "drop_import", batch, actor=actor, at=at)


def list_batches(session: Session, *, actor: Actor, limit: int = 100) -> list[dict[str, Any]]:
    """Return the batches that the actor may see, newest first."""
    require(actor, STAGE)
    return [batch_head(session, b) for b in list_batch_heads(session, limit=limit) if _may_see(b, actor)]


def get_batch(session: Session, batch_id: str, *, actor: Actor) -> dict[str, Any]:
    """Return a batch with its mapping; NotFound also when the actor may not see it."""
    require(actor, STAGE)
    batch = visible_batch(session, batch_id, actor)
    same = [b for b in batches_of_file(session, batch.sha256) if b.id != batch.id and _may_see(b, actor)]
    return batch_head(session, batch) | {
        "headers": list(batch.headers),
        "mapping": batch.mapping,
        "notes": list(batch.notes),
        "amended": count_amended(session, batch.id) if batch.state == "published" else 0,
        "same_file": [
            {"id": b.id, "state": b.state, "file_name": b.file_name, "at": format_instant(b.published_at or b.at)}
            for b in same
            if b.state in ("published", "staged")
        ],
        "may_publish": may(actor, PUBLISH),
    }


def list_rows(session: Session, batch_id: str, *, actor: Actor) -> list[dict[str, Any]]:
    """Return the rows of a batch in order: cells, answers, errors, what is already here, and the report each became."""
    require(actor, STAGE)
    visible_batch(session, batch_id, actor)
    return [row_values(row) for row in list_batch_rows(session, batch_id)]


def row_values(row: ImportRow) -> dict[str, Any]:
    """Return a row as plain values; `fate` is ready, error, same, published."""
    if row.report_id is not None:
        fate = "published"
    else:
        fate = "error" if row.answers is None else "same" if row.same_as else "ready"
    return {
        "number": row.number, "cells": row.raw, "answers": row.answers, "words": row.words, "errors": row.errors,
        "same_as": row.same_as, "matched": row.matched, "report_id": row.report_id, "fate": fate,
    }  # fmt: skip


def visible_batch(session: Session, batch_id: str, actor: Actor) -> ImportBatch:
    """Return a batch; NotFound also when the actor may not see it."""
    batch = find_batch(session, batch_id)
    if batch is None or not _may_see(batch, actor):
        raise NotFound("import", batch_id)
    return batch


def staged_batch(session: Session, batch_id: str, actor: Actor, *, version: int) -> ImportBatch:
    """Return a batch that waits; Conflict when it does not, or was changed since `version`."""
    batch = visible_batch(session, batch_id, actor)
    check_version(batch, version)
    if batch.state != "staged":
        raise Conflict(f"this import was {batch.state} already", state=batch.state)
    return batch


def check_version(batch: ImportBatch, version: int) -> None:
    """Refuse with Conflict what was decided on an older version of a batch."""
    if batch.version != version:
        raise Conflict("the import was changed meanwhile: look at it again", current=batch.version)


def batch_head(session: Session, batch: ImportBatch) -> dict[str, Any]:
    """Return a batch without its rows."""
    session.flush()
    moments = {name: getattr(batch, name) for name in ("at", "published_at", "reversed_at")}
    return {
        "id": batch.id, "kind": batch.kind, "form": batch.form, "file_name": batch.file_name, "sha256": batch.sha256,
        "state": batch.state, "version": batch.version, "counts": dict(batch.counts), "by": batch.by,
        "classification": batch.classification, "published_by": batch.published_by, "reversed_by": batch.reversed_by,
        "reason": batch.reason,
        **{name: None if us is None else format_instant(us) for name, us in moments.items()},
    }  # fmt: skip


def report_draft(report_id: str, form: str, row: Mapping[str, Any], classification: str) -> ReportDraft:
    """Return the report that a usable row becomes."""
    return ReportDraft(
        id=report_id, form=form, words=row["words"], classification=classification, answers=row["answers"]
    )


def plain_file_name(name: str) -> str:
    """Return the last part of a file's name without characters that hide or turn text."""
    last = re.split(r"[\\/]", name)[-1]
    bare = "".join(c for c in last if unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    return " ".join(bare.split())[:200] or "without a name"


# rows


def _read_rows(
    session: Session,
    rows: list[dict[str, Any]],
    headers: Sequence[str],
    mapping: ColumnMapping,
    classification: str,
    *,
    actor: Actor,
    now: int,
    ground: Ground,
) -> None:
    setting = setting_of(session, ground.network, actor=actor, now=now)
    for row in rows:
        read = read_row(dict(zip(headers, row["raw"], strict=True)), mapping, setting)
        row |= {"answers": read.answers, "words": read.words, "errors": [error.plain for error in read.errors]}
        if read.answers is not None:
            _check_report(session, row, mapping.form, classification, actor=actor, now=now, ground=ground)
        row["row_hash"] = _hash(mapping.form, row)
    find_same(session, mapping.form, rows)


def _check_report(
    session: Session, row: dict[str, Any], form: str, classification: str, *, actor: Actor, now: int, ground: Ground
) -> None:
    """Have a row refused now for what it would be refused for when it is published."""
    draft = report_draft("00000000-0000-4000-8000-000000000000", form, row, classification)
    try:
        draft = with_records(session, draft, actor=actor, network=ground.network, router=ground.router)
        complete_features(draft, actor=actor, at=now, report_id=draft.id, version=1)
    except InvalidInput as refused:
        row["answers"] = None
        row["errors"] = [[e.field.removeprefix("answers."), e.came[:80], e.expected] for e in refused.errors]


def _read_drive(row: dict[str, Any], drive: Drive, said: Mapping[str, Any], covering: Covering, now: int) -> None:
    parts = thinned(drive.parts)
    row["matched"] = matched = match_drive(drive, parts, covering)
    errors: list[list[str]] = []
    if not parts:
        errors.append(["track", "points too far apart", "at least two points without a gap between them"])
    elif sum(map(len, parts)) > POINTS_KEPT:
        errors.append(["track", f"{sum(map(len, parts)):,} points", f"at most {POINTS_KEPT:,} in one drive"])
    elif not matched["covered"]:
        errors.append(["track", "no road within 25 m of it", "a drive along roads of the map"])
    answers = {**said, "way": tracks_way(parts)}
    if drive.is_timed:
        first, last = drive.first_at or 0, drive.last_at or 0
        if last > now + 10 * MINUTE_US:
            errors.append(["to", _told(last), "a time that is not ahead of now"])
        answers |= {"occurred": _told(last), "started": _told(first)}
    else:
        answers["way"] = {"stretches": named_stretches(matched)}
        if "occurred" not in said:
            errors.append(["to", "points without times", "the time when the last of it was passed, answered above"])
    matched["is_timed"] = drive.is_timed
    row |= {"errors": errors, "answers": None if errors else parse_answers("passage", answers)}
    row["row_hash"] = _hash("passage", row)


def _track_answers(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the checked answers that hold for every drive of a file."""
    some_way: dict[str, Any] = {"way": {"stretches": []}}
    now_and_then = {"occurred": "2000-01-01T00:00:00Z"} if not answers.get("occurred") else {}
    said = parse_answers("passage", {**{k: v for k, v in answers.items() if v}, **some_way, **now_and_then})
    return {k: v for k, v in said.items() if k != "way" and k not in now_and_then}


def _empty_row(batch_id: str, number: int, raw: Any) -> dict[str, Any]:
    return {
        "batch_id": batch_id, "number": number, "raw": raw, "answers": None, "words": "", "errors": [],
        "row_hash": None, "same_as": None, "matched": None,
    }  # fmt: skip


def _hash(form: str, row: Mapping[str, Any]) -> str | None:
    return None if row["answers"] is None else hash_of([form, row["answers"], row["words"]])


def _counts(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    counts = {"rows": 0, "ready": 0, "errors": 0, "same": 0, "unplaced": 0}
    for row in rows:
        counts["rows"] += 1
        if row["answers"] is None:
            counts["errors"] += 1
        elif row["same_as"]:
            counts["same"] += 1
        else:
            counts["ready"] += 1
            counts["unplaced"] += _is_unplaced(row["answers"])
    return counts


def _is_unplaced(answers: Mapping[str, Any]) -> bool:
    return "lon" not in (answers.get("place") or {}) and "way" not in answers and "subject" not in answers


def _insert(session: Session, batch: ImportBatch, rows: Sequence[dict[str, Any]]) -> None:
    batch.counts = _counts(rows)
    session.flush()
    if rows:
        session.execute(insert(ImportRow), list(rows))


# batches


def _again(session: Session, draft: FileDraft, actor: Actor) -> dict[str, Any] | None:
    errors: list[FieldError] = []
    check_uuid(draft.id, "id", errors)
    if draft.form not in FORMS:
        errors.append(FieldError("form", repr(draft.form)[:40], "one of " + ", ".join(FORMS)))
    if draft.classification not in CLASSIFICATIONS:
        errors.append(FieldError("classification", repr(draft.classification)[:40], ", ".join(CLASSIFICATIONS)))
    if errors:
        raise InvalidInput(errors)
    known = find_batch(session, draft.id)
    if known is None:
        return None
    if not _may_see(known, actor) or known.sha256 != draft.sha256 or known.form != draft.form:
        raise Conflict("this id names another import already")
    return batch_head(session, known)


def _add_batch(
    session: Session,
    draft: FileDraft,
    headers: Sequence[str],
    mapping: Mapping[str, Any],
    notes: Sequence[str],
    *,
    actor: Actor,
    at: int,
) -> ImportBatch:
    batch = ImportBatch(
        id=draft.id, kind=draft.kind, form=draft.form, file_name=plain_file_name(draft.file_name),
        sha256=draft.sha256, headers=list(headers), mapping=dict(mapping), notes=list(notes), state="staged",
        version=1, counts={}, classification=draft.classification, by=actor.person, at=at,
    )  # fmt: skip
    session.add(batch)
    return batch


def _note(session: Session, action: str, batch: ImportBatch, *, actor: Actor, at: int) -> None:
    details = {"file_hash": batch.sha256, "form": batch.form, "counts": dict(batch.counts)}
    note(session, action, ("import", batch.id), kind="pending", actor=actor, at=at, details=details)


def _may_see(batch: ImportBatch, actor: Actor) -> bool:
    return visible(actor, Access(batch.classification, None, batch.by))


def _told(moment: int | None) -> str:
    return "" if moment is None else format_instant(moment)
