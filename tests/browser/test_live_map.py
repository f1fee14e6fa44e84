"""Does the map work for a person: drawn, painted, repainted, explained, and honest when it is old?"""

import re

import pytest
from playwright.sync_api import Page, expect

from fom.maps.style import read_tokens
from tests.browser.conftest import DESK, PATIENCE_MS, PHONE, Opener
from tests.browser.mission import PLACES, point_on
from tests.browser.pixels import decode_png, share_of


def picture(page: Page):
    """The map as an array of pixels, once it is drawn in full."""
    page.wait_for_timeout(800)  # what was just done has reached the map
    page.locator("[data-map][data-still]").wait_for(timeout=PATIENCE_MS)
    return decode_png(page.locator("[data-map]").screenshot())


def place_on_screen(page: Page, lon: float, lat: float) -> tuple[float, float]:
    """Where a position lies on the map's box, from the view in the address."""
    zoom, middle_lat, middle_lon = map(float, re.search(r"view=([\d.]+)/([-\d.]+)/([-\d.]+)", page.url).groups())
    box = page.locator("[data-map]").bounding_box()
    scale = 512 * 2**zoom / 360
    return box["width"] / 2 + (lon - middle_lon) * scale, box["height"] / 2 - (lat - middle_lat) * scale


def test_the_map_draws_and_paints_states_in_their_colours(visit: Opener) -> None:
    page = visit("duty").open_map("/#view=11/5.045/30.09")
    image, tokens = picture(page), read_tokens("dark")
    assert len({tuple(pixel) for row in image[::7, ::7] for pixel in row}) > 12, "a blank canvas"
    assert share_of(image, tokens["g"]) > 0.0005, "no open road"
    assert share_of(image, tokens["u"]) > 0.0003, "no unknown road"
    expect(page.locator("[data-feed-mark]")).to_contain_text("Live")
    expect(page.locator("[data-km='O']")).to_have_text(re.compile(r"^(19|20)$"))
    expect(page.locator("[data-km='?']")).to_have_text(re.compile(r"^(19|20)$"))


def test_a_click_on_a_stretch_tells_its_reasons_and_the_address_keeps_it(visit: Opener) -> None:
    page = visit("duty").open_map("/#view=12/5.09/30.04")
    page.wait_for_timeout(600)
    x, y = place_on_screen(page, *point_on("a-b", 0.55))
    page.locator("[data-map]").click(position={"x": x, "y": y})
    panel = page.locator("[data-panel]")
    expect(panel.get_by_role("heading", name="Reasons, worst first")).to_be_visible()
    expect(panel.locator(".verdict b")).to_have_text("Open")
    expect(panel.locator(".reason").first).to_contain_text("Verification")
    assert "segment=a-b.5" in page.url
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    assert "segment=" not in page.url


@pytest.mark.deep
def test_an_address_with_a_segment_opens_its_reasons(visit: Opener) -> None:
    page = visit("duty").open_map("/?segment=b-e.4")
    panel = page.locator("[data-panel]")
    expect(panel.locator(".verdict b")).to_have_text("Closed")
    expect(panel.locator(".reason").first).to_contain_text("Explosive")
    days = panel.get_by_role("img", name=re.compile(r"closed \d+ d"))
    expect(days.locator(".day")).to_have_count(30)
    expect(days.locator(".day").last).to_have_class(re.compile("day-X"))


@pytest.mark.parametrize("size", [pytest.param(DESK, marks=pytest.mark.deep), PHONE], ids=["desk", "phone"])
def test_the_first_view_holds_the_whole_area_clear_of_the_legend(visit: Opener, size: dict[str, int]) -> None:
    page = visit("duty", size=size).open_map()
    page.wait_for_url(re.compile("view="))
    frame, legend = (page.locator(name).bounding_box() for name in ("[data-map]", "[data-legend]"))
    assert page.locator("[data-legend]").get_attribute("open") == (None if size == PHONE else "")
    left, top = legend["x"] - frame["x"], legend["y"] - frame["y"]
    for lon, lat in PLACES.values():
        x, y = place_on_screen(page, lon, lat)
        assert 0 < x < frame["width"]
        assert 0 < y < frame["height"]
        assert not (left < x < left + legend["width"] and top < y < top + legend["height"]), "the legend covers a town"


