"""Ways as GPX files for the receivers of a patrol: a key route, a plan, a movement, and the track of a passage.

Each says in its name and words as of when it is known and that it is no clearance.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from fom.domain.instants import parse_instant
from fom.domain.states import State
from fom.errors import NotFound
from fom.exchange.gpx_writing import MEDIA_TYPE, NO_CLEARANCE, GpxWay, file_name, write_gpx
from fom.maps.style import letter_of, word_of
from fom.services.map_layers import read_layer
from fom.services.movement_board import read_movement
from fom.services.movement_lines import way_pieces
from fom.services.movement_ways import stretches_here
from fom.services.movements import get_movement
from fom.services.registers import list_register
from fom.services.reporting import get_report
from fom.web.access import allows, current_actor
from fom.web.alerting import note_movements, note_shown
from fom.web.edge import edge, reading
from fom.web.pages.planner import plan_asked, shown_routes
from fom.web.pages.planner_form import named_places
from fom.web.pages.routes import asked_question
from fom.web.pages.shell import dtg, plain

blueprint = Blueprint("gpx", __name__)


@blueprint.get("/routes/<route_id>/route.gpx")
@allows("read_picture")
def route(route_id: str) -> Response:
    """Return a key route with its worst state now."""
    host, question = edge().host, asked_question()
    with reading() as session:
        layer = read_layer(session, host, "routes", question, actor=current_actor())
        rows = list_register(session, "key_route", actor=current_actor(), id=route_id)
    said = next((f["properties"] for f in layer["features"] if f["properties"]["id"] == route_id), None)
    pieces = way_pieces(host.network, rows[0]["segments"] or []) if rows else []
    if said is None or not pieces:
        raise NotFound("key route on this network", route_id)
    ids = [str(stretch["id"]) for stretch in rows[0]["segments"]]
    note_shown("route", question, subject=route_id, segments=lambda: ids)
    since = dtg(said["verified_at"]) if said["verified_at"] else "never, in part"
    words = f"{_known(question.at, question.profile.name, question.user_class, said['state'])} Oldest passage {since}."
    title = f"{said['code']} {said['name']}"
    return _file([GpxWay(name=title, words=words, lines=tuple(pieces))], title, words, at=question.at)


@blueprint.get("/planner/<way>.gpx")
@allows("read_picture")
def plan(way: str) -> Response:
    """Return one way of the plan that the address asks for, found anew; never one over roads that nobody verified."""
    with reading() as session:
        named = named_places(session, actor=current_actor())
    form = request.args.to_dict()
    found = plan_asked(form, named)
    chosen = next((r for r in shown_routes(found) if r["key"] == way and way != "unverified"), None)
    if chosen is None:
        raise NotFound("way of this plan", way)
    at = parse_instant(found["at"])
    ends = f"{form['from'].strip()} to {form['to'].strip()}"
    words = f"{_known(at, found['profile'], found['user_class'], letter_of(State[chosen['state']]))} Plan {ends}."
    line = chosen["geometry"]["coordinates"]
    title = f"{chosen['title']}: {ends}"
    return _file([GpxWay(name=title, words=words, lines=(line,))], title, words, at=parse_instant(found["known_at"]))


@blueprint.get("/movements/<movement_id>/way.gpx")
@allows("read_picture")
def movement(movement_id: str) -> Response:
    """Return the way of a movement and its alternates, as planned, with their states as known now."""
    host, actor = edge().host, current_actor()
    with reading() as session:
        row = get_movement(session, movement_id, actor=actor, now=host.now())
        shown = read_movement(session, host, row, actor=actor)
    note_movements([shown])
    outlook = shown["outlook"] or {"state": None, "alternates": []}
    states = [outlook["state"], *(alternate["state"] for alternate in outlook["alternates"])]
    ways = []
    for number, way in enumerate(row["ways"]):
        pieces = way_pieces(host.network, stretches_here(host, way, row["planned_as"]))
        if pieces:
            state = states[number] if number < len(states) else None
            known = _known(host.now(), row["profile"], row["user_class"], state)
            name = f"{row['code']} {'planned way' if number == 0 else f'alternate {number}'}"
            level = plain(row["classification"])
            words = f"{known} Planned departure {dtg(row['planned_start'])}. Classification: {level}."
            ways.append(GpxWay(name=name, words=words, lines=tuple(pieces)))
    if not ways:
        raise NotFound("way of movement", movement_id)
    return _file(ways, row["code"], ways[0].words, at=host.now())


@blueprint.get("/reports/<report_id>/track.gpx")
@allows("send_report", "read_reports")
def track(report_id: str) -> Response:
    """Return the lines of a report of passages: recorded ones as tracks, drawn ones as routes."""
    with reading() as session:
        report = get_report(session, report_id, actor=current_actor())
    ways = [way for record in report["records"] if (way := _passage(record)) is not None]
    if not ways:
        raise NotFound("track of report", report_id)
    title = f"Passage {dtg(report['records'][0]['properties'].get('occurred') or report['received'])}"
    return _file(ways, title, ways[0].words, at=parse_instant(report["received"]))


def _passage(record: Mapping[str, Any]) -> GpxWay | None:
    said, geometry = record["properties"], record["geometry"] or {}
    parts = {"LineString": lambda c: [c], "MultiLineString": list}.get(geometry.get("type", ""))
    if said["kind"] != "verification" or parts is None:
        return None
    is_driven = said.get("track") == "gps"
    how = "Recorded by a receiver; times of its points are not kept." if is_driven else "Drawn, not recorded."
    words = f"{plain(said['strength'])} {dtg(said.get('occurred'))}. {how} It tells of then, not of now. {NO_CLEARANCE}"
    name = f"Passage {dtg(said.get('occurred') or said['received'])}"
    return GpxWay(name=name, words=words, lines=tuple(parts(geometry["coordinates"])), is_driven=is_driven)


def _known(at: int, profile: str | None, user_class: str, letter: str | None) -> str:
    """Return as of when, for whom and how a way stands."""
    state = f"worst state {word_of(letter)}" if letter else "state not judged"
    return f"As known at {dtg(at)} for {profile or 'no profile'}, {plain(user_class)}: {state}. {NO_CLEARANCE}"


def _file(ways: list[GpxWay], title: str, words: str, *, at: int) -> Response:
    answer = Response(write_gpx(ways, name=title, words=words, at=at), mimetype=MEDIA_TYPE)
    answer.headers["Content-Disposition"] = f'attachment; filename="{file_name(title, dtg(at))}"'
    return answer
