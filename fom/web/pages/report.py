"""The report pages: choose what happened, answer the form, see the place read back, send. They work without scripts.

The forms are those of the table (`domain.forms`), in the words of `services.form_words`; nothing is asked here that the
field app does not ask.
"""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, jsonify, redirect, render_template, request, url_for

from fom.domain.forms import FORMS, TYPED_WORDS_MAX
from fom.domain.positions import parse_position
from fom.errors import Conflict, FieldError, InvalidInput, NotFound
from fom.services.drafts import parse_report
from fom.services.form_records import with_records
from fom.services.form_subjects import list_subjects
from fom.services.form_words import describe_form, describe_forms, form_words, page_words
from fom.services.reporting import get_report, list_reports, log_report
from fom.web.access import allows, current_actor
from fom.web.edge import edge, reading, writing
from fom.web.pages.languages import chosen_language, in_language, keep_language
from fom.web.pages.map_settings import map_settings
from fom.web.pages.report_forms import USUAL, Fields, field_of, missing_place, read_back, read_report, tell

blueprint = Blueprint("report", __name__)
blueprint.after_request(keep_language)

FORMER_NAMES = {"physical": "bridge"}
"""Former name of a form in an address -> its code; the addresses stand in bookmarks and printed instructions."""
OWN_ROW = ("words", "place_text", "position", "track", "route", "from_km", "to_km", "start", "end", "form")
"""Fields besides the questions that show their errors beside them."""


@blueprint.get("/report")
@allows("send_report")
def choose() -> Any:
    """Ask what happened; show what this account sent last."""
    with reading() as session:
        heads = list_reports(session, actor=current_actor(), limit=30)
    mine = [head for head in heads if head["by"] == current_actor().person][:8]
    return _page("report/choose.html", forms=describe_forms(chosen_language())["forms"], mine=mine)


@blueprint.get("/report/<name>")
@allows("send_report")
def show(name: str) -> Any:
    """Show an empty form with a UUID of its own, so that sending it twice makes one record."""
    known = {"id": str(uuid.uuid4()), **request.args.to_dict()}
    return _render(_code(name), known)


@blueprint.post("/report/<name>")
@allows("send_report")
def send(name: str) -> Any:
    """Read every position back first; save only what the sender has seen read back."""
    code = _code(name)
    form = {field: " ".join(request.form.getlist(field)) for field in request.form}
    body, errors = read_report(code, form), missing_place(code, form)
    try:
        draft = parse_report(body)
    except InvalidInput as refused:
        return _render(code, form, [*errors, *(field_of(e, form) for e in refused.errors)]), 422
    if errors:
        return _render(code, form, errors), 422
    readings = read_back(form)
    if unseen := [field for field in readings if form.get(f"seen_{field}") != form[field].strip()]:
        return _render(code, form | {f"seen_{field}": form[field].strip() for field in unseen}, readings=readings)
    try:
        with writing() as (session, now):
            host, actor = edge().host, current_actor()
            draft = with_records(session, draft, actor=actor, network=host.network, router=host.router)
            logged = log_report(session, draft, actor=actor, now=now, network=host.network, names=host.names)
    except InvalidInput as refused:
        return _render(code, form, [field_of(e, form) for e in refused.errors]), 422
    except Conflict as conflict:
        error = FieldError("form", str(conflict), "one report to be sent once")
        return _render(code, {**form, "id": str(uuid.uuid4())}, [error]), 409
    return redirect(url_for("report.sent", report_id=logged.report_id), code=303)


@blueprint.get("/report/sent/<report_id>")
@allows("send_report")
def sent(report_id: str) -> Any:
    """Say that the report is here, under which number, and what it does."""
    with reading() as session:
        report = get_report(session, report_id, actor=current_actor())
    return _page("report/sent.html", report=report)


@blueprint.get("/report/reading")
@allows("send_report")
def read_position_back() -> Any:
    """Return how a typed position is read; for forms with scripts."""
    lon, lat, reading_text = parse_position(request.args.get("position", ""))
    return jsonify(lon=lon, lat=lat, reading=reading_text)


def _code(name: str) -> str:
    code = FORMER_NAMES.get(name, name)
    if code not in FORMS:
        raise NotFound("form", name)
    return code


def _render(
    code: str, form: Fields, errors: list[FieldError] | None = None, *, readings: dict[str, str] | None = None
) -> Any:
    errors = errors or []
    language = chosen_language()
    described = describe_form(code, language)
    asked = {question["code"]: question for question in described["questions"]}
    shown = asked.keys() - {"place", "way"}
    with reading() as session:
        rows = list_subjects(session, actor=current_actor(), profiles=edge().host.profiles)
    told = [tell(e, asked, language) for e in errors]
    return _page(
        "report/form.html", f=described, form=form, errors=told, readings=readings or {},
        loose=[e for e in told if e["field"] not in shown and e["field"] not in OWN_ROW],
        rows=rows, usual=USUAL, settings=map_settings(), words_longest=TYPED_WORDS_MAX,
    )  # fmt: skip


def _page(template: str, **values: Any) -> str:
    """Return a page in the language asked for."""
    language = chosen_language()
    words = form_words(language)
    shared = {"in_your_words": words["question"]["words"], "yes": words["answer"]["yes"], "no": words["answer"]["no"]}
    return render_template(
        template, **values, **in_language(), own=page_words(language) | shared, titles=words["form"],
        help=words["help"],
    )  # fmt: skip
