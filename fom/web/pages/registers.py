"""The registers as pages: what there is, each list with filter, sort and export, each row with history and inspections.

One set of views serves all registers of `register_words.SHOWN`; what only one of them has stands in modules of its own.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for

from fom.domain.access import may
from fom.domain.inspections import FORMS, forms_of
from fom.domain.instants import parse_instant
from fom.domain.registers import members_of
from fom.errors import Conflict, FieldError, InvalidInput, NotFound
from fom.maps.layers import AIR_HEAD_STATES, CROSSING_STATES
from fom.services.area_statements import list_statements
from fom.services.assets import asset_dict
from fom.services.form_words import page_words
from fom.services.inspecting import (
    INSPECT_ACTIONS,
    InspectionDraft,
    check_answers,
    list_inspections,
    record_inspection,
)
from fom.services.ordering import list_orders
from fom.services.registers import (
    EDIT_ACTIONS,
    ROW_MEMBERS,
    get_register,
    list_register,
    register_history,
    save_register,
)
from fom.services.route_studies import studied_routes
from fom.web.access import allows, current_actor
from fom.web.api.registers import STANDING
from fom.web.edge import edge, reading, writing
from fom.web.pages.map_settings import map_settings
from fom.web.pages.moment_fields import read_moment
from fom.web.pages.register_forms import fields_of, form_of, read_values
from fom.web.pages.register_more import MORE
from fom.web.pages.register_words import FORM_WORDS, SHOWN, WHY, Shown, label, tell, tell_value, versions_of
from fom.web.queries import check_query, whole_number
from fom.web.tables import csv_file

blueprint = Blueprint("registers", __name__, url_prefix="/registers")
EDITS = ("edit_air_heads", "edit_crossings", "edit_sites", "edit_zones")
INSPECTS = tuple(INSPECT_ACTIONS.values())


def shown_of(slug: str) -> Shown:
    """Return how a register is shown; NotFound for another address."""
    if slug not in SHOWN:
        raise NotFound("register", slug)
    return SHOWN[slug]


@blueprint.app_context_processor
def words() -> dict[str, Any]:
    """Give the templates the words of the registers."""
    return {
        "member_label": label, "tell": tell, "tell_value": tell_value, "form_words": FORM_WORDS, "why_words": WHY,
        "status_letters": {"air_head": AIR_HEAD_STATES, "crossing": CROSSING_STATES},
    }  # fmt: skip


@blueprint.get("")
@allows("read_picture")
def index() -> str:
    """Show what registers there are, with how much they hold and what is due."""
    actor, now = current_actor(), edge().host.now()
    with reading() as session:
        counts = {slug: len(list_register(session, shown.register, actor=actor)) for slug, shown in SHOWN.items()}
        orders = list_orders(session, actor=actor, at=now)
        a1 = studied_routes(session, edge().host.network, actor=actor, at=now)
        seasons = [one for one in list_statements(session, "season", actor=actor, at=now) if one["is_now"]]
    return render_template(
        "registers/index.html", registers=SHOWN.values(), counts=counts, assets=len(edge().host.network.asset_ids),
        orders=[order for order in orders if order["phase"] == "in_force"], a1=a1, seasons=seasons,
    )  # fmt: skip


@blueprint.get("/<slug>")
@allows("read_picture")
def show_list(slug: str) -> str:
    """List a register: filtered by words and codes, sorted by any column."""
    shown = shown_of(slug)
    rows, sort = _rows(shown)
    actor = current_actor()
    members = members_of(shown.register)
    choices = {name: members[name].codes or _values(rows, name) for name in shown.filters}
    return render_template(
        "registers/list.html", shown=shown, rows=rows, sort=sort, members=members, choices=choices,
        may_edit=may(actor, EDIT_ACTIONS[shown.register]),
        asked={name: request.args.get(name, "") for name in ("q", *shown.filters)},
    )  # fmt: skip


@blueprint.get("/<slug>.csv")
@allows("read_picture")
def export(slug: str) -> Any:
    """Return the list as it is filtered and sorted, with every member, for a spreadsheet."""
    shown = shown_of(slug)
    rows, _ = _rows(shown)
    names = [*members_of(shown.register), *_COMPUTED.get(shown.register, ()), "version", "changed_at", "by"]
    cells = ([_cell(row[name]) for name in names] for row in rows)
    return csv_file(slug, names, cells)


_COMPUTED = {
    "air_head": ("found", "why", "decided_at", "until", "closing_reason"),
    "crossing": ("found", "why", "decided_at", "decided_by", "until"),
}
"""Register -> what its export tells besides the members."""


@blueprint.get("/<slug>/<row_id>")
@allows("read_picture")
def show_row(slug: str, row_id: str) -> str:
    """Show one row: what it says, its inspections, who changed what."""
    return render_row(shown_of(slug), row_id)


def render_row(shown: Shown, row_id: str, *, errors: list[FieldError] | None = None) -> str:
    """Return the page of a row, with what a refused form beside it said."""
    actor, host, now = current_actor(), edge().host, edge().host.now()
    with reading() as session:
        row = get_register(session, shown.register, row_id, actor=actor)
        history = register_history(session, shown.register, row_id, actor=actor)
        inspections: list[dict[str, Any]] = []
        if shown.register in INSPECT_ACTIONS:
            inspections = list_inspections(session, shown.register, row_id, actor=actor, network=host.network)
            mark_overdue(inspections, now)
        more = MORE[shown.register](session, row, actor, now) if shown.register in MORE else {}
    return render_template(
        "registers/row.html", shown=shown, row=row, members=members_of(shown.register), inspections=inspections,
        versions=versions_of(shown.register, history), may_edit=may(actor, EDIT_ACTIONS[shown.register]),
        forms=forms_of(shown.register) if shown.register in INSPECT_ACTIONS else (), errors=errors or [],
        settings=map_settings(), feature=more.pop("feature", None) or _feature_of(row), **more,
    )  # fmt: skip


def mark_overdue(inspections: list[dict[str, Any]], now: int) -> None:
    """Say of the newest inspection whether its review is overdue."""
    for one in [one for one in inspections if FORMS[one["form"]].is_inspection][:1]:
        one["is_overdue"] = one["next_review"] is not None and parse_instant(one["next_review"]) < now


@blueprint.get("/<slug>/new")
@allows(*EDITS)
def new_row(slug: str) -> Any:
    """Show an empty form with an id of its own, so that sending it twice makes one row."""
    shown = _edited(slug)
    return _render_form(shown, {"id": str(uuid.uuid4()), **request.args.to_dict()}, [])


@blueprint.post("/<slug>/new")
@allows(*EDITS)
def add_row(slug: str) -> Any:
    """Add a row; a position is read back before it is saved."""
    return _save(_edited(slug), None)


@blueprint.get("/<slug>/<row_id>/edit")
@allows(*EDITS)
def edit_row(slug: str, row_id: str) -> Any:
    """Show a row as a form, with the version that was read."""
    shown = _edited(slug)
    with reading() as session:
        row = get_register(session, shown.register, row_id, actor=current_actor())
    return _render_form(shown, form_of(shown, row), [], row=row)


@blueprint.post("/<slug>/<row_id>/edit")
@allows(*EDITS)
def change_row(slug: str, row_id: str) -> Any:
    """Change a row; 409 with both versions side by side when somebody was quicker."""
    return _save(_edited(slug), row_id)


@blueprint.get("/<slug>/<row_id>/inspect")
@allows(*INSPECTS)
def inspect(slug: str, row_id: str) -> Any:
    """Show an empty inspection form."""
    subject, name = inspected(slug, row_id)
    form = {"id": str(uuid.uuid4()), "form": request.args.get("form", ""), "inspected_by": current_actor().unit or ""}
    return render_inspection(slug, subject, row_id, name, form, [])


@blueprint.post("/<slug>/<row_id>/inspect")
@allows(*INSPECTS)
def keep_inspection(slug: str, row_id: str) -> Any:
    """Keep an inspection and go back to what was inspected."""
    subject, name = inspected(slug, row_id)
    form, errors = request.form.to_dict(), list[FieldError]()
    draft = read_inspection(subject, row_id, form, errors)
    if errors:
        errors += check_answers(draft, now=edge().clock())
    else:
        host = edge().host
        try:
            with writing() as (session, now):
                record_inspection(
                    session, draft, actor=current_actor(), now=now, network=host.network, names=host.names
                )
        except InvalidInput as refused:
            errors = list(refused.errors)
        except Conflict as conflict:
            errors = [FieldError("form", str(conflict), "one inspection to be sent once")]
            form["id"] = str(uuid.uuid4())
            return render_inspection(slug, subject, row_id, name, form, errors), 409
    if errors:
        return render_inspection(slug, subject, row_id, name, form, errors), 422
    return redirect(f"/registers/{slug}/{row_id}#inspections", code=303)


def inspected(slug: str, row_id: str) -> tuple[str, str]:
    """Return kind and name of what is inspected; NotFound where it is not there or is not inspected."""
    actor = current_actor()
    if slug == "assets":
        network = edge().host.network
        number = network.find_asset(row_id)
        if number is None:
            raise NotFound("asset on this network", row_id)
        asset = asset_dict(network, number)
        return "asset", f"{asset['type'].capitalize()} {asset['name'] or asset['id']}"
    shown = shown_of(slug)
    if shown.register not in INSPECT_ACTIONS:
        raise NotFound("inspection form", slug)
    with reading() as session:
        row = get_register(session, shown.register, row_id, actor=actor)
    return shown.register, str(row["name"])


def read_inspection(
    subject: str, subject_id: str, form: Mapping[str, str], errors: list[FieldError]
) -> InspectionDraft:
    """Return the draft of an inspection form; a moment that is missing or cannot be read is an error."""
    inspected_at = read_moment(form, "inspected_at", errors, is_needed=True)
    next_review = read_moment(form, "next_review", errors)
    findings = {k.removeprefix("findings."): v for k, v in form.items() if k.startswith("findings.") and v.strip()}
    return InspectionDraft(
        id=form.get("id", ""), subject_kind=subject, subject_id=subject_id, form=form.get("form", ""),
        inspected_at=inspected_at or 0, inspected_by=form.get("inspected_by", ""), status=form.get("status") or None,
        findings=findings, notes=form.get("notes", ""), next_review=next_review,
    )  # fmt: skip


def render_inspection(
    slug: str, subject: str, row_id: str, name: str, form: dict[str, str], errors: list[FieldError]
) -> str:
    """Return an inspection form, as typed and with what is wrong with it."""
    known = forms_of(subject)
    kind = form["form"] if form.get("form") in known else known[0]
    drawn = {"status", "inspected_at", "inspected_by", "next_review", "notes", "form"}
    drawn |= {f"findings.{name}" for name in FORMS[kind].findings}
    return render_template(
        "registers/inspect.html", slug=slug, row_id=row_id, name=name, form={**form, "form": kind}, errors=errors,
        kind=kind, kinds=known, asked=FORMS[kind], loose=[e for e in errors if e.field not in drawn],
        may_inspect=may(current_actor(), INSPECT_ACTIONS[subject]),
    )  # fmt: skip


def _edited(slug: str) -> Shown:
    shown = shown_of(slug)
    if shown.register == "key_route":
        raise NotFound("form", slug)
    return shown


def _save(shown: Shown, row_id: str | None) -> Any:
    actor, form = current_actor(), {name: ", ".join(values) for name, values in request.form.lists()}
    stored = None
    if row_id is not None:
        form["id"] = row_id
        with reading() as session:
            stored = get_register(session, shown.register, row_id, actor=actor)
    try:
        values, reading_text = read_values(shown, form, stored)
    except InvalidInput as refused:
        return _render_form(shown, form, list(refused.errors), row=stored), 422
    position = form.get("position", "").strip()
    if reading_text is not None and form.get("seen_position") != position:
        return _render_form(shown, {**form, "seen_position": position}, [], row=stored, reading_text=reading_text)
    version = whole_number(form.get("version", ""))
    try:
        with writing() as (session, now):
            saved = save_register(session, shown.register, values, version=version, actor=actor, now=now)
    except InvalidInput as refused:
        return _render_form(shown, form, [_as_field(e) for e in refused.errors], row=stored), 422
    except Conflict as conflict:
        current = conflict.details.get("current")
        if not isinstance(current, dict):
            errors = [FieldError("form", str(conflict), "another code or id")]
            return _render_form(shown, form, errors, row=stored), 409
        form["version"] = str(current["version"])
        return _render_form(shown, form, [], row=current, mine=values), 409
    return redirect(url_for("registers.show_row", slug=shown.slug, row_id=saved["id"]), code=303)


def _as_field(error: FieldError) -> FieldError:
    """Return a finding of the register under the name that its field has in the form."""
    name = error.field.replace("[", "-").replace("].", "-").replace("]", "")
    name = {"lon": "position", "lat": "position", "geometry": "corners"}.get(name, name)
    return FieldError(name, error.came, error.expected)


def _render_form(
    shown: Shown, form: Mapping[str, str], errors: list[FieldError], *, row: Mapping[str, Any] | None = None,
    mine: Mapping[str, Any] | None = None, reading_text: str | None = None,
) -> str:  # fmt: skip
    fields = fields_of(shown, form, _choices(shown))
    drawn = {field.name for field in fields} | {"position", "corners", "geometry", "form"}
    drawn |= {part.name for field in fields for parts in field.rows for part in parts}
    differing = [
        (name, tell(shown.register, name, mine[name]), tell(shown.register, name, row[name]))
        for name in members_of(shown.register)
        if mine is not None and row is not None and mine[name] != row[name]
    ]
    return render_template(
        "registers/form.html", shown=shown, form=form, fields=fields, errors=errors, row=row, differing=differing,
        is_conflict=mine is not None, reading=reading_text,
        place_help=page_words("en")["position_help"], settings=map_settings(),
        loose=[e for e in errors if e.field not in drawn], has_place="lon" in members_of(shown.register),
        has_shape="geometry" in members_of(shown.register), may_edit=may(current_actor(), EDIT_ACTIONS[shown.register]),
    )  # fmt: skip


def _choices(shown: Shown) -> dict[str, list[tuple[str, str]]]:
    """Return member -> the rows of other registers that it may name, for a register that names any."""
    actor, found = current_actor(), {}
    with reading() as session:
        for name, other in ROW_MEMBERS.get(shown.register, {}).items():
            rows = list_register(session, other, actor=actor)
            wanted = _NAMED.get((shown.register, name))
            found[name] = [(row["id"], row["name"]) for row in rows if wanted is None or row["kind"] in wanted]
    return found


_NAMED = {
    ("control_point", "site"): ("strategic_resource",), ("site", "parent"): ("headquarters", "base", "tob"),
}  # fmt: skip
"""Member that names a row -> kinds of rows that make sense there."""


def _rows(shown: Shown) -> tuple[list[dict[str, Any]], str]:
    members = members_of(shown.register)
    coded = {name: members[name].codes for name in shown.filters if members[name].codes}
    sorts = {sign + name for name in members for sign in ("", "-")}
    check_query("q", *(name for name in shown.filters if name not in coded), sort=sorts, **coded)
    equal: dict[str, Any] = {n: request.args[n] for n in shown.filters if request.args.get(n)}
    with reading() as session:
        if shown.register in STANDING:  # its status follows from the evidence, so it is asked of what follows
            standing = STANDING[shown.register](session, edge().host, actor=current_actor())
            rows = [row for row in standing if all(row[name] == value for name, value in equal.items())]
        else:
            rows = list_register(session, shown.register, actor=current_actor(), **equal)
    if wanted := request.args.get("q", "").strip().lower():
        rows = [row for row in rows if wanted in " ".join(str(row.get(n) or "") for n in _SEARCHED).lower()]
    sort = request.args.get("sort", "")
    name = sort.removeprefix("-")
    if name in members:
        known = [row for row in rows if row[name] is not None]
        known.sort(key=lambda row: (str(type(row[name])), row[name]), reverse=sort.startswith("-"))
        rows = known + [row for row in rows if row[name] is None]  # nothing stands at the end whichever way
    return rows, sort


_SEARCHED = ("code", "name", "kind", "owner", "notes", "assessor", "custodian", "hours")


def _values(rows: list[dict[str, Any]], name: str) -> tuple[str, ...]:
    return tuple(sorted({str(row[name]) for row in rows if row[name] is not None}))


def _cell(value: Any) -> object:
    if isinstance(value, dict | list):
        return current_app.json.dumps(value)
    return value


def _feature_of(row: Mapping[str, Any]) -> dict[str, Any] | None:
    geometry = row.get("geometry")
    if row.get("lon") is not None:
        geometry = {"type": "Point", "coordinates": [row["lon"], row["lat"]]}
    return None if geometry is None else {"type": "Feature", "geometry": geometry, "properties": {}}
