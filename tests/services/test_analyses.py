"""Analyses on a drawn country: rules against slow, independent oracles; parts on Dask give the same as here."""

from __future__ import annotations

import itertools
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import networkx as nx
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fom.domain.facts_file import parse_facts
from fom.domain.instants import format_instant
from fom.domain.profiles import PROFILES
from fom.errors import NotFound, ServiceUnreachable
from fom.network.artefact import load_network, save_network
from fom.network.drawn import load_network_file
from fom.network.network import Network
from fom.picture.picture import Picture
from fom.picture.question import Question
from fom.routing.router import Router
from fom.services.analyses import base_gain, clearance, criticality, history, isolation
from fom.services.analyses.catalogue import ANALYSES, Asked, answer_of
from fom.services.analyses.cluster import Cluster
from fom.services.analyses.scene import PackedScene, Scene, hold_scene
from tests.services.people import DAY, T0

SPEED_KMH = 30.0
NODES = {name: (30.0 + 0.3 * (i % 4), 5.0 + 0.3 * (i // 4)) for i, name in enumerate("abcdefgh")}
"""About 33 km apart: at 30 km/h each road takes an hour and ten minutes."""
ROADS = ("ab", "bc", "cd", "ef", "fg", "gh", "ae", "bf", "cg", "dh")
AROUND = {"type": "Polygon", "coordinates": [[[29, 4], [32, 4], [32, 6], [29, 6], [29, 4]]]}


def drawn_country(roads=ROADS) -> Network:
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "LineString", "coordinates": [list(NODES[a]), list(NODES[b])]},
            "properties": {"segment_id": a + b, "highway": "primary", "road_type": "X", "speed_kmh": SPEED_KMH},
        }
        for a, b in roads
    ]
    return load_network_file({"type": "FeatureCollection", "features": features})


def passed(road: str, hours_ago: float = 10) -> dict[str, Any]:
    said = {"kind": "verification", "strength": "own_patrol_traverse", "passed": "P7", "grade": "B2"}
    at = format_instant(T0 - round(hours_ago * 3_600_000_000))
    return feature(f"passed {road} {hours_ago}", None, received=at, occurred=at, segments=[{"id": road}], **said)


def feature(record_id: str, geometry: Any, **said: Any) -> dict[str, Any]:
    said = {"received": format_instant(T0 - 30 * DAY), **said}
    return {"type": "Feature", "id": record_id, "geometry": geometry, "properties": said}


def device(road: str, number: int = 0, hours_ago: float = 30 * 24, at: float = 0.5) -> dict[str, Any]:
    (x0, y0), (x1, y1) = NODES[road[0]], NODES[road[1]]
    point = {"type": "Point", "coordinates": [x0 + (x1 - x0) * at, y0 + (y1 - y0) * at]}
    when = format_instant(T0 - round(hours_ago * 3_600_000_000))
    said = {"kind": "explosive", "hazard": "item", "class": "ied", "eod_confirmed": True, "location": {"method": "gps"}}
    return feature(f"device {road} {number}", point, occurred=when, received=when, grade="B2", **said)


def ground() -> list[dict[str, Any]]:
    return [
        feature("threat", AROUND, kind="threat_area", level="medium"),
        feature("dry", None, kind="season", season="dry"),
    ]


def site(name: str, kind: str = "settlement", population: int | None = 100, **more: Any) -> dict[str, Any]:
    lon, lat = NODES[name]
    return {
        "id": f"{kind} {name}",
        "name": name,
        "kind": kind,
        "lon": lon,
        "lat": lat,
        "population": population,
        **more,
    }


def make_scene(network: Network, facts: list[dict[str, Any]], sites: list[dict[str, Any]], **rows: Any) -> Scene:
    document = {"type": "FeatureCollection", "format": "fom-facts/1", "features": [*ground(), *facts]}
    read = parse_facts(document, network=network)
    question = Question(T0, T0, PROFILES["P3"], "mission_military")
    tables = {"site": sites, "air_head": [], "key_route": [], **rows}
    return Scene(Router(network, with_hierarchy=False), Picture(network, read.records), question, tables)


