"""Restriction cases: the list with its counts, a case with its timeline, standing ones, the clause list, the month."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for

from fom.domain.cases import REPLY_DAYS, STANDING_US, STATES
from fom.domain.clauses import MEMBERS, REQUIRES, read_clause_text
from fom.domain.compliance import WEEK_US
from fom.domain.instants import DAY_US, format_instant
from fom.domain.months import month_before, month_of
from fom.domain.registers import members_of
from fom.errors import Conflict, FieldError, InvalidInput, NotFound
from fom.maps.bars import draw_weeks
from fom.services import clause_lists
from fom.services.admin_units import unit_names, units_among
from fom.services.case_papers import PAPER_MAX_BYTES, list_papers
from fom.services.cases import (
    SELECTIONS,
    CaseFilter,
    add_case_step,
    get_case,
    list_cases,
    list_due,
    open_case_from,
    position_of,
)
from fom.services.contacts import whom_to_call
from fom.services.monthly import case_sheet, extract_book, extract_sheet, month_extract
from fom.services.parties import is_violation, read_evidence
from fom.services.political_calendar import list_dates
from fom.services.registers import get_register, list_register, register_history, save_register
from fom.services.standing import list_standing
from fom.services.writing import present
from fom.web.access import allows, current_actor
from fom.web.context_layers import context_features
from fom.web.edge import edge, reading, writing
from fom.web.pages.case_forms import (
    CASE_FIELDS,
    FLAG_WORDS,
    STEP_FIELDS,
    differences,
    in_words,
    read_case,
    read_step,
    typed_case,
)
from fom.web.pages.moment_fields import parse_moment

blueprint = Blueprint("restrictions", __name__)

FILTERS = ("actor", "admin_unit", "clause", "user_class")
PAGE = 100
"""Cases on one page of the list."""
CHART_WEEKS = 26
DATES_AHEAD_US = 4 * WEEK_US
"""So far ahead dates of the political calendar stand beside the weeks."""
READS, EDITS = "read_restriction_cases", "edit_restriction_cases"


@blueprint.app_template_filter("in_words")
def _in_words(code: object) -> str:
    return in_words(code)


@blueprint.get("/restrictions")
@allows(READS)
def show_list() -> Any:
    """List the cases of a selection with the counts by state, and when restrictions happened."""
    chosen = {name: request.args.get(name) or None for name in FILTERS}
    state = request.args.get("state", "unresolved") or "all"
    if state not in ("all", *SELECTIONS):
        raise NotFound("selection", state)
    page = _page_number()
    with reading() as session:
        actor, now = current_actor(), present(session, edge().clock())
        dates = list_dates(session, now - CHART_WEEKS * WEEK_US, now + DATES_AHEAD_US, actor=actor)
        wanted = CaseFilter(**chosen, state=None if state == "all" else state)
        found = list_cases(session, wanted, actor=actor, at=now)
        evidence = read_evidence(session, actor=actor, at=now, user_class=chosen["user_class"])
    units = _unit_names()
    offered = {
        name: sorted({row[name] for row in found["known"] if row[name]}, key=lambda v: units.get(v, v))
        for name in FILTERS
    }
    events = [row["began_us"] for row in found["selection"]]
    pages = max(1, -(-len(found["rows"]) // PAGE))
    if page > pages:
        raise NotFound("page", str(page))
    first = (page - 1) * PAGE
    return render_template(
        "restrictions/list.html", found=found, rows=found["rows"][first : first + PAGE],
        first=first, page=page, pages=pages,
        state=state, chosen=chosen, offered=offered, units=units, selections=("all", *SELECTIONS),
        chart=_chart(events, evidence.moments(), now), weeks=CHART_WEEKS, dates=dates, now_us=now,
        moved=sum(moment > now - CHART_WEEKS * WEEK_US for moment in evidence.moments()),
        registered=sum(a.at > now - CHART_WEEKS * WEEK_US for a in evidence.attempts),
        recent=sum(moment > now - CHART_WEEKS * WEEK_US for moment in events),
        not_violations=sum(not is_violation(row) for row in found["selection"]),
    )  # fmt: skip


def _page_number() -> int:
    text = request.args.get("page", "1")
    if not text.isdecimal() or not 1 <= len(text) <= 6 or int(text) < 1:
        raise InvalidInput.single("page", text[:20], "a whole number from 1")
    return int(text)


@blueprint.get("/restrictions/due")
@allows(READS)
def show_due() -> Any:
    """List replies, follow-ups and commitments that wait, the earliest date first."""
    with reading() as session:
        at = present(session, edge().clock())
        rows = list_due(session, actor=current_actor(), at=at)
    return render_template("restrictions/due.html", rows=rows, at=at, units=_unit_names(), reply_days=REPLY_DAYS)


def _chart(events: Sequence[int], moved: Sequence[int], now: int) -> Any:
    """Return the bars of the last half year, by whole weeks up to now."""
    counts = [[0] * CHART_WEEKS, [0] * CHART_WEEKS]
    for line, moments in zip(counts, (events, moved), strict=True):
        for moment in moments:
            if 0 <= (ago := (now - moment) // WEEK_US) < CHART_WEEKS:
                line[CHART_WEEKS - 1 - ago] += 1
    ends = [now - (CHART_WEEKS - 1 - i) * WEEK_US for i in range(CHART_WEEKS)]
    return draw_weeks(list(zip(ends, *counts, strict=True)))


@blueprint.get("/restrictions/new")
@allows(EDITS)
def new() -> Any:
    """Show the form of a new case, filled from the record that the address names."""
    record_id, typed, others = request.args.get("record"), {}, []
    if record_id:
        with reading() as session:
            proposal = open_case_from(session, record_id, actor=current_actor(), units=units_among(context_features()))
        typed, others = typed_case(proposal["values"]), proposal["cases"]
    typed.setdefault("classification", "confidential")
    return _form({**typed, "id": str(uuid.uuid4())}, others=others, record_id=record_id)


@blueprint.post("/restrictions/new")
@allows(EDITS)
def add() -> Any:
    """Open a case; whatever is wrong stands beside its field."""
    form = request.form.to_dict()
    try:
        values = read_case(form)
        with writing() as (session, now):
            values |= {"id": form.get("id") or str(uuid.uuid4()), "opened_at": format_instant(now)}
            row = save_register(session, "restriction_case", values, version=None, actor=current_actor(), now=now)
    except InvalidInput as refused:
        return _form(form, refused.errors), 422
    except Conflict as refused:
        form["id"] = str(uuid.uuid4())
        return _form(
            form, [FieldError("form", str(refused), "a case to be opened once; send it again if it is new")]
        ), 409
    flash("The case is open.", "done")
    return redirect(url_for("restrictions.show_case", case_id=row["id"]), code=303)


@blueprint.get("/restrictions/cases/<case_id>")
@allows(READS)
def show_case(case_id: str) -> Any:
    """Show a case: what happened, the timeline of its steps, what is due."""
    return case_page(case_id)


@blueprint.get("/restrictions/cases/<case_id>/edit")
@allows(EDITS)
def edit(case_id: str) -> Any:
    """Show the form of a case as it stands."""
    with reading() as session:
        row = get_register(session, "restriction_case", case_id, actor=current_actor())
    return _form({**typed_case(row), "id": case_id, "version": str(row["version"])}, case=row)


@blueprint.post("/restrictions/cases/<case_id>/edit")
@allows(EDITS)
def change(case_id: str) -> Any:
    """Save a case; where somebody was faster, show what differs and let the person decide."""
    form = {**request.form.to_dict(), "id": case_id}
    actor = current_actor()
    try:
        values = read_case(form)
        version = int(form["version"]) if form.get("version", "").isdecimal() else 0
        with writing() as (session, now):
            stored = get_register(session, "restriction_case", case_id, actor=actor)
            whole = {name: stored[name] for name in members_of("restriction_case")} | values
            save_register(session, "restriction_case", whole, version=version, actor=actor, now=now)
    except InvalidInput as refused:
        return _form(form, refused.errors, case={"id": case_id}), 422
    except Conflict as refused:
        current: Any = refused.details["current"]
        return _form(
            {**form, "version": str(current["version"])}, case=current, current=current,
            differs=differences(form, current),
        ), 409  # fmt: skip
    flash("Saved.", "done")
    return redirect(url_for("restrictions.show_case", case_id=case_id), code=303)


@blueprint.post("/restrictions/cases/<case_id>/steps")
@allows(EDITS)
def add_step(case_id: str) -> Any:
    """Enter a step of a case."""
    form = request.form.to_dict()
    try:
        draft = read_step(form)
        with writing() as (session, now):
            add_case_step(session, case_id, draft, actor=current_actor(), now=now)
    except InvalidInput as refused:
        return case_page(case_id, form, refused.errors), 422
    except Conflict as refused:
        return case_page(
            case_id, {**form, "id": str(uuid.uuid4())}, [FieldError("form", str(refused), "a new step")]
        ), 409
    flash("Entered.", "done")
    return redirect(url_for("restrictions.show_case", case_id=case_id), code=303)


@blueprint.get("/restrictions/standing")
@allows(READS)
def show_standing() -> Any:
    """List the restrictions that stand, longest first."""
    with reading() as session:
        rows = list_standing(session, actor=current_actor(), at=present(session, edge().clock()))
    return render_template(
        "restrictions/standing.html", rows=rows, long=sum(r["is_long"] for r in rows), days=STANDING_US // DAY_US
    )


@blueprint.get("/restrictions/monthly")
@allows(READS)
def show_month() -> Any:
    """Show the extract of a month, the last whole one by default, as known now or at the moment in the address."""
    extract = _extract()
    with reading() as session:
        routes = _route_names(session)
    return render_template(
        "restrictions/monthly.html", extract=extract, routes=routes, units=_unit_names(), reply_days=REPLY_DAYS
    )


@blueprint.get("/restrictions/monthly.xlsx")
@allows(READS)
def download_month_book() -> Any:
    """Download the extract as one workbook: by party, and the month's cases."""
    extract = _extract()
    name = f"restrictions-{extract['month']}.xlsx"
    return Response(
        extract_book(extract, _unit_names()),
        mimetype="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@blueprint.get("/restrictions/monthly.csv")
@allows(READS)
def download_month() -> Any:
    """Download the extract by party, or the month's cases one a line (`part=cases`)."""
    part = request.args.get("part", "parties")
    if part not in ("parties", "cases"):
        raise InvalidInput.single("part", part[:40], "parties or cases")
    extract = _extract()
    sheet = case_sheet(extract, _unit_names()) if part == "cases" else extract_sheet(extract)
    name = f"restrictions-{extract['month']}-{part}.csv"
    return Response(sheet, mimetype="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _extract() -> dict[str, Any]:
    now = edge().clock()
    month = request.args.get("month") or month_before(month_of(now))
    text = request.args.get("known_at")
    try:
        known_at = None if not text else parse_moment(text)
    except ValueError:
        raise InvalidInput.single("known_at", (text or "")[:40], "an ISO 8601 time in UTC") from None
    with reading() as session:
        return month_extract(session, month, actor=current_actor(), known_at=known_at, now=now)


@blueprint.get("/restrictions/clauses")
@allows(READS)
def show_clauses() -> Any:
    """Show a version of the clause list, the newest by default, and the way to bring in the next."""
    return _clauses_page()


@blueprint.post("/restrictions/clauses")
@allows("publish_clause_list")
def bring_clauses() -> Any:
    """Check a pasted or uploaded list and show what it would change; publish it when asked to."""
    form = request.form.to_dict()
    file = request.files.get("file")
    if file is not None and file.filename:
        form["text"] = file.read().decode("utf-8", "replace")
    actor = current_actor()
    try:
        rows = read_clause_text(form.get("text", ""))
        if form.get("do") != "publish":
            with reading() as session:
                checked = clause_lists.check_clause_list(session, rows, actor=actor)
            return _clauses_page(form, checked=checked)
        with writing() as (session, now):
            published = clause_lists.publish_clause_list(
                session, rows, title=form.get("title", ""), note_text=form.get("note", ""),
                base=int(form["base"]) if form.get("base", "").isdecimal() else -1, actor=actor, now=now,
            )  # fmt: skip
    except InvalidInput as refused:
        return _clauses_page(form, refused.errors), 422
    except Conflict as refused:
        return _clauses_page(form, [FieldError("text", str(refused), "a list that follows the newest version")]), 409
    flash(f"Version {published['version']} is published. Cases written before keep their version.", "done")
    return redirect(url_for("restrictions.show_clauses"), code=303)


def _clauses_page(
    typed: Mapping[str, str] | None = None, errors: Sequence[FieldError] = (), checked: Mapping[str, Any] | None = None
) -> str:
    version = request.args.get("version", type=int)
    actor = current_actor()
    with reading() as session:
        versions = clause_lists.list_clause_lists(session, actor=actor)
        is_asked = version is not None or versions
        shown = clause_lists.get_clause_list(session, version, actor=actor) if is_asked else None
    return render_template(
        "restrictions/clauses.html", versions=versions, shown=shown, typed=typed or {}, errors=errors, checked=checked,
        members=MEMBERS, requires=REQUIRES,
    )  # fmt: skip


def case_page(
    case_id: str,
    typed: Mapping[str, str] | None = None,
    errors: Sequence[FieldError] = (),
    *,
    paper: Mapping[str, str] | None = None,
    paper_errors: Sequence[FieldError] = (),
) -> str:
    """Return the page of a case; a refused form of a step or of a paper stands in it as typed, with what is wrong."""
    actor = current_actor()
    with reading() as session:
        at = present(session, edge().clock())
        case = get_case(session, case_id, actor=actor, at=at)
        papers = list_papers(session, case_id, actor=actor)
        contacts = whom_to_call(
            session, actor=actor, at=at, party=case["actor"], route=case["route"], admin_unit=case["admin_unit"],
            position=position_of(session, case["record_id"], actor),
        )  # fmt: skip
        history = register_history(session, "restriction_case", case_id, actor=actor)
        routes = _route_names(session)
    return render_template(
        "restrictions/case.html", case=case, history=history, fields=STEP_FIELDS, typed=typed or {}, errors=errors,
        step_id=(typed or {}).get("id") or str(uuid.uuid4()), units=_unit_names(), routes=routes, states=STATES,
        case_fields=CASE_FIELDS, flags=FLAG_WORDS, reply_days=REPLY_DAYS, papers=papers, contacts=contacts,
        paper_typed=paper or {}, paper_errors=paper_errors, paper_id=(paper or {}).get("id") or str(uuid.uuid4()),
        paper_mb=PAPER_MAX_BYTES // 1024 // 1024,
    )  # fmt: skip


def _form(
    typed: Mapping[str, str],
    errors: Sequence[FieldError] = (),
    *,
    case: Mapping[str, Any] | None = None,
    others: Sequence[str] = (),
    record_id: str | None = None,
    current: Mapping[str, Any] | None = None,
    differs: Sequence[tuple[str, str, str]] = (),
) -> str:
    actor = current_actor()
    with reading() as session:
        heads = clause_lists.list_clause_lists(session, actor=actor)
        lists = [clause_lists.get_clause_list(session, actor=actor)] if heads else []
        named = (typed.get("clause") or "").partition(":")[0]
        if named.isdecimal() and any(h["version"] == int(named) for h in heads[1:]):  # a case keeps its own version
            lists.append(clause_lists.get_clause_list(session, int(named), actor=actor))
        routes = _route_names(session)
    known = {field.name for _, fields in CASE_FIELDS for field in fields}
    return render_template(
        "restrictions/form.html", typed=typed, errors=errors, case=case, others=others, record_id=record_id,
        sections=CASE_FIELDS, lists=lists, units=_unit_names(), routes=routes, flags=FLAG_WORDS, current=current,
        differs=differs, loose=[e for e in errors if e.field not in known],
    )  # fmt: skip


def _route_names(session: Any) -> dict[str, str]:
    rows = list_register(session, "key_route", actor=current_actor())
    return {row["id"]: row["code"] for row in rows}


def _unit_names() -> dict[str, str]:
    return unit_names(context_features())
