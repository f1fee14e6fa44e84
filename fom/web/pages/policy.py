"""The policy: every parameter with its reason, a plain form for other values, what they would change, signatures."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from fom.domain.access import may
from fom.domain.profiles import USER_CLASSES
from fom.errors import Conflict, FieldError, InvalidInput, NotFound, NotPermitted
from fom.maps.style import map_style_values
from fom.maps.tiles import MAX_ZOOM, MIN_ZOOM, network_bounds, network_credit
from fom.services import policy_drafts, policy_history
from fom.services.policy_preview import describe_preview, roads_of
from fom.web.access import allows, current_actor
from fom.web.api.policies import READERS, figures, look
from fom.web.edge import edge, reading, writing
from fom.web.heavy import takes_turns
from fom.web.queries import asked_number, whole_number

blueprint = Blueprint("policy", __name__)

PAGE = 400
"""Segments listed on one page of a preview."""


@blueprint.get("/policy")
@allows("read_picture")
def show() -> Any:
    """Show the parameters in force, or those of the edition in the address, drafts that wait, and the history."""
    number = asked_number("number", least=0)
    actor = current_actor()
    with reading() as session:
        edition = policy_history.describe_policy(session, number, actor=actor)
        history = policy_history.list_policies(session, actor=actor)
        may_see_drafts = any(may(actor, action) for action in READERS)
        drafts = policy_drafts.list_policy_drafts(session, actor=actor) if may_see_drafts else []
    return render_template(
        "policy/policy.html", edition=edition, groups=grouped(edition["sections"]), history=history, drafts=drafts,
        draft_id=str(uuid.uuid4()),
    )  # fmt: skip


@blueprint.get("/policy/edit")
@allows("manage_policy")
def edit() -> Any:
    """Show the form with the values in force, or with those of a draft that somebody wants to go on from."""
    typed: dict[str, str] = {}
    if draft_id := request.args.get("draft"):
        with reading() as session:
            draft = policy_drafts.get_policy_draft(session, draft_id, actor=current_actor())
        typed = {c["parameter"]: as_text(c["after"]) for c in draft["changes"]}
        typed |= {f"{c['parameter']}.reason": c["reason"] for c in draft["changes"]}
        typed["reason"] = draft["reason"]
    return _form(typed)


@blueprint.post("/policy/edit")
@allows("manage_policy")
def make() -> Any:
    """Make a draft of what was typed and show what it would change; whatever is wrong stands beside its field."""
    form = request.form.to_dict()
    try:
        asked = _asked(form)
        with writing() as (session, now):
            draft = policy_drafts.make_policy_draft(session, asked, actor=current_actor(), now=now)
    except InvalidInput as refused:
        return _form(form, refused.errors), 422
    except Conflict as refused:
        return _form(form, [FieldError("base", str(refused), "the edition in force")]), 409
    return redirect(url_for("policy.show_draft", draft_id=draft["id"]), code=303)


@blueprint.get("/policy/drafts/<draft_id>")
@allows(*READERS)
@takes_turns
def show_draft(draft_id: str) -> Any:
    """Show a draft: its changes, what they would change now, by list and map, and the way to sign it."""
    host, actor = edge().host, current_actor()
    after = asked_number("after", least=0) or 0
    asked = host.question(**{n: request.args[n] for n in ("profile", "user_class") if request.args.get(n)})
    with reading() as session:
        draft = policy_drafts.get_policy_draft(session, draft_id, actor=actor)
        preview = None
        if draft["settled_at"] is None:
            looked = look(session, draft_id, asked.profile.name, asked.user_class)
            preview = describe_preview(session, host, looked, after=after, limit=PAGE, actor=actor)
    settings = {
        "network": host.network.network_id, "segments": host.network.n_segments,
        "bounds": network_bounds(host.network), "zooms": [MIN_ZOOM, MAX_ZOOM], "style": map_style_values(),
        "credit": network_credit(host.network), "rows": [] if preview is None else preview["segments"],
        "question": {"profile": asked.profile.name, "user_class": asked.user_class},
    }  # fmt: skip
    return render_template(
        "policy/draft.html", draft=draft, preview=preview, settings=settings, question=asked, after=after,
        profiles=sorted(host.profiles), user_classes=USER_CLASSES, page=PAGE,
        roads=[] if preview is None else roads_of(preview["segments"]),
    )  # fmt: skip


@blueprint.post("/policy/drafts/<draft_id>/<what>")
@allows(*READERS)
@takes_turns
def settle(draft_id: str, what: str) -> Any:
    """Propose, confirm or withdraw a draft; a refusal is told on its page."""
    form, actor = request.form, current_actor()
    if what not in ("propose", "confirm", "withdraw"):
        raise NotFound("page", what)
    try:
        if what == "withdraw":
            reason = form.get("reason", "").strip() or "withdrawn on its page"
            with writing() as (session, now):
                policy_drafts.withdraw_policy_draft(session, draft_id, reason=reason, actor=actor, now=now)
            flash("Withdrawn.", "done")
        else:
            seen = figures(draft_id, form.get("profile") or "P3", form.get("user_class") or USER_CLASSES[0])
            sign = {"propose": policy_drafts.propose_policy_draft, "confirm": policy_drafts.confirm_policy_draft}[what]
            with writing() as (session, now):
                sign(session, draft_id, seen=seen, actor=actor, now=now)
            flash("Proposed. It waits for a second person." if what == "propose" else "Published.", "done")
    except (Conflict, InvalidInput, NotPermitted) as refused:
        flash(str(refused), "refused")
        return redirect(url_for("policy.show_draft", draft_id=draft_id), code=303)
    there = url_for("policy.show_draft", draft_id=draft_id) if what == "propose" else url_for("policy.show")
    return redirect(there, code=303)


def grouped(sections: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return sections with their parameters in groups: each class of vehicles and the incidents by themselves."""
    found = []
    for section in sections:
        groups: dict[str, list[Any]] = {}
        for row in section["parameters"]:
            head, _, rest = row["parameter"].partition(".")
            title = {"profiles": rest.rpartition(".")[0], "incident": "Weights of incidents"}.get(head, "")
            groups.setdefault(title, []).append(row)
        found.append({**section, "groups": groups})
    return found


