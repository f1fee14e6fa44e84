"""Routes, closures, alternates: ours beside graph libraries on one graph, and beside whole engines on one file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path as FilePath
from typing import Any

import numpy as np

from bench.engine_peers import Task, ask_osrm, ask_valhalla, not_restored
from bench.graph_peers import CLOSED_MS, GraphPeer, graph_peers
from bench.networks import MAIN_SEGMENTS, Country, built, country
from bench.our_routing import ALTERNATES, OurRouting
from bench.peers import Missing
from bench.table import Goal, Row, Timing, measure, milliseconds
from fom.routing.router import Router

SPARSE_SEGMENTS = 250_000
PLAIN = "best route, nothing closed: snap, search, line"
REPORT = "one area of 500 m closed, then the first route"
AREAS = "50 areas of 500 m closed at once, then the first route"
LATER = "every later route under the 50 areas"
OTHERS = f"best route and {ALTERNATES} alternates under the 50 areas"


def run(data: FilePath) -> list[Row]:
    """Return the rows of the mosaic, then of the sparse country."""
    return [
        *_rows(data, country(data, MAIN_SEGMENTS)),
        *_rows(data, country(data, min(SPARSE_SEGMENTS, MAIN_SEGMENTS), "sparse")),
    ]


def _rows(data: FilePath, place: Country) -> list[Row]:
    built(place)
    network = place.load()
    ours = OurRouting(network, Router(network, place.network_folder))
    group = f"Routing: {place.kind}, {network.n_segments:,} segments, {ours.graph.n_arcs:,} arcs"
    print(f"{group}: checking ours against plain Dijkstra", file=sys.stderr)
    ours.check()
    print("timing ours", file=sys.stderr)
    timings = {
        PLAIN: ours.plain(),
        REPORT: ours.first_after(ours.single_closures),
        AREAS: ours.first_after([[arcs] * 4 for arcs in ours.closures]),
        LATER: ours.later(),
    }
    timings[OTHERS], found = ours.with_alternates()
    notes = {
        REPORT: f"{_median_size(np.concatenate([[len(a) for a in items] for items in ours.single_closures]))} arcs",
        AREAS: f"{_median_size([len(arcs) for arcs in ours.closures])} arcs",
        OTHERS: f"ours {found:.2f} admissible alternates besides the best",
    }
    rows = _Rows(group, timings, notes)
    _add_engines(rows, data, place, ours)
    _add_libraries(rows, ours)
    return rows.ordered()


class _Rows:
    """Rows under way, by task."""

    def __init__(self, group: str, timings: dict[str, Timing], notes: dict[str, str]) -> None:
        self._group, self._timings, self._notes = group, timings, notes
        self._rows: list[Row] = []

    def add(self, what: str, peer: str, theirs: Timing | None, goal: Goal | None = None, note: str = "") -> None:
        """Add a row; the note of the task stands before that of the peer."""
        said = "; ".join(filter(None, (self._notes.get(what, ""), note)))
        self._rows.append(Row(self._group, what, self._timings[what], peer, theirs, goal, said))

    def ordered(self) -> list[Row]:
        """Return the rows by task."""
        tasks = list(self._timings)
        return sorted(self._rows, key=lambda row: tasks.index(row.what))


def _add_engines(rows: _Rows, data: FilePath, place: Country, ours: OurRouting) -> None:
    goals = {
        ("Valhalla", AREAS): Goal(p50_ms=20, ratio=3),
        ("Valhalla", LATER): Goal(p95_ms=2, ratio=100),
        ("Valhalla", OTHERS): Goal(p95_ms=15, ratio=5),
        ("OSRM", AREAS): Goal(p50_ms=20, ratio=150),
        ("OSRM", REPORT): Goal(ratio=3000),
        ("OSRM", OTHERS): Goal(ratio=0.25),
    }
    areas = ours.questions.areas
    free_km = [_length_km(ours, p) for p in ours.questions.places]
    ours.close(ours.closures[0])
    closed_km = [_length_km(ours, p) for p in ours.questions.places]
    ours.open(ours.closures[0])

    def add(engine: str, what: str, task: Task, ours_km: Sequence[float], closed: np.ndarray | None) -> None:
        note = task.check(ours_km, closed)
        if what == OTHERS:
            note = f"theirs {task.alternates:.2f}; {note}"
        rows.add(what, engine, task.timing, goals.get((engine.split()[0].strip(","), what)), note)

    def valhalla() -> None:
        print("timing Valhalla", file=sys.stderr)
        tasks = ask_valhalla(data, place, ours.questions)
        name = "Valhalla, polygons in every request"
        add("Valhalla", PLAIN, tasks["plain"], free_km, None)
        add(name, REPORT, tasks["report"], free_km, ours.questions.reports[:, :1])
        add(name, AREAS, tasks["areas"], closed_km, areas)
        add(name, LATER, tasks["areas"], closed_km, areas)
        add(name, OTHERS, tasks["alternates"], closed_km, areas)

    def osrm() -> None:
        print("timing OSRM", file=sys.stderr)
        said = ask_osrm(data, place, ours.questions)
        left = not_restored(said["plain"], said["lifted"])
        trap = f"after lifting, {left} of {len(free_km)} pairs keep another time: not restored" if left else "restored"
        add("OSRM in process", PLAIN, said["plain"], free_km, None)
        rows.add(REPORT, "OSRM: customise, load, route", said["report"], goals["OSRM", REPORT])
        rows.add(AREAS, "OSRM: customise, load, route", said["areas"], goals["OSRM", AREAS], trap)
        add("OSRM in process, customised before", LATER, said["later"], closed_km, areas)
        add("OSRM in process, customised before", OTHERS, said["alternates"], closed_km, areas)

    for name, measured in (("Valhalla", valhalla), ("OSRM", osrm)):
        _or_missing(rows, name, measured)


def _or_missing(rows: _Rows, name: str, measured: Callable[[], None]) -> None:
    try:
        measured()
    except Missing as missing:
        print(f"NOT MEASURED: {name}: {missing}", file=sys.stderr)
        for what in (PLAIN, REPORT, AREAS, LATER, OTHERS):
            rows.add(what, name, None, None, f"not measured: {missing}")


def _add_libraries(rows: _Rows, ours: OurRouting) -> None:
    print("timing igraph, scipy, networkx", file=sys.stderr)
    weights = ours.milliseconds()
    weights[weights < 0] = CLOSED_MS
    peers, missing = graph_peers(ours.graph, weights)
    for peer in peers:
        _compare(ours, weights, peer)
        pairs = ours.questions.nodes[: peer.items].tolist()
        note = f"{len(pairs)} of the pairs, distances equal"
        rows.add(PLAIN, peer.name, measure(lambda pair, peer=peer: peer.path(*pair), pairs), None, note)
        for what, closures in (
            (REPORT, [c[: peer.items] for c in ours.single_closures]),
            (AREAS, [[c] for c in ours.closures]),
        ):
            rows.add(what, peer.name, _first_after(ours, weights, peer, closures), None, "distances equal")
    for name, why in missing.items():
        rows.add(PLAIN, name, None, None, why)


def _first_after(
    ours: OurRouting, weights: np.ndarray, peer: GraphPeer, closures: Sequence[Sequence[np.ndarray]]
) -> Timing:
    rounds = []
    for turn, items in enumerate(closures):
        times = []
        for number, arcs in enumerate(items):
            touched = ours.graph.router_arcs(arcs)
            pair = ours.questions.nodes[(turn + number) % peer.items].tolist()

            def work(touched: np.ndarray = touched, pair: list[int] = pair) -> Any:
                peer.change(touched, np.full(len(touched), CLOSED_MS))
                return peer.path(*pair)

            times.append(milliseconds(work))
            peer.change(touched, weights[touched])
        rounds.append(times)
    return Timing.of(rounds)


def _compare(ours: OurRouting, weights: np.ndarray, peer: GraphPeer) -> None:
    """Raise AssertionError when a library finds another distance, with nothing closed or under areas."""
    for arcs in (np.empty(0, np.int64), ours.closures[0]):
        touched = ours.graph.router_arcs(arcs)
        ours.close(arcs)
        peer.change(touched, np.full(len(touched), CLOSED_MS))
        for source, target in ours.questions.nodes[: min(3, peer.items)].tolist():
            mine, theirs = _distance_ms(ours, source, target), round(peer.path(source, target)[0])
            # a library that keeps one of parallel arcs may have lost the way over the other
            if mine != theirs and not (len(arcs) and "igraph" not in peer.name and theirs >= mine):
                raise AssertionError(f"{peer.name}: {theirs} ms from {source} to {target}, ours {mine}")
        peer.change(touched, weights[touched])
        ours.open(arcs)


def _distance_ms(ours: OurRouting, source: int, target: int) -> int:
    from bench.questions import point

    with ours.metric.reading() as searches:
        found = searches.engine.search(point(source), point(target))
        return -1 if found is None else int((searches.weights[found.arcs] >> 28).sum())


def _length_km(ours: OurRouting, place: np.ndarray) -> float:
    path = ours.path(place)
    assert path is not None
    return float((np.asarray(ours.network.length_m)[path.segments] * path.shares).sum()) / 1000


def _median_size(sizes: Any) -> str:
    return f"{int(np.median(sizes)):,}"
