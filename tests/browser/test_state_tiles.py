"""Does every segment of a tile get its state in the browser, and nothing else change?"""

import re

import mapbox_vector_tile
import pytest
from playwright.sync_api import Page, Route, expect

from fom.maps.style import read_tokens
from tests.browser.conftest import PATIENCE_MS, PHONE, Opener
from tests.browser.mission import point_on
from tests.browser.pixels import share_of
from tests.browser.test_live_map import picture, place_on_screen
from tests.browser.test_time_slider import send_find

JOIN = """async ([address, states]) => {
  const { withStates } = await import("/static/js/map/state_tiles.js");
  const plain = new Uint8Array(await (await fetch(address)).arrayBuffer());
  const joined = withStates(plain, (number) => states[number] ?? 2);
  return [Array.from(plain), Array.from(joined)];
}"""


def features(tile: list[int]) -> dict[int, tuple[dict[str, object], object]]:
    """Segment number -> its properties and geometry."""
    layers = mapbox_vector_tile.decode(bytes(tile))
    found = layers["segments"]["features"] if layers else []
    return {f["id"]: (f["properties"], f["geometry"]) for f in found}


def tile_of_the_middle(page: Page, zoom: int) -> str:
    network = page.evaluate("JSON.parse(document.querySelector('#map-settings').textContent).network")
    x, y = (30.09 + 180) / 360 * 2**zoom, 0.4859 * 2**zoom  # 5.06 degrees north, near enough at these zooms
    return f"/tiles/{network}/{zoom}/{int(x)}/{int(y)}.mvt"


def test_each_segment_of_a_tile_gets_its_state_and_the_rest_of_the_tile_stays(visit: Opener) -> None:
    page = visit("duty").open_map("/")
    for zoom in (6, 9, 11, 12):
        address = tile_of_the_middle(page, zoom)
        plain, _ = page.evaluate(JOIN, [address, {}])
        before = features(plain)
        assert before, f"no roads in {address}"
        states = {number: place % 5 for place, number in enumerate(sorted(before))}
        _, joined = page.evaluate(JOIN, [address, {str(n): s for n, s in states.items()}])
        after = features(joined)
        assert after.keys() == before.keys()
        for number, (properties, geometry) in before.items():
            expected = properties if states[number] == 2 else {**properties, "s": states[number]}
            assert after[number] == (expected, geometry)


@pytest.mark.deep
def test_a_tile_without_roads_stays_empty(visit: Opener) -> None:
    page = visit("duty").open_map("/")
    network = re.search(r"/tiles/([^/]+)/", tile_of_the_middle(page, 12)).group(1)
    assert page.evaluate(JOIN, [f"/tiles/{network}/12/5/5.mvt", {}]) == [[], []]


def open_share(page: Page) -> float:
    """The share of the pixels along an open road that are of its colour."""
    image = picture(page)
    (west, y), (east, _) = (place_on_screen(page, *point_on("b-c", share)) for share in (0.1, 0.4))
    return share_of(image[int(y) - 4 : int(y) + 5, int(west) : int(east)], read_tokens("dark")["g"])


@pytest.mark.deep
def test_roads_that_are_no_key_routes_show_their_state_on_the_tiles(visit: Opener) -> None:
    """Painted from the tiles alone: the map is told of no key routes, whose runs would cover them."""
    seen = visit("duty")
    seen.page.route("**/api/v1/layers/routes?*", lambda route: route.fulfill(json={"features": []}))
    page = seen.go("/#view=12.2/5.045/30.09")
    page.locator("[data-live-map][data-ready]").wait_for()
    assert open_share(page) > 0.1, "no open road on the tiles"


@pytest.mark.deep
def test_a_tile_that_is_still_read_when_its_states_come_gets_them(visit: Opener) -> None:
    """As on a slow start: the first tiles are held back until the map has its states."""
    seen = visit("duty")
    tiles: list[Route] = []
    states: list[Route] = []
    seen.page.route("**/api/v1/layers/routes?*", lambda route: route.fulfill(json={"features": []}))
    seen.page.route("**/api/v1/states?*", lambda route: states.append(route))
    seen.page.route("**/*.mvt", lambda route: tiles.append(route))
    page = seen.go("/#view=12.2/5.045/30.09")
    for _ in range(PATIENCE_MS // 100):
        if tiles and states:
            break
        page.wait_for_timeout(100)
    assert tiles, "the map read no tile before it had states"
    states[0].continue_()
    page.locator("[data-live-map][data-ready]").wait_for()
    seen.page.unroute("**/*.mvt")
    for route in tiles:
        route.continue_()
    assert open_share(page) > 0.1, "the road stayed without its state"


def go_to(page: Page, view: str) -> None:
    """Lead the map elsewhere, the page staying."""
    page.evaluate("view => { location.hash = view; }", view)
    page.wait_for_timeout(300)
    page.locator("[data-map][data-still]").wait_for(timeout=PATIENCE_MS)


def test_a_road_that_moved_while_out_of_view_is_not_shown_as_it_was(visit: Opener) -> None:
    seen = visit("duty")
    seen.page.route("**/api/v1/layers/routes?*", lambda route: route.fulfill(json={"features": []}))
    page = seen.go("/#view=13.2/5.09/30.045")
    page.locator("[data-live-map][data-ready]").wait_for()
    tokens = read_tokens("dark")
    assert share_of(picture(page), tokens["g"]) > 0.001
    go_to(page, "view=13.2/5.0/30.16")  # its tiles are kept by the map
    version = page.locator("[data-live-map]").get_attribute("data-version") or ""
    send_find(visit("patrol", size=PHONE).go("/report/explosive"), "a-b")
    expect(page.locator("[data-live-map]")).not_to_have_attribute("data-version", version, timeout=PATIENCE_MS)
    go_to(page, "view=13.2/5.09/30.045")
    image = picture(page)
    assert share_of(image, tokens["r"]) > 0.0005, "the find is not painted"
