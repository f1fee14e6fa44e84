"""A what-if for a person: suppose by clicking, see what differs, keep it, compare it; marked throughout."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from fom.maps.style import read_tokens
from tests.browser.conftest import DESK, PATIENCE_MS, PHONE, Opener
from tests.browser.mission import point_on
from tests.browser.pixels import decode_png, share_of

VIEW = "#view=11.2/5.045/30.09"


def open_page(page: Page, path: str) -> None:
    page.goto(path)
    page.locator("[data-what-if][data-ready]").wait_for(timeout=PATIENCE_MS)


def click_map(page: Page, lon: float, lat: float) -> None:
    """Click a position on the right map, which shows the view of the address."""
    zoom, middle_lat, middle_lon = map(float, re.search(r"view=([\d.]+)/([-\d.]+)/([-\d.]+)", page.url).groups())
    half = page.locator("[data-map-right]")
    box, scale = half.bounding_box(), 512 * 2**zoom / 360
    page.wait_for_timeout(800)
    x, y = box["width"] / 2 + (lon - middle_lon) * scale, box["height"] / 2 - (lat - middle_lat) * scale
    half.click(position={"x": x, "y": y})


def image(page: Page, name: str):
    page.wait_for_timeout(800)
    return decode_png(page.locator(f"[data-map-{name}]").screenshot())


def keep(page: Page, title: str) -> str:
    page.get_by_label("Title").fill(title)
    page.get_by_role("button", name="Keep").click()
    page.wait_for_url(re.compile(r"/what-ifs/[0-9a-f]{8}-"))
    page.locator("[data-what-if][data-ready]").wait_for(timeout=PATIENCE_MS)
    return re.search(r"/what-ifs/([0-9a-f-]{36})", page.url).group(1)


@pytest.mark.deep
def test_suppose_keep_and_compare(visit: Opener) -> None:
    seen = visit("duty")
    page, address = seen.page, seen.address
    open_page(page, f"{address}/what-ifs/new{VIEW}")
    black = read_tokens("dark")["x-edge"]
    before = share_of(image(page, "right"), black)
    click_map(page, *point_on("a-b", 0.45))
    page.get_by_role("button", name="If closed").click()
    difference = page.locator("[data-difference]")
    expect(difference).to_contain_text("MSR HERON", timeout=PATIENCE_MS)
    expect(difference).to_contain_text("1 segments")
    expect(page.locator("[data-changes] li")).to_contain_text("Closed:")
    assert share_of(image(page, "right"), black) > before, "the closed stretch is not drawn"
    mark = page.locator(".hypothetical .frame").evaluate("box => getComputedStyle(box, '::after').content")
    assert "HYPOTHETICAL" in mark
    first = keep(page, "Bridge blown at A")
    expect(page).to_have_title(re.compile("^HYPOTHETICAL: Bridge blown at A"))
    expect(page.locator("[data-difference]")).to_contain_text("MSR HERON")
    with page.expect_download() as download:
        page.get_by_role("link", name="File").click()
    assert re.fullmatch(r"HYPOTHETICAL-Bridge-blown-at-A-.*\.geojson", download.value.suggested_filename)
    document = json.loads(download.value.path().read_bytes())
    assert {feature["properties"]["status"] for feature in document["features"]} == {"HYPOTHETICAL"}

    open_page(page, f"{address}/what-ifs/new{VIEW}")
    click_map(page, *point_on("b-e", 0.5))
    page.get_by_role("button", name="If cleared").click()
    expect(page.locator("[data-difference]")).to_contain_text("unknown", timeout=PATIENCE_MS)
    second = keep(page, "Mines on B-E gone")

    other = visit("lead").page  # a third person compares the two
    other.goto(f"{address}/what-ifs")
    other.get_by_role("radio", name="Bridge blown at A on the left").check()
    other.get_by_role("radio", name="Mines on B-E gone on the right").check()
    other.get_by_role("button", name="Compare").click()
    other.locator("[data-what-if][data-ready]").wait_for(timeout=PATIENCE_MS)
    assert {first, second} <= set(re.findall(r"[0-9a-f-]{36}", other.url))
    expect(other.locator(".half.hypothetical")).to_have_count(2)
    expect(other.locator("[data-difference]")).to_contain_text("MSR HERON")

    page.goto(f"{address}/what-ifs/{second}")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name="Bridge blown at A")).to_be_visible()
    expect(page.get_by_role("link", name="Mines on B-E gone")).to_have_count(0)


@pytest.mark.deep
def test_a_hypothesis_that_cannot_hold_says_why(visit: Opener) -> None:
    seen = visit("duty")
    open_page(seen.page, f"{seen.address}/what-ifs/new{VIEW}")
    seen.page.get_by_text("Other rules").click()
    seen.page.get_by_label("Parameters that differ").fill('{"risk_red": 7}')
    seen.page.get_by_label("Parameters that differ").blur()
    expect(seen.page.locator("[data-refusal]")).to_contain_text("policy.risk_red")
    seen.troubles[:] = [trouble for trouble in seen.troubles if "422" not in trouble]


@pytest.mark.parametrize("size", [pytest.param(DESK, marks=pytest.mark.deep), PHONE], ids=["desk", "phone"])
def test_both_maps_can_be_read_and_nothing_is_wider_than_the_window(visit: Opener, size: dict[str, int]) -> None:
    seen = visit("duty", size=size)
    page = seen.page
    open_page(page, f"{seen.address}/what-ifs/new{VIEW}")
    fits = "document.documentElement.scrollWidth <= innerWidth"
    assert page.evaluate(fits)
    for side in ("left", "right"):
        box = page.locator(f"[data-map-{side}]").bounding_box()
        assert box is not None
        assert min(box["height"], box["width"]) >= 320
    page.goto(f"{seen.address}/what-ifs")
    assert page.evaluate(fits)
