"""Imports: send a file of reports, look at every row before anything counts, publish it, take it back as one."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from fom.domain.access import CLASSIFICATIONS
from fom.domain.column_mapping import UNITS
from fom.domain.forms import FORMS
from fom.domain.profiles import USER_CLASSES
from fom.domain.stated_times import ORDERS
from fom.errors import Conflict, FieldError, InvalidInput, NotPermitted
from fom.exchange.tables import ENCODINGS, FILE_MAX_BYTES, ROWS_MAX
from fom.maps.style import map_style_values
from fom.maps.tiles import MAX_ZOOM, MIN_ZOOM, network_bounds, network_credit
from fom.services.form_words import form_words
from fom.services.imports import publishing, staging
from fom.services.imports.mappings import fitting_mapping, list_mappings, save_mapping
from fom.services.imports.reading import describe_targets
from fom.web.access import allows, current_actor
from fom.web.bodies import takes
from fom.web.edge import edge, reading, writing
from fom.web.pages.imports_form import (
    FATES,
    GAPS,
    KINDS,
    ZONES,
    common_errors,
    features_of,
    file_draft,
    read_file,
    read_mapping,
    told_row,
    track_answers,
)
from fom.web.queries import asked_number, check_query
from fom.web.tables import csv_file

blueprint = Blueprint("imports", __name__)

PAGE = 100
"""Rows on one page of a preview."""


@blueprint.get("/imports")
@allows("stage_imports")
def show_imports() -> Any:
    """List the imports and ask for a file."""
    return _render_list({"id": str(uuid.uuid4())}, [])


@blueprint.post("/imports")
@allows("stage_imports")
@takes(FILE_MAX_BYTES + 1024 * 1024)
def stage_file() -> Any:
    """Read a file and stage its rows."""
    fields, file = request.form.to_dict(), request.files.get("file")
    data = b"" if file is None else file.read()
    name = (file.filename if file else "") or ""
    try:
        if not name and not data:
            raise InvalidInput.single("file", "nothing", "a file: GPX, CSV, XLSX or GeoJSON")
        draft = file_draft(fields, name, data)
        content = read_file(draft.kind, data, fields.get("encoding", "utf-8"))
        batch = _stage(draft, content, fields)
    except InvalidInput as refused:
        return _render_list({**fields, "id": str(uuid.uuid4())}, list(refused.errors)), 422
    except Conflict as conflict:
        errors = [FieldError("file", str(conflict), "a file sent once")]
        return _render_list({**fields, "id": str(uuid.uuid4())}, errors), 409
    return redirect(url_for("imports.show_import", batch_id=batch["id"]), code=303)


@blueprint.get("/imports/<batch_id>")
@allows("stage_imports")
def show_import(batch_id: str) -> Any:
    """Show what an import would bring, or brought: every row with its errors, on the map, and what may be done."""
    check_query("page", rows=FATES)
    actor = current_actor()
    with reading() as session:
        batch = staging.get_batch(session, batch_id, actor=actor)
        rows = staging.list_rows(session, batch_id, actor=actor)
        saved = list_mappings(session, actor=actor, form=batch["form"])
        waiting = publishing.waiting_reversals(session, batch_id, actor=actor)
    chosen = request.args.get("rows", "")
    shown = [row for row in rows if chosen not in FATES or row["fate"] == chosen]
    if chosen not in FATES:
        shown.sort(key=lambda row: (row["fate"] != "error", row["number"]))
    page = asked_number("page") or 1
    network = edge().host.network
    settings = {
        "network": network.network_id, "segments": network.n_segments, "bounds": network_bounds(network),
        "credit": network_credit(network), "zooms": [MIN_ZOOM, MAX_ZOOM], "style": map_style_values(),
        "features": features_of(rows),
    }  # fmt: skip
    return render_template(
        "imports/preview.html", batch=batch, headers=batch["headers"], kinds=KINDS, fates=FATES, gaps=GAPS,
        rows=[told_row(batch["form"], row, batch["headers"]) for row in shown[(page - 1) * PAGE : page * PAGE]],
        chosen=chosen, page=page, pages=-(-len(shown) // PAGE), total=len(shown), samples=_samples(rows),
        targets=describe_targets(batch["form"]), units=UNITS, zones=ZONES, orders=ORDERS, saved=saved,
        waiting=waiting, common=common_errors(rows),
        settings=settings, form_title=form_words("en")["form"][batch["form"]],
    )  # fmt: skip


@blueprint.post("/imports/<batch_id>/mapping")
@allows("stage_imports")
def map_columns(batch_id: str) -> Any:
    """Read the rows again under another mapping, and keep it under a name when one is given."""
    fields, actor = request.form.to_dict(), current_actor()

    def act(session: Any, now: int) -> str:
        batch = staging.get_batch(session, batch_id, actor=actor)
        mapping = read_mapping(fields, batch["headers"])
        if chosen := fields.get("saved"):
            mapping = next((m["mapping"] for m in list_mappings(session, actor=actor) if m["id"] == chosen), mapping)
        ground = staging.ground_of(edge().host)
        done = staging.remap_batch(
            session, batch_id, mapping, version=_version(fields), actor=actor, now=now, ground=ground
        )
        if name := fields.get("name", "").strip():
            kept = staging.get_batch(session, batch_id, actor=actor)["mapping"]
            save_mapping(session, name, kept, actor=actor, now=now)
        return f"Read again: {done['counts']['ready']} of {done['counts']['rows']} rows are ready."

    return _done(batch_id, act)


@blueprint.post("/imports/<batch_id>/publish")
@allows("publish_imports")
def publish(batch_id: str) -> Any:
    """Log every usable row as a report, in one transaction."""

    def act(session: Any, now: int) -> str:
        host = edge().host
        done = publishing.publish_batch(
            session, batch_id, version=_version(request.form), with_same=request.form.get("with_same") == "yes",
            actor=current_actor(), now=now, network=host.network, router=host.router, names=host.names,
        )  # fmt: skip
        count = done["counts"]["published"]
        return f"Published: {count} {'report counts' if count == 1 else 'reports count'} from now on."

    return _done(batch_id, act)


@blueprint.post("/imports/<batch_id>/drop")
@allows("stage_imports")
def drop(batch_id: str) -> Any:
    """Let a staged import fall."""

    def act(session: Any, now: int) -> str:
        staging.drop_batch(session, batch_id, version=_version(request.form), actor=current_actor(), now=now)
        return "Dropped. None of its rows ever counted."

    return _done(batch_id, act)


@blueprint.post("/imports/<batch_id>/reverse")
@allows("publish_imports")
def reverse(batch_id: str) -> Any:
    """Take every record of a published import back."""

    def act(session: Any, now: int) -> str:
        done = publishing.reverse_batch(
            session, batch_id, version=_version(request.form), reason=request.form.get("reason", ""),
            actor=current_actor(), now=now,
        )  # fmt: skip
        counts = done["counts"]
        words = f"Taken back. Records that count no more: {counts['retracted']}."
        return words + (
            f" {counts['proposed']} explosive or physical records count until a second person confirms."
            if counts["proposed"]
            else ""
        )

    return _done(batch_id, act)


@blueprint.post("/imports/<batch_id>/confirm")
@allows("retract")
def confirm(batch_id: str) -> Any:
    """Sign as the second person for the retractions of an import."""

    def act(session: Any, now: int) -> str:
        count = publishing.confirm_reversal(session, batch_id, actor=current_actor(), now=now)
        return f"Confirmed. Records that count no more: {count}."

    return _done(batch_id, act)


@blueprint.get("/imports/<batch_id>/errors.csv")
@allows("stage_imports")
def download_errors(batch_id: str) -> Any:
    """Return the rows that cannot be used, with what was expected, for mending in a spreadsheet."""
    with reading() as session:
        batch = staging.get_batch(session, batch_id, actor=current_actor())
        rows = staging.list_rows(session, batch_id, actor=current_actor())
    lines = [
        [*row["cells"], "; ".join(f"{column}: {came}, expected {expected}" for column, came, expected in row["errors"])]
        for row in rows
        if row["fate"] == "error"
    ]
    return csv_file(f"to-mend-{batch_id[:8]}", [*batch["headers"], "What to mend"], lines)


def _stage(draft: staging.FileDraft, content: Any, fields: dict[str, str]) -> dict[str, Any]:
    ground, actor = staging.ground_of(edge().host), current_actor()
    with writing() as (session, now):
        if draft.kind == "gpx":
            return staging.stage_tracks(
                session, draft, content, answers=track_answers(fields), actor=actor, now=now, ground=ground
            )
        saved = fitting_mapping(list_mappings(session, actor=actor, form=draft.form), content.headers)
        mapping = None if saved is None else saved["mapping"]
        return staging.stage_table(session, draft, content, mapping=mapping, actor=actor, now=now, ground=ground)


def _done(batch_id: str, act: Callable[[Any, int], str]) -> Any:
    """Run one act in a transaction of its own and go back to the import, with what happened or why it was refused."""
    try:
        with writing() as (session, now):
            words = act(session, now)
        flash(words, "done")
    except (Conflict, NotPermitted) as refused:
        flash(f"{str(refused)[:1].upper()}{str(refused)[1:]}.", "refused")
    except InvalidInput as refused:
        flash("; ".join(f"{e.field}: {e.came}, expected {e.expected}" for e in refused.errors[:5]), "refused")
    return redirect(url_for("imports.show_import", batch_id=batch_id), code=303)


def _version(fields: Any) -> int:
    text = str(fields.get("version", ""))
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _samples(rows: list[dict[str, Any]]) -> list[list[str]]:
    """Return for each column the first two texts in it."""
    if not rows or not isinstance(rows[0]["cells"], list):
        return []
    columns = zip(*(row["cells"] for row in rows[:200]), strict=False)
    return [[str(cell)[:40] for cell in dict.fromkeys(column) if cell][:2] for column in columns]


def _render_list(fields: dict[str, str], errors: list[FieldError]) -> str:
    with reading() as session:
        batches = staging.list_batches(session, actor=current_actor())
        saved = list_mappings(session, actor=current_actor())
    words = form_words("en")
    return render_template(
        "imports/list.html", batches=batches, saved=saved, form=fields, errors=errors, kinds=KINDS,
        forms={code: words["form"][code] for code in FORMS}, encodings=ENCODINGS, classifications=CLASSIFICATIONS,
        user_classes=USER_CLASSES, profiles=sorted(edge().host.profiles.values(), key=lambda p: p.name),
        file_max_mb=FILE_MAX_BYTES // 1024 // 1024, rows_max=ROWS_MAX,
    )  # fmt: skip
