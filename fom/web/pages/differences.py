"""What changed between two moments: roads, key routes, people and air heads gained and lost, each with its reasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, render_template, request

from fom.domain.instants import DAY_US, EARLIEST_US, LATEST_US, format_instant
from fom.domain.profiles import USER_CLASSES
from fom.errors import FieldError, InvalidInput
from fom.maps.style import map_style_values
from fom.maps.tiles import MAX_ZOOM, MIN_ZOOM, network_bounds, network_credit
from fom.services.differences import Side, find_difference
from fom.web.access import allows, current_actor
from fom.web.alerting import note_difference
from fom.web.edge import edge, reading
from fom.web.heavy import takes_turns
from fom.web.pages.moment_fields import parse_moment
from fom.web.pages.what_ifs import MAP_LAYERS

blueprint = Blueprint("differences", __name__)

KNOWLEDGE = {"then": "as it was shown then", "today": "as we know today"}
SIDES = ("before", "after")


@blueprint.get("/differences")
@allows("read_picture")
@takes_turns
def show() -> Any:
    """Show the form, and what differs when the first moment is given."""
    host, form, errors = edge().host, request.args.to_dict(), list[FieldError]()
    difference, sides = None, list[Side]()
    if form.get("before_at", "").strip():
        try:
            sides = _sides(form)
            with reading() as session:
                difference = find_difference(session, host, sides[0], sides[1], actor=current_actor())
            note_difference(difference)
        except InvalidInput as refused:
            errors = list(refused.errors)
    elif form:
        errors = [FieldError("before_at", "nothing", "a date and time in UTC")]
    else:
        form["before_at"] = format_instant(host.now() - DAY_US)[:16]
    settings = {
        "network": host.network.network_id, "segments": host.network.n_segments,
        "bounds": network_bounds(host.network), "zooms": [MIN_ZOOM, MAX_ZOOM], "style": map_style_values(),
        "credit": network_credit(host.network), "layers": list(MAP_LAYERS),
        "sides": [side.members() for side in sides],
    }  # fmt: skip
    page = render_template(
        "differences/differences.html", form=form, errors=errors, difference=difference, settings=settings,
        knowledge=KNOWLEDGE, user_classes=USER_CLASSES,
        profiles=sorted(host.profiles.values(), key=lambda p: p.name),
    )  # fmt: skip
    return page, 422 if errors else 200


def _sides(form: Mapping[str, str]) -> list[Side]:
    """Return both sides. InvalidInput names every field that does not say what it should."""
    host, errors = edge().host, list[FieldError]()
    now, knowledge = host.now(), form.get("known") or "then"
    if knowledge not in KNOWLEDGE:
        errors.append(FieldError("known", knowledge[:40], " or ".join(KNOWLEDGE)))
    moments = []
    for side in SIDES:
        at = _moment(form, f"{side}_at", errors)
        known = _moment(form, f"{side}_known_at", errors)
        if known is not None and known > now:
            errors.append(FieldError(f"{side}_known_at", form[f"{side}_known_at"], f"not after {format_instant(now)}"))
        if known is None and at is not None and knowledge == "then":
            known = min(at, now)
        moments.append((at, known))
    profile, user_class = form.get("profile") or "P3", form.get("user_class") or USER_CLASSES[0]
    sides = []
    for at, known in moments:
        try:
            sides.append(Side(host, host.question(at, known, profile, user_class)))
        except InvalidInput as refused:
            errors += [error for error in refused.errors if error not in errors]
    if errors:
        raise InvalidInput(errors)
    return sides


def _moment(form: Mapping[str, str], name: str, errors: list[FieldError]) -> int | None:
    text = form.get(name, "").strip()
    if not text:
        return None
    try:
        moment = parse_moment(text)
    except ValueError:
        moment = -1
    if not EARLIEST_US <= moment <= LATEST_US or moment == -1:
        errors.append(FieldError(name, text[:40], "a date and time in UTC, between 1900 and 2200"))
        return None
    return moment
