"""Five invented years of a mission on any built network: facts, what was said of them, and passages with GPS tracks.

`python -m bench.make_history NETWORK_FOLDER OUT [--facts 20000] [--passages 200000] [--years 5] [--seed 1]` writes a
facts file (`fom-facts/1`), one record a line. The same arguments give the same file. All people and events are
invented.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from tqdm import tqdm

from fom.domain.complaints import Complaints
from fom.domain.facts_file import FORMAT, FactsFile, parse_record
from fom.domain.facts_schema import EXPLOSIVE_CLASSES, THREAT_LEVELS
from fom.domain.instants import DAY_US, HOUR_US, format_instant, parse_instant
from fom.domain.policy import INCIDENT_WEIGHTS
from fom.domain.profiles import PROFILES
from fom.domain.records import Record
from fom.domain.references import check_references
from fom.network.artefact import load_network
from fom.network.network import Network

UNTIL = parse_instant("2026-01-01T00:00:00Z")
"""The history ends here, unless told otherwise."""
BASES, WAYS_PER_BASE = 300, 24
LEG_M = (1_000.0, 8_000.0)
"""Shortest and longest way driven."""
TRACK_STEP_M, TRACK_NOISE_M = 180.0, 4.0
M_PER_DEG = 111_320.0
KIND_SHARES = {"explosive": 0.22, "physical": 0.18, "control": 0.25, "incident": 0.35}
GRADES = ("A1", "B2", "B3", "C2", "C3", "D4", "F6")
CLASSES = ("mission_military", "mission_police", "humanitarian", "medical", "civil_population")
PEOPLE = tuple(f"{name}@mission.example" for name in ("amina", "bruno", "chloe", "daoud", "elena", "farid", "grace"))
Feature = dict[str, Any]


@dataclass
class History:
    """Draws records one after another; nothing but the seed and the network decides."""

    network: Network
    n_facts: int
    n_passages: int
    years: float
    seed: int
    until: int = UNTIL
    rng: np.random.Generator = field(init=False)
    ways: list[np.ndarray] = field(init=False)
    """Vertices (m, 2) of the ways that patrols drive."""

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.since = self.until - round(self.years * 365.25) * DAY_US
        self.ways = _ways(self.network, self.rng) if self.n_passages else []

    def features(self) -> Iterator[Feature]:
        """Yield the features of the facts file."""
        yield from self._ground()
        yield from self._routes()
        for number in range(self.n_facts):
            yield from self._story(number)
        yield from self._passages()

    # words and numbers

    def _one(self, words: Any) -> Any:
        return words[int(self.rng.integers(len(words)))]

    def _chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def _moment(self, low: int, high: int) -> int:
        return low + int(self.rng.random() * max(1, min(high, self.until - HOUR_US) - low))

    def _feature(self, record_id: str, kind: str, received: int, geometry: Any = None, **properties: Any) -> Feature:
        stated = {name: value for name, value in properties.items() if value is not None}
        return {
            "type": "Feature", "id": record_id, "geometry": geometry,
            "properties": {"kind": kind, "received": format_instant(received), **stated},
        }  # fmt: skip

    def _spot(self) -> np.ndarray:
        """Return a place, degrees: mostly near a way that is driven."""
        coords = self._one(self.ways) if self.ways and self._chance(0.7) else self.network.coords
        return np.asarray(coords[int(self.rng.integers(len(coords)))] + self.rng.normal(0, 40.0, 2) / M_PER_DEG)

    def _point(self, at: np.ndarray) -> Any:
        return {"type": "Point", "coordinates": np.round(at, 6).tolist()}

    def _area(self, at: np.ndarray, radius_m: float, corners: int = 12) -> Any:
        angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
        reach = radius_m / M_PER_DEG * self.rng.uniform(0.8, 1.2, corners)
        ring = np.round(at + np.column_stack([np.cos(angle), np.sin(angle)]) * reach[:, None], 6)
        return {"type": "Polygon", "coordinates": [[*ring.tolist(), ring[0].tolist()]]}

    # what the ground is like

    def _ground(self) -> Iterator[Feature]:
        """Yield seasons of half a year and threat levels of some thirty provinces, drawn anew each year."""
        half = 183 * DAY_US
        for i in range(int((self.until - self.since) / half) + 2):
            start = self.since + (i - 1) * half
            yield self._feature(
                f"season-{i}", "season", self.since, season="wet" if i % 2 else "dry",
                start=format_instant(start), end=format_instant(start + half - 1),
            )  # fmt: skip
        low, high = self.network.node_lonlat.min(axis=0), self.network.node_lonlat.max(axis=0)
        size = (high - low) / (6, 5)
        for year in range(round(self.years)):
            start = self.since + year * 365 * DAY_US
            end = None if year == round(self.years) - 1 else format_instant(start + 365 * DAY_US - 1)
            for cell in range(30):
                (west, south), (east, north) = (
                    np.round(low + size * (cell % 6 + more, cell // 6 + more), 6).tolist() for more in (0, 1)
                )
                ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
                yield self._feature(
                    f"threat-{year}-{cell}", "threat_area", start, {"type": "Polygon", "coordinates": [ring]},
                    level=THREAT_LEVELS[int(self.rng.choice(4, p=(0.1, 0.3, 0.4, 0.2)))],
                    start=format_instant(start), end=end,
                )  # fmt: skip

    def _routes(self) -> Iterator[Feature]:
        for number in range(12):
            first = int(self.rng.integers(max(1, self.network.n_segments - 20)))
            stretches = [
                {"id": self.network.segment_id(i)} for i in range(first, min(first + 20, self.network.n_segments))
            ]
            feature = self._feature(f"route-{number}", "route", 0, segments=stretches)
            del feature["properties"]["received"]
            yield feature

    # facts and what follows

    def _story(self, number: int) -> Iterator[Feature]:
        """Yield a fact and what was said of it later."""
        kind = str(self.rng.choice(list(KIND_SHARES), p=list(KIND_SHARES.values())))
        received = self._moment(self.since, self.until)
        at = self._spot()
        fact = getattr(self, f"_{kind}")(f"{kind}-{number}", received, at)
        properties = fact["properties"]
        properties |= {"by": self._one(PEOPLE), "origin": f"patrol {int(self.rng.integers(40))}"}
        if self._chance(0.6):
            properties["grade"] = self._one(GRADES)
        if self._chance(0.5):
            properties["occurred"] = format_instant(received - int(self.rng.exponential(3 * HOUR_US)))
        yield fact
        for grader in range(int(self.rng.choice(3, p=(0.6, 0.3, 0.1)))):
            yield self._feature(
                f"grade-{number}-{grader}", "grade", self._moment(received, received + 9 * DAY_US), target=fact["id"],
                grade=self._one(GRADES), by=self._one(PEOPLE),
                eod_confirmed=True if kind == "explosive" and self._chance(0.2) else None,
            )  # fmt: skip
        if self._chance(0.06):
            yield from self._twin(number, fact, at, received)
        yield from self._ends(number, fact, at, received)
        if self._chance(0.015):
            yield self._feature(
                f"back-{number}", "retraction", self._moment(received, received + 5 * DAY_US), target=fact["id"],
                signed_by=list(PEOPLE[:2]),
            )  # fmt: skip
        if self._chance(0.01):
            yield from self._by_hand(number, received)

    def _explosive(self, record_id: str, received: int, at: np.ndarray) -> Feature:
        hazard = str(self.rng.choice(("item", "sha", "cha"), p=(0.7, 0.2, 0.1)))
        place = self._point(at) if hazard == "item" else self._area(at, self.rng.uniform(60, 400))
        location = (
            {"method": "gps"}
            if hazard == "item"
            else {"method": "survey", "uncertainty_m": float(self._one((0, 5, 20)))}
        )
        return self._feature(
            record_id, "explosive", received, place, hazard=hazard, location=location,
            new_emplacement=True if hazard == "item" and self._chance(0.08) else None,
            **{"class": self._one(EXPLOSIVE_CLASSES)},
        )  # fmt: skip

    def _physical(self, record_id: str, received: int, at: np.ndarray) -> Feature:
        damage = self._one(("washed_out", "blocked", "flooded", "damaged", "limit"))
        more = {"limits": {"mlc": float(self._one((8, 16, 30)))}} if damage == "limit" else {}
        if len(self.network.asset_ids) and self._chance(0.3):
            asset = self.network.asset_id(int(self.rng.integers(len(self.network.asset_ids))))
            return self._feature(record_id, "physical", received, damage=damage, asset=asset, **more)
        location = {"method": "gps", "accuracy_m": float(self._one((5, 15, 40)))}
        return self._feature(record_id, "physical", received, self._point(at), damage=damage, location=location, **more)

    def _control(self, record_id: str, received: int, at: np.ndarray) -> Feature:
        control = str(self.rng.choice(("order", "denial", "toll", "delay"), p=(0.25, 0.35, 0.2, 0.2)))
        more: dict[str, Any] = {"imposed_by": self._one(("host_police", "non_state_group", "community"))}
        if control == "order":
            end = format_instant(received + int(self.rng.integers(2, 120)) * DAY_US)
            more |= {"effect": self._one(("prohibited", "permission", "escort")), "user_classes": ["all"], "end": end}
            if self._chance(0.3):
                more["recurring"] = {"from": "20:00", "to": "05:00", "zone": "+03:00"}
        elif control == "denial":
            more["user_class"] = self._one(CLASSES)
        else:
            more["delay_min"] = float(self._one((10, 30, 90)))
        return self._feature(
            record_id, "control", received, self._point(at), control=control, location={"method": "gps"}, **more
        )

    def _incident(self, record_id: str, received: int, at: np.ndarray) -> Feature:
        location = {"method": "place", "radius_m": 300.0} if self._chance(0.2) else {"method": "gps"}
        return self._feature(
            record_id, "incident", received, self._point(at), location=location,
            type=self._one(tuple(INCIDENT_WEIGHTS)),
        )  # fmt: skip

    def _twin(self, number: int, fact: Feature, at: np.ndarray, received: int) -> Iterator[Feature]:
        """Yield another report of the same thing, and the link that says so."""
        kind = fact["properties"]["kind"]
        when = self._moment(received, received + 2 * DAY_US)
        twin = getattr(self, f"_{kind}")(f"{kind}-{number}-again", when, at + 30.0 / M_PER_DEG)
        yield twin
        yield self._feature(
            f"link-{number}", "link", self._moment(when, when + 2 * DAY_US), members=[fact["id"], twin["id"]],
            relation=str(self.rng.choice(("duplicate", "same_incident", "conflict"), p=(0.45, 0.45, 0.1))),
        )  # fmt: skip

    def _ends(self, number: int, fact: Feature, at: np.ndarray, received: int) -> Iterator[Feature]:
        """Yield the closing act of most facts."""
        properties, act_id = fact["properties"], f"act-{number}"
        when = self._moment(received + HOUR_US, received + 60 * DAY_US)
        two: dict[str, Any] = {"closes": [fact["id"]], "signed_by": list(PEOPLE[2:4])}
        kind = properties["kind"]
        if when <= received or not self._chance({"incident": 0.04}.get(kind, 0.75)):
            return
        if kind == "explosive" and properties["hazard"] != "item":
            area = self._area(at, self.rng.uniform(200, 600))
            yield self._feature(
                act_id, "closing_act", when, area, act=self._one(("cleared", "reduced", "cancelled")),
                authority="mine_action", location={"method": "survey", "uncertainty_m": 0.0}, traffic_mlc=70.0, **two,
            )  # fmt: skip
        elif kind == "explosive":
            yield self._feature(act_id, "closing_act", when, act="destroyed", authority="eod", **two)
        elif kind == "physical":
            limits = {"mlc": 60.0} if self._chance(0.7) else None
            yield self._feature(act_id, "closing_act", when, act="repaired", authority="engineer", limits=limits, **two)
        elif kind == "control":
            yield self._feature(act_id, "closing_act", when, act="lifted", authority="joc", **two)
        else:
            yield self._feature(act_id, "closing_act", when, act="erroneous", authority="joc", **two)

    def _by_hand(self, number: int, received: int) -> Iterator[Feature]:
        segment = self.network.segment_id(int(self.rng.integers(self.network.n_segments)))
        yield self._feature(
            f"manual-{number}", "manual", received, mode="worsen", state="RED", role="duty_officer",
            reason="Held until the road is looked at", segments=[{"id": segment}], signed_by=list(PEOPLE[:1]),
            expires=format_instant(received + 3 * DAY_US),
        )  # fmt: skip

    # passages

    def _passages(self) -> Iterator[Feature]:
        """Yield passages along the ways, each there or back, evenly over the years."""
        moments = np.sort(self.rng.integers(self.since, self.until - HOUR_US, self.n_passages))
        for number, occurred in enumerate(moments.tolist()):
            track = self._drive(self._one(self.ways))
            is_trusted, is_convoy = self._chance(0.93), self._chance(0.14)
            yield self._feature(
                f"passage-{number}", "verification", occurred + int(self.rng.exponential(HOUR_US / 2)),
                {"type": "LineString", "coordinates": track.tolist()}, occurred=format_instant(occurred),
                strength="partner_convoy_traverse" if is_convoy else "own_patrol_traverse",
                passed=self._one(("P3", "P4", "P5", "P6", "P6")), track="gps", authenticated=is_trusted or None,
                grade=None if is_trusted else "C2", user_class="humanitarian" if is_convoy else "mission_military",
                unimpeded=self._chance(0.9) or None, by=self._one(PEOPLE),
            )  # fmt: skip
            if self._chance(0.01):
                yield self._feature(
                    f"grade-p{number}", "grade", occurred + 2 * HOUR_US, target=f"passage-{number}",
                    grade=self._one(GRADES), by=self._one(PEOPLE),
                )  # fmt: skip

    def _drive(self, way: np.ndarray) -> np.ndarray:
        """Return (m, 2) positions of a receiver that is driven along a way, there or back."""
        noise = self.rng.normal(0, TRACK_NOISE_M / M_PER_DEG, way.shape)
        return np.round((way if self._chance(0.5) else way[::-1]) + noise, 6)


def _ways(network: Network, rng: np.random.Generator) -> list[np.ndarray]:
    """Return the vertices of shortest ways between nodes of the network, thinned to what a receiver keeps."""
    k = len(network.node_lonlat)
    ends = np.concatenate([network.from_node, network.to_node]), np.concatenate([network.to_node, network.from_node])
    order = np.lexsort((np.tile(network.length_m, 2), ends[1], ends[0]))
    tail, head = ends[0][order], ends[1][order]
    first = np.concatenate([[True], (np.diff(tail) != 0) | (np.diff(head) != 0)])
    of, tail, head = order[first] % network.n_segments, tail[first], head[first]
    graph = csr_matrix((np.maximum(network.length_m[of], 1e-3), (tail, head)), shape=(k, k))
    segment_of = csr_matrix((of + 1, (tail, head)), shape=(k, k))
    ways: list[np.ndarray] = []
    for base in rng.integers(0, k, BASES).tolist():
        distance, before = dijkstra(graph, indices=base, return_predecessors=True, limit=LEG_M[1])
        there = np.flatnonzero(np.isfinite(distance) & (distance >= LEG_M[0]))
        ends_there = rng.choice(there, min(WAYS_PER_BASE, len(there)), replace=False).tolist() if len(there) else ()
        ways += [_line_of(network, segment_of, before, end) for end in ends_there]
    if not ways:  # a drawing of a few short roads
        ways = [np.asarray(network.line(i).coords) for i in range(network.n_segments)]
    return ways


def _line_of(network: Network, segment_of: csr_matrix, before: np.ndarray, end: int) -> np.ndarray:
    parts, node = [], end
    while before[node] >= 0:
        number = segment_of[before[node], node] - 1
        line = network.coords[network.coord_start[number] : network.coord_start[number + 1]]
        parts.append(line if network.to_node[number] == node else line[::-1])
        node = int(before[node])
    line = np.concatenate(parts[::-1])
    step = np.hypot(*np.diff(line, axis=0).T) * M_PER_DEG
    turn = np.abs(np.diff(np.unwrap(np.arctan2(*np.diff(line, axis=0).T))))
    along = np.concatenate([[0.0], np.cumsum(step)])
    is_kept = np.diff(along // TRACK_STEP_M, prepend=-1) > 0
    is_kept[1:-1] |= turn > 0.35
    is_kept[-1] = True
    return np.asarray(line[is_kept])


def write_history(history: History, out: Path) -> FactsFile:
    """Write the facts file, every record read back and every reference checked; return what it says."""
    records: dict[str, Record] = {}
    with out.open("wb") as file:
        file.write(f'{{"type": "FeatureCollection", "format": "{FORMAT}", "features": [\n'.encode())
        for feature in tqdm(history.features(), unit=" records", disable=None):
            file.write((b",\n" if records else b"") + orjson.dumps(feature))
            records[feature["id"]] = parse_record(feature)
        file.write(b"\n]}\n")
    return _checked(records, history.network)


def read_history(path: Path, network: Network) -> FactsFile:
    """Return what a file of `write_history` says, read line by line: a tenth of the memory of the whole document."""
    records: dict[str, Record] = {}
    with path.open("rb") as file:
        for line in file:
            if line.startswith(b'{"type":"Feature"'):
                record = parse_record(orjson.loads(line.rstrip().rstrip(b",")))
                records[record.id] = record
    return _checked(records, network)


def _checked(records: dict[str, Record], network: Network) -> FactsFile:
    complaints = Complaints()
    check_references(records, records.keys(), PROFILES, network, complaints)
    complaints.raise_if_any()
    return FactsFile(tuple(records.values()))


def main() -> None:
    """Write the history that the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("network", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--facts", type=int, default=20_000)
    parser.add_argument("--passages", type=int, default=200_000)
    parser.add_argument("--years", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--until", type=parse_instant, default=UNTIL, help="last moment, ISO 8601 with Z")
    given = parser.parse_args()
    network = load_network(given.network)
    history = History(network, given.facts, given.passages, given.years, given.seed, given.until)
    facts = write_history(history, given.out)
    kinds: dict[str, int] = {}
    for record in facts.records:
        kinds[record.kind] = kinds.get(record.kind, 0) + 1
    print(", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))


if __name__ == "__main__":
    main()
