"""Road data of an area from the public map service, through OSMnx, when the machine is online.

OSMnx fetches and cuts; what it returns is read as raw roads like any file, so that both ways end in one artefact.
"""

from __future__ import annotations

import re
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from fom.errors import InvalidInput, ServiceUnreachable
from fom.network.osm_file import ATTRIBUTION, LICENCE, NODE_KEYS
from fom.network.raw import UNITS_PER_DEGREE, Interner, PointFeature, RawRoads, clean_text
from fom.network.road_rules import CLASS_SPEED_KMH, TAG_KEYS

if TYPE_CHECKING:
    from networkx import MultiDiGraph

MAX_SIDE_DEGREES = 2.0
"""A larger box is a country: take an extract file and `network build` instead."""
NO_TURNS = "turn restrictions are not part of a download; build from an extract to have them"
_BOX = re.compile(r"\s*" + r"\s*,\s*".join([r"(-?\d+(?:\.\d+)?)"] * 4) + r"\s*")


def download_roads(area: str, *, overpass_url: str | None = None) -> RawRoads:
    """Return the roads of a named place or of a box `west,south,east,north` in degrees.

    Raises
    ------
    InvalidInput
        The box is wrong or too large, or no such place or no road in it is known.
    ServiceUnreachable
        No answer.
    """
    import osmnx
    from osmnx._errors import InsufficientResponseError, ResponseStatusCodeError
    from requests import RequestException

    box = _box(area)
    classes = "|".join(c for c in CLASS_SPEED_KMH if c != "ferry")
    wanted = [f'["highway"~"^({classes})$"]', '["route"="ferry"]']
    options: dict[str, Any] = {"simplify": False, "retain_all": True, "truncate_by_edge": True, "custom_filter": wanted}
    try:
        with our_settings(overpass_url):
            graph = osmnx.graph_from_bbox(box, **options) if box else osmnx.graph_from_place(area, **options)
    except (RequestException, ResponseStatusCodeError, OSError) as error:
        raise ServiceUnreachable(
            f"the map service does not answer ({type(error).__name__}): is this machine online? "
            "Offline, take an extract file and `network build`"
        ) from error
    except (InsufficientResponseError, ValueError, TypeError) as error:
        raise InvalidInput.single("area", f"{area}: {error}", "a place or box with roads") from error
    return graph_roads(graph)


def _box(area: str) -> tuple[float, float, float, float] | None:
    """Return west, south, east, north of a box, None where the text is a name."""
    match = _BOX.fullmatch(area)
    if match is None:
        return None
    west, south, east, north = (float(match[i]) for i in range(1, 5))
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise InvalidInput.single("area", area, "west,south,east,north in degrees, west < east, south < north")
    if max(east - west, north - south) > MAX_SIDE_DEGREES:
        raise InvalidInput.single(
            "area", area, f"sides up to {MAX_SIDE_DEGREES:g} degrees; larger: build from an extract"
        )
    return west, south, east, north


@contextmanager
def our_settings(overpass_url: str | None = None) -> Iterator[None]:
    """Let OSMnx read our tags, keep every edge as drawn and cache nothing, for a while.

    Its pinning of a host's address, which would stay for the life of the process, is undone too.
    """
    import osmnx

    changed: dict[str, Any] = {
        "useful_tags_way": sorted(TAG_KEYS | {"name", "name:en", "ref"}),
        "useful_tags_node": sorted(
            {*NODE_KEYS, "highway", "name", "access", "locked", "maxheight", "maxwidth", "maxweight"}
        ),
        "all_oneway": True,
        "use_cache": False,
        **({"overpass_url": overpass_url, "overpass_rate_limit": False} if overpass_url else {}),
    }
    before, lookup = {name: getattr(osmnx.settings, name) for name in changed}, socket.getaddrinfo
    try:
        for name, value in changed.items():
            setattr(osmnx.settings, name, value)
        yield
    finally:
        socket.getaddrinfo = lookup
        for name, value in before.items():
            setattr(osmnx.settings, name, value)


def graph_roads(graph: MultiDiGraph[Any]) -> RawRoads:
    """Return an unsimplified OSMnx graph, made with `all_oneway`, as raw roads: each edge a way of two vertices.

    Ways fall apart into edges and are joined again where nothing else meets them, so that the network is the same.
    """
    nodes = list(graph.nodes)
    number = {node: i for i, node in enumerate(nodes)}
    x, y = (
        np.rint(np.array([data[c] for _, data in graph.nodes(data=True)]) * UNITS_PER_DEGREE).astype(np.int32)
        for c in "xy"
    )
    tag_sets, names = Interner(), Interner()
    ends, way_tags, way_name, way_ref, way_id = [], [], [], [], []
    for tail, head, data in graph.edges(data=True):
        tags = {k: str(v) for k, v in data.items() if isinstance(v, str)}
        if tags.get("oneway") in ("-1", "reverse"):
            tags["oneway"] = "yes"  # OSMnx has turned the vertices already
        ends += [number[tail], number[head]]
        way_tags.append(tag_sets.code(tuple(sorted((k, v) for k, v in tags.items() if k in TAG_KEYS))))
        way_name.append(_code(names, tags.get("name") or tags.get("name:en")))
        way_ref.append(_code(names, tags.get("ref")))
        way_id.append(int(data.get("osmid", 0)))
    node = np.array(ends, dtype=np.int64)
    features = [
        PointFeature(number[n], tags)
        for n, data in graph.nodes(data=True)
        if (tags := {k: v for k, v in data.items() if isinstance(v, str)}) and not tags.keys().isdisjoint(NODE_KEYS)
    ]
    return RawRoads(
        x=x[node], y=y[node], node=node, way_start=np.arange(0, len(node) + 1, 2, dtype=np.int64),
        way_tags=np.array(way_tags, dtype=np.int32), way_name=np.array(way_name, dtype=np.int32),
        way_ref=np.array(way_ref, dtype=np.int32), way_id=np.array(way_id, dtype=np.int64),
        tag_sets=[dict(pairs) for pairs in tag_sets.values], names=names.values, features=features,
        noted=Counter({NO_TURNS: 1}),
        source={"format": "download", "licence": LICENCE, "attribution": ATTRIBUTION, "data_date": None},
    )  # fmt: skip


def _code(names: Interner, text: str | None) -> int:
    text = clean_text(text) if text else ""
    return names.code(text) if text else -1
