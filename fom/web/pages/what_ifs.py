"""What-ifs as pages: those kept, one on two maps side by side, two against each other; and as a marked file."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for

from fom.domain.geojson import geometry_to_json
from fom.domain.profiles import USER_CLASSES
from fom.maps.style import STYLES, map_style_values
from fom.maps.tiles import MAX_ZOOM, MIN_ZOOM, network_bounds, network_credit
from fom.services.what_ifs import (
    delete_what_if,
    get_what_if,
    list_what_ifs,
    parse_hypothesis,
    question_of,
    what_if,
)
from fom.web.access import allows, current_actor
from fom.web.alerting import note_difference
from fom.web.edge import edge, reading, writing
from fom.web.heavy import takes_turns
from fom.web.pages.shell import dtg

blueprint = Blueprint("what_ifs", __name__, url_prefix="/what-ifs")
MARK = "HYPOTHETICAL"
MAP_LAYERS = ("hazards", "restrictions", "incidents", "air-heads", "sites")


@blueprint.get("")
@allows("read_picture")
def show_list() -> str:
    """List what is kept, with the choice of two to compare."""
    actor = current_actor()
    with reading() as session:
        rows = list_what_ifs(session, actor=actor)
    return render_template("what_ifs/list.html", rows=rows, actor_email=actor.person)


@blueprint.get("/new")
@allows("read_picture")
def build() -> str:
    """Show an empty hypothesis; `from` names a kept one to copy."""
    source = request.args.get("from")
    kept = None
    if source:
        with reading() as session:
            kept = get_what_if(session, source, actor=current_actor())
    return _page(kept=kept, is_copy=True)


@blueprint.get("/compare")
@allows("read_picture")
def compare() -> Any:
    """Show two kept what-ifs against each other."""
    with reading() as session:
        pair = [get_what_if(session, request.args.get(side, ""), actor=current_actor()) for side in ("left", "right")]
    return _page(pair=pair)


@blueprint.get("/<what_if_id>")
@allows("read_picture")
def show(what_if_id: str) -> str:
    """Show a kept what-if."""
    with reading() as session:
        kept = get_what_if(session, what_if_id.lower(), actor=current_actor())
    return _page(kept=kept)


@blueprint.post("/<what_if_id>/delete")
@allows("keep_what_ifs")
def delete(what_if_id: str) -> Any:
    """Delete one and return to the list."""
    with writing() as (session, now):
        delete_what_if(session, what_if_id.lower(), actor=current_actor(), now=now)
    return redirect(url_for("what_ifs.show_list"))


@blueprint.get("/<what_if_id>/export.geojson")
@allows("read_picture")
@takes_turns
def export(what_if_id: str) -> Response:
    """Return the segments that would differ as a file; its name and every feature say that it is hypothetical."""
    host, actor = edge().host, current_actor()
    with reading() as session:
        kept = get_what_if(session, what_if_id.lower(), actor=actor)
        question = question_of(host, kept)
        found = what_if(session, host, parse_hypothesis(kept["hypothesis"]), question, actor=actor)
    note_difference(found)
    features = [
        {
            "type": "Feature",
            "id": host.network.segment_id(number),
            "geometry": geometry_to_json(host.network.line(number)),
            "properties": {"status": MARK, "before": old_f + old_b, "after": new_f + new_b},
        }
        for number, old_f, old_b, new_f, new_b in found["moves"]
    ]
    answer = jsonify(
        type="FeatureCollection", status=MARK, name=f"{MARK}: {kept['title']}", at=found["at"],
        known_at=found["known_at"], profile=found["profile"], user_class=found["user_class"],
        classification=kept["classification"], features=features,
    )  # fmt: skip
    words = re.sub(r"[^A-Za-z0-9]+", "-", kept["title"]).strip("-")[:60] or "what-if"
    name = f"{MARK}-{words}-{dtg(question.at).replace(' ', '-')}.geojson"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _page(
    *, kept: dict[str, Any] | None = None, is_copy: bool = False, pair: list[dict[str, Any]] | None = None
) -> str:
    host = edge().host
    settings = {
        "network": host.network.network_id, "segments": host.network.n_segments,
        "bounds": network_bounds(host.network), "credit": network_credit(host.network), "zooms": [MIN_ZOOM, MAX_ZOOM],
        "style": map_style_values(), "layers": list(MAP_LAYERS),
        "kept": kept, "is_copy": is_copy, "pair": pair,
    }  # fmt: skip
    return render_template(
        "what_ifs/what_if.html", settings=settings, kept=kept, is_copy=is_copy, pair=pair, mark=MARK,
        styles=list(STYLES.values()), actor_email=current_actor().person,
        profiles=sorted(host.profiles.values(), key=lambda p: p.name), user_classes=USER_CLASSES,
    )  # fmt: skip