def as_text(value: float | str | None) -> str:
    """Return a value as it stands in a field: `0.6`, `72`."""
    return value if isinstance(value, str) else "" if value is None else f"{value:.10g}"


def _form(typed: Mapping[str, str], errors: Sequence[FieldError] = ()) -> str:
    with reading() as session:
        edition = policy_history.describe_policy(session, actor=current_actor())
    return render_template(
        "policy/edit.html", edition=edition, groups=grouped(edition["sections"]), typed=typed, errors=errors,
        wrong={error.field.removesuffix(".reason") for error in errors}, as_text=as_text,
        draft_id=typed.get("id") if errors else str(uuid.uuid4()),
    )  # fmt: skip


def _asked(form: Mapping[str, str]) -> policy_drafts.DraftRequest:
    """Return the request that a form holds: what differs from the edition in force as it was shown."""
    base = whole_number(form.get("base", ""))
    base = -1 if base is None else base
    request = partial(policy_drafts.DraftRequest, id=form.get("id", ""), base=base, reason=form.get("reason", ""))
    if copied := form.get("copy_of"):
        if (edition := whole_number(copied)) is None:
            raise InvalidInput.single("copy_of", repr(copied)[:40], "the number of an edition")
        return request(copy_of=edition)
    with reading() as session:
        sections = policy_history.describe_policy(session, actor=current_actor())["sections"]
    shown = {row["parameter"]: as_text(row["value"]) for section in sections for row in section["parameters"]}
    changes = [
        policy_drafts.ParameterChange(name, _number(form[name]), form.get(f"{name}.reason", ""))
        for name, text in shown.items()
        if form.get(name, text).strip() != text
    ]
    return request(changes=tuple(changes))


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text.strip()
