"""OSM files (.osm.pbf, .osm, .osm.gz, .osm.bz2) into `RawRoads`, in one pyosmium pass.

A second pass over the nodes only runs when positions were missing after the first: a file not sorted by type, negative
ids of an editor, or ways cut off at the file's edge.
"""

from __future__ import annotations

import tempfile
from array import array
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import osmium

from fom.errors import BadReferenceData
from fom.network.progress import Progress, quiet
from fom.network.raw import NO_POSITION, Interner, PointFeature, RawRoads, TurnRule, clean_text
from fom.network.road_rules import TAG_KEYS, road_class

OSM_SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2")
NODE_KEYS = ("barrier", "ford", "mountain_pass", "bridge", "culvert", "tunnel", "man_made")
OTHER_KEYS = ("name", "name:en", "ref", "type", "restriction", "except", "locked")
ATTRIBUTION = "© OpenStreetMap contributors"
LICENCE = "ODbL 1.0"
INVENTED = "invented country"
"""Words by which the program that wrote a file says, in its header, that the land does not exist."""
INVENTED_ATTRIBUTION = "Invented country: no place on this map is real"
INVALID_TEXT = "tags with broken text encoding"


def is_osm_file(path: Path) -> bool:
    """Return whether the name says OSM data."""
    return path.name.lower().endswith(OSM_SUFFIXES)


def read_osm(path: Path, progress: Progress = quiet) -> RawRoads:
    """Return the roads of an OSM file.

    Raises
    ------
    BadReferenceData
        Unreadable, truncated, empty, or without a single road.
    """
    with _readable(path) as file:
        collector = _Collector(progress)
        with _naming(path):
            reader = osmium.FileProcessor(str(file)).with_locations()
            reader.with_filter(osmium.filter.KeyFilter("highway", "route", "type", *NODE_KEYS))
            header = reader.header
            for entity in reader:
                collector.take(entity)
        if not collector.way_id:
            raise BadReferenceData(f"{path}: holds no road; expected ways with a highway tag of a road class")
        x, y = collector.positions()
        missing = np.unique(collector.refs()[x == NO_POSITION])
        if len(missing):
            with _naming(path):
                _fill_positions(file, missing, collector.refs(), x, y)
    raw = collector.finish(x, y)
    raw.source |= {
        "format": "osm",
        **_credit(header),
        "data_date": header.get("osmosis_replication_timestamp", "") or None,
    }
    return raw


