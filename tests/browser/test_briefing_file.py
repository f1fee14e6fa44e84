"""Does the briefing map open from a file, offline, and draw itself?"""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.maps.test_briefing import make


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_briefing_file_opens_without_a_network(chromium: Browser, tmp_path: Path, theme: str) -> None:
    file = tmp_path / "briefing.html"
    file.write_text(make(theme=theme))
    context = chromium.new_context(offline=True, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    fetched: list[str] = []
    troubles: list[str] = []
    page.on("request", lambda request: fetched.append(request.url) if not request.url.startswith("data:") else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(file.as_uri())
    expect(page.locator(".leaflet-overlay-pane path").first).to_be_attached()
    assert page.locator(".leaflet-overlay-pane path").count() >= 6  # three runs, each with its rim
    expect(page.locator(".disc").first).to_be_visible()
    expect(page.get_by_text("231432Z NOV 26")).to_be_visible()
    assert fetched == [file.as_uri()]
    assert troubles == []
    context.close()
