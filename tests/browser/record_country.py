"""Record a country of a million segments in pictures and figures, for docs/country.md.

`python -m tests.browser.record_country http://127.0.0.1:8000 FOLDER [--server PID]` looks with a real Chromium at what
`python -m bench.serve_country` serves, and leaves one report in it. With the server's process id
the processor time of both sides is told beside the wall clock.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE
from tests.browser.frames import Frames, Seen
from tests.browser.record_time import set_range, slide
from tests.browser.record_walk import Walk, chromium

LONG_MS = 300_000
CITY_ZOOM, PANS = 12.0, 3
TRIP_KM = (60.0, 400.0)
TRIPS_TRIED, WAYS_ENOUGH = 400, 3
"""Trips asked about until one has so many ways: most of a country in trouble is closed between two towns."""
PARTS = ("map", "report", "time", "plan", "what-if")
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
Place = dict[str, Any]


class Clock:
    """Tells what an act took: wall clock, and processor time of the browser and, where known, of the server."""

    def __init__(self, server: int | None) -> None:
        self._server = server

    @contextmanager
    def timing(self, words: str) -> Iterator[list[Any]]:
        """Print what the block took, and what it has put into the list."""
        told: list[Any] = []
        begun, before = time.perf_counter(), self._spent()
        yield told
        wall, after = time.perf_counter() - begun, self._spent()
        parts = [f"wall {wall:.2f} s", *(f"{who} {after[who] - before[who]:.2f} s of processor" for who in after)]
        print(f"* {words}: {'; '.join([*map(str, told), *parts])}", flush=True)

    def _spent(self) -> dict[str, float]:
        roots = {"browser": os.getpid()} | ({} if self._server is None else {"server": self._server})
        stats, own = dict(_processes()), os.getpid()
        return {
            who: sum(_ticks(stats, pid) for pid in _family(stats, root) if pid != own) for who, root in roots.items()
        }


def _processes() -> Iterator[tuple[int, list[str]]]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            yield int(folder.name), (folder / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue  # ended meanwhile


def _family(stats: dict[int, list[str]], root: int) -> Iterator[int]:
    yield root
    for pid, fields in stats.items():
        if int(fields[1]) == root:
            yield from _family(stats, pid)


def _ticks(stats: dict[int, list[str]], pid: int) -> float:
    """Return the seconds of processor a process has spent, with those of children that have ended."""
    return sum(map(int, stats[pid][11:15])) / CLOCK_TICKS if pid in stats else 0.0


def towns_of(walk: Walk, page: Page) -> list[Place]:
    """Return the towns, the largest first."""
    found = [
        {"name": feature["properties"]["name"], "at": feature["geometry"]["coordinates"], **feature["properties"]}
        for feature in walk.ask(page, "/map/context")["features"]
        if feature["properties"]["kind"] == "town"
    ]
    return sorted(found, key=lambda town: -town["population"])


def wait_for_map(page: Page) -> None:
    page.locator("[data-live-map][data-ready]").wait_for()
    page.locator("[data-route-list] a").first.wait_for(state="attached")


def on_screen(page: Page, lon: float, lat: float) -> tuple[float, float]:
    """Return where a position lies on the page, from the view in the address."""
    zoom, middle_lat, middle_lon = view_of(page)
    box = page.locator("[data-map]").bounding_box()
    assert box is not None
    scale = 512 * 2**zoom / 360

    def north(degrees: float) -> float:
        return math.degrees(math.asinh(math.tan(math.radians(degrees))))

    x = box["x"] + box["width"] / 2 + (lon - middle_lon) * scale
    return x, box["y"] + box["height"] / 2 - (north(lat) - north(middle_lat)) * scale


def view_of(page: Page) -> tuple[float, float, float]:
    """Return zoom, latitude and longitude of the map."""
    found = re.search(r"view=([-\d.]+)/([-\d.]+)/([-\d.]+)", page.url)
    assert found is not None
    zoom, lat, lon = map(float, found.groups())
    return zoom, lat, lon


def record_opening(walk: Walk, clock: Clock, page: Page) -> None:
    """Open the live map of the whole country, as the first who asks and again."""
    for words in ("open the country, the first time in this browser", "open it again"):
        with clock.timing(words) as told:
            walk.go(page, "/")
            page.locator("[data-map] canvas").wait_for()
            begun = time.perf_counter()
            wait_for_map(page)
            told.append(f"usable {time.perf_counter() - begun:.2f} s after the empty map")
        page.wait_for_timeout(2000)
    walk.take(page, "country")


def record_zoom_and_pan(walk: Walk, clock: Clock, page: Page, town: Place) -> None:
    """Go from the country into a city by the wheel, pan there, and back."""
    frames = Frames(page)
    x, y = on_screen(page, *town["at"])
    with clock.timing(f"zoom from the country into {town['name']} by the wheel") as told:
        told.append(wheel(page, frames, x, y, CITY_ZOOM))
    walk.take(page, "city")
    for number, (dx, dy) in enumerate(((-420, 60), (300, 240), (200, -280))[:PANS]):
        with clock.timing(f"pan {number + 1} in the city") as told:
            told.append(drag(page, frames, dx, dy))
    with clock.timing("zoom back out to the region") as told:
        told.append(wheel(page, frames, *middle(page), 8.0))
    walk.take(page, "region")
    with clock.timing("pan in the region") as told:
        told.append(drag(page, frames, -500, 120))


def middle(page: Page) -> tuple[float, float]:
    box = page.locator("[data-map]").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def wheel(page: Page, frames: Frames, x: float, y: float, zoom: float) -> Seen:
    """Turn the wheel over a point until the map is at a zoom."""
    page.mouse.move(x, y)
    frames.begin()
    begun = view_of(page)[0]
    direction = 1 if zoom > begun else -1
    while direction * (zoom - view_of(page)[0]) > 0.05:
        page.mouse.wheel(0, -direction * 240)
        page.wait_for_timeout(60)
    frames.mark_end_of_input()
    frames.settle()
    return frames.seen()


def drag(page: Page, frames: Frames, dx: float, dy: float) -> Seen:
    """Pan by a drag of half a second."""
    x, y = middle(page)
    page.mouse.move(x, y)
    frames.begin()
    page.mouse.down()
    for step in range(1, 17):
        page.mouse.move(x + dx * step / 16, y + dy * step / 16)
        page.wait_for_timeout(30)
    page.mouse.up()
    frames.mark_end_of_input()
    frames.settle()
    return frames.seen()


def record_report(walk: Walk, clock: Clock, page: Page, patrol: Page, town: Place) -> None:
    """A patrol reports a device by phone; the map in the other window repaints by itself."""
    lon, lat = open_road_near(walk, page, town)
    walk.go(page, f"/#view=13/{lat:.5f}/{lon:.5f}")
    page.reload()
    wait_for_map(page)
    page.wait_for_timeout(2500)
    walk.take(page, "before-the-report")
    walk.go(patrol, "/report/explosive")
    patrol.get_by_label("Improvised device", exact=True).check()
    patrol.get_by_label("Position", exact=True).fill(f"{lon:.5f}, {lat:.5f}")
    expect(patrol.locator("[data-reading]")).to_be_visible()
    frames = Frames(page)
    watch = page.evaluate_handle(
        "() => { const seen = []; const root = document.querySelector('[data-live-map]');"
        " new MutationObserver(() => seen.push(Date.now())).observe(root, { attributeFilter: ['data-version'] });"
        " return seen; }"
    )
    frames.begin()
    with clock.timing("report sent by phone to repaint in the other window") as told:
        sent = time.time()
        patrol.get_by_role("button", name=re.compile("Send")).click()
        expect(patrol.get_by_text("The JOC has it")).to_be_visible()
        told.append(f"accepted after {time.time() - sent:.2f} s")
        page.wait_for_function("seen => seen.length", arg=watch)
        told.append(f"map told after {page.evaluate('seen => seen[0]', watch) / 1000 - sent:.2f} s")
    frames.settle()
    x, y = on_screen(page, lon, lat)
    painted = frames.first_change(x, y, 40, since=sent)
    print(f"  repainted {math.nan if painted is None else painted - sent:.2f} s after Send", flush=True)
    walk.take(page, "after-the-report")


def open_road_near(walk: Walk, page: Page, town: Place) -> tuple[float, float]:
    """Return a point of a key route that is open, the nearest to a town."""
    network = walk.ask(page, "/api/v1/states?since_version=0")["network"]
    lon, lat = town["at"]
    points = [
        (math.hypot(at[0] - lon, at[1] - lat), at[0], at[1], number)
        for feature in walk.ask(page, "/api/v1/layers/routes")["features"]
        for number, _, first, last, *_ in feature["properties"]["segments"]
        for at in [feature["geometry"]["coordinates"][(first + last) // 2]]
    ]
    for _, x, y, number in sorted(points):
        if {row["state"] for row in walk.ask(page, f"/map/segments/{network}/{number}")["directions"]} == {"GREEN"}:
            return x, y
    raise LookupError("no key route is open")


def trips(towns: list[Place]) -> Iterator[tuple[Place, Place]]:
    """Yield pairs of towns at a long day's drive, spread over the country."""
    pairs = [
        (a, b)
        for a, b in combinations(towns, 2)
        if TRIP_KM[0] < 111.3 * math.hypot(a["at"][0] - b["at"][0], a["at"][1] - b["at"][1]) < TRIP_KM[1]
    ]
    yield from pairs[:: max(1, len(pairs) // TRIPS_TRIED)]


def record_posture(walk: Walk, clock: Clock, page: Page, towns: list[Place]) -> None:
    """Plan the long trip with the most non-dominated ways, and move the slider along them."""
    best, chosen = 0, None
    for number, (start, end) in enumerate(trips(towns)):
        begun = time.perf_counter()
        text = page.context.request.get(walk.address + plan_path(start, end), timeout=LONG_MS).text()
        ways = text.count("data-trade=")
        if number == 0 or ways > best:
            took = f"{time.perf_counter() - begun:.2f} s, {ways} ways on the slider"
            print(f"* plan {number + 1}, {start['name']} to {end['name']}, all of it: {took}", flush=True)
        if ways > best:
            best, chosen = ways, (start, end)
        if best >= WAYS_ENOUGH:
            break
    assert chosen is not None, "no trip has a choice of ways"
    with clock.timing("open the planner with that trip, map and all"):
        walk.go(page, plan_path(*chosen))
        page.locator("[data-planner][data-ready]").wait_for()
    page.wait_for_timeout(3000)
    slider = page.locator("#trade-range")
    last = int(slider.get_attribute("max") or 0)
    for name, stop in (("fastest", 0), ("between", last // 2), ("safest", last)):
        with clock.timing(f"posture slider to {name}"):
            set_range(slider, stop)
        print(f"  {slider.get_attribute('aria-valuetext')}", flush=True)
        walk.take(page, f"posture-{name}")


def plan_path(start: Place, end: Place) -> str:
    """Return the planner's address for a trip by light vehicle."""
    return "/planner?" + urlencode({"from": start["name"], "to": end["name"], "profile": "P3"})


def record_time(walk: Walk, clock: Clock, page: Page, town: Place) -> None:
    """Slide to the night before, back to now and ahead to the next night."""
    lon, lat = town["at"]
    walk.go(page, f"/#view=9.4/{lat:.4f}/{lon:.4f}")
    page.reload()
    wait_for_map(page)
    page.wait_for_timeout(2000)
    now = datetime.now(UTC)
    night = now.replace(hour=22, minute=0, second=0, microsecond=0)
    ahead = night if night - now > timedelta(minutes=30) else night + timedelta(days=1)
    walk.take(page, "now")
    for name, moment in (("last-night", ahead - timedelta(days=1)), ("yesterday-noon", ahead - timedelta(hours=34)),
                         ("tonight", ahead)):  # fmt: skip
        hours = round((moment - now).total_seconds() / 900) / 4
        with clock.timing(f"slide to {name.replace('-', ' ')} ({hours:+.2f} h), never asked before") as told:
            told.append(f"shown after {slide(page, hours):.2f} s")
        page.wait_for_timeout(2000)
        walk.take(page, name)
    with clock.timing("marks of two weeks on the time bar, waited for after that"):
        page.locator("[data-time-track] .time-mark").first.wait_for(state="attached")
    walk.take(page, "marks")
    with clock.timing("the same moment again, after now") as told:
        page.keyboard.press("l")
        expect(page.locator("[data-then-band]")).to_be_empty(timeout=LONG_MS)
        told.append(f"shown after {slide(page, hours):.2f} s")
    page.keyboard.press("l")
    expect(page.locator("[data-then-band]")).to_be_empty(timeout=LONG_MS)


def record_what_if(walk: Walk, clock: Clock, page: Page) -> None:
    """Close a circle on the longest key route and see what differs, and what becomes of a trip along it."""
    routes = walk.ask(page, "/api/v1/layers/routes")["features"]
    longest = max(routes, key=lambda route: sum(route["properties"]["by_state_m"].values()))
    line = longest["geometry"]["coordinates"]
    lon, lat = line[len(line) // 2]
    walk.go(page, f"/what-ifs/new#view=9/{lat:.4f}/{lon:.4f}")
    with clock.timing("open a new what-if"):
        page.locator("[data-what-if][data-ready]").wait_for()
    page.wait_for_timeout(4000)
    page.get_by_label("Radius").fill("8000")
    page.get_by_text("Compare a plan").click()
    for end, (east, north) in (("From", line[0]), ("To", line[-1])):
        page.get_by_label(end, exact=True).fill(f"{east:.5f}, {north:.5f}")
    half = page.locator("[data-map-right]")
    box = half.bounding_box()
    assert box is not None
    page.get_by_role("button", name="Close a circle").click()
    with clock.timing("what if a circle of 8 km around the road were closed: states, routes, people"):
        half.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
        expect(page.locator("[data-difference] h2").first).to_be_visible(timeout=LONG_MS)
        page.locator("[data-what-if]:not([data-reading])").wait_for()
    walk.take(page, "what-if-difference")
    with clock.timing("the same with the plan compared"):
        page.get_by_role("button", name="Plan", exact=True).click()
        page.wait_for_timeout(100)
        page.locator("[data-what-if]:not([data-reading])").wait_for()
    walk.take(page, "what-if-plan")


def main() -> None:
    """Record into a folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("address")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--server", type=int, help="process id of the server")
    parser.add_argument("--only", nargs="*", default=PARTS, choices=PARTS)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        walk, clock = Walk(browser, given.address.rstrip("/"), given.folder), Clock(given.server)
        print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        expect.set_options(timeout=LONG_MS)
        duty = walk.sign_in("duty", DESK, "dark")
        duty.context.set_default_timeout(LONG_MS)
        duty.evaluate("localStorage.setItem('fom-map', JSON.stringify({ legend: false }))")
        towns = towns_of(walk, duty)
        if "map" in given.only:
            record_opening(walk, clock, duty)
            record_zoom_and_pan(walk, clock, duty, towns[0])
        if "report" in given.only:
            patrol = walk.sign_in("patrol", PHONE, "light")
            patrol.context.set_default_timeout(LONG_MS)
            record_report(walk, clock, duty, patrol, towns[0])
        if "time" in given.only:
            record_time(walk, clock, duty, towns[1])
        if "plan" in given.only:
            record_posture(walk, clock, duty, towns)
        if "what-if" in given.only:
            record_what_if(walk, clock, duty)
        print(f"load of the machine after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
