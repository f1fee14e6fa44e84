"""Reach: what lies within so many minutes of a place, as bands on the map and a list of places with people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, render_template, request

from fom.domain.profiles import USER_CLASSES
from fom.domain.states import State
from fom.errors import FieldError, InvalidInput
from fom.maps.style import letter_of, map_style_values
from fom.maps.tiles import MAX_ZOOM, MIN_ZOOM, network_bounds, network_credit
from fom.services.reach import BANDS_MAX, DEFAULT_MINUTES, MINUTES_MAX, ReachRequest, find_reach
from fom.web.access import allows, current_actor
from fom.web.alerting import note_reach
from fom.web.edge import edge, reading
from fom.web.heavy import takes_turns
from fom.web.pages.moment_fields import parse_moment
from fom.web.pages.planner_form import Named, find_place, named_places

blueprint = Blueprint("reach", __name__)


@blueprint.get("/reach")
@allows("read_picture")
@takes_turns
def show() -> Any:
    """Show the form, and what is reached when a place is given."""
    host, form, errors, answer = edge().host, request.args.to_dict(), list[FieldError](), None
    with reading() as session:
        named = named_places(session, actor=current_actor())
        if form.get("from", "").strip():
            try:
                covered: list[Any] = []
                answer = find_reach(session, host, _request(form, named), actor=current_actor(), note=covered.append)
                note_reach(answer, covered)
            except InvalidInput as refused:
                errors = list(refused.errors)
    bands = [] if answer is None else [f for f in answer["features"] if f["properties"]["kind"] == "band"]
    places = (
        [] if answer is None else [f["properties"] for f in answer["features"] if f["properties"]["kind"] == "place"]
    )
    settings = {
        "network": host.network.network_id, "segments": host.network.n_segments,
        "bounds": network_bounds(host.network), "zooms": [MIN_ZOOM, MAX_ZOOM], "style": map_style_values(),
        "credit": network_credit(host.network),
        "question": {name: answer[name] for name in ("profile", "user_class", "at", "known_at")} if answer else {},
        "bands": bands, "start": None if answer is None else answer["start"]["asked"],
    }  # fmt: skip
    page = render_template(
        "reach/reach.html", form=form, errors=errors, answer=answer, named=named, settings=settings,
        bands=[band["properties"] for band in bands], places=places, export=_export(answer, form),
        profiles=sorted(host.profiles.values(), key=lambda p: p.name), user_classes=USER_CLASSES,
        default_minutes=", ".join(map(str, DEFAULT_MINUTES)), bands_max=BANDS_MAX, minutes_max=MINUTES_MAX,
        letter_of=lambda name: letter_of(State[name]),
    )  # fmt: skip
    return page, 422 if errors else 200


def _request(form: Mapping[str, str], named: Named) -> ReachRequest:
    errors: list[FieldError] = []
    asked: dict[str, Any] = {name: form[name] for name in ("profile", "user_class") if form.get(name)}
    try:
        asked["place"] = find_place(form["from"], named, "from")
    except InvalidInput as refused:
        errors += refused.errors
    if minutes := form.get("minutes", "").replace(",", " ").split():
        try:
            asked["minutes"] = tuple(int(part) for part in minutes)
        except ValueError:
            errors.append(FieldError("minutes", form["minutes"][:60], "whole numbers, such as 15, 30, 60"))
    if at := form.get("at", "").strip():
        try:
            asked["at"] = parse_moment(at)
        except ValueError:
            errors.append(FieldError("at", at[:40], "a date and time in UTC"))
    if errors:
        raise InvalidInput(errors)
    return ReachRequest(**asked, allow_unverified=bool(form.get("unverified")))


def _export(answer: Mapping[str, Any] | None, form: Mapping[str, str]) -> str | None:
    """Return the address of exactly this answer as GeoJSON."""
    if answer is None:
        return None
    lon, lat = answer["start"]["asked"]
    asked = {"from": f"{lon},{lat}", "minutes": ",".join(map(str, answer["minutes"]))}
    asked |= {name: answer[name] for name in ("profile", "user_class", "at", "known_at")}
    if form.get("unverified"):
        asked["allow_unverified"] = "true"
    return f"/api/v1/reach?{urlencode(asked)}"
