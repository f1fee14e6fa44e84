"""What a mission keeps on a country of the bench: towns, key routes, air heads, and what happened there lately.

Towns lie where roads are densest; all else follows from them and a seed. Names, people and events are invented.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from scipy.spatial import cKDTree
from tqdm import tqdm

from fom.domain.facts_file import parse_record
from fom.domain.geodesy import distance_m
from fom.domain.instants import HOUR_US, format_instant
from fom.domain.records import Incident, Location, Record, Stretch, Verification
from fom.errors import InvalidInput
from fom.network.network import Network
from fom.routing.router import Router
from fom.services.key_routes import stretches_along
from geodata.names import NameMaker

TOWNS, APART_DEG, CELL_DEG = 60, 0.35, 0.15
TOWN_ROADS = ("trunk", "primary", "secondary", "tertiary")
ROUTES, MAIN_ROUTES = 60, 16
CODES = (
    "HERON", "IBIS", "EGRET", "STORK", "CRANE", "OSPREY", "KESTREL", "HOOPOE", "LINNET", "PLOVER", "CURLEW", "AVOCET",
    "TERN", "SWIFT", "MARTIN", "SHRIKE", "TAMARIND", "ACACIA", "BAOBAB", "CEDAR", "EBONY", "FIG", "GUAVA", "IROKO",
    "JUNIPER", "KAPOK", "LAUREL", "MANGO", "NEEM", "OLIVE", "PALM", "QUINCE", "ROWAN", "SUMAC", "TEAK", "WILLOW",
    "YEW", "ALDER", "BIRCH", "CYPRESS", "ELM", "HAZEL", "LARCH", "MAPLE", "OAK", "PINE", "SORREL", "THYME", "ANISE",
    "BASIL", "CLOVE", "DILL", "FENNEL", "GINGER", "MACE", "NUTMEG", "PEPPER", "SAGE", "SESAME", "VANILLA",
)  # fmt: skip
PATROLLED, PATROL_CELL_DEG, PATROL_STRETCHES = 0.7, 0.05, 1_000
"""Share of the cells of the country that somebody drove through lately, their size, segments named in one record."""
PATROL_AGE_H, ROUTE_AGES_H = 40.0, (2, 5, 9, 20, 30, 60, 100, 170)
LEG_SEGMENTS = 40
"""Of a key route, driven at one time."""
TROUBLED = 0.45
"""Share of the key routes with incidents of the last weeks."""
INCIDENTS = ("armed_robbery", "hostile_checkpoint", "fire_on_movement", "ied_found")
CURFEWS = 8
SEED = 11
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Town:
    """A place where many roads meet."""

    name: str
    lon: float
    lat: float
    population: int


@dataclass(frozen=True)
class KeyRoute:
    """A row of the register, and its stretches as `stretches_along` draws them."""

    row: Row
    stretches: list[Row]


@dataclass(frozen=True)
class CountryMission:
    """All of it, the same for the same network and moment."""

    network: Network
    towns: list[Town]
    routes: list[KeyRoute]
    now: int

    @classmethod
    def on(cls, network: Network, router: Router, *, now: int) -> CountryMission:
        """Return the mission on a network, at `now`, microseconds."""
        towns = find_towns(network)
        return cls(network, towns, list(draw_routes(network, router, towns)), now)

    def registers(self) -> dict[str, list[Row]]:
        """Return the rows of the registers, known by everybody."""
        biggest = self.towns[0]
        sites = [_site("settlement", town, population=town.population) for town in self.towns]
        sites.append(_site("headquarters", biggest, name="Mission headquarters", away=0.02))
        for number, town in enumerate(self.towns[1:25]):
            kind = ("base", "base", "tob", "hub", "camp")[number % 5]
            sites.append(_site(kind, town, name=f"{town.name} {kind.upper() if kind == 'tob' else kind}", away=0.03))
        return {"site": sites, "air_head": self._air_heads(), "key_route": [route.row for route in self.routes]}

    def records(self) -> Iterator[Record]:
        """Yield patrols of the last days over most of the country, passages and trouble on key routes, curfews."""
        rng = np.random.default_rng(SEED)
        yield from self._patrols(rng)
        for route in self.routes:
            yield from self._passages(route, rng)
            if rng.random() < TROUBLED:
                yield from self._trouble(route, rng)
        yield from self._curfews()

    def context(self) -> dict[str, list[Row]]:
        """Return the map's background: the country in its land, provinces around the largest towns, names."""
        low, high = self.network.node_lonlat.min(axis=0), self.network.node_lonlat.max(axis=0)
        whole = shapely.box(*(low - 25), *(high + 25)).intersection(shapely.box(-179, -80, 179, 80))
        country = _outline(low, high)
        seats = shapely.MultiPoint([(town.lon, town.lat) for town in self.towns[:14]])
        provinces = shapely.get_parts(shapely.voronoi_polygons(seats, extend_to=country))
        return {
            "land": [
                _feature(whole, kind="land", name=None),
                _feature(country, kind="country", name=None),
                _feature(country.boundary, kind="border", name=None),
            ],
            "admin": [_feature(part.intersection(country), kind="province", name=None) for part in provinces],
            "places": [
                _feature(
                    shapely.Point(town.lon, town.lat), kind="town", name=town.name, population=town.population,
                    capital=town is self.towns[0],
                )
                for town in self.towns
            ],
        }  # fmt: skip

    def _air_heads(self) -> list[Row]:
        rows = []
        for number, town in enumerate(self.towns[:14]):
            kind = "airfield" if number < 5 else "airstrip" if number < 10 else "hls"
            runway = {
                "bearing": (number * 70) % 360 or 20, "length_m": max(60, 2600 - 190 * number), "width_m": 30,
                "surface": "asphalt" if number < 5 else "laterite",
            }  # fmt: skip
            row = {
                "code": f"AH{number + 1:02d}", "name": f"{town.name} {kind if kind != 'hls' else 'HLS'}", "kind": kind,
                "lon": round(town.lon + 0.04, 6), "lat": round(town.lat + 0.03, 6), "runways": [runway],
                "aircraft_types": ["helicopter", *(["turboprop transport"] if kind != "hls" else [])],
                "status": ("serviceable", "serviceable", "restricted", "serviceable")[number % 4],
                "inspected_at": format_instant(self.now - (number + 1) * 31 * HOUR_US),
            }  # fmt: skip
            rows.append(_row(row))
        return rows

    def _patrols(self, rng: np.random.Generator) -> Iterator[Verification]:
        cells = np.floor(self.network.coords[self.network.coord_start[:-1]] / PATROL_CELL_DEG).astype(np.int64)
        order = np.lexsort(cells.T)
        edges = np.flatnonzero(np.any(np.diff(cells[order], axis=0), axis=1)) + 1
        for number, members in enumerate(np.split(order, edges)):
            if rng.random() < PATROLLED:
                age_h = 0.5 + min(rng.exponential(PATROL_AGE_H), 300.0)
                for part, first in enumerate(range(0, len(members), PATROL_STRETCHES)):
                    ids = map(self.network.segment_id, members[first : first + PATROL_STRETCHES].tolist())
                    yield self._driven(f"patrol-{number}-{part}", age_h, tuple(Stretch(text) for text in ids))

    def _passages(self, route: KeyRoute, rng: np.random.Generator) -> Iterator[Verification]:
        stretches = _of(route)
        for first in range(0, len(stretches), LEG_SEGMENTS):
            age_h = float(rng.choice(ROUTE_AGES_H)) + rng.random()
            yield self._driven(f"drive-{route.row['code']}-{first}", age_h, stretches[first : first + LEG_SEGMENTS])

    def _trouble(self, route: KeyRoute, rng: np.random.Generator) -> Iterator[Record]:
        stretches = _of(route)
        middle = int(rng.integers(len(stretches)))
        for number in range(int(rng.integers(2, 7))):
            place = min(max(0, middle + int(rng.normal(0, 8))), len(stretches) - 1)
            found = self.network.find_segment(stretches[place].segment_id)
            assert found is not None
            yield Incident(
                id=f"trouble-{route.row['code']}-{number}",
                received=self.now - int(rng.integers(2 * HOUR_US, 400 * HOUR_US)),
                geometry=self.network.line(found).centroid,
                location=Location("gps"),
                grade="B2",
                incident_type=str(rng.choice(INCIDENTS)),
            )

    def _curfews(self) -> Iterator[Record]:
        for town in self.towns[1 : 1 + CURFEWS]:
            ring = shapely.Point(town.lon, town.lat).buffer(0.12, quad_segs=6)
            said = {
                "kind": "control", "control": "order", "effect": "prohibited", "user_classes": ["all"],
                "recurring": {"from": "20:00", "to": "05:00", "zone": "+00:00"}, "imposed_by": "host_police",
                "reason": "night curfew", "location": {"method": "survey", "uncertainty_m": 0.0}, "grade": "A1",
                "received": format_instant(self.now - 300 * HOUR_US),
            }  # fmt: skip
            shape = {"type": "Polygon", "coordinates": [np.round(ring.exterior.coords, 6).tolist()]}
            yield parse_record({"type": "Feature", "id": f"curfew-{town.name}", "geometry": shape, "properties": said})

    def _driven(self, record_id: str, age_h: float, segments: Sequence[Stretch]) -> Verification:
        when = self.now - round(age_h * HOUR_US)
        return Verification(
            id=record_id, received=when, occurred=when, strength="own_patrol_traverse", passed="P6", track="gps",
            authenticated=True, segments=tuple(segments),
        )  # fmt: skip