def computed(module: Any, scene: Scene) -> dict[str, Any]:
    return module.merge(scene, [module.run(scene, part) for part in module.PARTS])


def hours_to_hub(open_roads: list[str], places: list[str], hubs: list[str]) -> dict[str, float]:
    """Return hours to the nearest hub by networkx over the drawing, places without a way left out."""
    network = drawn_country()
    graph = nx.Graph()
    graph.add_nodes_from(NODES)
    for number, (a, b) in enumerate(ROADS):
        if a + b in open_roads:
            graph.add_edge(a, b, h=float(network.length_m[number]) / 1000 / SPEED_KMH)
    found = nx.multi_source_dijkstra_path_length(graph, set(hubs), weight="h") if hubs else {}
    return {place: found[place] for place in places if place in found}


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_isolation_is_what_a_search_over_the_drawing_finds(data):
    verified = [road for road in ROADS if data.draw(st.booleans())]
    closed = [road for road in ROADS if road in verified and data.draw(st.integers(0, 4)) == 0]
    hubs = data.draw(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=2, unique=True))
    facts = [passed(road, hours) for road in verified for hours in (10, 70)] + [device(road) for road in closed]
    homes = [name for name in NODES if name not in hubs]
    network = drawn_country()
    scene = make_scene(network, facts, [*(site(n) for n in homes), *(site(n, "hub", None) for n in hubs)])
    answer = computed(isolation, scene)
    open_roads = [road for road in verified if road not in closed]
    passable = [road for road in ROADS if road not in closed]
    reached = {p for p, hours in hours_to_hub(open_roads, homes, hubs).items() if hours <= 4}
    over_grey = {p for p, hours in hours_to_hub(passable, homes, hubs).items() if hours <= 4}
    assert {c["place"]["name"] for c in answer["cut_off"]} == set(homes) - reached
    assert all(c["is_isolated"] for c in answer["cut_off"])
    grey = {c["place"]["name"] for c in answer["cut_off"] if "possibly_isolated" in c["classes"]}
    assert grey == over_grey - reached
    assert answer["isolated_people"] == 100 * len(set(homes) - reached)


def test_cut_off_since_yesterday_is_not_yet_isolated_and_an_air_head_is_named():
    facts = [passed("ab", 10), passed("ab", 70), device("ab", hours_ago=20)]
    strip = {"id": "strip", "name": "Strip", "kind": "airstrip", "lon": 30.305, "lat": 5.005, "status": "serviceable"}
    scene = make_scene(drawn_country(("ab",)), facts, [site("b"), site("a", "hub")], air_head=[strip])
    [community] = computed(isolation, scene)["cut_off"]
    assert (community["is_isolated"], community["cut_off_h"]) == (False, 18)
    assert community["classes"] == ["air_only"]
    assert community["air_head"]["place"]["name"] == "Strip"
    shut = make_scene(
        drawn_country(("ab",)), facts, [site("b"), site("a", "hub")], air_head=[{**strip, "status": "restricted"}]
    )
    assert computed(isolation, shut)["cut_off"][0]["classes"] == []


