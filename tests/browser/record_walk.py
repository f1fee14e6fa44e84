"""Record the walk of docs/walk.md as pictures: `python -m tests.browser.record_walk http://127.0.0.1:8000 FOLDER`.

Works on a demo mission that is being served (`make run`), and leaves its report, closing and passage in it.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from fom.cli.demo import DEMO_PASSWORD
from tests.browser.conftest import DESK, FLAGS, PATIENCE_MS, PHONE
from tests.browser.timed_walk import TimedWalk, grade_at_the_desk, report_by_phone, set_grade, table_of

ROUTE = "ASR TAMARIND"
VIEW_ZOOM = 9.6


class Walk:
    """One recording: windows of people, pictures numbered as they are taken."""

    def __init__(self, browser: Browser, address: str, folder: Path) -> None:
        self._browser, self.address, self._folder = browser, address, folder
        self._taken = 0

    def sign_in(self, person: str, size: dict[str, int], theme: str) -> Page:
        """Return a window in which a demo account is signed in."""
        context = self._browser.new_context(viewport=size, has_touch=size == PHONE)
        context.set_default_timeout(PATIENCE_MS)
        context.add_cookies([{"name": "theme", "value": theme, "url": self.address}])
        page = context.new_page()
        page.goto(f"{self.address}/login?next=/air-heads")
        page.fill("#email", f"{person}@demo.example")
        page.fill("#password", DEMO_PASSWORD)
        page.click("form button.main")
        page.wait_for_load_state()
        return page

    def go(self, page: Page, path: str) -> None:
        """Open a page of the service."""
        page.goto(self.address + path)

    def ask(self, page: Page, path: str) -> Any:
        """Return the JSON of an address, with the rights of that window."""
        return page.context.request.get(self.address + path).json()

    def take(self, page: Page, name: str) -> None:
        """Keep a picture of what the window shows now."""
        self._taken += 1
        page.wait_for_timeout(1500)
        page.screenshot(path=self._folder / f"{self._taken:02d}-{name}.jpg", type="jpeg", quality=72)
        print(f"{self._taken:02d}-{name}")


def open_map(walk: Walk, page: Page, path: str) -> None:
    """Open the live map and wait until it is drawn."""
    walk.go(page, path)
    page.locator("[data-live-map][data-ready]").wait_for()
    page.locator("[data-route-list] a").first.wait_for()
    page.wait_for_timeout(2500)


def states_of(walk: Walk, page: Page, segment: str) -> set[str]:
    """Return the states of a segment's directions now."""
    return {row["state"] for row in walk.ask(page, f"/api/v1/segments/{segment}")["directions"]}


