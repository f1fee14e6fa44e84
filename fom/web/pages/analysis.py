"""Analyses as pages: a list beside the map; a long one shows how far it is and comes when it is done."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from fom.domain.access import may
from fom.domain.profiles import USER_CLASSES
from fom.errors import NotFound
from fom.maps.style import map_style_values
from fom.maps.tiles import MAX_ZOOM, MIN_ZOOM, network_bounds, network_credit
from fom.services.analyses.asking import ACTIONS, ask_analysis
from fom.services.analyses.jobs import DONE, FAILED
from fom.web.access import allows, current_actor
from fom.web.alerting import note_analysis
from fom.web.analysis_jobs import analysis_jobs
from fom.web.edge import edge

blueprint = Blueprint("analysis", __name__)

NAMES = {
    "isolation": "Isolation",
    "criticality": "Critical roads",
    "clearance-priority": "Clearance order",
    "tob-gain": "Gain of a base",
    "history": "Road by state",
}
CLASS_WORDS = {
    "air_only": "air head within 10 km",
    "possibly_isolated": "a way over unverified road",
    "seasonal": "has a way in the dry season",
    "off_road": "no road within 2 km",
}
STATE_ORDER = (("GREEN", "O"), ("AMBER", "C"), ("GREY", "?"), ("RED", "R"), ("BLACK", "X"))
SHOWN = 60
"""Rows of a list; the rest is in the API's answer."""


@blueprint.get("/analysis")
@allows("read_picture")
def first() -> Any:
    """Go to the first analysis."""
    return redirect(url_for("analysis.show", name="isolation"))


@blueprint.get("/analysis/<name>")
@allows("read_picture")
def show(name: str) -> Any:
    """Show one analysis, or how far it is."""
    if name not in NAMES:
        raise NotFound("analysis", name[:40])
    host, actor = edge().host, current_actor()
    asked: dict[str, Any] = {key: request.args[key] for key in ("profile", "user_class") if request.args.get(key)}
    question = host.question(**asked)
    progress = ask_analysis(host, analysis_jobs(), name, actor=actor, **asked)
    answer = progress.answer
    if answer is not None:
        note_analysis(answer)
    settings = {
        "network": host.network.network_id, "segments": host.network.n_segments,
        "bounds": network_bounds(host.network), "zooms": [MIN_ZOOM, MAX_ZOOM], "style": map_style_values(),
        "credit": network_credit(host.network),
        "features": [] if answer is None else _features(name, answer),
    }  # fmt: skip
    page = render_template(
        "analysis/analysis.html", name=name, names=NAMES, answer=answer, progress=progress, question=question,
        settings=settings, tabs_seen=[key for key in NAMES if may(actor, ACTIONS[key])], class_words=CLASS_WORDS,
        state_order=STATE_ORDER, shown=SHOWN, is_done=progress.state == DONE, has_failed=progress.state == FAILED,
        profiles=sorted(host.profiles), user_classes=USER_CLASSES, has_map=name != "history",
    )  # fmt: skip
    return page, 503 if progress.state == FAILED else 200


def _features(name: str, answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the map shows of an answer: each with the key of its row in the list and its rank."""
    if name == "isolation":
        rows = [(c["place"], c["is_isolated"]) for c in answer["cut_off"][:SHOWN]]
        return [f for key, (place, is_strong) in enumerate(rows) if (f := _point(place, key, is_strong))]
    if name == "criticality":
        lists = (("cut", answer["by_cut"]), ("detour", answer["by_detour"]))
        return [
            _feature(link["geometry"], f"{kind}-{rank}", rank < 10)
            for kind, links in lists
            for rank, link in enumerate(links[:SHOWN])
        ]
    if name == "clearance-priority":
        entries = [(hazard, key) for key, e in enumerate(answer["gaining"][:SHOWN]) for hazard in e["hazards"]]
        return [f for hazard, key in entries if (f := _point(hazard, key, True))]
    if name == "tob-gain":
        return [f for key, e in enumerate(answer["gaining"][:SHOWN]) if (f := _point(e["place"], key, key < 10))]
    return []


def _point(place: dict[str, Any], key: int, is_strong: bool) -> dict[str, Any] | None:
    if place.get("lon") is None:
        return None
    return _feature({"type": "Point", "coordinates": [place["lon"], place["lat"]]}, str(key), is_strong)


def _feature(geometry: dict[str, Any], key: str, is_strong: bool) -> dict[str, Any]:
    properties = {"key": key, "strong": is_strong, "kind": key.split("-")[0] if "-" in key else "place"}
    return {"type": "Feature", "geometry": geometry, "properties": properties}