def test_a_place_whose_road_only_wants_the_dry_season_is_seasonal():
    wet = feature("wet", None, kind="season", season="wet", received=format_instant(T0 - 20 * DAY))
    features = {"type": "FeatureCollection", "features": [{
        "type": "Feature", "geometry": {"type": "LineString", "coordinates": [list(NODES["a"]), list(NODES["b"])]},
        "properties": {"segment_id": "ab", "highway": "track", "road_type": "Z", "speed_kmh": 30},
    }]}  # fmt: skip
    passages = [
        passed("ab", hours) for hours in (100, 101)
    ]  # stale on a fair-weather road in the wet, ageing in the dry
    scene = make_scene(load_network_file(features), [wet, *passages], [site("b"), site("a", "hub")])
    [community] = computed(isolation, scene)["cut_off"]
    assert "seasonal" in community["classes"]


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_critical_roads_are_what_closing_each_in_truth_shows(data):
    verified = [road for road in ROADS if data.draw(st.integers(0, 5))]
    hubs = data.draw(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=3, unique=True))
    people = {name: data.draw(st.integers(1, 900)) for name in NODES if name not in hubs}
    sites = [*(site(n, population=p) for n, p in people.items()), *(site(n, "hub", None) for n in hubs)]
    answer = computed(criticality, make_scene(drawn_country(), [passed(road) for road in verified], sites))
    before = hours_to_hub(verified, list(people), hubs)
    expected_cut, expected_detour = {}, {}
    for road in verified:
        left = [r for r in verified if r != road]
        after = hours_to_hub(left, list(people), hubs)
        lost = sorted(set(before) - set(after))
        cut_hubs = sorted(
            hub for hub in hubs
            if hours_to_hub(verified, [hub], [h for h in hubs if h != hub])
            and not hours_to_hub(left, [hub], [h for h in hubs if h != hub])
        )  # fmt: skip
        if lost or cut_hubs:
            expected_cut[road] = sum(people[n] for n in lost), lost, cut_hubs
        hours = sum(people[n] * (after[n] - before[n]) for n in after)
        if round(hours, 1) > 0:
            expected_detour[road] = hours
    found = {
        segment: (
            link["cut_people"],
            *(sorted(place["name"] for place in link[who]) for who in ("cut", "hubs")),
        )
        for link in answer["by_cut"]
        for segment in link["segments"]
    }  # fmt: skip
    assert found == expected_cut
    detour = {link["segments"][0]: link["detour_person_h"] for link in answer["by_detour"]}
    assert set(detour) == set(expected_detour)
    assert all(abs(detour[road] - hours) < 0.2 for road, hours in expected_detour.items())


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_clearing_hazards_regains_what_a_drawing_without_them_shows_also_in_series(data):
    mined = data.draw(st.lists(st.sampled_from(ROADS), min_size=1, max_size=4, unique=True))
    network = drawn_country()
    sites = [site(n) for n in "bcdefgh"] + [site("a", "hub", None)]
    facts = [passed(road, 10) for road in ROADS] + [device(road) for road in mined]
    answer = computed(clearance, make_scene(network, facts, sites))
    opened = [road for road in ROADS if road not in mined]
    now = {n for n, hours in hours_to_hub(opened, list("bcdefgh"), ["a"]).items() if hours <= 4}

    def gain(cleared: tuple[str, ...]) -> int:
        later = hours_to_hub([*opened, *cleared], list("bcdefgh"), ["a"])
        return 100 * len({n for n, hours in later.items() if hours <= 4} - now)

    for entry in answer["gaining"]:
        roads = tuple(hazard["id"].split()[1] for hazard in entry["hazards"])
        assert entry["gain_people"] == gain(roads) > 0
        assert entry["team_days"] == len(roads)
        assert entry["priority"] == pytest.approx(entry["gain_people"] / len(roads), abs=0.1)
    told = {tuple(sorted(h["id"].split()[1] for h in entry["hazards"])) for entry in answer["gaining"]}
    assert {(road,) for road in mined if gain((road,))} <= told
    everything = {n for n, hours in hours_to_hub(list(ROADS), list("bcdefgh"), ["a"]).items() if hours <= 4}
    regained = {place["name"] for entry in answer["gaining"] for place in entry["gained"]}
    assert regained == everything - now