def find_towns(network: Network) -> list[Town]:
    """Return at most TOWNS places, the largest first, each on a main road from which all of the country is reached."""
    names = NameMaker(np.random.default_rng(SEED))
    nodes = _town_nodes(network)
    tree = cKDTree(network.node_lonlat[nodes])
    _, cell_of, count = np.unique(
        np.floor(network.node_lonlat / CELL_DEG).astype(np.int64), axis=0, return_inverse=True, return_counts=True
    )
    towns: list[Town] = []
    for place in np.argsort(-count, kind="stable").tolist():
        middle = network.node_lonlat[cell_of.reshape(-1) == place].mean(axis=0)
        if len(towns) == TOWNS:
            break
        if all(np.hypot(town.lon - middle[0], town.lat - middle[1]) > APART_DEG for town in towns):
            lon, lat = network.node_lonlat[nodes[tree.query(middle)[1]]].tolist()
            towns.append(Town(names.place(), lon, lat, int(count[place]) * 12))
    return towns


def _town_nodes(network: Network) -> NDArray[np.int64]:
    k = len(network.node_lonlat)
    both = ~np.asarray(network.is_oneway)
    tail = np.concatenate([network.from_node, network.to_node[both]])
    head = np.concatenate([network.to_node, network.from_node[both]])
    label = connected_components(coo_matrix((np.ones(len(tail)), (tail, head)), (k, k)), connection="strong")[1]
    words = [number for number, word in enumerate(network.highway_words) if word in TOWN_ROADS]
    is_main = np.isin(network.highway, words) & both
    nodes = np.unique(network.from_node[is_main])
    return np.asarray(nodes[label[nodes] == np.bincount(label).argmax()], np.int64)


