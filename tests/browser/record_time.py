"""Record the time slider and a what-if as pictures: `python -m tests.browser.record_time http://127.0.0.1:8000 FOLDER`.

Works on any mission that is being served with the demo accounts; leaves one kept what-if in it.
"""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import DESK, PATIENCE_MS, PHONE
from tests.browser.record_walk import Walk, chromium

HOURS_BACK = (6, 24, 72)


def open_map(walk: Walk, page: Page, path: str = "/") -> None:
    """Open the live map and wait until it is drawn."""
    walk.go(page, path)
    page.locator("[data-live-map][data-ready]").wait_for()
    page.locator("[data-route-list] a").first.wait_for(state="attached")
    page.wait_for_timeout(2500)


def set_range(slider: Locator, value: float) -> None:
    """Move a range input, as a hand does."""
    slider.evaluate(
        "(input, value) => { input.value = value; input.dispatchEvent(new Event('input', { bubbles: true })); }", value
    )


def slide(page: Page, hours: float) -> float:
    """Move the slider so many hours from now; return the seconds until the map shows that moment."""
    begun = time.perf_counter()
    set_range(page.get_by_role("slider", name="Moment shown"), hours * 60)
    page.locator("[data-live-map][data-then]:not([data-reading])").wait_for()
    return time.perf_counter() - begun


def record_slider(walk: Walk, page: Page) -> None:
    """Slide back, change what is known, slide ahead, return to now."""
    open_map(walk, page)
    page.locator("[data-time-track] .time-mark").first.wait_for(state="attached")
    walk.take(page, "live")
    for hours in HOURS_BACK:
        print(f"{-hours} h: shown after {slide(page, -hours):.2f} s")
        walk.take(page, f"shown-then-{hours}-h-ago")
    page.get_by_text("As we know today").click()
    expect(page.locator("[data-then-band]")).to_contain_text("as we know today", timeout=PATIENCE_MS)
    walk.take(page, "as-we-know-today")
    print(f"+72 h: shown after {slide(page, 72):.2f} s")
    walk.take(page, "if-nothing-new-is-reported")
    page.keyboard.press("l")
    expect(page.locator("[data-then-band]")).to_be_empty(timeout=PATIENCE_MS)
    walk.take(page, "live-again")


def record_what_if(walk: Walk, page: Page) -> None:
    """Suppose that a hazard is cleared and a circle closed; keep it, open it as somebody else."""
    [hazard, *_] = [
        feature
        for feature in walk.ask(page, "/api/v1/layers/hazards")["features"]
        if feature["properties"]["part"] == "point" and feature["properties"]["symbol"] in ("cha", "sha")
    ]
    lon, lat = hazard["geometry"]["coordinates"]
    walk.go(page, f"/what-ifs/new#view=10.5/{lat:.5f}/{lon:.5f}")
    page.locator("[data-what-if][data-ready]").wait_for()
    page.wait_for_timeout(3000)
    walk.take(page, "what-if-empty")
    half = page.locator("[data-map-right]")
    box = half.bounding_box()
    assert box is not None
    half.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    page.get_by_role("button", name="If cleared").click()
    expect(page.locator("[data-difference] h2")).to_be_visible(timeout=PATIENCE_MS)
    walk.take(page, "if-cleared")
    page.get_by_label("Radius").fill("8000")
    page.get_by_role("button", name="Close a circle").click()
    half.click(position={"x": box["width"] * 0.3, "y": box["height"] * 0.6})
    page.locator("[data-what-if]:not([data-reading])").wait_for()
    walk.take(page, "and-a-circle-closed")
    page.get_by_label("Title").fill("Hazard cleared, west closed")
    page.get_by_role("button", name="Keep").click()
    page.wait_for_url(re.compile(r"/what-ifs/[0-9a-f]{8}-"))
    page.locator("[data-what-if][data-ready]").wait_for()
    address = page.url.removeprefix(walk.address)
    lead = walk.sign_in("lead", DESK, "light")
    walk.go(lead, address)
    lead.locator("[data-what-if][data-ready]").wait_for()
    walk.take(lead, "opened-by-link")
    walk.go(lead, "/what-ifs")
    walk.take(lead, "all-what-ifs")


def main(address: str, folder: Path) -> None:
    """Record both into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        walk = Walk(browser, address.rstrip("/"), folder)
        record_slider(walk, walk.sign_in("duty", DESK, "dark"))
        record_slider(walk, walk.sign_in("duty", PHONE, "light"))
        record_what_if(walk, walk.sign_in("duty", DESK, "dark"))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