def test_two_hazards_on_the_only_way_gain_nothing_alone_and_everybody_together():
    facts = [passed(road) for road in ("ab", "bc")] + [device("bc", 1, at=0.4), device("bc", 2, at=0.6)]
    scene = make_scene(drawn_country(("ab", "bc")), facts, [site("c", population=3000), site("a", "hub", None)])
    answer = computed(clearance, scene)
    [both] = answer["gaining"]
    assert [h["id"] for h in both["hazards"]] == ["device bc 1", "device bc 2"]
    assert (both["gain_people"], both["team_days"], both["priority"]) == (3000, 2.0, 1500.0)
    assert answer["without_gain"] == 2


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_base_gains_what_lies_within_two_hours_of_it_and_of_no_other(data):
    verified = [road for road in ROADS if data.draw(st.booleans())]
    bases = data.draw(st.lists(st.sampled_from("abcdefgh"), max_size=2, unique=True))
    route = {"id": "route", "segments": [{"id": road, "direction": "forward"} for road in ROADS]}
    sites = [*(site(n) for n in NODES), *(site(n, "tob", None) for n in bases)]
    network = drawn_country()
    answer = computed(base_gain, make_scene(network, [passed(road) for road in verified], sites, key_route=[route]))

    def within(start: str) -> tuple[set[str], set[str]]:
        hours = hours_to_hub(verified, list(NODES), [start])
        length_h = {road: float(network.length_m[i]) / 1000 / SPEED_KMH for i, road in enumerate(ROADS)}
        ends = {r for r in verified if r[0] in hours and hours[r[0]] + length_h[r] <= 2}
        return {n for n, h in hours.items() if h <= 2}, ends

    expected = {}
    for name, kind in [*((n, "settlement") for n in NODES), *((n, "tob") for n in bases)]:
        others = [within(b) for b in bases if (b, "tob") != (name, kind)]
        people = within(name)[0] - set().union(*(o[0] for o in others))
        roads = within(name)[1] - set().union(*(o[1] for o in others))
        km = sum(float(network.length_m[ROADS.index(r)]) for r in roads) / 1000
        if people or roads:
            expected[f"{kind} {name}"] = (100 * len(people), round(km, 1))
    assert {e["place"]["id"]: (e["gain_people"], e["gain_route_km"]) for e in answer["gaining"]} == expected


def test_history_tells_each_day_as_it_was_known_then():
    scene = make_scene(drawn_country(("ab", "bc")), [passed("ab", 24 * 5 + 1), passed("bc", 24 * 2 + 1)], [])
    days = computed(history, scene)["days"]
    assert len(days) == history.DAYS
    assert days[-1]["at"] == format_instant(T0)
    green = [day["by_state_m"]["GREEN"] > 0 for day in days[-7:]]
    assert green == [False, True, True, True, True, True, True]
    total = [sum(day["by_state_m"].values()) for day in days]
    assert max(total) - min(total) < 1


# Dask


def document(scene: Scene, name: str, packed: PackedScene, cluster: Cluster, told: Any = lambda done: True) -> bytes:
    parts = ANALYSES[name].parts
    results = cluster.run(packed, name, parts, told=told)
    asked = Asked(name, T0, T0, "P3", "mission_military", scene.network.network_id, 1)
    return orjson.dumps(answer_of(asked, scene, results))


def packed_for_workers(scene: Scene, facts: list[dict[str, Any]], folder: Path) -> PackedScene:
    facts_doc = {"type": "FeatureCollection", "format": "fom-facts/1", "features": [*ground(), *facts]}
    body = orjson.dumps({"facts": facts_doc, "question": scene.question.members(), "rows": scene.rows})
    return PackedScene("of the test", str(folder), scene.network.network_id, zlib.compress(body))