def test_an_open_map_repaints_after_a_report_from_another_browser(visit: Opener) -> None:
    page = visit("duty").open_map("/#view=12/5.09/30.13")
    tokens = read_tokens("dark")
    assert share_of(picture(page), tokens["r"]) < 0.0005
    version = page.locator("[data-live-map]").get_attribute("data-version")
    phone = visit("patrol", size=PHONE)
    form = phone.go("/report/explosive")
    form.get_by_label("Improvised device").check()
    lon, lat = point_on("b-c", 0.5)
    form.get_by_label("Position", exact=True).fill(f"{lon:.6f}, {lat:.6f}")
    expect(form.locator("[data-reading]")).to_contain_text("36N")
    form.get_by_role("button", name=re.compile("Send")).click()
    expect(page.locator("[data-live-map]")).not_to_have_attribute("data-version", version or "")
    expect(page.locator("[data-ticker-list] li").first).to_contain_text("MSR HERON", timeout=PATIENCE_MS)
    expect(page.locator("[data-km='R']")).not_to_have_text("0")
    assert share_of(picture(page), tokens["r"]) > 0.0008, "no restricted road painted"


def test_the_map_says_from_when_it_is_and_greys_itself_after_two_minutes_of_silence(visit: Opener) -> None:
    seen = visit("lead")
    seen.page.clock.install()
    seen.page.route("**/api/v1/stream?*", lambda route: route.abort())  # states come, then nothing more is heard
    page = seen.open_map()
    expect(page.locator("[data-feed-mark]")).to_contain_text("Live")
    page.clock.run_for(40_000)
    expect(page.locator("[data-feed-mark]")).to_contain_text("No word for")
    assert page.locator("[data-live-map]").get_attribute("data-stale") is None
    page.clock.run_for(100_000)
    expect(page.locator(".banner.stale")).to_contain_text("Feed lost 2 min ago")
    expect(page.locator(".banner.stale")).to_contain_text(re.compile(r"The map shows \d{6}Z"))
    assert page.locator("[data-live-map]").get_attribute("data-stale") == ""
    middle = picture(page)[150:500, 500:1100].astype(int)  # without frame, legend and tools
    assert int((middle.max(axis=2) - middle.min(axis=2)).max()) < 40, "still in colour"
    page.goto("about:blank")  # it asks again all the time
    seen.troubles[:] = [t for t in seen.troubles if "ERR_FAILED" not in t]


def test_no_states_at_all_is_an_error_and_never_an_empty_map(visit: Opener) -> None:
    seen = visit("duty")
    headers = {"X-Fom-Network": "x", "X-Fom-Version": "1", "X-Fom-At": "2026-11-23T14:32:00Z"}
    seen.page.route("**/api/v1/states?*", lambda route: route.fulfill(status=200, body=b"", headers=headers))
    seen.go("/")
    expect(seen.page.locator(".banner.stale")).to_contain_text("no states at all")


@pytest.mark.deep
def test_layers_and_the_question_asked_are_kept_in_the_browser(visit: Opener) -> None:
    seen = visit("duty")
    page = seen.open_map()
    page.get_by_label("Vehicle or foot class").select_option("P7")
    page.get_by_role("switch", name="Air heads").uncheck()
    expect(page.locator("[data-km='X']")).not_to_have_text("0")  # class 70 on class 40 roads
    page = seen.open_map()
    expect(page.get_by_label("Vehicle or foot class")).to_have_value("P7")
    expect(page.get_by_role("switch", name="Air heads")).not_to_be_checked()