def unverified(walk: Walk, page: Page, parts: list[Any]) -> Iterator[tuple[str, int, int]]:
    """Yield (segment, first and last vertex) of a route's stretches that only wait for a passage, from the middle."""
    network = walk.ask(page, "/api/v1/states?since_version=0")["network"]
    for number, _, first, last, *_ in parts[len(parts) // 2 :]:
        found = walk.ask(page, f"/map/segments/{network}/{number}")
        limiting = [r for row in found["directions"] for r in row["reasons"] if r["state"] != "GREEN"]
        if limiting and all(r["component"] == "verification" and r["state"] == "GREY" for r in limiting):
            yield found["segment_id"], first, last


def record_timed(walk: Walk) -> None:
    """Walk from a report by phone over the desk to the wall map, with the pauses of a person, and print the figures."""
    wall = walk.sign_in("lead", DESK, "dark")
    [route] = [f for f in walk.ask(wall, "/api/v1/layers/routes")["features"] if f["properties"]["code"] == ROUTE]
    line, parts = route["geometry"]["coordinates"], route["properties"]["segments"]
    number, _, first, last, *_ = parts[len(parts) // 3]
    network = walk.ask(wall, "/api/v1/states?since_version=0")["network"]
    segment = walk.ask(wall, f"/map/segments/{network}/{number}")["segment_id"]
    lon, lat = line[(first + last) // 2]
    open_map(walk, wall, f"/#view={VIEW_ZOOM}/{lat:.4f}/{lon:.4f}")
    desk = walk.sign_in("duty", DESK, "dark")
    walk.go(desk, "/desk")
    desk.locator("[data-desk][data-ready]").wait_for()
    phone = walk.sign_in("patrol", PHONE, "light")
    phone.context.grant_permissions(["geolocation"])
    phone.context.set_geolocation({"longitude": lon, "latitude": lat, "accuracy": 12})
    walk.go(phone, "/report")
    shown = wall.locator("[data-live-map]")
    timed = TimedWalk(is_paced=True)
    version = shown.get_attribute("data-version")
    report_id = report_by_phone(timed, phone)
    expect(shown).not_to_have_attribute("data-version", version or "")
    timed.reached("wall map restricted, before any grade")
    assert states_of(walk, wall, segment) == {"RED"}
    grade_at_the_desk(timed, desk, report_id, "B2")
    walk.take(desk, "grade-chosen-at-the-desk")
    version = shown.get_attribute("data-version")
    timed.pause_ended()
    set_grade(timed, desk, "B2")
    expect(shown).not_to_have_attribute("data-version", version or "")
    timed.reached("wall map closed")
    assert states_of(walk, wall, segment) == {"BLACK"}
    walk.take(wall, "closed-on-the-wall-map")
    print(table_of(timed))


def record(walk: Walk) -> None:
    """Walk from a report to a road that is open again."""
    duty = walk.sign_in("duty", DESK, "dark")
    [route] = [f for f in walk.ask(duty, "/api/v1/layers/routes")["features"] if f["properties"]["code"] == ROUTE]
    line, parts = route["geometry"]["coordinates"], route["properties"]["segments"]
    segment, first, last = next(found for found in unverified(walk, duty, parts))
    lon, lat = line[(first + last) // 2]
    place = f"{lon:.5f}, {lat:.5f}"

    open_map(walk, duty, f"/#view={VIEW_ZOOM}/{lat:.4f}/{lon:.4f}")
    walk.take(duty, "map-before")
    version = duty.locator("[data-live-map]").get_attribute("data-version")

    patrol = walk.sign_in("patrol", PHONE, "light")
    walk.go(patrol, "/report/explosive")
    patrol.get_by_label("Improvised device", exact=True).check()
    patrol.get_by_label("Position", exact=True).fill(place)
    expect(patrol.locator("[data-reading]")).to_be_visible()
    patrol.get_by_label("In your words").fill("Disturbed ground at the right edge. We stopped 300 m short and turned.")
    patrol.locator("[data-reading]").scroll_into_view_if_needed()
    walk.take(patrol, "report-on-the-phone")
    patrol.get_by_role("button", name=re.compile("Send")).click()
    expect(patrol.get_by_text("The JOC has it")).to_be_visible()
    walk.take(patrol, "report-received")
    report_id = patrol.url.rsplit("/", 1)[1]

    expect(duty.locator("[data-live-map]")).not_to_have_attribute("data-version", version or "")
    walk.take(duty, "map-repainted-by-itself")
    walk.go(duty, f"/?segment={segment}#view={VIEW_ZOOM + 3}/{lat:.4f}/{lon:.4f}")
    expect(duty.get_by_role("heading", name="Reasons, worst first")).to_be_visible()
    assert states_of(walk, duty, segment) == {"RED"}
    duty.wait_for_timeout(3000)
    walk.take(duty, "why")

    start, end = line[parts[len(parts) // 4][2]], line[-1]
    ends = f"from={start[0]:.5f},{start[1]:.5f}&to={end[0]:.5f},{end[1]:.5f}"
    walk.go(duty, f"/planner?{ends}&profile=P3&user_class=mission_military")
    expect(duty.locator(".way").first).to_be_visible()
    duty.wait_for_timeout(3000)
    walk.take(duty, "plan-around")

    eod = walk.sign_in("eod", DESK, "light")
    walk.go(eod, f"/desk?report={report_id}")
    eod.get_by_placeholder("how it is known").fill("Searched and destroyed in place by the EOD team.")
    eod.get_by_role("button", name="Sign closing act").click()
    expect(eod.get_by_role("status")).to_contain_text("waits for a second person")
    assert states_of(walk, duty, segment) == {"RED"}
    walk.take(eod, "first-signature")
    chief = walk.sign_in("chief", DESK, "light")
    walk.go(chief, f"/desk?report={report_id}")
    walk.take(chief, "waits-for-the-second")
    chief.get_by_role("button", name="Confirm").first.click()
    expect(chief.get_by_role("status")).to_contain_text("Confirmed")

    assert states_of(walk, duty, segment) == {"GREY"}
    walk.go(duty, f"/?segment={segment}#view={VIEW_ZOOM + 3}/{lat:.4f}/{lon:.4f}")
    expect(duty.get_by_role("heading", name="Reasons, worst first")).to_be_visible()
    duty.wait_for_timeout(3000)
    walk.take(duty, "waits-for-a-verification")

    walk.go(patrol, "/report/passage")
    patrol.get_by_label("Key route, without a track").select_option(route["properties"]["id"])
    walk.take(patrol, "passage-on-the-phone")
    patrol.get_by_role("button", name=re.compile("Send")).click()
    expect(patrol.get_by_text("The JOC has it")).to_be_visible()
    passage_id = patrol.url.rsplit("/", 1)[1]
    walk.go(duty, f"/desk?report={passage_id}")
    duty.locator("input[name=grade][value=B2]").check()
    duty.get_by_role("button", name="Set B2").click()
    expect(duty.get_by_role("status")).to_contain_text("Graded B2")
    walk.take(duty, "passage-graded")
    assert states_of(walk, duty, segment) == {"GREEN"}
    open_map(walk, duty, f"/#view={VIEW_ZOOM}/{lat:.4f}/{lon:.4f}")
    walk.take(duty, "map-open-again")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield Debian's Chromium without a window."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=program, args=FLAGS)


def main(address: str, folder: Path) -> None:
    """Record the walk into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        walk = Walk(browser, address.rstrip("/"), folder)
        record(walk)
        record_timed(walk)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