def _credit(header: osmium.io.Header) -> dict[str, str | None]:
    """Return `licence` and `attribution`: nobody's work is credited with a map of a land that does not exist."""
    if INVENTED in header.get("generator", ""):
        return {"licence": None, "attribution": INVENTED_ATTRIBUTION}
    return {"licence": LICENCE, "attribution": ATTRIBUTION}


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Turn the reader's errors into ours, with the file's name."""
    try:
        yield
    except RuntimeError as error:
        raise BadReferenceData(
            f"{path}: cannot be read as OSM data ({error}); expected {', '.join(OSM_SUFFIXES)}"
        ) from error


@contextmanager
def _readable(path: Path) -> Iterator[Path]:
    """Yield the path, or for plain XML that is not UTF-8 a cleaned copy of it."""
    if not path.name.lower().endswith(".osm") or _is_utf8(path):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "cleaned.osm"
        with path.open(encoding="utf-8", errors="replace") as source, copy.open("w", encoding="utf-8") as target:
            while block := source.read(1 << 20):
                target.write(block)
        yield copy


def _is_utf8(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as source:
            while source.read(1 << 20):
                pass
    except UnicodeDecodeError:
        return False
    return True


def _fill_positions(file: Path, missing: np.ndarray, refs: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    """Look up the nodes whose position the first pass did not know, writing into x and y."""
    wanted = set(missing.tolist())
    found: dict[int, tuple[int, int]] = {}
    for entity in osmium.FileProcessor(str(file), osmium.osm.NODE):
        if isinstance(entity, osmium.osm.Node) and entity.id in wanted:
            found[entity.id] = (entity.location.x, entity.location.y)
    for at in np.flatnonzero(x == NO_POSITION).tolist():
        position = found.get(int(refs[at]))
        if position is not None:
            x[at], y[at] = position


class _Collector:
    """Gathers what the pass meets, as flat lists."""

    def __init__(self, progress: Progress) -> None:
        self.vertices = array("q")
        """Node id, x, y of each vertex, flat: a list of tuples would take seven times the memory."""
        self.way_start: list[int] = [0]
        self.way_id: list[int] = []
        self.way_tags: list[int] = []
        self.way_name: list[int] = []
        self.way_ref: list[int] = []
        self.tag_sets = Interner()
        self.names = Interner()
        self.name_code: dict[str, int] = {}
        """Number in `names` of a text as tagged."""
        self.features: dict[int, dict[str, str]] = {}
        self.relations: list[tuple[str, tuple[int, ...], int, tuple[int, ...]]] = []
        self.dropped: Counter[str] = Counter()
        self.noted: Counter[str] = Counter()
        self.progress = progress

    def take(self, entity: Any) -> None:
        """Take one node, way or relation."""
        if entity.is_way():
            self._take_way(entity)
        elif entity.is_node():
            self._take_node(entity)
        else:
            self._take_relation(entity)

    def _tags(self, entity: Any) -> dict[str, str]:
        try:
            return {t.k: t.v for t in entity.tags}
        except UnicodeDecodeError:
            self.noted[INVALID_TEXT] += 1
            return _decodable_tags(entity)

    def _is_kept(self, way: Any) -> bool:
        """Return whether a way is of a class that is kept, reading no more than two of its tags; count why not."""
        try:
            said = {key: text for key in ("highway", "route") if (text := way.tags.get(key)) is not None}
        except UnicodeDecodeError:
            said = _decodable_tags(way)
        _, refusal = road_class(said)
        if refusal and "highway" in said:
            self.dropped[refusal] += 1
        return not refusal

    def _take_way(self, way: Any) -> None:
        if not self._is_kept(way):
            return
        tags = self._tags(way)
        if len(way.nodes) < 2:
            self.dropped["ways with fewer than two vertices"] += 1
            return
        push = self.vertices.append
        for vertex in way.nodes:
            place = vertex.location
            push(vertex.ref)
            push(place.x)
            push(place.y)
        self.way_start.append(len(self.vertices) // 3)
        self.way_id.append(way.id)
        kept = tuple(sorted((k, v) for k, v in tags.items() if k in TAG_KEYS))
        self.way_tags.append(self.tag_sets.code(kept))
        self.way_name.append(self._name(tags.get("name") or tags.get("name:en")))
        self.way_ref.append(self._name(tags.get("ref")))
        if not len(self.way_id) % 4096:
            self.progress(4096)

    def _name(self, text: str | None) -> int:
        if not text:
            return -1
        code = self.name_code.get(text)
        if code is None:
            clean = clean_text(text)
            code = self.name_code[text] = self.names.code(clean) if clean else -1
        return code

    def _take_node(self, node: Any) -> None:
        tags = self._tags(node)
        if not tags.keys().isdisjoint(NODE_KEYS) or tags.get("highway") == "ford":
            self.features[node.id] = tags

    def _take_relation(self, relation: Any) -> None:
        tags = self._tags(relation)
        if tags.get("type") != "restriction":
            return
        kind = tags.get("restriction", "")
        if not kind:
            self.dropped["turn restrictions for some vehicles or times only"] += 1
            return
        if not {"motorcar", "motor_vehicle"}.isdisjoint(tags.get("except", "").replace(" ", "").split(";")):
            self.dropped["turn restrictions that except motor vehicles"] += 1
            return
        members: dict[tuple[str, str], list[int]] = {}
        for m in relation.members:
            members.setdefault((m.role, m.type), []).append(m.ref)
        via = members.get(("via", "n"), [])
        sides = tuple(members.get(("from", "w"), [])), tuple(members.get(("to", "w"), []))
        if ("via", "w") in members:
            self.dropped["turn restrictions via a way"] += 1
        elif len(via) != 1 or not all(sides):
            self.dropped["turn restrictions without from, via or to"] += 1
        else:
            self.relations.append((kind, sides[0], via[0], sides[1]))

    def refs(self) -> np.ndarray:
        """Return (m,) map-data node ids of the vertices."""
        return self._vertex_array()[:, 0]

    def positions(self) -> tuple[np.ndarray, np.ndarray]:
        """Return writable x and y of the vertices."""
        vertices = self._vertex_array()
        return vertices[:, 1].astype(np.int32), vertices[:, 2].astype(np.int32)

    def _vertex_array(self) -> np.ndarray:
        return np.frombuffer(self.vertices, dtype=np.int64).reshape(-1, 3)

    def finish(self, x: np.ndarray, y: np.ndarray) -> RawRoads:
        """Return everything as arrays, features and turn rules by node label."""
        ids, node = np.unique(self.refs(), return_inverse=True)
        labels = _positions_in(ids, list(self.features))
        features = [PointFeature(at, t) for at, t in zip(labels, self.features.values(), strict=True) if at >= 0]
        rules = []
        for (kind, from_ways, _, to_ways), at in zip(
            self.relations, _positions_in(ids, [r[2] for r in self.relations]), strict=True
        ):
            if at >= 0:
                rules.append(TurnRule(kind, from_ways, at, to_ways))
            else:
                self.dropped["turn restrictions at a node that is on no kept road"] += 1
        return RawRoads(
            x=x,
            y=y,
            node=node.astype(np.int64),
            way_start=np.array(self.way_start, dtype=np.int64),
            way_tags=np.array(self.way_tags, dtype=np.int32),
            way_name=np.array(self.way_name, dtype=np.int32),
            way_ref=np.array(self.way_ref, dtype=np.int32),
            way_id=np.array(self.way_id, dtype=np.int64),
            tag_sets=[dict(pairs) for pairs in self.tag_sets.values],
            names=self.names.values,
            features=features,
            turn_rules=rules,
            dropped=self.dropped,
            noted=self.noted,
        )


def _positions_in(ids: np.ndarray, wanted: list[int]) -> list[int]:
    """Return the place of each wanted number in the sorted `ids`, -1 where it is not there."""
    numbers = np.array(wanted, dtype=np.int64)
    at = np.minimum(np.searchsorted(ids, numbers), len(ids) - 1)
    return [int(a) for a in np.where(ids[at] == numbers, at, -1)]


def _decodable_tags(entity: Any) -> dict[str, str]:
    """Return the tags we read whose value is valid text, asked for one by one: a broken one ends their iteration."""
    kept = {}
    for key in (*TAG_KEYS, *NODE_KEYS, *OTHER_KEYS):
        try:
            text = entity.tags.get(key)
        except UnicodeDecodeError:
            continue
        if text is not None:
            kept[key] = text
    return kept
