"""Bridges, fords and other assets of the network: recorded limits, what was reported of them, when they were inspected.

And ammunition stores beside key routes: which of their segments a stated safety distance touches (requirement A4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from sqlalchemy.orm import Session

from fom.domain.access import Actor, require
from fom.domain.geodesy import Plane, bounds_with_reach
from fom.domain.instants import parse_instant
from fom.network.network import ASSET_LIMIT_NAMES, ASSET_TYPES, Network
from fom.services.former_networks import FormerNetworks
from fom.services.inspecting import latest_inspections
from fom.services.record_reads import list_records
from fom.services.registers import list_register
from fom.store.records import list_present

ASSET_KINDS = ASSET_TYPES
"""Told on to the edges."""
RESOURCE_REACH_M = 2_000.0
LISTED_MAX = 500
"""Rows of one page of assets; a country has tens of thousands."""


def list_assets(
    session: Session,
    network: Network,
    *,
    actor: Actor,
    at: int,
    kind: str | None = None,
    words: str = "",
    only: str = "",
    names: FormerNetworks | None = None,
) -> tuple[list[dict[str, Any]], int]:
    """Return assets of the network and how many match in all; those with reports and on key routes come first.

    Parameters
    ----------
    only
        `reported` (something stands against it), `key_routes`, `uninspected`, `no_class` (a bridge without a class);
        empty = all.
    """
    require(actor, "read_picture")
    facts = reported_of_assets(session, actor=actor, at=at, names=names)
    inspected = latest_inspections(session, "asset")
    routes = routes_of_assets(session, network, actor=actor)
    wanted = words.strip().lower()
    found = []
    for number in range(len(network.asset_ids)):
        asset_id = network.asset_id(number)
        type_ = ASSET_TYPES[network.asset_type[number]]
        name = network.word(int(network.asset_name[number]))
        if (kind and type_ != kind) or (wanted and wanted not in f"{name or ''} {asset_id}".lower()):
            continue
        on = routes.get(number, [])
        is_unclassed = type_ == "bridge" and np.isnan(network.asset_limits[number, 0])
        checks = {
            "reported": asset_id in facts, "key_routes": bool(on), "uninspected": asset_id not in inspected,
            "no_class": bool(is_unclassed),
        }  # fmt: skip
        if only and not checks.get(only, True):
            continue
        found.append((not checks["reported"], not on, type_, name or "~", asset_id, number, on))
    found.sort(key=lambda row: row[:5])
    shown = [
        asset_dict(network, number) | {
            "facts": facts.get(asset_id, []), "inspection": inspected.get(asset_id), "routes": on,
        }
        for _, _, _, _, asset_id, number, on in found[:LISTED_MAX]
    ]  # fmt: skip
    return shown, len(found)


def asset_dict(network: Network, number: int) -> dict[str, Any]:
    """Return what the network records of an asset: id, type, name, place, limits."""
    place = int(np.flatnonzero(np.asarray(network.asset_of) == number)[0]) if number in network.asset_of else -1
    lon = lat = None
    if place >= 0:
        segment = int(np.searchsorted(network.asset_start, place, side="right")) - 1
        line, at_m = network.line(segment), float(network.asset_at_m[place])
        share = 0.5 if np.isnan(at_m) else min(at_m / max(float(network.length_m[segment]), 1e-9), 1.0)
        point = line.interpolate(share, normalized=True)
        lon, lat = round(point.x, 6), round(point.y, 6)
    limits = {
        name: float(value)
        for name, value in zip(ASSET_LIMIT_NAMES, network.asset_limits[number].tolist(), strict=True)
        if not np.isnan(value)
    }
    return {
        "id": network.asset_id(number), "type": ASSET_TYPES[network.asset_type[number]],
        "name": network.word(int(network.asset_name[number])), "lon": lon, "lat": lat, "limits": limits,
    }  # fmt: skip


def reported_of_assets(
    session: Session, *, actor: Actor, at: int, names: FormerNetworks | None = None
) -> dict[str, list[dict[str, Any]]]:
    """Return asset id -> physical facts that stand against it, newest first; ended and retracted ones left out."""
    records = list_records(session, actor=actor, kinds=("physical",), known_at=at)
    records = [names.feature(record) if names else record for record in records]
    named = [record for record in records if record["properties"].get("asset")]
    ended: set[str] = set()
    ids = [record["id"] for record in named]
    for act in list_present(session, ["closing_act"], known_at=at, about=ids) if ids else []:
        if len(set(act.signed_by or ())) >= 2:
            ended |= set(act.properties["closes"])
    found: dict[str, list[dict[str, Any]]] = {}
    for record in named:
        if record["id"] in ended:
            continue
        said = record["properties"]
        when = min(parse_instant(said[name]) for name in ("occurred", "received") if said.get(name))
        fact = {
            "id": record["id"], "damage": said["damage"], "limits": said.get("limits") or {}, "at": when,
            "review_by": said.get("review_by"), "is_overdue": bool(said.get("review_by"))
            and parse_instant(said["review_by"]) < at, "report_id": record["handling"]["report_id"],
        }  # fmt: skip
        found.setdefault(said["asset"], []).append(fact)
    for facts in found.values():
        facts.sort(key=lambda fact: -fact["at"])
    return found


def routes_of_assets(session: Session, network: Network, *, actor: Actor) -> dict[int, list[str]]:
    """Return asset number -> codes of the key routes that use it."""
    found: dict[int, list[str]] = {}
    for row in list_register(session, "key_route", actor=actor):
        seen: set[int] = set()
        for stretch in row["segments"] or ():
            number = network.find_segment(stretch["id"])
            seen |= set() if number is None else {int(a) for a in network.assets_on(number)}
        for asset in seen:
            found.setdefault(asset, []).append(row["code"])
    return found


def touched_by_stores(session: Session, network: Network, *, actor: Actor) -> dict[str, list[dict[str, Any]]]:
    """Return site id -> key-route segments within the stated safety distance of an ammunition store.

    `{route, code, segment_id, distance_m}`, nearest first. A store without a stated distance lists nothing: ask for it.
    """
    stores = list_register(session, "site", actor=actor, kind="ammunition_storage")
    return routes_near_stores(network, stores, list_register(session, "key_route", actor=actor) if stores else [])


def routes_near_stores(
    network: Network, stores: Sequence[Mapping[str, Any]], routes: Sequence[Mapping[str, Any]]
) -> dict[str, list[dict[str, Any]]]:
    """Return the same of some stores and key routes."""
    return {row["id"]: _touched(network, row, routes) for row in stores if row["safety_distance_m"]}


def resources_of_routes(session: Session, network: Network, *, actor: Actor) -> dict[str, list[dict[str, Any]]]:
    """Return key route -> the strategic resources that it leads to, `{id, name, distance_m}`, nearest first.

    A route leads to what lies within 2 km of it, as a settlement joins the road (doctrine, section 5). Such a route is
    one to keep: resources are controlled on it. Source: requirement K4.
    """
    resources = list_register(session, "site", actor=actor, kind="strategic_resource")
    routes = list_register(session, "key_route", actor=actor) if resources else []
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for site in resources:
        for near in _touched(network, {**site, "safety_distance_m": RESOURCE_REACH_M}, routes):
            told = {"id": site["id"], "name": site["name"], "distance_m": near["distance_m"]}
            found.setdefault(near["route"], {}).setdefault(site["id"], told)  # nearest segment first
    return {route: sorted(sites.values(), key=lambda one: one["distance_m"]) for route, sites in found.items()}


def _touched(network: Network, store: Mapping[str, Any], routes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    reach_m = float(store["safety_distance_m"])
    plane, point = Plane.at(store["lon"], store["lat"]), shapely.Point(0, 0)
    box = bounds_with_reach(np.array([[store["lon"], store["lat"]] * 2]), reach_m)
    near = set(network.boxes.query(box[0])[1].tolist())
    found = []
    for row in routes:
        for segment_id in dict.fromkeys(stretch["id"] for stretch in row["segments"] or ()):
            number = network.find_segment(segment_id)
            if number is None or number not in near:
                continue
            far_m = float(plane.project_shape(network.line(number)).distance(point))
            if far_m <= reach_m:
                found.append(
                    {"route": row["id"], "code": row["code"], "segment_id": segment_id, "distance_m": round(far_m)}
                )
    return sorted(found, key=lambda one: (one["distance_m"], one["code"], one["segment_id"]))
