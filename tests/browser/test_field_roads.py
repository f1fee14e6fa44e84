"""Roads on the phone: lines read as written, ways as short as the shortest, and a drawn one as it arrives."""

from __future__ import annotations

import itertools
import math
import random
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from fom.maps.polyline import encode_polyline
from tests.browser.mission import point_on
from tests.browser.phones import Phone, answer_about_me, send, state

ROUNDS = 25
SIDE = 6
STEP_DEG = 0.01


def grid(chance: random.Random) -> dict[str, Any]:
    """Return the columns of a grid of roads, some of them missing, each of a length of its own."""
    ids, lines, lengths = [], [], []
    for x in range(SIDE):
        for y in range(SIDE):
            for dx, dy in ((1, 0), (0, 1)):
                if x + dx < SIDE and y + dy < SIDE and chance.random() < 0.8:
                    ends = [(30 + a * STEP_DEG, 5 + b * STEP_DEG) for a, b in ((x, y), (x + dx, y + dy))]
                    ids.append(f"{x}{y}-{x + dx}{y + dy}")
                    lines.append(encode_polyline(ends if chance.random() < 0.5 else ends[::-1]))
                    lengths.append(chance.randrange(1_100, 2_500))
    count = len(ids)
    columns = {"ids": ids, "lines": lines, "lengths_m": lengths, "ranks": "4" * count, "states": "??" * count}
    return columns | {"turns": {}}


def shortest_m(roads: dict[str, Any], start: int, end: int) -> float:
    """Return the shortest way from the middle of one road to the middle of another, by Floyd and Warshall."""
    nodes = sorted({node for name in roads["ids"] for node in name.split("-")})
    least = {(a, b): 0.0 if a == b else math.inf for a in nodes for b in nodes}
    for name, length in zip(roads["ids"], roads["lengths_m"], strict=True):
        a, b = name.split("-")
        least[a, b] = least[b, a] = min(least[a, b], length)
    for via in nodes:
        for a in nodes:
            for b in nodes:
                least[a, b] = min(least[a, b], least[a, via] + least[via, b])
    halves = (roads["lengths_m"][start] + roads["lengths_m"][end]) / 2
    ends = [roads["ids"][index].split("-") for index in (start, end)]
    return halves + min(least[a, b] for a in ends[0] for b in ends[1])


def test_ways_along_carried_roads_are_the_shortest_and_lines_are_unpacked_as_packed(phone: Phone) -> None:
    chance = random.Random(11)
    rounds = []
    for _ in range(ROUNDS):
        roads = grid(chance)
        start, end = chance.sample(range(len(roads["ids"])), 2)
        rounds.append({"roads": roads, "start": start, "end": end})
    found = phone.page.evaluate(
        """async (rounds) => {
        const { decodeLine, onRoad, unpackRoads, wayAlong } = await import('/static/field/roads.js');
        const middle = (line) => [0, 1].map((axis) => (line[0][axis] + line[1][axis]) / 2);
        return rounds.map(({ roads, start, end }) => {
          const all = unpackRoads(roads, 0);
          const places = [start, end].map((i) => onRoad(middle(decodeLine(roads.lines[i])), all, 50));
          return { names: places.map(({ road }) => road.id), way: wayAlong(places, all) }; }); }""",
        rounds,
    )
    for asked, got in zip(rounds, found, strict=True):
        roads = asked["roads"]
        assert got["names"] == [roads["ids"][asked["start"]], roads["ids"][asked["end"]]]
        best = shortest_m(roads, asked["start"], asked["end"])
        if got["way"] is None:
            assert best > 4 * 1_000, "only what is far longer than the straight line is not taken"
            continue
        assert got["way"]["metres"] == pytest.approx(best, rel=0.01)
        told = sum(part["to_m"] - part["from_m"] for part in got["way"]["stretches"])
        assert told == pytest.approx(best, rel=0.01)


def tap(page: Page, lon: float, lat: float) -> None:
    """Tap a place on the map, which shows the whole of the carried area."""
    spot = page.evaluate(
        """async ([lon, lat]) => {
        const { readBundle } = await import('/static/field/picture.js');
        const [west, south, east, north] = (await readBundle()).area.box, canvas = document.querySelector('canvas');
        const [w, h] = [canvas.clientWidth, canvas.clientHeight], kx = Math.cos((south + north) / 2 * Math.PI / 180);
        const scale = 0.9 * Math.min(w / (east - west) / kx, h / (north - south));
        return { x: w / 2 + (lon - (west + east) / 2) * kx * scale, y: h / 2 - (lat - (south + north) / 2) * scale };
        }""",
        [lon, lat],
    )
    page.locator("canvas").click(position=spot)


def test_a_line_drawn_without_a_link_over_roads_that_are_no_key_route_arrives_as_their_stretches(
    phone: Phone,
) -> None:
    page, before = phone.page, phone.ids()
    page.goto(phone.link.address + "/field#area")
    page.get_by_role("button", name="Around a place").click()
    page.get_by_role("searchbox").fill("alph")
    page.get_by_role("button", name="Alpha").click()
    page.get_by_role("button", name="25 km").click()
    page.get_by_role("button", name="Carry this area").click()
    expect(page.locator(".area")).to_contain_text("Within 25 km of Alpha")
    expect(page.locator(".area")).to_contain_text("All its roads are on this phone: 70.")
    phone.context.set_offline(True)
    page.reload()
    expect(page.locator(".area")).to_contain_text("All its roads are on this phone: 70.")
    page.goto(phone.link.address + "/field#report")
    page.get_by_role("button", name="Travelled, no incident").click()
    page.get_by_role("button", name="Draw it on the map").click()
    for road, share in (("a-d", 0.5), ("d-e", 0.5), ("b-e", 0.4)):
        tap(page, *point_on(road, share))
    expect(page.get_by_text("Your last point was put on a road")).to_be_visible()
    expect(page.locator("p", has_text="km drawn")).to_be_visible()
    page.get_by_role("button", name="Yes, this is my way").click()
    answer_about_me(page)
    send(page)
    phone.context.set_offline(False)
    page.goto(phone.link.address + "/field#outbox")
    expect(state(page, "accepted")).to_have_count(1)
    [report] = phone.new_since(before)
    [record] = phone.context.request.get(f"{phone.link.address}/api/v1/reports/{report}").json()["records"]
    assert record["properties"]["track"] == "stated"
    parts = record["properties"]["segments"]
    assert list(dict.fromkeys(part["id"].split(".")[0] for part in parts)) == ["a-d", "d-e", "b-e"]
    assert (parts[0]["id"], parts[-1]["id"]) in itertools.product(("a-d.4", "a-d.5"), ("b-e.3", "b-e.4"))
    page.evaluate("async () => (await import('/static/field/wish.js')).keepWish(null)")
