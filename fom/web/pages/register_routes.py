"""Key routes in the registers: drawn along via points or an imported line, and studies of where they are vulnerable.

The course is worked out by the service and shown before it is saved.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from fom.domain.access import CLASSIFICATIONS, may
from fom.domain.instants import parse_instant
from fom.domain.registers import members_of
from fom.domain.route_studies import MET_AT, PARTLY_AT, POINT_KINDS, STUDY_LIFE_US
from fom.errors import Conflict, FieldError, InvalidInput
from fom.services.key_routes import define_key_route, stretches_along
from fom.services.registers import get_register, list_register
from fom.services.route_lines import match_line, preview_course, read_line
from fom.services.route_studies import StudyDraft, length_of, list_studies, sign_study, studied_routes
from fom.web.access import allows, current_actor
from fom.web.edge import edge, reading, writing
from fom.web.heavy import takes_turns
from fom.web.pages.map_settings import map_settings
from fom.web.pages.moment_fields import moment_text, read_moment
from fom.web.pages.register_forms import (
    fields_of,
    form_of,
    positions_text,
    read_positions,
    read_values,
)
from fom.web.pages.register_words import SHOWN, tell

blueprint = Blueprint("register_routes", __name__, url_prefix="/registers/key-routes")
ROUTES = SHOWN["key-routes"]
POINT_ROWS = 6
"""Rows that an empty study offers."""
FILE_MAX = 1_500_000


@blueprint.get("/new")
@allows("edit_key_routes")
def new_route() -> Any:
    """Show an empty form with an id of its own."""
    return _render({"id": str(uuid.uuid4())}, [])


@blueprint.post("/new")
@allows("edit_key_routes")
@takes_turns
def add_route() -> Any:
    """Work the course out and show it; save what was shown."""
    return _answer(None)


@blueprint.get("/<route_id>/edit")
@allows("edit_key_routes")
def edit_route(route_id: str) -> Any:
    """Show a key route as a form, with the version that was read."""
    with reading() as session:
        row = get_register(session, "key_route", route_id, actor=current_actor())
    form = form_of(ROUTES, row) | {"via": positions_text(row["via"])}
    return _render(form, [], row=row, segments=row["segments"])


@blueprint.post("/<route_id>/edit")
@allows("edit_key_routes")
@takes_turns
def change_route(route_id: str) -> Any:
    """Show the changed course, then save it; 409 with both versions when somebody was quicker."""
    return _answer(route_id)


@blueprint.get("/studies")
@allows("read_picture")
def show_studies() -> str:
    """List the studies with what is due, and indicator A1."""
    actor, now, network = current_actor(), edge().host.now(), edge().host.network
    with reading() as session:
        routes = list_register(session, "key_route", actor=actor)
        studies = list_studies(session, actor=actor)
        a1 = studied_routes(session, network, actor=actor, at=now)
    newest: dict[str, dict[str, Any]] = {}
    for study in reversed(studies):
        newest[study["route_id"]] = study
    rows = [_studied(route, newest.get(route["id"]), a1["newest"].get(route["id"]), network, now) for route in routes]
    rows.sort(key=lambda row: (row["is_fresh"], row["studied_at"] or 0, row["code"]))
    share = a1["share"]
    word = None if share is None else "met" if share >= MET_AT else "partly met" if share >= PARTLY_AT else "not met"
    return render_template(
        "registers/studies.html", rows=rows, studies=studies, a1=a1, word=word,
        codes={route["id"]: route["code"] for route in routes}, may_study=may(actor, "study_routes"),
    )  # fmt: skip


@blueprint.get("/<route_id>/study")
@allows("study_routes")
def study(route_id: str) -> str:
    """Show an empty study."""
    return _render_study(route_id, {"id": str(uuid.uuid4()), "author": current_actor().unit or ""}, [])


@blueprint.post("/<route_id>/study")
@allows("study_routes")
def keep_study(route_id: str) -> Any:
    """Sign a study and go back to its route."""
    form, errors = request.form.to_dict(), list[FieldError]()
    studied_at = read_moment(form, "studied_at", errors)
    review_by = read_moment(form, "review_by", errors)
    for name, moment in (("studied_at", studied_at), ("review_by", review_by)):
        if moment is None and not any(e.field == name for e in errors):
            errors.append(FieldError(name, "nothing", "a date and a time, UTC"))
    if not errors and studied_at is not None and review_by is not None:
        draft = StudyDraft(
            id=form.get("id", ""), route_id=route_id, author=form.get("author", ""), studied_at=studied_at,
            review_by=review_by, summary=form.get("summary", ""), points=_points(form),
            stated_class=form.get("stated_class", ""),
            classification=form.get("classification", "confidential"),
        )  # fmt: skip
        try:
            with writing() as (session, now):
                sign_study(session, draft, actor=current_actor(), now=now, network=edge().host.network)
        except InvalidInput as refused:
            errors = list(refused.errors)
        except Conflict as conflict:
            errors = [FieldError("form", str(conflict), "one study to be sent once")]
            return _render_study(route_id, {**form, "id": str(uuid.uuid4())}, errors), 409
    if errors:
        return _render_study(route_id, form, errors), 422
    return redirect(url_for("registers.show_row", slug="key-routes", row_id=route_id, _anchor="studies"), code=303)


def _studied(
    route: Mapping[str, Any], study: Mapping[str, Any] | None, studied_at: int | None, network: Any, now: int
) -> dict[str, Any]:
    review_by = None if study is None else parse_instant(study["review_by"])
    return {
        "id": route["id"], "code": route["code"], "name": route["name"], "study": study, "studied_at": studied_at,
        "length_m": length_of(network, route["segments"] or ()), "review_by": review_by,
        "is_fresh": studied_at is not None and now - studied_at <= STUDY_LIFE_US,
        "is_overdue": review_by is not None and review_by < now,
    }  # fmt: skip


def _points(form: Mapping[str, str]) -> list[dict[str, str]]:
    numbers = sorted({int(k.split("-")[1]) for k in form if k.startswith("point-") and k.split("-")[1].isdigit()})
    points = []
    for number in numbers[:220]:
        names = ("kind", "km", "place", "limit", "note")
        point = {name: form.get(f"point-{number}-{name}", "").strip() for name in names}
        if any(value for name, value in point.items() if name != "kind"):
            points.append({name: value for name, value in point.items() if value})
    return points


def _render_study(route_id: str, form: Mapping[str, str], errors: list[FieldError]) -> str:
    with reading() as session:
        row = get_register(session, "key_route", route_id, actor=current_actor())
    network = edge().host.network
    now = edge().host.now()
    filled = [int(k.split("-")[1]) for k, v in form.items() if k.startswith("point-") and v.strip()]
    return render_template(
        "registers/study.html", row=row, form=form, errors=errors, kinds=POINT_KINDS,
        point_rows=max([POINT_ROWS, *(number + 3 for number in filled)]), classifications=CLASSIFICATIONS,
        length_m=length_of(network, row["segments"] or ()), usual_review=moment_text(now + STUDY_LIFE_US),
    )  # fmt: skip


def _answer(route_id: str | None) -> Any:
    actor, form = current_actor(), request.form.to_dict()
    stored = None
    if route_id is not None:
        form["id"] = route_id
        with reading() as session:
            stored = get_register(session, "key_route", route_id, actor=actor)
    matched: dict[str, Any] | None = None
    try:
        values, _ = read_values(ROUTES, form, stored)
        if (text := _upload()) is not None:
            matched = match_line(edge().host.network, edge().host.router, read_line(text))
            values["via"], segments = matched["via"], matched["segments"]
            form["via"] = positions_text(values["via"])
        else:
            values["via"] = read_positions(form.get("via", ""), "via")
            segments = stretches_along(edge().host.network, edge().host.router, values["via"])
    except InvalidInput as refused:
        return _render(form, _named(refused), row=stored), 422
    shown_for = form.get("seen_via")
    if matched is not None or form.get("act") != "save" or shown_for != form.get("via", "").strip():
        form["seen_via"] = form.get("via", "").strip()
        return _render(form, [], row=stored, segments=segments, matched=matched, is_preview=True)
    version = int(form["version"]) if form.get("version", "").isdigit() else None
    try:
        with writing() as (session, now):
            host = edge().host
            saved = define_key_route(
                session, values, version=version, actor=actor, now=now, network=host.network, router=host.router
            )
    except InvalidInput as refused:
        return _render(form, _named(refused), row=stored, segments=segments), 422
    except Conflict as conflict:
        current = conflict.details.get("current")
        if not isinstance(current, dict):
            errors = [FieldError("code", str(conflict), "another code")]
            return _render(form, errors, row=stored, segments=segments, is_preview=True), 409
        form["version"] = str(current["version"])
        return _render(form, [], row=current, segments=segments, mine=values, is_preview=True), 409
    return redirect(url_for("registers.show_row", slug="key-routes", row_id=saved["id"]), code=303)


def _upload() -> str | None:
    """Return the text of an uploaded line, None when there is none."""
    file = request.files.get("line")
    if file is None or not file.filename:
        return None
    data = bytes(file.read(FILE_MAX + 1))
    if len(data) > FILE_MAX:
        raise InvalidInput.single("line", "a larger file", f"a file of at most {FILE_MAX // 1000} kB")
    return data.decode("utf-8", "replace")


def _named(refused: InvalidInput) -> list[FieldError]:
    """Return findings under the names of the form's fields; a via point is told by its line."""
    found = []
    for error in refused.errors:
        if error.field.startswith("via["):
            line = int(error.field[4:].split("]")[0]) + 1
            found.append(FieldError("via", f"point {line}: {error.came}", error.expected))
        else:
            found.append(FieldError("line" if error.field == "file" else error.field, error.came, error.expected))
    return found


def _render(
    form: Mapping[str, str],
    errors: list[FieldError],
    *,
    row: Mapping[str, Any] | None = None,
    segments: Any = None,
    matched: Mapping[str, Any] | None = None,
    mine: Mapping[str, Any] | None = None,
    is_preview: bool = False,
) -> str:
    fields = [field for field in fields_of(ROUTES, form) if field.name != "via"]
    course = preview_course(edge().host.network, segments) if segments else None
    drawn = {field.name for field in fields} | {"via", "line", "form"}
    differing = [
        (name, tell("key_route", name, mine[name]), tell("key_route", name, row[name]))
        for name in members_of("key_route")
        if mine is not None and row is not None and name != "segments" and mine.get(name) != row[name]
    ]
    return render_template(
        "registers/route_form.html", shown=ROUTES, form=form, fields=fields, errors=errors, row=row, course=course,
        feature=course.pop("feature") if course else None, matched=matched, differing=differing,
        is_conflict=mine is not None, is_preview=is_preview and course is not None, settings=map_settings(),
        loose=[e for e in errors if e.field not in drawn], profiles=sorted(edge().host.profiles),
    )  # fmt: skip
