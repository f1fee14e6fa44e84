"""Does a board tell by itself that a road turned worse, and is a close-out a matter of a minute?"""

import re
import uuid

from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Opener, Visit
from tests.browser.mission import PLACES, point_on

NEAR_B, TOWN_C = "{}, {}".format(*point_on("a-b", 0.8)), "{}, {}".format(*PLACES["C"])
TOWN_A = "{}, {}".format(*PLACES["A"])
PATIENCE_MS = 20_000


def plan(seen: Visit, to: str) -> None:
    """Plan a patrol from A as a person does, and stand on its page."""
    page = seen.go(f"/movements/new?from={TOWN_A}&to={to}&purpose=patrol&profile=P3&unit=BN1")
    expect(page.get_by_label(re.compile("^O Best|Best:"))).to_be_checked()
    page.get_by_role("button", name="Plan it").click()
    expect(page.get_by_role("status")).to_contain_text("is planned")


def test_the_board_tells_by_itself_that_a_road_turned_worse(visit: Opener) -> None:
    seen = visit("duty")
    plan(seen, TOWN_C)
    page = seen.go("/movements")
    card = page.locator(".move").filter(has_text="BN1")
    expect(card).to_contain_text("Open on arrival")
    page.locator("[data-live-page][data-ready]").wait_for()
    properties = {"kind": "explosive", "hazard": "item", "class": "mine", "location": {"method": "gps"}}
    feature = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": point_on("b-c", 0.45)},
        "properties": properties,
    }
    token = page.locator("meta[name=csrf-token]").get_attribute("content") or ""
    body = {"id": str(uuid.uuid4()), "form": "explosive", "words": "seen", "records": [feature]}
    answer = seen.context.request.post(
        f"{seen.address}/api/v1/reports", data=body, headers={"X-CSRFToken": token, "Origin": seen.address}
    )
    assert answer.status == 201, answer.text()
    expect(card).to_contain_text("Restricted on arrival", timeout=PATIENCE_MS)
    expect(card).to_contain_text(re.compile(r"MSR HERON km \d+.* is restricted when reached at \d{4}Z"))
    expect(card).to_contain_text("no alternate is better")


def test_a_close_out_on_a_phone_is_one_choice_and_one_press_without_scripts(visit: Opener) -> None:
    seen = visit("duty", size=PHONE, scripts=False)
    plan(seen, NEAR_B)
    page = seen.page
    page.get_by_role("link", name="Close out").click()
    assert page.locator("html").bounding_box()["width"] <= PHONE["width"]
    page.get_by_label("Travelled as planned").check()
    button = page.get_by_role("button", name="Close out")
    box = button.bounding_box()
    assert box["height"] >= 48
    assert box["y"] + box["height"] <= PHONE["height"]
    button.click()
    expect(page.get_by_role("status")).to_contain_text("is closed: travelled as planned")
    expect(page.get_by_text("recorded, waits for a grade")).to_be_visible()


def test_a_phone_says_where_it_is_by_one_press_and_the_map_shows_it_there(visit: Opener) -> None:
    seen = visit("duty", size=PHONE)
    plan(seen, NEAR_B)
    page = seen.page
    page.get_by_role("button", name="Left now").click()
    expect(page.get_by_text("Nobody has seen it since it left")).to_be_visible()
    lon, lat = point_on("a-b", 0.4)
    seen.context.grant_permissions(["geolocation"])
    seen.context.set_geolocation({"longitude": lon, "latitude": lat, "accuracy": 8})
    here = page.get_by_role("button", name="We are here")
    assert here.bounding_box()["height"] >= 48
    here.click()
    expect(page.get_by_role("status").first).to_contain_text("Noted where it is")
    expect(page.locator("[data-live=advice]")).to_contain_text("by check-in")
    assert page.locator("html").bounding_box()["width"] <= PHONE["width"]
    layer = seen.context.request.get(f"{seen.address}/api/v1/layers/movements").json()
    points = [f for f in layer["features"] if f["properties"]["part"] == "point"]
    (point,) = [f for f in points if f["properties"]["symbol"] == "mov"]
    assert point["geometry"]["coordinates"] == [round(lon, 6), round(lat, 6)]
