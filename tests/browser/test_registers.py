"""A key route drawn by clicks: the points are listed, the course is shown, and only then is it saved."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import PATIENCE_MS, Opener


def test_a_key_route_is_drawn_by_clicks_on_the_map_and_shown_before_it_is_saved(visit: Opener) -> None:
    page = visit("duty").go("/registers/key-routes/new")
    page.locator("[data-register-map][data-ready]").wait_for(timeout=PATIENCE_MS)
    box = page.locator("[data-register-map] canvas").bounding_box()
    assert box is not None
    for share in (0.4, 0.6):  # the road A-B-C lies along the upper edge of the area shown
        page.mouse.click(box["x"] + share * box["width"], box["y"] + 34)
    lines = page.locator("#via").input_value().strip().splitlines()
    assert len(lines) == 2
    assert all(re.fullmatch(r"-?\d+\.\d{6}, -?\d+\.\d{6}", line) for line in lines)
    page.fill("#code", "MSR OWL")
    page.fill("#name", "Drawn by hand")
    page.get_by_role("button", name="Show the course").click()
    expect(page.get_by_text("Nothing is saved yet")).to_be_visible()
    page.get_by_role("button", name="Save this course").click()
    expect(page.get_by_role("heading", name=re.compile("Drawn by hand"))).to_be_visible()


def test_without_scripts_a_site_is_entered_after_its_place_was_read_back(visit: Opener) -> None:
    page = visit("duty", scripts=False).go("/registers/sites/new")
    page.fill("#position", "30.09, 5.09")
    page.fill("#name", "Bravo clinic")
    page.select_option("#kind", "hub")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("We read this as")).to_be_visible()
    page.get_by_role("button", name="Yes, this is the place. Save").click()
    expect(page.get_by_role("heading", name="Bravo clinic")).to_be_visible()