def draw_routes(network: Network, router: Router, towns: Sequence[Town]) -> Iterator[KeyRoute]:
    """Yield key routes that join all towns and close some rings; the longest are main supply routes."""
    pairs = sorted(_town_pairs(towns)[:ROUTES], key=lambda pair: -_apart_m(towns, pair))
    for number, (a, b) in enumerate(tqdm(pairs, unit=" routes", disable=None)):
        via = [[towns[end].lon, towns[end].lat] for end in (a, b)]
        try:
            stretches = stretches_along(network, router, via)
        except InvalidInput:
            continue  # a barrier on the only way
        row = {
            "code": f"{'MSR' if number < MAIN_ROUTES else 'ASR'} {CODES[number]}",
            "name": f"{towns[a].name} – {towns[b].name}", "owner": f"{number % 7 + 1}. Battalion", "via": via,
            "planning_profile": "P5",
        }  # fmt: skip
        yield KeyRoute(_row(row), stretches)


def _town_pairs(towns: Sequence[Town]) -> list[tuple[int, int]]:
    """Return neighbours: the shortest tree first, then the shortest of the other triangle sides."""
    sides = shapely.get_parts(shapely.delaunay_triangles(shapely.MultiPoint([(t.lon, t.lat) for t in towns])))
    at = {(t.lon, t.lat): number for number, t in enumerate(towns)}
    found = {
        (min(a, b), max(a, b))
        for side in sides
        for a, b in itertools.pairwise(at[corner] for corner in side.exterior.coords)
    }
    rows, columns = np.array(sorted(found)).T
    apart = [_apart_m(towns, pair) for pair in zip(rows.tolist(), columns.tolist(), strict=True)]
    tree = minimum_spanning_tree(csr_matrix((apart, (rows, columns)), (len(towns), len(towns)))).tocoo()
    first = {(min(a, b), max(a, b)) for a, b in zip(tree.row.tolist(), tree.col.tolist(), strict=True)}
    return [*sorted(first), *sorted(found - first, key=lambda pair: _apart_m(towns, pair))]


def _apart_m(towns: Sequence[Town], pair: tuple[int, int]) -> float:
    (lon_a, lat_a), (lon_b, lat_b) = (np.array([[towns[end].lon], [towns[end].lat]]) for end in pair)
    return float(distance_m(lon_a, lat_a, lon_b, lat_b)[0])


def _of(route: KeyRoute) -> tuple[Stretch, ...]:
    return tuple(Stretch(stretch["id"]) for stretch in route.stretches)


def _outline(low: NDArray[np.float64], high: NDArray[np.float64]) -> shapely.Polygon:
    """Return a border some way outside all roads."""
    rng = np.random.default_rng(SEED)
    ring = np.asarray(shapely.box(*(low - 0.5), *(high + 0.5)).segmentize(0.7).exterior.coords)[:-1]
    return shapely.Polygon(ring + rng.normal(0, 0.14, ring.shape)).buffer(0.3).buffer(-0.25)


def _site(kind: str, town: Town, *, name: str | None = None, population: int | None = None, away: float = 0.0) -> Row:
    row = {"name": name or town.name, "kind": kind, "lon": round(town.lon - away, 6), "lat": round(town.lat - away, 6)}
    return _row(row if population is None else {**row, "population": population})


def _row(values: Row) -> Row:
    known = uuid.uuid5(uuid.NAMESPACE_URL, f"{values.get('kind')} {values.get('code')} {values['name']}")
    return {"id": str(known), "classification": "unclassified", **values}


def _feature(shape: shapely.Geometry, **properties: Any) -> Row:
    geometry = shapely.geometry.mapping(shapely.set_precision(shape, 1e-5, mode="pointwise"))
    return {"type": "Feature", "geometry": geometry, "properties": properties}
