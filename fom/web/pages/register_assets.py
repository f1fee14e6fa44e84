"""Bridges, fords and other assets of the network in the registers: limits, what was reported, inspections."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request

from fom.domain.access import may
from fom.errors import NotFound
from fom.services.assets import (
    ASSET_KINDS,
    LISTED_MAX,
    asset_dict,
    list_assets,
    reported_of_assets,
    routes_of_assets,
)
from fom.services.inspecting import list_inspections
from fom.web.access import allows, current_actor
from fom.web.edge import edge, reading
from fom.web.pages.map_settings import map_settings
from fom.web.pages.registers import mark_overdue
from fom.web.queries import check_query
from fom.web.tables import csv_file

blueprint = Blueprint("register_assets", __name__, url_prefix="/registers/assets")
ONLY = {
    "": "all", "reported": "with something reported", "key_routes": "on key routes", "uninspected": "never inspected",
    "no_class": "bridges without a class",
}  # fmt: skip
LIMIT_COLUMNS = ("mlc", "mass_t", "width_m", "height_m", "depth_m")


@blueprint.get("")
@allows("read_picture")
def show_list() -> str:
    """List assets: those with reports first, then those on key routes."""
    rows, total = _rows()
    asked = {name: request.args.get(name, "") for name in ("q", "kind", "only")}
    return render_template(
        "registers/assets.html", rows=rows, total=total, most=LISTED_MAX, kinds=ASSET_KINDS, only=ONLY, asked=asked
    )


@blueprint.get("/export.csv")
@allows("read_picture")
def export() -> Any:
    """Return the same list for a spreadsheet."""
    rows, _ = _rows()
    head = ["id", "type", "name", "lon", "lat", *LIMIT_COLUMNS, "reported", "key_routes", "inspected_at", "condition"]
    cells = (
        [
            row["id"], row["type"], row["name"], row["lon"], row["lat"], *(row["limits"].get(n) for n in LIMIT_COLUMNS),
            "; ".join(fact["damage"] for fact in row["facts"]), "; ".join(row["routes"]),
            *((row["inspection"] or {}).get(name) for name in ("inspected_at", "status")),
        ]
        for row in rows
    )  # fmt: skip
    return csv_file("assets", head, cells)


@blueprint.get("/<asset_id>")
@allows("read_picture")
def show_asset(asset_id: str) -> str:
    """Show one asset: recorded and reported limits, facts, inspections."""
    actor, host, now = current_actor(), edge().host, edge().host.now()
    number = host.network.find_asset(asset_id)
    if number is None:
        raise NotFound("asset on this network", asset_id)
    with reading() as session:
        facts = reported_of_assets(session, actor=actor, at=now, names=host.names).get(asset_id, [])
        inspections = list_inspections(session, "asset", asset_id, actor=actor, network=host.network)
        mark_overdue(inspections, now)
        routes = routes_of_assets(session, host.network, actor=actor).get(number, [])
    asset = asset_dict(host.network, number)
    point = {"type": "Point", "coordinates": [asset["lon"], asset["lat"]]}
    feature = None if asset["lon"] is None else {"type": "Feature", "geometry": point, "properties": {}}
    return render_template(
        "registers/asset.html", thing=asset, facts=facts, inspections=inspections, routes=routes, feature=feature,
        limits=LIMIT_COLUMNS, may_inspect=may(actor, "inspect_assets"), settings=map_settings(),
    )  # fmt: skip


def _rows() -> tuple[list[dict[str, Any]], int]:
    check_query("q", kind=ASSET_KINDS, only=ONLY)
    host = edge().host
    only = request.args.get("only", "")
    with reading() as session:
        return list_assets(
            session, host.network, actor=current_actor(), at=edge().host.now(), kind=request.args.get("kind") or None,
            words=request.args.get("q", ""), only=only, names=host.names,
        )  # fmt: skip