class Workers:
    """A real scheduler and workers, each a process of its own, on loopback."""

    def __init__(self) -> None:
        self.processes: list[subprocess.Popen[bytes]] = []
        scheduler = ["distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
        self.scheduler = self._start(scheduler, stderr=subprocess.PIPE)
        assert self.scheduler.stderr is not None
        for raw in self.scheduler.stderr:
            if b"Scheduler at:" in raw:
                self.address = raw.decode().split("Scheduler at:")[1].strip()
                break

    def add(self) -> subprocess.Popen[bytes]:
        once = ["distributed.cli.dask_worker", self.address, "--nthreads", "1", "--no-dashboard", "--no-nanny"]
        return self._start(once, stderr=subprocess.DEVNULL)

    def _start(self, module: list[str], **more: Any) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-m", *module], stdout=subprocess.DEVNULL, **more)
        self.processes.append(process)
        return process

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def workers() -> Iterator[Workers]:
    started = Workers()
    yield started
    started.end()


@pytest.fixture
def country(tmp_path: Path) -> tuple[Scene, PackedScene]:
    folder = save_network(drawn_country(), tmp_path / "network")
    facts = [passed(road, hours) for road in ROADS[:8] for hours in (10, 60)] + [device("bc")]
    sites = [
        *(site(n, population=50 + i) for i, n in enumerate("bcdfgh")),
        site("a", "hub", None),
        site("e", "base", None),
    ]
    scene = make_scene(load_network(folder), facts, sites)
    return scene, packed_for_workers(scene, facts, folder)


def test_a_cluster_gives_the_same_bytes_as_this_process(country: tuple[Scene, PackedScene], workers: Workers):
    scene, packed = country
    for _ in range(2):
        workers.add()
    here, there = Cluster(""), Cluster(workers.address)
    try:
        for name in ANALYSES:
            local = document(scene, name, hold_scene(f"local {name}", scene), here)
            assert document(scene, name, packed, there) == local
            plain = [ANALYSES[name].run(scene, part) for part in ANALYSES[name].parts]
            asked = Asked(name, T0, T0, "P3", "mission_military", scene.network.network_id, 1)
            assert orjson.dumps(answer_of(asked, scene, plain)) == local
    finally:
        here.close()
        there.close()


@pytest.mark.deep
def test_a_worker_lost_half_way_is_survived(country: tuple[Scene, PackedScene], workers: Workers):
    scene, packed = country
    first = workers.add()
    cluster, seen = Cluster(workers.address), []

    def told(done: int) -> bool:
        if not seen and done:
            first.kill()
            first.wait()
            workers.add()
        seen.append(done)
        return True

    try:
        lost = document(scene, "history", packed, cluster, told)
    finally:
        cluster.close()
    assert lost == document(scene, "history", hold_scene("whole", scene), Cluster(""))
    assert len(seen) > 1


def test_a_job_that_is_told_to_stop_stops(country: tuple[Scene, PackedScene]):
    scene, _ = country
    cluster, parts = Cluster(""), ANALYSES["history"].parts
    try:
        assert cluster.run(hold_scene("stopped", scene), "history", parts, told=lambda done: False) is None
    finally:
        cluster.close()


def test_trouble_is_told_in_plain_words(country: tuple[Scene, PackedScene], workers: Workers, tmp_path: Path):
    scene, packed = country
    with pytest.raises(ServiceUnreachable, match="does not answer"):
        document(scene, "isolation", packed, Cluster("tcp://127.0.0.1:9"))
    workers.add()
    elsewhere = PackedScene("elsewhere", str(tmp_path / "nowhere"), packed.network_id, packed.body)
    cluster = Cluster(workers.address)
    try:
        with pytest.raises(ServiceUnreachable, match="nowhere"):
            document(scene, "isolation", elsewhere, cluster)
    finally:
        cluster.close()


def test_an_id_says_what_is_asked_and_nothing_else_is_one():
    asked = Asked("isolation", T0, T0, "P3", "medical", "small-1", 7)
    assert Asked.of(asked.job_id) == asked
    for wrong in ("", "x", asked.job_id + "A", asked.job_id[:-4], Asked("magic", T0, T0, "P3", "m", "n", 1).job_id):
        with pytest.raises(NotFound):
            Asked.of(wrong)
    assert len({Asked(n, T0, T0, "P3", "medical", "s", v).job_id for n, v in itertools.product(ANALYSES, (1, 2))}) == 10
