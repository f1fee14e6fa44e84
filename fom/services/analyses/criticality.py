"""Critical roads: for every road link what its closing would do, in two numbers that are not blended.

Cut: the people, bases and hubs that lose every way. Detour: person-hours added for one journey of everybody who keeps a
way. Pieces between the same two junctions are one link; it counts with its worst piece. Links of one road in a row that
cut off the same places are told as one. Source: doctrine, section 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fom.routing.criticality import HubTree
from fom.services.analyses.isolation import COMMUNITIES, place_of
from fom.services.analyses.scene import Row, Scene

BASES = ("headquarters", "base", "tob")
PARTS = range(24)
"""Numbers of equal shares of the segments that lie on anybody's way."""
LISTED = 200
"""Links listed by each of the two numbers."""
HOUR_MS = 3_600_000
COORD_DIGITS = 6


def run(scene: Scene, part: int) -> dict[str, Any]:
    """Return what closing each segment of a share does: `segments` rows, and `hubs` lost by segment."""
    rows, tree = _served(scene), _tree(scene)
    done = tree.closing_each(tree.segments()[part :: len(PARTS)])
    lost: dict[int, list[str]] = {}
    for number, place in done.cut_pairs.tolist():
        lost.setdefault(number, []).append(str(rows[place]["id"]))
    columns = zip(done.segments.tolist(), done.cut_people.tolist(), done.detour_person_ms.tolist(), strict=True)
    segments = [
        [segment, cut, detour, lost.get(number, [])]
        for number, (segment, cut, detour) in enumerate(columns)
        if cut or detour or number in lost
    ]
    return {"segments": segments, "hubs": _hubs_lost(scene, part)}


def merge(scene: Scene, results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the most critical links by each number, `by_cut` and `by_detour`, and how many there are."""
    by_link: dict[int, dict[str, Any]] = {}

    def link_of(segment: int) -> dict[str, Any]:
        number = int(scene.network.link[segment])
        fresh = {"segments": [], "cut_people": 0, "detour_person_h": 0.0, "cut": [], "hubs": []}
        return by_link.setdefault(number, fresh)

    for segment, cut, detour, lost in sorted(row for result in results for row in result["segments"]):
        link = link_of(segment)
        link["segments"].append(segment)
        link["cut_people"] = max(link["cut_people"], cut)
        link["detour_person_h"] = max(link["detour_person_h"], round(detour / HOUR_MS, 1))
        link["cut"] = sorted({*link["cut"], *lost})
    for segment, hub in sorted(row for result in results for row in result["hubs"]):
        link = link_of(segment)
        link["segments"] = sorted({*link["segments"], segment})
        link["hubs"] = sorted({*link["hubs"], hub})
    by_detour = [link for _, link in sorted(by_link.items()) if link["detour_person_h"] > 0]
    by_detour.sort(key=lambda link: (-link["detour_person_h"], link["segments"]))
    by_cut = _in_series(scene, [link for _, link in sorted(by_link.items()) if link["cut"] or link["hubs"]])
    by_cut.sort(key=lambda link: (-link["cut_people"], -len(link["hubs"]), -len(link["cut"]), link["segments"]))
    places = {str(row["id"]): place_of(row) for row in [*_served(scene), *scene.sites("hub")]}
    return {
        "hubs": len(scene.hubs),
        "roads_that_cut": len(by_cut),
        "links_with_detour": len(by_detour),
        "by_cut": [_told(scene, link, places) for link in by_cut[:LISTED]],
        "by_detour": [_told(scene, link, places) for link in by_detour[:LISTED]],
    }


def _in_series(scene: Scene, links: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the links of one road that cut off the same places as one: closing any part of it does the same."""
    roads: dict[tuple[Any, ...], dict[str, Any]] = {}
    for link in links:
        first, detour = link["segments"][0], link["detour_person_h"]
        same = int(scene.network.name[first]), int(scene.network.ref[first])
        road = roads.setdefault((*same, tuple(link["cut"]), tuple(link["hubs"])), {**link, "segments": []})
        road["segments"] = [*road["segments"], *link["segments"]]
        road["detour_person_h"] = max(road["detour_person_h"], detour)
    return list(roads.values())


def _served(scene: Scene) -> list[Row]:
    """Return the communities and bases that join a road."""
    rows = scene.sites(*COMMUNITIES, *BASES)
    joined = scene.joined(rows)
    return [row for row in rows if row["id"] in joined]


def _tree(scene: Scene) -> HubTree:
    def make() -> HubTree:
        rows = _served(scene)
        people = [int(row["population"] or 0) if row["kind"] in COMMUNITIES else 0 for row in rows]
        snaps = list(scene.joined(rows).values())
        return HubTree.of(scene.judged().roads(scene.router), snaps, people, list(scene.hubs.values()))

    return scene.once("hub tree", make)


def _hubs_lost(scene: Scene, part: int) -> list[list[Any]]:
    """Return (segment, hub) where closing the segment takes the hub's last way to any other hub."""

    def make() -> list[tuple[str, HubTree]]:
        roads = scene.judged().roads(scene.router)
        others = {name: [s for other, s in scene.hubs.items() if other != name] for name in scene.hubs}
        return [(name, HubTree.of(roads, [scene.hubs[name]], [0], snaps)) for name, snaps in others.items() if snaps]

    lost = []
    for name, tree in scene.once("hub trees", make):
        done = tree.closing_each(tree.segments()[part :: len(PARTS)])
        lost += [[segment, name] for segment in done.segments[done.cut_pairs[:, 0]].tolist()]
    return lost


def _told(scene: Scene, link: dict[str, Any], places: dict[str, dict[str, Any]]) -> dict[str, Any]:
    network, numbers = scene.network, np.array(link["segments"], np.int64)
    first = int(numbers[0])
    lines = [network.coords[network.coord_start[s] : network.coord_start[s + 1]] for s in numbers]
    return {
        "name": network.word(int(network.name[first])),
        "ref": network.word(int(network.ref[first])),
        "highway": network.highway_words[int(network.highway[first])],
        "length_m": round(float(np.asarray(network.length_m)[numbers].sum())),
        "cut_people": link["cut_people"],
        "detour_person_h": link["detour_person_h"],
        "cut": [places[i] for i in link["cut"]],
        "hubs": [places[i] for i in link["hubs"]],
        "segments": [network.segment_id(int(s)) for s in numbers],
        "geometry": {
            "type": "MultiLineString",
            "coordinates": [np.round(np.asarray(line), COORD_DIGITS).tolist() for line in lines],
        },
    }
